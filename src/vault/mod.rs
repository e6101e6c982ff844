//! Seal and open: where plaintext meets ciphertext.
//!
//! [`Vaults`] holds the unlocked keys of one daemon. The master key comes from exactly one source;
//! Argon2id makes the key-encryption key of it; that key wraps one random data key per Vault and
//! one for the server's own records; a record is sealed under a subkey of its own and bound to its
//! full address (see `crypto::envelope`). Refused are: a second key over existing data, stored
//! parameters below the floors, a record that was moved, and every guess at what a damaged record
//! may have meant. Nothing here knows who may ask; that is decided in `services`.

mod address;
mod codec;
mod error;
mod keyring;
mod master_key;
mod slot;
mod status;
mod unlock;
mod vaults;

pub use address::{CredentialAddress, RecordAddress};
pub use error::Error;
pub use master_key::load as load_master_key;
pub use status::EncryptionStatus;
pub use vaults::Vaults;
