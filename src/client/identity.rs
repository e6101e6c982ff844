//! The identity a client acts as: a handle and its key pair.

use crate::clock::{Clock, SystemClock};
use crate::crypto::{SigningKeyPair, random};
use crate::model::{Did, Handle, NameError};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Why an identity could not be made from what was given.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("the private key does not read")]
    Key(#[from] crate::crypto::keypair::Error),
    #[error("the handle does not read")]
    Handle(#[from] NameError),
}

/// A handle with its private key. Neither is printed by `Debug` in a form that signs anything.
#[derive(Debug)]
pub struct Identity {
    handle: Handle,
    key: SigningKeyPair,
}

impl Identity {
    /// A new key under `handle`, or under a handle such as `brisk-otter-7f3a`.
    pub fn generate(handle: Option<Handle>) -> Result<Self, IdentityError> {
        let handle = match handle {
            Some(handle) => handle,
            None => random_handle()?,
        };
        Ok(Self {
            handle,
            key: SigningKeyPair::generate(),
        })
    }

    /// Reads the content of a `.key` file.
    pub fn from_hex(handle: Handle, text: &str) -> Result<Self, IdentityError> {
        Ok(Self {
            handle,
            key: SigningKeyPair::from_hex(text)?,
        })
    }

    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    pub fn did(&self) -> Did {
        self.key.did()
    }

    /// What a person compares with the claim page.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint()
    }

    /// The content of a `.key` file without its newline.
    pub fn key_hex(&self) -> Zeroizing<String> {
        self.key.to_hex()
    }

    pub(super) const fn key(&self) -> &SigningKeyPair {
        &self.key
    }
}

/// What this machine's clock says.
pub fn now() -> OffsetDateTime {
    SystemClock.now()
}

const ADJECTIVES: [&str; 32] = [
    "able", "amber", "bold", "brave", "brisk", "calm", "clear", "crisp", "deft", "eager", "fair",
    "fleet", "fond", "gentle", "glad", "grand", "keen", "kind", "lively", "lucid", "merry", "mild",
    "neat", "noble", "proud", "quick", "quiet", "sharp", "solid", "swift", "warm", "wise",
];

const ANIMALS: [&str; 32] = [
    "badger", "beaver", "bison", "crane", "dolphin", "eagle", "falcon", "ferret", "finch", "gecko",
    "heron", "ibex", "jay", "kestrel", "koala", "lemur", "lynx", "marten", "newt", "orca",
    "osprey", "otter", "owl", "panda", "puffin", "raven", "robin", "seal", "stoat", "swan",
    "tapir", "wren",
];

/// Easy to say and to tell apart; the digits make a clash between two machines unlikely.
fn random_handle() -> Result<Handle, NameError> {
    let dice = random::bytes::<4>();
    let adjective = ADJECTIVES[usize::from(dice[0]) % ADJECTIVES.len()];
    let animal = ANIMALS[usize::from(dice[1]) % ANIMALS.len()];
    format!("{adjective}-{animal}-{:02x}{:02x}", dice[2], dice[3]).parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_handle_is_a_handle_and_its_key_reads_back() {
        let made = Identity::generate(None).unwrap();
        assert_eq!(made.handle().as_str().split('-').count(), 3);
        let read = Identity::from_hex(made.handle().clone(), &made.key_hex()).unwrap();
        assert_eq!(read.did(), made.did());
    }

    #[test]
    fn every_word_fits_a_handle() {
        for word in ADJECTIVES.iter().chain(&ANIMALS) {
            assert!(word.parse::<Handle>().is_ok(), "{word}");
        }
    }
}
