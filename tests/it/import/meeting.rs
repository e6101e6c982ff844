//! An old home that meets a home which has something already: nothing here is overwritten unless it
//! was asked for, and what differs is said.

use super::house::{NewHome, made};
use crate::support::agent::Agent;
use crate::support::daemon::TestDaemon;
use crate::support::old_home::{OldHome, key_record};
use authsome::crypto::SigningKeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Person 1 with an identity `scout-1`, and this key as `openai/work`.
fn with_key(pair: &SigningKeyPair, key: &str) -> TempDir {
    made(async |old| {
        old.account(1).await;
        old.identity("scout-1", pair.did().as_str(), 1).await;
        old.connection(1, "openai", "work", key).await;
    })
}

fn scout(daemon: &TestDaemon, pair: &SigningKeyPair) -> Agent {
    let key = SigningKeyPair::from_hex(&pair.to_hex()).unwrap();
    Agent::with_key(daemon, "scout-1", key)
}

fn key_of(agent: &Agent, connection: &str) -> Value {
    let target = format!("/connections/openai/{connection}?show_secret=true");
    agent.get(&target).expect(200).json()["api_key"].clone()
}

#[test]
fn what_differs_here_stays_until_the_old_is_asked_for() {
    let pair = SigningKeyPair::generate();
    let home = NewHome::on_sqlite();
    let first = with_key(&pair, "sk-invented-first");
    home.import(first.path(), &[]).done();
    let second = with_key(&pair, "sk-invented-second");

    let told = home.import(second.path(), &[]).done();
    assert_eq!(
        told.counts(),
        [
            "accounts unchanged 1",
            "claims unchanged 1",
            "connections differs 1",
            "defaults unchanged 1",
            "identities unchanged 1",
        ]
    );
    let reason = told.reason("openai/work");
    assert!(
        reason.contains("credential") && reason.contains("--force"),
        "{reason}"
    );
    let mut daemon = home.daemon();
    assert_eq!(key_of(&scout(&daemon, &pair), "work"), "sk-invented-first");
    assert!(daemon.stop().success());

    let told = home.import(second.path(), &["--force"]).done();
    assert_eq!(told.count("connections", "replaced"), 1, "{}", told.said);
    daemon.start_again();
    assert_eq!(key_of(&scout(&daemon, &pair), "work"), "sk-invented-second");
    home.assert_holds_no_plaintext();
}

#[test]
fn a_home_in_use_keeps_its_own_and_gets_the_old_beside_it() {
    let pair = SigningKeyPair::generate();
    let home = NewHome::on_sqlite();
    let mut daemon = home.daemon();
    let mine = daemon.agent("early");
    mine.log_in("openai", "work", "sk-invented-of-my-own-0001");
    assert!(daemon.stop().success());
    let old = with_key(&pair, "sk-invented-old");
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.object["master_key"], "not_needed");
    assert_eq!(told.count("connections", "imported"), 1);
    daemon.start_again();
    let mine = mine.at(&daemon);
    assert_eq!(key_of(&mine, "work"), "sk-invented-of-my-own-0001");
    assert_eq!(key_of(&scout(&daemon, &pair), "work"), "sk-invented-old");
}

#[test]
fn an_account_with_a_taken_address_is_somebody_else_until_told_otherwise() {
    let (one, two) = (SigningKeyPair::generate(), SigningKeyPair::generate());
    let home = NewHome::on_sqlite();
    let first = with_key(&one, "sk-invented-first");
    home.import(first.path(), &[]).done();
    let other = made(async |old| {
        old.account(2).await;
        old.sql("UPDATE principals SET email = 'person1@example.test'")
            .await;
        old.identity("scout-2", two.did().as_str(), 2).await;
        old.connection(2, "openai", "other", "sk-invented-other")
            .await;
    });
    let told = home.import(other.path(), &[]).done();
    assert_eq!(told.count("accounts", "differs"), 1, "{}", told.said);
    assert_eq!(told.count("claims", "skipped"), 1, "{}", told.said);
    assert_eq!(told.count("connections", "skipped"), 1, "{}", told.said);
    assert!(told.reason("person1@example.test").contains("--force"));

    let told = home.import(other.path(), &["--force"]).done();
    assert_eq!(told.count("connections", "imported"), 1, "{}", told.said);
    let daemon = home.daemon();
    assert_eq!(key_of(&scout(&daemon, &one), "other"), "sk-invented-other");
}

#[test]
fn the_key_of_an_identity_is_never_overwritten() {
    let (here, elsewhere) = (SigningKeyPair::generate(), SigningKeyPair::generate());
    let home = NewHome::on_sqlite();
    let first = with_key(&here, "sk-invented-first");
    write_key(first.path(), &here);
    home.import(first.path(), &[]).done();
    let second = with_key(&elsewhere, "sk-invented-first");
    write_key(second.path(), &elsewhere);
    for flags in [&[][..], &["--force"]] {
        let told = home.import(second.path(), flags).done();
        assert_eq!(told.count("identities", "differs"), 1, "{}", told.said);
        assert_eq!(told.count("keys", "differs"), 1, "{}", told.said);
        assert_eq!(told.count("claims", "imported"), 0, "{}", told.said);
    }
    let kept = std::fs::read_to_string(home.path().join("identities/scout-1.key")).unwrap();
    assert_eq!(kept.trim(), here.to_hex().as_str());
    let daemon = home.daemon();
    scout(&daemon, &here).get("/whoami").expect(200);
    scout(&daemon, &elsewhere).get("/whoami").expect(401);
}

fn write_key(old: &std::path::Path, pair: &SigningKeyPair) {
    let file = old.join("client/identities/scout-1.key");
    std::fs::write(file, pair.to_hex().as_str()).unwrap();
}

#[test]
fn a_key_file_that_is_not_the_registered_one_is_left_out() {
    let pair = SigningKeyPair::generate();
    let old = with_key(&pair, "sk-invented-first");
    write_key(old.path(), &SigningKeyPair::generate());
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("keys", "skipped"), 1, "{}", told.said);
    assert!(!home.path().join("identities/scout-1.key").exists());
}

#[test]
fn the_default_is_the_one_it_was_and_stays_what_it_became() {
    let pair = SigningKeyPair::generate();
    let old = made(async |old| {
        old.account(1).await;
        old.identity("scout-1", pair.did().as_str(), 1).await;
        for name in ["first", "second", "third"] {
            let key = format!("sk-invented-{name}");
            old.connection(1, "openai", name, &key).await;
        }
        let metadata = json!({"provider": "openai", "vault_id": "vault_1",
            "default_connection": "second", "connection_names": ["first", "second", "third"]});
        old.put("vault:vault_1:openai:metadata", &metadata).await;
    });
    let home = NewHome::on_sqlite();
    home.import(old.path(), &[]).done();
    let mut daemon = home.daemon();
    let agent = scout(&daemon, &pair);
    let default = |agent: &Agent| {
        let list = agent.get("/connections").expect(200).json();
        list["connections"][0]["default_connection"].clone()
    };
    assert_eq!(default(&agent), "second");
    agent
        .post("/connections/openai/third/default", &json!({}))
        .expect(200);
    assert!(daemon.stop().success());
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("defaults", "differs"), 1, "{}", told.said);
    daemon.start_again();
    assert_eq!(default(&scout(&daemon, &pair)), "third");
    assert!(daemon.stop().success());
    home.import(old.path(), &["--force"]).done();
    daemon.start_again();
    assert_eq!(default(&scout(&daemon, &pair)), "second");
}

#[test]
fn records_of_the_versions_before_go_to_whoever_owns_the_identity() {
    let pair = SigningKeyPair::generate();
    let old = made(async |old| {
        old.account(1).await;
        old.identity("scout-1", pair.did().as_str(), 1).await;
        for owner in ["scout-1", "nobody-7"] {
            let mut record = key_record(1, "openai", "work", "sk-invented-before");
            record["identity"] = owner.into();
            old.put(&format!("identity:{owner}:openai:connection:work"), &record)
                .await;
        }
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("connections", "imported"), 1, "{}", told.said);
    assert!(
        told.reason("openai/work").contains("nobody-7"),
        "{}",
        told.said
    );
    let daemon = home.daemon();
    assert_eq!(key_of(&scout(&daemon, &pair), "work"), "sk-invented-before");
}

#[test]
fn credentials_of_a_provider_nobody_knows_are_kept_and_work_once_it_is_defined() {
    let pair = SigningKeyPair::generate();
    let old = made(async |old| {
        old.account(1).await;
        old.identity("scout-1", pair.did().as_str(), 1).await;
        old.connection(1, "nobody-knows", "default", "sk-invented-rare")
            .await;
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("connections", "imported"), 1, "{}", told.said);
    assert!(
        told.reason("nobody-knows").contains("authsome register"),
        "{}",
        told.said
    );
    let daemon = home.daemon();
    let agent = scout(&daemon, &pair);
    agent.resolve("nobody-knows").expect(404);
    let definition = json!({
        "name": "nobody-knows", "display_name": "Nobody Knows", "auth_type": "api_key",
        "flow": "api_key", "api_url": "api.nobody-knows.example",
        "api_key": {"header_name": "X-Rare-Key"},
    });
    agent
        .post("/providers", &json!({"definition": definition}))
        .expect(200);
    let resolved = agent.resolve("nobody-knows").expect(200).json();
    assert_eq!(
        resolved["headers"],
        json!({"X-Rare-Key": "sk-invented-rare"})
    );
}

#[test]
fn claims_that_were_rejected_or_revoked_stay_so_and_open_ones_are_open() {
    let pairs: Vec<SigningKeyPair> = (0..4).map(|_| SigningKeyPair::generate()).collect();
    let states = ["rejected", "revoked", "pending", "levitating"];
    let old = made(async |old| {
        old.account(1).await;
        for (state, pair) in states.iter().zip(&pairs) {
            old.identity(&format!("{state}-1"), pair.did().as_str(), 1)
                .await;
            old.sql(&format!(
                "UPDATE identity_claims SET claim_status = '{state}' WHERE identity_handle = '{state}-1'"
            ))
            .await;
        }
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("identities", "imported"), 4);
    assert_eq!(told.count("claims", "imported"), 2, "{}", told.said);
    assert!(
        told.reason("levitating-1").contains("claimed again"),
        "{}",
        told.said
    );
    let daemon = home.daemon();
    for (state, pair) in states.iter().zip(pairs) {
        let agent = Agent::with_key(&daemon, &format!("{state}-1"), pair);
        agent.get("/connections").expect(403);
    }
}

#[test]
fn logins_that_ended_are_expired_unless_they_can_be_renewed() {
    let pair = SigningKeyPair::generate();
    let oauth = |status: &str, refresh: Value, expires: Value| {
        let mut record = key_record(1, "github", "odd", "");
        for (field, value) in [
            ("auth_type", json!("oauth2")),
            ("status", json!(status)),
            ("api_key", Value::Null),
            ("access_token", json!("invented-token")),
            ("refresh_token", refresh),
            ("expires_at", expires),
            ("scopes", json!("repo read:user")),
        ] {
            record[field] = value;
        }
        record
    };
    let past = json!("2020-01-01T00:00:00Z");
    let cases = [
        (
            "ended",
            oauth("connected", Value::Null, past.clone()),
            "expired",
        ),
        (
            "marked",
            oauth("expired", json!(""), Value::Null),
            "expired",
        ),
        (
            "renews",
            oauth("expired", json!("invented-token-r"), past),
            "connected",
        ),
        (
            "forever",
            oauth("connected", Value::Null, Value::Null),
            "connected",
        ),
    ];
    let old = made(async |old: &mut OldHome| {
        old.account(1).await;
        old.identity("scout-1", pair.did().as_str(), 1).await;
        for (name, record, _) in &cases {
            let mut record = record.clone();
            record["connection_name"] = json!(name);
            old.put(&format!("vault:vault_1:github:connection:{name}"), &record)
                .await;
        }
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("connections", "imported"), 4, "{}", told.said);
    let again = home.import(old.path(), &[]).done();
    assert_eq!(again.object["status"], "unchanged", "{}", again.said);
    let daemon = home.daemon();
    let agent = scout(&daemon, &pair);
    for (name, _, status) in &cases {
        let found = agent
            .get(&format!("/connections/github/{name}"))
            .expect(200)
            .json();
        assert_eq!(found["status"], *status, "{name}: {found}");
        assert_eq!(found["scopes"], json!(["repo", "read:user"]));
    }
}
