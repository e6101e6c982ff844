//! A sealed record: one plaintext, bound to the one place in the store it was sealed for.
//!
//! ```text
//! offset  bytes
//!      0      3  "ASR"
//!      3      1  format version, 1: AES-256-GCM under HKDF-SHA256(data key, salt)
//!      4      4  generation of the data key, big-endian
//!      8      2  schema version of the plaintext, big-endian
//!     10     32  salt
//!     42     12  nonce
//!     54      n  ciphertext
//!   54+n     16  tag
//! ```
//!
//! The associated data is the whole header and the record's full [`Address`]. A record that was
//! copied to another vault, row or column, or whose header was edited, does not open. Salt and
//! nonce are fresh for every sealing, so no (key, nonce) pair ever comes twice. Refused are other
//! versions, and anything larger than [`LARGEST`].

use super::aead::{self, NONCE, TAG};
use super::associated::Associated;
use super::keys::DataKey;
use super::random;
use zeroize::Zeroizing;

const MAGIC: [u8; 3] = *b"ASR";
const VERSION: u8 = 1;
const SALT: usize = 32;
const HEADER: usize = MAGIC.len() + 1 + 4 + 2 + SALT + NONCE;

/// The longest plaintext that is sealed or opened, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// A record that was refused. The address it was asked for is the caller's to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("not a sealed record")]
    Format,
    #[error(
        "the sealed record has format version {0}, which this program is too old to read; upgrade authsome"
    )]
    Version(u8),
    #[error("the sealed record was changed, moved, or sealed under another key")]
    Integrity,
    #[error("longer than a record may be ({LARGEST} bytes)")]
    TooLong,
}

/// Where in the store a record belongs, completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// The id of this installation.
    pub instance: &'a str,
    /// The table that holds the record.
    pub table: &'a str,
    /// The vault it belongs to; `None` for the server's own records.
    pub vault: Option<&'a str>,
    /// Which kind of record it is: the column, in effect.
    pub kind: &'a str,
    pub provider: Option<&'a str>,
    /// The name of the connection, or the id of the row where it has none.
    pub name: Option<&'a str>,
    /// Counts the changes of the record; the row holds it in clear.
    pub version: i64,
}

impl Address<'_> {
    fn associated(&self, header: &[u8]) -> Associated {
        Associated::new("authsome record 1")
            .bytes(header)
            .text(self.instance)
            .text(self.table)
            .optional(self.vault)
            .text(self.kind)
            .optional(self.provider)
            .optional(self.name)
            .number(self.version)
    }
}

/// What the header says; true only once the record has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Which of the owner's data keys sealed it, counted from 1.
    pub generation: u32,
    /// The schema version of the plaintext.
    pub schema: u16,
}

/// A record that opened.
#[derive(Debug)]
pub struct Opened {
    pub header: Header,
    pub plaintext: Zeroizing<Vec<u8>>,
}

/// Seals `plaintext` for `address` under `key`, the data key of generation `header.generation`.
pub fn seal(
    key: &DataKey,
    header: Header,
    address: &Address<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, Error> {
    if plaintext.len() > LARGEST {
        return Err(Error::TooLong);
    }
    let (salt, nonce) = (random::bytes::<SALT>(), random::bytes::<NONCE>());
    let mut out = Vec::with_capacity(HEADER + plaintext.len() + TAG);
    out.extend_from_slice(&MAGIC);
    out.push(VERSION);
    out.extend_from_slice(&header.generation.to_be_bytes());
    out.extend_from_slice(&header.schema.to_be_bytes());
    out.extend_from_slice(salt.as_slice());
    out.extend_from_slice(nonce.as_slice());
    let associated = address.associated(&out);
    let record_key = key.record_key(&salt).map_err(|_| Error::Integrity)?;
    aead::seal(
        &record_key,
        &nonce,
        associated.as_bytes(),
        plaintext,
        &mut out,
    )
    .map_err(|_| Error::Integrity)?;
    Ok(out)
}

/// Opens a record that was sealed for exactly `address`.
pub fn open(key: &DataKey, address: &Address<'_>, sealed: &[u8]) -> Result<Opened, Error> {
    let parts = Parts::parse(sealed)?;
    let associated = address.associated(parts.raw_header);
    let record_key = key.record_key(parts.salt).map_err(|_| Error::Integrity)?;
    let plaintext = aead::open(
        &record_key,
        parts.nonce,
        associated.as_bytes(),
        parts.ciphertext,
    )
    .map_err(|_| Error::Integrity)?;
    Ok(Opened {
        header: parts.header,
        plaintext,
    })
}

/// The header of a sealed record, unauthenticated: good for choosing the key to try, nothing else.
pub fn peek(sealed: &[u8]) -> Result<Header, Error> {
    Parts::parse(sealed).map(|parts| parts.header)
}

struct Parts<'a> {
    raw_header: &'a [u8],
    header: Header,
    salt: &'a [u8; SALT],
    nonce: &'a [u8; NONCE],
    ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, Error> {
        let (raw_header, ciphertext) = sealed.split_at_checked(HEADER).ok_or(Error::Format)?;
        let rest = raw_header.strip_prefix(&MAGIC).ok_or(Error::Format)?;
        let (version, rest) = rest.split_first().ok_or(Error::Format)?;
        if *version != VERSION {
            return Err(Error::Version(*version));
        }
        let (generation, rest) = rest.split_first_chunk().ok_or(Error::Format)?;
        let (schema, rest) = rest.split_first_chunk().ok_or(Error::Format)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(Error::Format)?;
        let nonce = rest.try_into().map_err(|_| Error::Format)?;
        if ciphertext.len() < TAG {
            return Err(Error::Format);
        }
        if ciphertext.len() > LARGEST + TAG {
            return Err(Error::TooLong);
        }
        Ok(Self {
            raw_header,
            header: Header {
                generation: u32::from_be_bytes(*generation),
                schema: u16::from_be_bytes(*schema),
            },
            salt,
            nonce,
            ciphertext,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: Address<'static> = Address {
        instance: "inst_1",
        table: "connections",
        vault: Some("vault_1"),
        kind: "credential",
        provider: Some("github"),
        name: Some("work"),
        version: 3,
    };
    const FIRST: Header = Header {
        generation: 1,
        schema: 1,
    };

    #[test]
    fn a_record_opens_at_its_address_and_nowhere_else() {
        let key = DataKey::generate();
        let sealed = seal(&key, FIRST, &HERE, b"secret").unwrap();
        let opened = open(&key, &HERE, &sealed).unwrap();
        assert_eq!(
            (opened.plaintext.as_slice(), opened.header),
            (&b"secret"[..], FIRST)
        );
        for elsewhere in [
            Address {
                instance: "inst_2",
                ..HERE
            },
            Address {
                table: "provider_clients",
                ..HERE
            },
            Address {
                vault: Some("vault_2"),
                ..HERE
            },
            Address {
                vault: None,
                ..HERE
            },
            Address {
                kind: "client",
                ..HERE
            },
            Address {
                provider: Some("gitlab"),
                ..HERE
            },
            Address {
                provider: None,
                ..HERE
            },
            Address {
                name: Some("home"),
                ..HERE
            },
            Address {
                provider: Some("githubwork"),
                name: Some(""),
                ..HERE
            },
            Address { version: 4, ..HERE },
        ] {
            assert_eq!(
                open(&key, &elsewhere, &sealed).unwrap_err(),
                Error::Integrity
            );
        }
        assert!(open(&DataKey::generate(), &HERE, &sealed).is_err());
    }

    #[test]
    fn every_byte_of_a_record_counts() {
        let key = DataKey::generate();
        let sealed = seal(&key, FIRST, &HERE, b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&key, &HERE, &changed).is_err(), "byte {at}");
            assert!(open(&key, &HERE, &sealed[..at]).is_err(), "cut at {at}");
        }
        let longer = [sealed.as_slice(), &[0]].concat();
        assert!(open(&key, &HERE, &longer).is_err());
    }

    #[test]
    fn other_versions_and_sizes_are_named() {
        let key = DataKey::generate();
        let mut sealed = seal(&key, FIRST, &HERE, b"").unwrap();
        assert_eq!(peek(&sealed), Ok(FIRST));
        sealed[3] = 9;
        assert_eq!(open(&key, &HERE, &sealed).unwrap_err(), Error::Version(9));
        let long = vec![0; LARGEST + 1];
        assert_eq!(seal(&key, FIRST, &HERE, &long), Err(Error::TooLong));
        assert!(seal(&key, FIRST, &HERE, &long[1..]).is_ok());
    }

    #[test]
    fn sealing_twice_gives_two_records() {
        let key = DataKey::generate();
        let twice = [0, 1].map(|_| seal(&key, FIRST, &HERE, b"same").unwrap());
        assert_ne!(twice[0][10..42], twice[1][10..42]);
        assert_ne!(twice[0][54..], twice[1][54..]);
    }

    type Raw = (
        String,
        String,
        Option<String>,
        String,
        Option<String>,
        Option<String>,
        i64,
    );

    fn address(raw: &Raw) -> Address<'_> {
        Address {
            instance: &raw.0,
            table: &raw.1,
            vault: raw.2.as_deref(),
            kind: &raw.3,
            provider: raw.4.as_deref(),
            name: raw.5.as_deref(),
            version: raw.6,
        }
    }

    /// Short parts over a tiny alphabet, so that near misses and equal addresses are common.
    fn raw() -> impl Strategy<Value = Raw> {
        let part = || "[ab]{0,2}";
        let optional = || proptest::option::of("[ab]{0,2}");
        (
            part(),
            part(),
            optional(),
            part(),
            optional(),
            optional(),
            0..2_i64,
        )
    }

    proptest! {
        #[test]
        fn a_record_opens_if_and_only_if_the_address_is_equal(
            plaintext in proptest::collection::vec(any::<u8>(), 0..64),
            sealed_at in raw(),
            other in raw(),
        ) {
            let key = DataKey::generate();
            let sealed = seal(&key, FIRST, &address(&sealed_at), &plaintext).unwrap();
            prop_assert_eq!(&*open(&key, &address(&sealed_at), &sealed).unwrap().plaintext, &plaintext);
            prop_assert_eq!(open(&key, &address(&other), &sealed).is_ok(), sealed_at == other);
        }

        #[test]
        fn no_bytes_make_the_parser_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open(&DataKey::generate(), &HERE, &bytes).is_err());
        }
    }
}
