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
use authsome::model::{ConnectionName, Credential, Did, Target};
use authsome::oauth::{Step, Tokens};
use authsome::proxy::Route;
use authsome::proxy::matcher::{Choice, Decision, RouteTable};
use authsome::secret::ApiKey;
use authsome::server::next::Next;
use std::time::Duration;
use time::OffsetDateTime;
use url::Url;
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
        // Where the site of a login is.
        let place: Result<ApiUrl, _> = entry.replace("{base_url}", "https://site.example").parse();
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

/// An `api_url`, a host, a path and a port number, one a line. What is injected is the place the entry
/// names, and a path that could be read in two ways never decides.
pub fn matcher(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (entry, host, path, port) = (line(), line(), line(), line());
    let Ok(provider) = "acme".parse() else { return };
    let route = Route {
        provider,
        connection: ConnectionName::default(),
        is_default: true,
        api_urls: vec![entry.clone()],
        excluded_paths: Vec::new(),
    };
    let (table, unusable) = RouteTable::new(&[route], &Choice::default());
    let port = port.parse().unwrap_or(443);
    let target = Target { host, port, path };
    let Decision::Inject { .. } = table.decide(&target, None) else {
        return;
    };
    assert!(unusable.is_empty());
    let Ok(place) = entry.parse::<ApiUrl>() else {
        panic!("matched by an entry that does not parse");
    };
    assert!(place.tls && place.port == target.port);
    let plain = |c: u8| c.is_ascii_lowercase() || matches!(c, b'.' | b'-');
    assert!(place.matches_host(&target.host) || !target.host.bytes().all(plain));
    assert!(place.matches_path(&target.path));
    if !place.path_prefix.is_empty() {
        for trick in ["..", "//", "\\", ";", "%2e", "%2F", "%5c"] {
            assert!(
                !target.path.contains(&format!("/{trick}/")),
                "{}",
                target.path
            );
        }
    }
}

/// Where a form wants to send the browser. Whatever it says, the browser stays here.
pub fn next(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let next = Next::parse(text);
    let kept = next.as_str();
    assert!(kept == text || kept == "/");
    assert!(kept.starts_with('/') && kept.bytes().all(|byte| byte.is_ascii_graphic()));
    let here = Url::parse("https://auth.example:8443/claim/x").expect("our own address");
    // As a browser reads it, and as one would that decodes first.
    let decoded = percent_encoding::percent_decode_str(kept).decode_utf8_lossy();
    for read in [kept, decoded.as_ref()] {
        let there = here.join(read).expect("a path of ours");
        assert_eq!(there.origin(), here.origin(), "{kept}");
        assert!(!there.path().starts_with("//"), "{kept}");
    }
}

/// A status, a content type and a body, of a token endpoint: the first two a line each. What is taken
/// fits a header and lives a sensible time; what is refused is told without a token that was in it.
pub fn token_answer(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (status, kind, body) = (part(), part(), part());
    let status = std::str::from_utf8(status)
        .ok()
        .and_then(|text| text.parse().ok());
    let answer = http::Response::builder()
        .status(status.unwrap_or(200_u16))
        .header(http::header::CONTENT_TYPE, kind)
        .body(body.to_vec());
    let Ok(answer) = answer else { return };
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic());
    match Tokens::read(Step::Refresh, &answer) {
        Ok(tokens) => {
            assert!(plain(tokens.access_token.reveal()));
            assert!(
                tokens
                    .refresh_token
                    .is_none_or(|token| plain(token.reveal()))
            );
            let ten_years = Duration::from_hours(24 * 366 * 10);
            let sensible = Duration::from_secs(1)..=ten_years;
            assert!(
                tokens
                    .expires_in
                    .is_none_or(|life| sensible.contains(&life))
            );
            let scopes = tokens.scopes.unwrap_or_default();
            assert!(scopes.len() <= 200);
            assert!(
                scopes
                    .iter()
                    .all(|scope| scope.len() <= 256 && plain(scope))
            );
        }
        Err(error) => {
            let said = error.to_string();
            assert!(said.chars().count() < 500, "{said}");
            assert!(!said.contains(|c: char| c.is_control()));
            for token in tokens_in(body) {
                assert!(!said.contains(&token), "an error repeats a token");
            }
        }
    }
}

/// The tokens of a body, JSON or form, that are long enough not to be a word by chance.
fn tokens_in(body: &[u8]) -> Vec<String> {
    let fields: Vec<(String, String)> = match serde_json::from_slice(body) {
        Ok(serde_json::Value::Object(fields)) => fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect(),
        _ => url::form_urlencoded::parse(body).into_owned().collect(),
    };
    let is_token = |name: &str| matches!(name, "access_token" | "refresh_token" | "id_token");
    fields
        .into_iter()
        .filter(|(name, token)| is_token(name) && token.trim().len() >= 8)
        .map(|(_, token)| token.trim().to_owned())
        .collect()
}
