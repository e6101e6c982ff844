//! `did:key` of Ed25519 public keys: `did:key:z` and base58btc of `0xed 0x01` and the 32 key bytes.
//!
//! One key has exactly one spelling here. Refused are other key types and lengths, keys of small
//! order (under which anybody can sign), and non-canonical encodings of a point (RFC 8032 section
//! 5.1.3). Source: W3C CCG "The did:key Method", section "Ed25519".

use super::hex;
use crate::model::Did;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

const PREFIX: &str = "did:key:z";
/// The multicodec `ed25519-pub`, as an unsigned varint.
const MULTICODEC: [u8; 2] = [0xed, 0x01];
const PAYLOAD: usize = MULTICODEC.len() + 32;

/// A DID that is not the DID of a usable Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the DID is not base58btc of an Ed25519 public key (did:key:z6Mk…)")]
    NotEd25519,
    #[error("the DID is not the canonical encoding of a point of the curve")]
    NotCanonical,
    #[error("the DID names a weak key, under which anybody can sign")]
    Weak,
}

/// The DID of a public key.
pub fn encode(key: &VerifyingKey) -> Did {
    let mut payload = [0; PAYLOAD];
    payload[..2].copy_from_slice(&MULTICODEC);
    payload[2..].copy_from_slice(key.as_bytes());
    Did::from_base58btc(&bs58::encode(payload).into_string())
}

/// The public key a DID stands for, once it has proved to be a sound one.
pub fn decode(did: &Did) -> Result<VerifyingKey, Error> {
    let raw = key_bytes(did)?;
    if !is_canonical(&raw) {
        return Err(Error::NotCanonical);
    }
    let key = VerifyingKey::from_bytes(&raw).map_err(|_| Error::NotCanonical)?;
    if key.is_weak() {
        return Err(Error::Weak);
    }
    Ok(key)
}

/// The 32 bytes inside a DID, without asking whether they are a point of the curve.
pub(crate) fn key_bytes(did: &Did) -> Result<[u8; 32], Error> {
    let encoded = did.as_str().strip_prefix(PREFIX).ok_or(Error::NotEd25519)?;
    // One byte more than fits, so that a longer payload is seen and not cut.
    let mut payload = [0; PAYLOAD + 8];
    let length = bs58::decode(encoded)
        .onto(payload.as_mut_slice())
        .map_err(|_| Error::NotEd25519)?;
    let raw = payload[..length]
        .strip_prefix(&MULTICODEC)
        .ok_or(Error::NotEd25519)?;
    raw.try_into().map_err(|_| Error::NotEd25519)
}

/// What two people compare to know that they mean the same key: 128 bits of the SHA-256 of the
/// public key, as eight groups of four hexadecimal digits.
pub fn fingerprint(key: &VerifyingKey) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let groups: Vec<String> = digest[..16].chunks(2).map(hex::encode).collect();
    groups.join(" ")
}

/// Whether the y coordinate is below the field prime, 2^255 - 19.
fn is_canonical(raw: &[u8; 32]) -> bool {
    let top = raw[31] & 0x7f;
    !(top == 0x7f && raw[1..31].iter().all(|byte| *byte == 0xff) && raw[0] >= 0xed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SigningKeyPair;

    fn did_of(payload: &[u8]) -> Did {
        format!("{PREFIX}{}", bs58::encode(payload).into_string())
            .parse()
            .unwrap()
    }

    fn with_codec(raw: &[u8]) -> Did {
        did_of(&[&MULTICODEC, raw].concat())
    }

    #[test]
    fn a_key_reads_back_from_its_did() {
        let key = SigningKeyPair::generate().verifying_key();
        let did = encode(&key);
        assert!(did.as_str().starts_with("did:key:z6Mk"), "{did}");
        assert_eq!(decode(&did).unwrap(), key);
        assert_eq!(&key_bytes(&did).unwrap(), key.as_bytes());
    }

    /// From the did:key method's own test vectors.
    #[test]
    fn a_published_did_is_understood() {
        let did: Did = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
            .parse()
            .unwrap();
        let key = decode(&did).unwrap();
        assert_eq!(
            hex::encode(key.as_bytes()),
            "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
        );
        assert_eq!(encode(&key), did);
    }

    #[test]
    fn other_key_types_and_lengths_are_refused() {
        let raw = [9; 32];
        for payload in [
            [&[0xec, 0x01][..], &raw[..]].concat(),
            [&[0xed, 0x02][..], &raw[..]].concat(),
            [&MULTICODEC[..], &raw[..31]].concat(),
            [&MULTICODEC[..], &raw[..], &[0]].concat(),
            [&MULTICODEC[..], &raw[..], &[1; 9]].concat(),
            [&[0][..], &MULTICODEC[..], &raw[..]].concat(),
        ] {
            assert_eq!(decode(&did_of(&payload)), Err(Error::NotEd25519));
        }
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut order_two = [0xff; 32];
        order_two[0] = 0xec;
        order_two[31] = 0x7f;
        let order_four = [0; 32];
        let order_eight =
            hex::decode::<32>("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
                .unwrap();
        for raw in [identity, order_two, order_four, *order_eight] {
            assert_eq!(decode(&with_codec(&raw)), Err(Error::Weak), "{raw:?}");
        }
    }

    #[test]
    fn a_second_spelling_of_a_point_is_refused() {
        // y = p + 3 and y = p + 1: the same points as y = 3 and y = 1.
        for low in [0xed_u8, 0xee, 0xf0, 0xff] {
            for top in [0x7f, 0xff] {
                let mut raw = [0xff; 32];
                raw[0] = low;
                raw[31] = top;
                assert_eq!(decode(&with_codec(&raw)), Err(Error::NotCanonical));
            }
        }
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        let mut raw = [0; 32];
        raw[0] = 2;
        assert!(decode(&with_codec(&raw)).is_err());
    }

    #[test]
    fn a_fingerprint_is_eight_groups_and_differs_by_key() {
        let one = fingerprint(&SigningKeyPair::generate().verifying_key());
        assert_eq!(one.len(), 39);
        assert_eq!(one.split(' ').count(), 8);
        assert_ne!(
            one,
            fingerprint(&SigningKeyPair::generate().verifying_key())
        );
    }
}
