//! What a forger may try, one test each.

use super::*;
use crate::clock::from_unix_millis;
use crate::crypto::{SigningKeyPair, hex};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;
const URL: &str = "https://auth.example/credentials/resolve?x=1";
const BODY: &[u8] = br#"{"provider":"github"}"#;

fn key() -> SigningKeyPair {
    SigningKeyPair::from_hex(&"07".repeat(32)).unwrap()
}

fn now() -> OffsetDateTime {
    from_unix_millis(1_800_000_000_000)
}

fn digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// The claims of a good proof, to be bent.
fn claims() -> Value {
    let at = now().unix_timestamp();
    json!({
        "iss": key().did(), "sub": "scout", "aud": AUDIENCE, "iat": at, "exp": at + 60,
        "jti": "0123456789abcdef", "htm": "POST", "htu": URL, "body_sha256": hex::encode(&digest(BODY)),
    })
}

fn sign(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let signature = B64.encode(key().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn judge_at(token: &str, at: OffsetDateTime) -> Result<Proof, Error> {
    parse(token)?.verify(
        &key().verifying_key(),
        &Expected {
            method: "POST",
            body_sha256: &digest(BODY),
            now: at,
        },
    )
}

fn judge(token: &str) -> Result<Proof, Error> {
    judge_at(token, now())
}

fn judge_claims(claims: &Value) -> Result<Proof, Error> {
    judge(&sign(HEADER, &claims.to_string()))
}

/// A good proof with one claim replaced, or removed by null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let map = claims.as_object_mut().unwrap();
    if value.is_null() {
        map.remove(name);
    } else {
        map.insert(name.to_owned(), value);
    }
    claims
}

fn issued() -> String {
    let handle = "scout".parse().unwrap();
    issue(
        &key(),
        &ProofRequest {
            handle: &handle,
            method: "POST",
            url: URL,
            body: BODY,
            now: now(),
        },
    )
    .unwrap()
}

#[test]
fn an_issued_proof_verifies_and_says_what_it_was_issued_for() {
    let proof = judge(&issued()).unwrap();
    assert_eq!(proof.did, key().did());
    assert_eq!(proof.handle.as_str(), "scout");
    assert_eq!(proof.htu, Htu::Absolute(URL.into()));
    assert_eq!(proof.jti.len(), 32);
    assert_eq!(proof.forget_after, now() + Duration::seconds(120));
    assert_ne!(proof.jti, judge(&issued()).unwrap().jti);
}

#[test]
fn a_proof_is_refused_exactly_from_its_forget_after_on() {
    let token = issued();
    let last = judge(&token).unwrap().forget_after;
    assert!(judge_at(&token, last - Duration::SECOND).is_ok());
    assert!(matches!(judge_at(&token, last), Err(Error::Expired(120))));
}

#[test]
fn the_path_alone_is_told_apart_from_a_full_url() {
    let proof = judge_claims(&with("htu", json!("/whoami?x"))).unwrap();
    assert_eq!(proof.htu, Htu::PathOnly("/whoami?x".into()));
    for htu in [
        "",
        "whoami",
        "ftp://x/",
        "javascript:1",
        "https:/x",
        "/a b",
        "/\n",
        "/\u{e9}",
    ] {
        assert_eq!(
            judge_claims(&with("htu", json!(htu))),
            Err(Error::Claim("htu")),
            "{htu:?}"
        );
    }
    let long = format!("/{}", "a".repeat(8 * 1024));
    assert_eq!(
        judge_claims(&with("htu", json!(long))),
        Err(Error::Claim("htu"))
    );
}

#[test]
fn clocks_may_differ_by_a_minute_and_no_more() {
    let token = issued();
    for (seconds, ok) in [
        (-300, false),
        (-61, false),
        (-60, true),
        (-30, true),
        (30, true),
        (119, true),
        (120, false),
        (300, false),
    ] {
        let judged = judge_at(&token, now() + Duration::seconds(seconds));
        assert_eq!(judged.is_ok(), ok, "{seconds}: {judged:?}");
    }
}

#[test]
fn a_proof_lives_two_minutes_at_most() {
    let at = now().unix_timestamp();
    for (exp, expected) in [
        (at + 120, Ok(())),
        (at + 121, Err(Error::Lifetime)),
        (at + 315_360_000, Err(Error::Lifetime)),
        (at, Err(Error::Lifetime)),
        (at - 1, Err(Error::Lifetime)),
        (i64::MAX, Err(Error::Lifetime)),
        (i64::MIN, Err(Error::Lifetime)),
    ] {
        assert_eq!(
            judge_claims(&with("exp", json!(exp))).map(drop),
            expected,
            "{exp}"
        );
    }
    let mut far = with("iat", json!(i64::MAX - 60));
    far["exp"] = json!(i64::MAX);
    assert!(matches!(judge_claims(&far), Err(Error::NotYetValid(_))));
    let mut past = with("iat", json!(i64::MIN));
    past["exp"] = json!(i64::MIN + 60);
    assert!(matches!(judge_claims(&past), Err(Error::Expired(_))));
    assert_eq!(
        judge_claims(&with("nbf", json!(at + 61))),
        Err(Error::NotYetValid(61))
    );
    assert!(judge_claims(&with("nbf", json!(at + 60))).is_ok());
}

#[test]
fn every_claim_is_required_and_has_one_type() {
    for name in [
        "iss",
        "sub",
        "aud",
        "iat",
        "exp",
        "jti",
        "htm",
        "htu",
        "body_sha256",
    ] {
        assert_eq!(
            judge_claims(&with(name, Value::Null)),
            Err(Error::Claims),
            "{name}"
        );
        for wrong in [
            json!(["authsome-daemon"]),
            json!({}),
            json!(true),
            json!(1.5),
        ] {
            assert_eq!(
                judge_claims(&with(name, wrong.clone())),
                Err(Error::Claims),
                "{name} {wrong}"
            );
        }
    }
    assert_eq!(
        judge_claims(&with("iat", json!("1800000000"))),
        Err(Error::Claims)
    );
    assert_eq!(judge_claims(&with("exp", json!(1e300))), Err(Error::Claims));
    assert!(judge_claims(&with("unknown", json!({"a": [1]}))).is_ok());
}

#[test]
fn each_claim_must_be_well_formed() {
    for (name, bad) in [
        ("iss", "did:key:zabc"),
        ("iss", "did:web:example"),
        ("sub", "../x"),
        ("sub", "a:b"),
        ("jti", "1234567"),
        ("jti", "with space in it"),
        ("jti", "nul\u{0}nulnul"),
        ("htm", "post"),
        ("htm", ""),
        ("htm", "GET\r\nX"),
        ("body_sha256", "00"),
    ] {
        assert_eq!(
            judge_claims(&with(name, json!(bad))),
            Err(Error::Claim(name)),
            "{name} {bad:?}"
        );
    }
    let upper = hex::encode(&digest(BODY)).to_uppercase();
    assert!(judge_claims(&with("body_sha256", json!(upper))).is_err());
    assert!(judge_claims(&with("jti", json!("j".repeat(128)))).is_ok());
    assert!(judge_claims(&with("jti", json!("j".repeat(129)))).is_err());
}

#[test]
fn another_audience_method_or_body_is_refused() {
    assert_eq!(
        judge_claims(&with("aud", json!("authsome"))),
        Err(Error::Audience)
    );
    assert_eq!(
        judge_claims(&with("aud", json!("authsome-daemon "))),
        Err(Error::Audience)
    );
    assert_eq!(judge_claims(&with("htm", json!("GET"))), Err(Error::Method));
    let other = hex::encode(&digest(b"{}"));
    assert_eq!(
        judge_claims(&with("body_sha256", json!(other))),
        Err(Error::Body)
    );
}

#[test]
fn another_key_than_the_named_one_is_refused() {
    let other = SigningKeyPair::generate();
    assert_eq!(
        judge_claims(&with("iss", json!(other.did()))),
        Err(Error::Key)
    );
    let token = issued();
    let expected = Expected {
        method: "POST",
        body_sha256: &digest(BODY),
        now: now(),
    };
    let judged = parse(&token)
        .unwrap()
        .verify(&other.verifying_key(), &expected);
    assert_eq!(judged, Err(Error::Key));
}

#[test]
fn only_one_header_is_understood() {
    let claims = claims().to_string();
    for header in [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"None","typ":"JWT"}"#,
        r#"{"alg":"","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"ES256","typ":"JWT"}"#,
        r#"{"alg":"Ed25519","typ":"JWT"}"#,
        r#"{"alg":"eddsa","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"jwt"}"#,
        r#"{"alg":"EdDSA","typ":"JOSE"}"#,
        r#"{"alg":"EdDSA","typ":"dpop+jwt"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","crit":["exp"]}"#,
        r#"{"alg":"EdDSA","typ":"JWT","b64":false}"#,
        r#"{"alg":"EdDSA","typ":"JWT","kid":"1"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","jwk":{"kty":"OKP"}}"#,
        r#"{"alg":"EdDSA","typ":"JWT","jku":"https://e.example"}"#,
        r#"{"alg":"none","alg":"EdDSA","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","typ":"JWT"}"#,
        r#"["EdDSA","JWT"]"#,
        r#"{"alg":["EdDSA"],"typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"JWT"} {}"#,
        "null",
        "",
    ] {
        assert_eq!(
            judge(&sign(header, &claims)),
            Err(Error::Header),
            "{header}"
        );
    }
    let spaced = r#" { "typ" : "JWT", "alg" : "EdDSA" } "#;
    assert!(judge(&sign(spaced, &claims)).is_ok());
}

#[test]
fn doubled_claims_and_other_json_are_refused() {
    let good = claims().to_string();
    let doubled = good.replacen('{', r#"{"sub":"admin","#, 1);
    assert_eq!(judge(&sign(HEADER, &doubled)), Err(Error::Claims));
    let escaped = good.replacen('{', r#"{"s\u0075b":"admin","#, 1);
    assert_eq!(judge(&sign(HEADER, &escaped)), Err(Error::Claims));
    let surrogate = good.replace("0123456789abcdef", r"\ud800bcdefgh");
    let deep = format!("{}{}", "[".repeat(3_000), "]".repeat(3_000));
    let array = Value::Array(claims().as_object().unwrap().values().cloned().collect());
    for json in [
        surrogate,
        deep,
        array.to_string(),
        format!("{good}x"),
        String::new(),
        "{".into(),
    ] {
        assert_eq!(judge(&sign(HEADER, &json)), Err(Error::Claims));
    }
    let signed = format!("{}.{}", B64.encode(HEADER), B64.encode([b'"', 0xff, b'"']));
    let token = format!("{signed}.{}", B64.encode(key().sign(signed.as_bytes())));
    assert_eq!(judge(&token), Err(Error::Claims));
}

#[test]
fn only_the_compact_form_in_canonical_base64url_is_read() {
    let token = issued();
    let parts: Vec<&str> = token.split('.').collect();
    let (h, c, s) = (parts[0], parts[1], parts[2]);
    let last = s.chars().last().unwrap();
    // The last character of 64 bytes carries four unused bits: a lenient decoder ignores them.
    let twin = if last == 'A' {
        'B'
    } else {
        char::from(last as u8 + 1)
    };
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        h.into(),
        format!("{h}.{c}"),
        format!("{h}.{c}.{s}."),
        format!("{h}.{c}.{s}.{s}"),
        format!("{h}.{c}.{s}=="),
        format!("{h}==.{c}.{s}"),
        format!("{h}.{c}.{}{twin}", &s[..s.len() - 1]),
        format!("{h}.{c}.{}", &s[..s.len() - 1]),
        format!("{h}.{c}.{s}\n"),
        format!(" {token}"),
        format!("{h}.{c}.{}", s.replace('_', "/").replace('-', "+") + "+/"),
    ] {
        assert!(judge(&bad).is_err(), "{bad:?}");
    }
    assert_eq!(judge(&format!("{h}.{c}.")), Err(Error::Signature));
    assert_eq!(judge(&"a".repeat(LONGEST + 1)).unwrap_err(), Error::TooLong);
}

#[test]
fn a_changed_bit_anywhere_is_refused() {
    let token = issued();
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        if changed != token {
            assert!(judge(&changed).is_err(), "byte {at}");
        }
    }
}

/// `S` and `S + L` satisfy the same equation; only the smaller one is a signature (RFC 8032 5.1.7).
#[test]
fn a_malleable_twin_of_a_signature_is_refused() {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let token = issued();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut raw = B64.decode(signature).unwrap();
    let mut carry = 0_u16;
    for (byte, add) in raw[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    let twin = format!("{signed}.{}", B64.encode(raw));
    assert_eq!(judge(&twin), Err(Error::Signature));
}
