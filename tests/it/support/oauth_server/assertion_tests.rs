//! Assertions, which our client does not sign yet.

use super::super::http::Request;
use super::OAuthServer;
use super::token::JWT_BEARER;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode, get_current_timestamp};
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

fn assertion(server: &OAuthServer, header: Algorithm, key: &EncodingKey, change: &Value) -> String {
    let mut claims = json!({
        "iss": "robot@example.com",
        "aud": server.url("/token"),
        "exp": get_current_timestamp() + 300,
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    encode(&Header::new(header), &claims, key).unwrap()
}

fn by_assertion(server: &OAuthServer, assertion: &str) -> Value {
    let fields = [("grant_type", JWT_BEARER), ("assertion", assertion)];
    server.post("/token", &fields).json()
}

#[test]
fn an_assertion_counts_with_the_right_key_audience_and_life() {
    let server = OAuthServer::start();
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let rsa = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    let public = DecodingKey::from_rsa_pem(pair.public_key_pem().as_bytes()).unwrap();
    server.trust("robot@example.com", Algorithm::RS256, public);
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let other = EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).unwrap();

    let good = assertion(&server, Algorithm::RS256, &rsa, &json!({"jti": "1"}));
    let token = by_assertion(&server, &good);
    server
        .get_as(token["access_token"].as_str().unwrap(), "/api/x")
        .expect(200);
    assert_eq!(by_assertion(&server, &good)["error"], "invalid_grant");

    let now = get_current_timestamp();
    for change in [
        json!({"iss": "other@example.com"}),
        json!({"aud": "https://evil.example/token"}),
        json!({"aud": null}),
        json!({"exp": now - 300}),
        json!({"exp": now + 86_400}),
        json!({"nbf": now + 300}),
    ] {
        let bad = assertion(&server, Algorithm::RS256, &rsa, &change);
        assert_eq!(
            by_assertion(&server, &bad)["error"],
            "invalid_grant",
            "{change}"
        );
    }
    let foreign = assertion(&server, Algorithm::EdDSA, &other, &json!({}));
    assert_eq!(by_assertion(&server, &foreign)["error"], "invalid_grant");
    let public = DecodingKey::from_ed_der(pair.public_key_raw());
    server.trust("robot@example.com", Algorithm::EdDSA, public);
    assert!(by_assertion(&server, &foreign)["access_token"].is_string());
}

#[test]
fn an_app_gets_a_token_for_its_installation() {
    let server = OAuthServer::start();
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let key = EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).unwrap();
    let public = DecodingKey::from_ed_der(pair.public_key_raw());
    server.trust("robot@example.com", Algorithm::EdDSA, public);
    let ask = |exp: u64| {
        let signed = assertion(&server, Algorithm::EdDSA, &key, &json!({"exp": exp}));
        let request = Request::new("POST", "/app/installations/42/access_tokens");
        server.send(&request.header("Authorization", &format!("Bearer {signed}")))
    };
    let answer = ask(get_current_timestamp() + 540).expect(201).json();
    server
        .get_as(answer["token"].as_str().unwrap(), "/api/x")
        .expect(200);
    ask(get_current_timestamp() + 3600).expect(401);
}
