//! Authenticated encryption, key derivation, key wrapping, identities' keys and proofs.
//!
//! Pure functions over bytes: no I/O but the operating system's random numbers, no clock, no
//! storage. Nothing here chooses an algorithm by what its input says: every format names exactly
//! one, and anything else is refused. `vault` decides what is sealed under which key; `server`
//! decides which proof may do what.

pub mod aead;
pub mod associated;
pub mod did;
pub mod envelope;
pub mod hex;
pub mod kdf;
pub mod keyed;
pub mod keypair;
pub mod keys;
pub mod password;
pub mod proof;
pub mod random;

pub use ed25519_dalek::VerifyingKey;
pub use keypair::SigningKeyPair;
pub use keys::{DataKey, KeyEncryptionKey, KeyId};
