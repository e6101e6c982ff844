//! Row 16: nobody registers a name for a key that is not theirs, and no name changes hands.

use crate::support::agent::Agent;
use crate::support::daemon::{HOSTED_URL, TestDaemon};
use crate::support::http::Request;
use authsome::crypto::keypair::SigningKeyPair;
use serde_json::json;

fn stranger(daemon: &TestDaemon, handle: &str) -> Agent {
    Agent::unregistered(daemon.address(), &daemon.url(), handle)
}

#[test]
fn a_registration_signed_by_another_key_is_refused() {
    let daemon = TestDaemon::start();
    let mallory = stranger(&daemon, "mallory");
    let victim = SigningKeyPair::generate();
    let body = json!({"handle": "mallory", "did": victim.did()});
    mallory.post("/identities/register", &body).expect(401);
    daemon.get("/identities/mallory").expect(404);
    let other_handle = json!({"handle": "victim", "did": mallory.key.did()});
    mallory
        .post("/identities/register", &other_handle)
        .expect(401);
    daemon.get("/identities/victim").expect(404);
}

#[test]
fn a_taken_handle_or_key_is_a_conflict_and_stays_where_it_is() {
    let daemon = TestDaemon::start();
    let owner = stranger(&daemon, "scout");
    let first = owner.register().expect(200).json();
    let again = owner.register().expect(200).json();
    assert_eq!(first["did"], again["did"]);
    let squatter = stranger(&daemon, "scout");
    let refused = squatter.register().expect(409).json();
    assert_eq!(refused["error"], "IdentityRegistrationError");
    let mut renamed = stranger(&daemon, "scout-two");
    renamed.key = SigningKeyPair::from_hex(&owner.key.to_hex()).unwrap();
    renamed.register().expect(409);
    let found = daemon.get("/identities/scout").expect(200).json();
    assert_eq!(found["did"], json!(owner.key.did()));
}

#[test]
fn hosted_an_unsigned_registration_is_refused() {
    let daemon = TestDaemon::builder().hosted().start();
    let key = SigningKeyPair::generate();
    let unsigned = Request::new("POST", "/identities/register")
        .header("Host", "authsome.example.test")
        .json(&json!({"handle": "scout", "did": key.did()}));
    daemon.send(&unsigned).expect(401);
    let agent = Agent::unregistered(daemon.address(), HOSTED_URL, "scout");
    let registered = agent.register().expect(200).json();
    assert!(
        registered["claim_url"]
            .as_str()
            .unwrap()
            .starts_with(HOSTED_URL)
    );
    let anonymous =
        Request::new("GET", "/identities/scout").header("Host", "authsome.example.test");
    let seen = daemon.send(&anonymous).expect(200).json();
    assert!(seen.get("claim_url").is_none(), "{seen}");
    assert!(seen.get("principal_id").is_none(), "{seen}");
}

#[test]
fn a_did_that_is_no_key_is_refused() {
    let daemon = TestDaemon::start();
    for did in [
        "",
        "did:key:z",
        "did:web:example.com",
        "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        "did:key:z6Mkq1111111111111111111111111111111111111111111",
        "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw\n",
    ] {
        let request = Request::new("POST", "/identities/register")
            .json(&json!({"handle": "scout", "did": did}));
        daemon.send(&request).expect(422);
    }
    daemon.get("/identities/scout").expect(404);
}
