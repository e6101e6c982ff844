//! Provider definitions: bundled, from the home, and registered.

mod discovery;
mod refusal;
mod service;

pub use discovery::ForUrl;
pub use service::{ProviderList, Providers, Registered, Removed};
