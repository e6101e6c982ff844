//! What the Python program 0.5 wrote with its own libraries: a second opinion on ours, and a
//! promise that its identities and passwords stay valid. All values are invented.

use argon2::{Algorithm, Argon2, Params, Version};
use authsome::crypto::{SigningKeyPair, aead, password};
use authsome::secret::Password;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const PASSWORD_HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$g7thq1GDr8yi/SEwUOiKbw$YV+PkYJUNHhhxyBDcWLPZRjNH4slB1OCGVnuTcmDK98";

fn open(key: &[u8; 32], nonce_and_sealed: &[u8]) -> Vec<u8> {
    let (nonce, sealed) = nonce_and_sealed.split_first_chunk().unwrap();
    aead::open(key, nonce, b"", sealed).unwrap().to_vec()
}

#[test]
fn a_key_file_gives_the_did_beside_it() {
    for (key, did) in [
        (
            "c3e6c6eb7c2daed11f6db4e0613fc297d7b4f916fcc1e4c81434f0edb4a96e5f\n",
            "did:key:z6MkgswEQ4UadKSgDD2F6LpUFH98vJkG8ioSdDJkTSt8TGPP",
        ),
        (
            "b0545ee7f34d3883f1fad5b7d7bbbb730fb2525b0708a3c4f0480ddfcbf4b0b4\n",
            "did:key:z6MktHoYtLCWkH5EVUy3R6n5ZHWMiUnwM8dagJyMwn9A8Fjg",
        ),
    ] {
        assert_eq!(SigningKeyPair::from_hex(key).unwrap().did().as_str(), did);
    }
}

#[test]
fn a_password_hash_stays_valid_and_is_renewed() {
    assert!(password::verify(
        &mut password::Memory::default(),
        &Password::new("fixture password"),
        PASSWORD_HASH
    ));
    assert!(!password::verify(
        &mut password::Memory::default(),
        &Password::new("fixture password two"),
        PASSWORD_HASH
    ));
    assert!(password::needs_rehash(PASSWORD_HASH));
}

/// Argon2id by argon2-cffi, AES-256-GCM by `cryptography`: both as ours compute them.
#[test]
fn the_key_hierarchy_opens() {
    let salt = STANDARD.decode("OFIwpNPzqwM01/hEutmqkQ==").unwrap();
    let params = Params::new(65_536, 3, 4, Some(32)).unwrap();
    let mut kek = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(
            b"ViNzIOj+ZEcS/2seLDKKTByCVKZdohZxFTSKKg/KUSk=",
            &salt,
            &mut kek,
        )
        .unwrap();
    let wrapped = [
        STANDARD.decode("5xNf6t4+zJMlz2l4").unwrap(),
        STANDARD
            .decode("kPJNsZz/h1uQTSGxV4jduhT53XdIK8CrpchNng+xpV0v6aHkkyxsC7+0cTFp4Vu8")
            .unwrap(),
    ]
    .concat();
    let data_key: [u8; 32] = open(&kek, &wrapped).try_into().unwrap();
    let record = STANDARD
        .decode("F+7nq5rN7CFtbIUF/aaHRhTi5eQG31GAIWY2sdLXSAIFGGXkn5zkjJQlmxo3wieaTBhtPkYVFSNXhzq0cLAtEKiDKu/s+K53ZSY=")
        .unwrap();
    let index = String::from_utf8(open(&data_key, &record)).unwrap();
    assert!(index.contains("server:provider:github:client"), "{index}");
}
