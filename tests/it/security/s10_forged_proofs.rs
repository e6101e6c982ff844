//! Row 10: only an `EdDSA` signature over exactly this kind of token counts.

use crate::support::agent::Agent;
use crate::support::daemon::TestDaemon;
use crate::support::forge::Forgery;
use crate::support::http::Request;
use authsome::crypto::keypair::SigningKeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

fn whoami(daemon: &TestDaemon, authorization: &str) -> u16 {
    let request = Request::new("GET", "/whoami").header("Authorization", authorization);
    daemon.send(&request).status
}

fn honest(daemon: &TestDaemon, agent: &Agent) -> Forgery {
    let url = format!("{}/whoami", daemon.url());
    Forgery::honest(&agent.key, "scout", "GET", &url, b"")
}

#[test]
fn no_proof_and_other_schemes_are_refused() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    daemon.get("/whoami").expect(401);
    let token = honest(&daemon, &agent).token(&agent.key);
    for authorization in [
        String::new(),
        "PoP".into(),
        "PoP ".into(),
        "PoP x".into(),
        "PoP ..".into(),
        "PoP a.b.c.d".into(),
        format!("Bearer {token}"),
        format!("PoP  {token}"),
        format!("PoP {token}="),
        format!("PoP {token}, PoP {token}"),
        format!("PoP {}", "a".repeat(20_000)),
    ] {
        assert_eq!(whoami(&daemon, &authorization), 401, "{authorization}");
    }
    assert_eq!(whoami(&daemon, &format!("PoP {token}")), 200);
}

#[test]
fn other_algorithms_types_and_critical_extensions_are_refused() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let good = honest(&daemon, &agent);
    for header in [
        json!({"alg": "none", "typ": "JWT"}),
        json!({"alg": "None", "typ": "JWT"}),
        json!({"alg": "ES256", "typ": "JWT"}),
        json!({"alg": "eddsa", "typ": "JWT"}),
        json!({"alg": "EdDSA"}),
        json!({"typ": "JWT"}),
        json!({"alg": "EdDSA", "typ": "at+jwt"}),
        json!({"alg": "EdDSA", "typ": "JWT", "crit": ["exp"]}),
        json!({"alg": "EdDSA", "typ": "JWT", "b64": false, "crit": ["b64"]}),
        json!({"alg": "EdDSA", "typ": "JWT", "jwk": {"kty": "OKP"}}),
        json!({"alg": ["EdDSA"], "typ": "JWT"}),
        json!([]),
    ] {
        let token = good.headed(header.clone()).token(&agent.key);
        assert_eq!(whoami(&daemon, &format!("PoP {token}")), 401, "{header}");
    }
    let unsigned = good
        .headed(json!({"alg": "none", "typ": "JWT"}))
        .signed_part();
    assert_eq!(whoami(&daemon, &format!("PoP {unsigned}.")), 401);
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let forged = honest(&daemon, &agent).headed(json!({"alg": "HS256", "typ": "JWT"}));
    let signed = forged.signed_part();
    for secret in [
        agent.key.did().as_str().as_bytes(),
        agent.key.verifying_key().as_bytes(),
    ] {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        assert_eq!(whoami(&daemon, &format!("PoP {signed}.{signature}")), 401);
    }
}

#[test]
fn a_signature_has_one_spelling() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let token = honest(&daemon, &agent).token(&agent.key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut shifted = raw.clone();
    add_group_order(&mut shifted[32..]);
    let mut flipped = raw.clone();
    flipped[0] ^= 1;
    for spoiled in [
        URL_SAFE_NO_PAD.encode(shifted),
        URL_SAFE_NO_PAD.encode(flipped),
        URL_SAFE_NO_PAD.encode(&raw[..63]),
        URL_SAFE_NO_PAD.encode([&raw[..], &[0]].concat()),
        STANDARD.encode(&raw),
        URL_SAFE_NO_PAD.encode([0; 64]),
    ] {
        assert_eq!(
            whoami(&daemon, &format!("PoP {signed}.{spoiled}")),
            401,
            "{spoiled}"
        );
    }
    assert_eq!(whoami(&daemon, &format!("PoP {token}")), 200);
}

/// Adds the order of the group to the little-endian scalar: the same signature to a lax verifier.
fn add_group_order(scalar: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (digit, order) in scalar.iter_mut().zip(ORDER) {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        *digit = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}

#[test]
fn a_claim_that_is_missing_or_of_another_kind_is_refused() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let good = honest(&daemon, &agent);
    for claim in [
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
        for value in [Value::Null, json!(""), json!([]), json!({}), json!(true)] {
            let token = good.with(claim, value.clone()).token(&agent.key);
            let status = whoami(&daemon, &format!("PoP {token}"));
            assert_eq!(status, 401, "{claim} = {value}");
        }
    }
    for (claim, value) in [
        ("aud", json!("another-daemon")),
        ("sub", json!("somebody-else")),
        ("iss", json!(SigningKeyPair::generate().did())),
        ("jti", json!("a".repeat(10_000))),
        ("iat", json!(1e300)),
        ("exp", json!(-1)),
        ("nbf", json!(99_999_999_999_i64)),
    ] {
        let token = good.with(claim, value.clone()).token(&agent.key);
        assert_eq!(
            whoami(&daemon, &format!("PoP {token}")),
            401,
            "{claim} = {value}"
        );
    }
}

#[test]
fn a_refused_proof_changes_nothing() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", crate::api::OPENAI_KEY);
    let path = "/connections/openai/default/logout";
    let url = format!("{}{path}", daemon.url());
    let stranger = SigningKeyPair::generate();
    let token = Forgery::honest(&agent.key, "scout", "POST", &url, b"{}").token(&stranger);
    let request = Request::new("POST", path)
        .json(&json!({}))
        .header("Authorization", &format!("PoP {token}"));
    daemon.send(&request).expect(401);
    agent.get("/connections/openai/default").expect(200);
}
