//! Provider definitions: bundled, from the home, and registered.

mod discovery;
mod refusal;
mod review;
mod service;

pub use discovery::ForUrl;
pub use review::{DefinitionProblem, Origin, Review, Standing};
pub use service::{ProviderList, Providers, Registered, Removed};
