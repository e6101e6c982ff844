//! Sealed records and wrapped keys, good and bad, one named file each.
//!
//! Salts and nonces are random, so these files cannot be made twice: they are what databases in
//! the field look like, and every later version must go on opening them.

use super::{load, save};
use authsome::crypto::envelope::{self, Address, Header};
use authsome::crypto::kdf::{self, Params};
use authsome::crypto::keys::WrapContext;
use authsome::crypto::{DataKey, hex};
use authsome::secret::MasterKey;
use serde::{Deserialize, Serialize};

const DIRECTORY: &str = "sealed";

/// Everything from the master key's text down to one record.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Vector {
    comment: String,
    master_key: String,
    salt: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    key_id: String,
    instance: String,
    owner: String,
    generation: u32,
    wrapped_key: String,
    table: String,
    vault: Option<String>,
    kind: String,
    provider: Option<String>,
    name: Option<String>,
    version: i64,
    sealed: String,
    /// What it opens to; absent where it must not open.
    plaintext: Option<String>,
}

impl Vector {
    fn open(&self) -> Result<String, String> {
        let params = Params::checked(self.memory_kib, self.passes, self.lanes)
            .map_err(|error| error.to_string())?;
        let salt = hex::decode::<32>(&self.salt).unwrap();
        let kek = kdf::derive(&MasterKey::new(self.master_key.as_str()), &salt, params).unwrap();
        if kek.key_id().to_string() != self.key_id {
            return Err("another key id".to_owned());
        }
        let context = WrapContext {
            instance: &self.instance,
            owner: &self.owner,
            generation: self.generation,
            key_id: kek.key_id(),
        };
        let key = kek
            .unwrap_key(&bytes(&self.wrapped_key), &context)
            .map_err(|error| error.to_string())?;
        let opened = envelope::open(&key, &self.address(), &bytes(&self.sealed))
            .map_err(|error| error.to_string())?;
        assert_eq!(opened.header.generation, self.generation);
        Ok(String::from_utf8(opened.plaintext.to_vec()).unwrap())
    }

    fn address(&self) -> Address<'_> {
        Address {
            instance: &self.instance,
            table: &self.table,
            vault: self.vault.as_deref(),
            kind: &self.kind,
            provider: self.provider.as_deref(),
            name: self.name.as_deref(),
            version: self.version,
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn every_record_on_file_opens_or_is_refused_as_it_says() {
    let vectors = load::<Vector>(DIRECTORY);
    assert!(vectors.len() >= 20, "{} files", vectors.len());
    for (name, vector) in vectors {
        assert_eq!(
            vector.open().ok(),
            vector.plaintext,
            "{name}: {}",
            vector.comment
        );
        assert_eq!(
            name.starts_with("good-"),
            vector.plaintext.is_some(),
            "{name}"
        );
    }
}

type Change = fn(&mut Vector);

pub(super) fn regenerate() {
    let credential = credential();
    let mut passphrase = fresh(
        "the owl and the pussycat went to sea",
        Params::FOR_PASSPHRASE,
        None,
    );
    passphrase.comment = "a client secret of the server, under a chosen passphrase".to_owned();
    save(
        DIRECTORY,
        "good-client-secret-under-a-passphrase",
        &passphrase,
    );
    save(DIRECTORY, "good-credential", &credential);
    let changes: &[(&str, Change)] = &[
        ("bad-another-instance", |v| {
            v.instance = "inst_other".to_owned();
        }),
        ("bad-another-table", |v| {
            v.table = "provider_clients".to_owned();
        }),
        ("bad-another-vault", |v| {
            v.vault = Some("vault_other".to_owned());
        }),
        ("bad-no-vault", |v| v.vault = None),
        ("bad-another-kind", |v| v.kind = "client_secret".to_owned()),
        ("bad-another-provider", |v| {
            v.provider = Some("gitlab".to_owned());
        }),
        ("bad-another-connection", |v| {
            v.name = Some("home".to_owned());
        }),
        ("bad-parts-shifted", |v| {
            (v.provider, v.name) = (Some("githubwork".to_owned()), Some(String::new()));
        }),
        ("bad-another-version", |v| v.version += 1),
        ("bad-another-generation", |v| v.generation += 1),
        ("bad-another-owner", |v| v.owner = "server".to_owned()),
        ("bad-another-master-key", |v| v.master_key.push('x')),
        ("bad-kdf-below-the-floor", |v| v.memory_kib = 8),
        ("bad-kdf-above-the-cap", |v| v.memory_kib = u32::MAX),
        ("bad-kdf-with-fewer-passes", |v| v.passes = 1),
        ("bad-record-cut", |v| v.sealed.truncate(v.sealed.len() - 2)),
        ("bad-record-longer", |v| v.sealed.push_str("00")),
        ("bad-record-empty", |v| v.sealed.clear()),
        ("bad-record-format-version", |v| {
            v.sealed.replace_range(6..8, "02");
        }),
        ("bad-record-schema-edited", |v| {
            v.sealed.replace_range(16..20, "0000");
        }),
        ("bad-record-salt-edited", |v| flip(&mut v.sealed, 20)),
        ("bad-record-nonce-edited", |v| flip(&mut v.sealed, 84)),
        ("bad-record-ciphertext-edited", |v| flip(&mut v.sealed, 110)),
        ("bad-record-tag-edited", |v| {
            let last = v.sealed.len() - 1;
            flip(&mut v.sealed, last);
        }),
        ("bad-wrapped-key-edited", |v| flip(&mut v.wrapped_key, 40)),
        ("bad-wrapped-key-as-record", |v| {
            v.sealed = v.wrapped_key.clone();
        }),
    ];
    for (name, change) in changes {
        let mut vector = credential.clone();
        vector.comment = name["bad-".len()..].replace('-', " ");
        vector.plaintext = None;
        change(&mut vector);
        save(DIRECTORY, name, &vector);
    }
}

fn flip(hex: &mut String, at: usize) {
    let other = if hex.as_bytes()[at] == b'0' { "1" } else { "0" };
    hex.replace_range(at..=at, other);
}

fn credential() -> Vector {
    let mut vector = fresh(
        "q0Z1m2N3b4V5c6X7z8L9k0J1h2G3f4D5s6A7p8O9i0U=",
        Params::FOR_KEY,
        Some("vault_0123456789abcdef0123456789abcdef"),
    );
    vector.comment = "an API key of a connection, under a generated master key".to_owned();
    vector
}

fn fresh(master_key: &str, params: Params, vault: Option<&str>) -> Vector {
    let salt = authsome::crypto::random::bytes::<32>();
    let kek = kdf::derive(&MasterKey::new(master_key), &salt, params).unwrap();
    let owner = vault.unwrap_or("server");
    let context = WrapContext {
        instance: "inst_00112233445566778899aabbccddeeff",
        owner,
        generation: 1,
        key_id: kek.key_id(),
    };
    let key = DataKey::generate();
    let plaintext = match vault {
        Some(_) => r#"{"type":"api_key","key":"sk-invented-0001"}"#,
        None => r#"{"client_secret":"invented-0002"}"#,
    };
    let mut vector = Vector {
        comment: String::new(),
        master_key: master_key.to_owned(),
        salt: hex::encode(salt.as_slice()),
        memory_kib: params.memory_kib(),
        passes: params.passes(),
        lanes: params.lanes(),
        key_id: kek.key_id().to_string(),
        instance: context.instance.to_owned(),
        owner: owner.to_owned(),
        generation: 1,
        wrapped_key: hex::encode(&kek.wrap(&key, &context).unwrap()),
        table: if vault.is_some() {
            "connections"
        } else {
            "provider_clients"
        }
        .to_owned(),
        vault: vault.map(str::to_owned),
        kind: if vault.is_some() {
            "credential"
        } else {
            "client_secret"
        }
        .to_owned(),
        provider: Some("github".to_owned()),
        name: vault.map(|_| "work".to_owned()),
        version: 3,
        sealed: String::new(),
        plaintext: Some(plaintext.to_owned()),
    };
    let header = Header {
        generation: 1,
        schema: 1,
    };
    let sealed = envelope::seal(&key, header, &vector.address(), plaintext.as_bytes()).unwrap();
    vector.sealed = hex::encode(&sealed);
    vector
}
