//! Proofs: the short-lived `PoP` JWT an Identity signs for one request (RFC 7515, RFC 7519, `EdDSA` of
//! RFC 8037; the claims of `docs/http-api.md`).
//!
//! One parser reads a proof, once; what it accepts is what is verified. The header is exactly
//! `{"alg":"EdDSA","typ":"JWT"}`: no other algorithm, no `crit`, no key inside the token.
//! Signatures are verified strictly (no second signature can be made from a valid one).
//! Not decided here: whether the `jti` was used before, whether `htu` names this daemon, and whether
//! the key belongs to the handle. Those are the daemon's, which asks after [`UnverifiedProof::verify`].

mod claims;
mod issue;
#[cfg(test)]
mod tests;
mod verify;

pub use claims::{Error, Htu, LONGEST};
pub use issue::{ProofRequest, issue};
pub use verify::{Expected, Proof, UnverifiedProof, parse};

/// What every proof names as its audience.
pub const AUDIENCE: &str = "authsome-daemon";
/// The longest a proof may live, in seconds.
pub const MAX_LIFETIME: i64 = 120;
/// How far two clocks may be apart, in seconds.
pub const SKEW: i64 = 60;
