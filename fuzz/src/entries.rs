//! One function per fuzz target: bytes in, a panic for anything that must not be.
//!
//! `tests/it/fuzz.rs` includes this file and runs the same functions in `cargo test`, over the
//! seeds and over random bytes, so that they hold on every change and on the stable toolchain.

use authsome::catalog;
use authsome::crypto::envelope::{self, Address, Header};
use authsome::crypto::proof::{self, Expected};
use authsome::crypto::{DataKey, did};
use authsome::model::api_url::ApiUrl;
use authsome::model::target::InjectedPart;
use authsome::model::{Credential, Did};
use authsome::secret::ApiKey;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// A token of anybody. What parses has the shape it promises, and random bytes never verify.
pub fn proof(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(parsed) = proof::parse(token) else {
        return;
    };
    assert!(token.len() <= proof::LONGEST);
    assert_eq!(token.matches('.').count(), 2);
    let named = parsed.did().clone();
    let Ok(key) = did::decode(&named) else {
        return;
    };
    let expected = Expected {
        method: "POST",
        body_sha256: &[0; 32],
        now: OffsetDateTime::UNIX_EPOCH,
    };
    if let Ok(verified) = parsed.verify(&key, &expected) {
        assert_eq!(verified.did, named);
        panic!("verified for a body whose digest is all zeros");
    }
}

/// A DID of anybody. What decodes encodes back to the same text, so no key has two names.
pub fn did(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(parsed) = text.parse::<Did>() else {
        return;
    };
    if let Ok(key) = did::decode(&parsed) {
        assert_eq!(did::encode(&key), parsed);
        assert!(!key.is_weak());
    }
}

/// A sealed record of anybody. Nothing opens but what was sealed, and that opens nowhere else.
pub fn envelope(data: &[u8]) {
    let key = DataKey::from_bytes(Zeroizing::new([7; 32]));
    let here = Address {
        instance: "inst_1",
        table: "connections",
        vault: Some("vault_1"),
        kind: "credential",
        provider: Some("github"),
        name: Some("default"),
        version: 1,
    };
    assert!(envelope::open(&key, &here, data).is_err());
    let _ = envelope::peek(data);

    let header = Header {
        generation: 1,
        schema: 1,
    };
    let Ok(sealed) = envelope::seal(&key, header, &here, data) else {
        assert!(data.len() > envelope::LARGEST);
        return;
    };
    let opened = envelope::open(&key, &here, &sealed);
    assert!(opened.is_ok_and(|opened| *opened.plaintext == data));
    // The first bytes choose what is bent: one bit of the record, or one part of its address.
    let at = data
        .iter()
        .take(4)
        .fold(0_usize, |n, byte| n * 256 + usize::from(*byte));
    let mut bent = sealed.clone();
    let bit = at % (bent.len() * 8);
    bent[bit / 8] ^= 1 << (bit % 8);
    assert!(envelope::open(&key, &here, &bent).is_err());
    let name = String::from_utf8_lossy(data);
    if name != "default" {
        let elsewhere = Address {
            name: Some(&name),
            ..here
        };
        assert!(envelope::open(&key, &elsewhere, &sealed).is_err());
    }
}

/// A provider definition of anybody. What is taken says where the credential goes and nothing else:
/// `https` or this machine, a rule of its own for each host, and the same again when written out.
pub fn provider_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let checked = match catalog::parse(text) {
        Ok(checked) => checked,
        Err(invalid) => {
            assert!(!invalid.problems().is_empty());
            return;
        }
    };
    let provider = checked.provider;
    for entry in &provider.api_url {
        let place: Result<ApiUrl, _> = entry.parse();
        assert!(place.is_ok_and(|place| place.tls || place.is_loopback()));
    }
    let key = Credential::ApiKey {
        key: ApiKey::new("k-1"),
    };
    for part in provider.render(&key, None).iter().flat_map(|r| &r.parts) {
        let (InjectedPart::Header { name, value }
        | InjectedPart::Query { name, value }
        | InjectedPart::Cookie { name, value }) = part;
        let printable = |text: &str| text.bytes().all(|c| (0x20..0x7f).contains(&c));
        assert!(printable(name) && printable(value.reveal()));
    }
    let again = catalog::to_file_text(&provider).map(|text| catalog::parse(&text));
    assert!(again.is_ok_and(|again| {
        again.is_ok_and(|again| {
            again.provider.api_url == provider.api_url
                && again.provider.injection_rules() == provider.injection_rules()
                && again.provider.export == provider.export
        })
    }));
}
