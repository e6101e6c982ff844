//! Identities: registered by the holder of the key, claimed by a person, proved with every request.

mod local_secret;
mod origin;
mod service;

pub use service::{ClaimPage, Identities, IdentityStatus, SignedRequest, Unspent};
