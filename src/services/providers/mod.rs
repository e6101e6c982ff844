//! Provider definitions: bundled, from the home, and registered.

mod service;

pub use service::{ProviderList, Providers, Registered, Removed};
