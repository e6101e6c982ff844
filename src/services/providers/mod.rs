//! Provider definitions: bundled, from the home, and registered.

mod refusal;
mod service;

pub use service::{ProviderList, Providers, Registered, Removed};
