//! The typed HTTP client of the daemon.
//!
//! One method per route, each signed with a fresh proof that binds method, URL and body. A failure
//! says what the person can do about it. It never follows a redirect (a proof is for one URL), takes
//! no proxy from the environment (loopback traffic and proofs are nobody else's business), and reads
//! at most [`MAX_BODY_BYTES`](crate::api::MAX_BODY_BYTES) of an answer.

mod calls;
mod comparison;
mod connection;
mod error;
mod identity;
mod refusal;
mod transport;

pub use comparison::{comparison_digest, comparison_salt};
pub use connection::Client;
pub use error::Error;
pub use identity::{Identity, IdentityError, now};
pub use refusal::Refusal;
