//! Identities: registered by the holder of the key, claimed by a person, proved with every request.

mod agents;
mod authenticate;
mod claim;
mod claim_urls;
mod known;
mod local_admin;
mod local_secret;
mod origin;
mod registry;
mod service;

pub use agents::{Agent, AgentEvents, AgentsPage};
pub use authenticate::Unspent;
pub use claim::ClaimPage;
pub use service::{Identities, IdentityStatus, SignedRequest};
