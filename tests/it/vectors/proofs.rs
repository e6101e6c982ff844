//! Proofs, good and bad, one named file each: key, request, token and the verdict.

use super::{load, save};
use authsome::crypto::proof::{self, Expected};
use authsome::crypto::{SigningKeyPair, hex};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

const DIRECTORY: &str = "proofs";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Vector {
    comment: String,
    /// The DID the daemon knows the caller by; the key was invented for this file.
    did: String,
    method: String,
    body: String,
    /// The daemon's clock, Unix seconds.
    now: i64,
    token: String,
    /// `accepted`, or the name of the reason.
    verdict: String,
}

fn judge(vector: &Vector) -> String {
    let key = authsome::crypto::did::decode(&vector.did.parse().unwrap()).unwrap();
    let digest = Sha256::digest(vector.body.as_bytes()).into();
    let expected = Expected {
        method: &vector.method,
        body_sha256: &digest,
        now: OffsetDateTime::from_unix_timestamp(vector.now).unwrap(),
    };
    match proof::parse(&vector.token).and_then(|proof| proof.verify(&key, &expected)) {
        Ok(_) => "accepted".to_owned(),
        Err(reason) => format!("{reason:?}"),
    }
}

#[test]
fn every_proof_on_file_gets_its_verdict() {
    let vectors = load::<Vector>(DIRECTORY);
    assert!(vectors.len() >= 30, "{} files", vectors.len());
    for (name, vector) in vectors {
        assert_eq!(judge(&vector), vector.verdict, "{name}: {}", vector.comment);
        assert_eq!(
            name.starts_with("good-"),
            vector.verdict == "accepted",
            "{name}"
        );
    }
}

#[test]
fn the_proofs_on_file_are_the_ones_described_here() {
    let on_file = load::<Vector>(DIRECTORY);
    let described = described();
    assert_eq!(on_file.len(), described.len());
    for (name, vector) in described {
        let (_, found) = on_file.iter().find(|(other, _)| *other == name).unwrap();
        assert_eq!(found.token, vector.token, "{name}");
    }
}

pub(super) fn regenerate() {
    for (name, vector) in described() {
        save(DIRECTORY, &name, &vector);
    }
}

const NOW: i64 = 1_800_000_000;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;
const BODY: &str = r#"{"provider":"github"}"#;

fn key() -> SigningKeyPair {
    SigningKeyPair::from_hex(&"2a".repeat(32)).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": key().did(), "sub": "brisk-kindly-clearly-0001", "aud": "authsome-daemon",
        "iat": NOW, "exp": NOW + 60, "jti": "a3f1c09e5b7d4862", "htm": "POST",
        "htu": "http://127.0.0.1:7998/credentials/resolve",
        "body_sha256": hex::encode(&Sha256::digest(BODY.as_bytes())),
    })
}

fn sign_with(key: &SigningKeyPair, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let signature = B64.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn bent(changes: &Value) -> String {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims.to_string()
}

/// All vectors by name; Ed25519 is deterministic, so this is the one place they come from.
fn described() -> Vec<(String, Vector)> {
    by_time()
        .into_iter()
        .chain(by_claims())
        .chain(by_header())
        .chain(by_form())
        .map(|(name, token, verdict)| {
            let vector = Vector {
                comment: name[name.find('-').unwrap() + 1..].replace('-', " "),
                did: key().did().to_string(),
                method: "POST".to_owned(),
                body: BODY.to_owned(),
                now: NOW,
                token,
                verdict: verdict.to_owned(),
            };
            (name.to_owned(), vector)
        })
        .collect()
}

type Row = (&'static str, String, &'static str);

fn by_time() -> Vec<Row> {
    let signed = |changes: Value| sign_with(&key(), HEADER, &bent(&changes));
    vec![
        ("good-full-url", signed(json!({})), "accepted"),
        (
            "good-path-only-url-of-a-0-5-client",
            signed(json!({"htu": "/credentials/resolve"})),
            "accepted",
        ),
        (
            "good-lives-exactly-two-minutes",
            signed(json!({"exp": NOW + 120})),
            "accepted",
        ),
        (
            "good-clock-a-minute-ahead",
            signed(json!({"iat": NOW + 60, "exp": NOW + 120})),
            "accepted",
        ),
        (
            "good-clock-half-a-minute-behind",
            signed(json!({"iat": NOW - 90, "exp": NOW - 30})),
            "accepted",
        ),
        (
            "good-claim-nobody-knows",
            signed(json!({"extra": [1, {"a": null}]})),
            "accepted",
        ),
        (
            "bad-lives-longer-than-two-minutes",
            signed(json!({"exp": NOW + 121})),
            "Lifetime",
        ),
        (
            "bad-lives-ten-years",
            signed(json!({"exp": NOW + 315_360_000})),
            "Lifetime",
        ),
        (
            "bad-ends-before-it-begins",
            signed(json!({"exp": NOW - 1})),
            "Lifetime",
        ),
        (
            "bad-clock-five-minutes-ahead",
            signed(json!({"iat": NOW + 300, "exp": NOW + 360})),
            "NotYetValid(300)",
        ),
        (
            "bad-expired-five-minutes-ago",
            signed(json!({"iat": NOW - 360, "exp": NOW - 300})),
            "Expired(360)",
        ),
    ]
}

fn by_claims() -> Vec<Row> {
    let signed = |changes: Value| sign_with(&key(), HEADER, &bent(&changes));
    vec![
        ("bad-without-iat", signed(json!({"iat": null})), "Claims"),
        ("bad-without-jti", signed(json!({"jti": null})), "Claims"),
        (
            "bad-jti-too-short",
            signed(json!({"jti": "1"})),
            "Claim(\"jti\")",
        ),
        (
            "bad-audience",
            signed(json!({"aud": "another-daemon"})),
            "Audience",
        ),
        (
            "bad-audience-list",
            signed(json!({"aud": ["authsome-daemon"]})),
            "Claims",
        ),
        ("bad-method", signed(json!({"htm": "GET"})), "Method"),
        (
            "bad-body",
            signed(json!({"body_sha256": hex::encode(&Sha256::digest(b"{}"))})),
            "Body",
        ),
        (
            "bad-handle",
            signed(json!({"sub": "../root"})),
            "Claim(\"sub\")",
        ),
        (
            "bad-url-scheme",
            signed(json!({"htu": "file:///etc/passwd"})),
            "Claim(\"htu\")",
        ),
        (
            "bad-names-another-key",
            signed(json!({"iss": SigningKeyPair::from_hex(&"2b".repeat(32)).unwrap().did()})),
            "Key",
        ),
        (
            "bad-doubled-claim",
            sign_with(
                &key(),
                HEADER,
                &claims().to_string().replacen('{', r#"{"sub":"admin","#, 1),
            ),
            "Claims",
        ),
    ]
}

fn by_header() -> Vec<Row> {
    let headed = |header: &str| sign_with(&key(), header, &claims().to_string());
    vec![
        (
            "good-header-in-another-order",
            headed(r#"{ "typ": "JWT", "alg": "EdDSA" }"#),
            "accepted",
        ),
        (
            "bad-algorithm-none",
            headed(r#"{"alg":"none","typ":"JWT"}"#),
            "Header",
        ),
        (
            "bad-algorithm-hs256",
            headed(r#"{"alg":"HS256","typ":"JWT"}"#),
            "Header",
        ),
        (
            "bad-type",
            headed(r#"{"alg":"EdDSA","typ":"at+jwt"}"#),
            "Header",
        ),
        (
            "bad-critical-extension",
            headed(r#"{"alg":"EdDSA","typ":"JWT","crit":["b64"],"b64":false}"#),
            "Header",
        ),
        (
            "bad-key-inside-the-token",
            headed(
                r#"{"alg":"EdDSA","typ":"JWT","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#,
            ),
            "Header",
        ),
        (
            "bad-doubled-algorithm",
            headed(r#"{"alg":"none","alg":"EdDSA","typ":"JWT"}"#),
            "Header",
        ),
        (
            "bad-header-as-an-array",
            headed(r#"["EdDSA","JWT"]"#),
            "Header",
        ),
    ]
}

fn by_form() -> Vec<Row> {
    let good = sign_with(&key(), HEADER, &claims().to_string());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let stranger = SigningKeyPair::from_hex(&"2b".repeat(32)).unwrap();
    let mut raw = B64.decode(signature).unwrap();
    add_group_order(&mut raw[32..]);
    vec![
        ("bad-no-signature", format!("{signed}."), "Signature"),
        ("bad-two-parts", signed.to_owned(), "NotCompact"),
        ("bad-padded", format!("{good}=="), "NotCompact"),
        (
            "bad-signed-by-another-key",
            sign_with(&stranger, HEADER, &claims().to_string()),
            "Signature",
        ),
        (
            "bad-malleable-signature",
            format!("{signed}.{}", B64.encode(&raw)),
            "Signature",
        ),
        (
            "bad-too-long",
            format!("{good}{}", "A".repeat(proof::LONGEST)),
            "TooLong",
        ),
    ]
}

/// S + L for the S of a signature: the same signature to a verifier that does not look.
fn add_group_order(scalar: &mut [u8]) {
    let order =
        hex::decode::<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
            .unwrap();
    let mut carry = 0_u16;
    for (byte, add) in scalar.iter_mut().zip(*order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}
