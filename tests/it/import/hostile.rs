//! Homes that somebody changed to get something taken over that is not theirs, or to bring the
//! reader down.

use super::house::{NewHome, made};
use crate::support::old_home::{OldHome, PASSWORD_HASH, key_record};
use serde_json::{Value, json};
use std::fs;

const AT: &str = "2026-11-21T01:20:16+00:00";

/// Imports and expects that of two things of a kind one is taken and the other named with a reason.
#[track_caller]
fn is_left_out(old: &std::path::Path, kind: &str, name: &str, reason: &str) {
    let told = NewHome::on_sqlite().import(old, &[]).done();
    let why = told.reason(name);
    assert!(why.contains(reason), "{name}: {why}");
    assert_eq!(told.count(kind, "imported"), 1, "{}", told.said);
    assert_eq!(told.count(kind, "skipped"), 1, "{}", told.said);
}

async fn one_connection(old: &mut OldHome) {
    old.account(1).await;
    old.connection(1, "openai", "mine", "sk-invented-mine")
        .await;
}

#[test]
fn a_record_moved_to_the_place_of_another_is_not_taken() {
    let name = "vault:vault_1:openai:connection:theirs";
    for record in [
        key_record(2, "openai", "theirs", "sk-invented-theirs"),
        key_record(1, "anthropic", "theirs", "sk-invented-theirs"),
        key_record(1, "openai", "other", "sk-invented-theirs"),
    ] {
        let old = made(async |old| {
            one_connection(old).await;
            old.put(name, &record).await;
        });
        is_left_out(old.path(), "connections", name, "it was moved");
    }
    let envelope = format!("vault:vault_1::{name}");
    let old = made(async |old| {
        one_connection(old).await;
        let sealed = old.seal(&key_record(1, "openai", "mine", "sk-invented-x").to_string());
        let moved = json!({"collection": "vault:vault_1", "key": "vault:vault_1:openai:connection:mine",
            "created_at": AT, "version": 1, "value": sealed});
        old.put_raw(&envelope, moved.to_string().as_bytes()).await;
    });
    is_left_out(old.path(), "connections", &envelope, "names another record");
}

#[test]
fn a_value_that_is_not_sealed_is_not_taken_as_a_credential() {
    let name = "vault:vault_1:openai:connection:planted";
    let old = made(async |old| {
        one_connection(old).await;
        let record = key_record(1, "openai", "planted", "sk-invented-planted");
        old.put_envelope("vault:vault_1", name, &record).await;
    });
    let full = format!("vault:vault_1::{name}");
    is_left_out(old.path(), "connections", &full, "not encrypted");
}

#[test]
fn a_large_value_is_read_from_its_file_and_from_nowhere_else() {
    let name = "vault:vault_1:openai:connection:large";
    let record = key_record(1, "openai", "large", "sk-invented-large");
    let old = made(async |old| {
        old.account(1).await;
        old.put_in_file(name, &record, "6f/1a/large.val").await;
    });
    let told = NewHome::on_sqlite().import(old.path(), &[]).done();
    assert_eq!(told.count("connections", "imported"), 1);

    let full = format!("vault:vault_1::{name}");
    for (file, reason) in [
        ("../outside.val", "outside of the store"),
        ("/etc/passwd", "outside of the store"),
        ("", "outside of the store"),
        ("link.val", "symbolic link"),
        ("linked/large.val", "symbolic link"),
        ("missing.val", "missing"),
        ("huge.val", "larger than"),
    ] {
        let old = made(async |old| {
            one_connection(old).await;
            old.put_in_file(
                "vault:vault_1:openai:connection:gone",
                &record,
                "real/large.val",
            )
            .await;
            sqlx::query("DELETE FROM Cache WHERE filename IS NOT NULL")
                .execute(&mut old.store)
                .await
                .unwrap();
            let store = old.path().join("server/kv_store");
            fs::copy(store.join("real/large.val"), store.join("../outside.val")).unwrap();
            std::os::unix::fs::symlink("real/large.val", store.join("link.val")).unwrap();
            std::os::unix::fs::symlink("real", store.join("linked")).unwrap();
            let huge = fs::File::create(store.join("huge.val")).unwrap();
            huge.set_len(1 << 40).unwrap();
            old.point_to_file(name, file).await;
        });
        is_left_out(old.path(), "connections", &full, reason);
    }
}

#[test]
fn what_cannot_be_a_credential_of_ours_is_left_out_with_its_reason() {
    let name = "vault:vault_1:openai:connection:odd";
    let with = |field: &str, value: Value| {
        let mut record = key_record(1, "openai", "odd", "sk-invented-odd");
        record[field] = value;
        record
    };
    for (record, reason) in [
        (with("api_key", json!(null)), "holds no key"),
        (with("api_key", json!("")), "empty"),
        (
            with("api_key", json!("sk-invented\r\nX-Other: 1")),
            "cannot be sent",
        ),
        (
            with("api_key", json!("sk-invented".repeat(10_000))),
            "too long",
        ),
        (with("api_key", json!(7)), "not a connection as 0.5 wrote"),
        (with("status", json!("revoked")), "was revoked"),
        (with("status", json!("not_connected")), "was not connected"),
        (with("status", json!(["connected"])), "not a connection"),
        (with("auth_type", json!("telepathy")), "auth_type"),
        (with("auth_type", json!("oauth2")), "holds no token"),
        (with("auth_type", json!("browser")), "no cookies"),
        (with("expires_at", json!("tomorrow")), "no time"),
        (with("scopes", json!(["a\nb"])), "scopes"),
        (
            with("base_url", json!("javascript:alert(1)")),
            "no plain web address",
        ),
        (
            with("base_url", json!("https://user:pw@x.example")),
            "no plain web address",
        ),
        (json!("sk-invented"), "not a connection as 0.5 wrote"),
        (json!([]), "not a connection as 0.5 wrote"),
    ] {
        let old = made(async |old| {
            one_connection(old).await;
            old.put(name, &record).await;
        });
        is_left_out(old.path(), "connections", name, reason);
    }
}

#[test]
fn a_table_that_is_a_view_is_not_run() {
    let old = made(async |old| {
        one_connection(old).await;
        old.sql(
            "ALTER TABLE principals RENAME TO hidden;
             CREATE VIEW principals AS SELECT principal_id, email, password_hash, 'admin' AS role,
                created_at FROM hidden;",
        )
        .await;
    });
    let told = NewHome::on_sqlite().import(old.path(), &[]).done();
    assert_eq!(told.count("accounts", "imported"), 0);
    let reason = told.reason("openai/mine");
    assert!(reason.contains("vault_1"), "{reason}");
}

#[test]
fn hostile_names_are_shown_without_their_control_characters() {
    let name = "vault:vault_1:openai:connection:\u{1b}[2Jgone";
    let old = made(async |old| {
        one_connection(old).await;
        old.put(name, &key_record(1, "openai", "mine", "sk-invented-x"))
            .await;
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert!(!told.said.contains("\\u001b"), "{}", told.said);
    let text = home.import_as_text(old.path(), &[]);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert!(text.contains("[2Jgone"), "{text}");
    assert!(text.starts_with("Nothing new was taken over\n"), "{text}");
}

#[test]
fn accounts_that_break_a_rule_are_left_out_and_a_password_that_cannot_be_checked_is_none() {
    let account = |number: u32, email: &str, hash: &str, role: &str| {
        format!(
            "INSERT INTO principals VALUES ('principal_{number}', '{email}', '{hash}', '{role}',
                '2026-01-0{number}T00:00:00Z');"
        )
    };
    let huge = PASSWORD_HASH.replace("m=65536", "m=4294967295");
    let old = made(async |old| {
        old.sql(&account(1, "good@example.test", PASSWORD_HASH, "user"))
            .await;
        old.sql(&account(2, "no address", PASSWORD_HASH, "user"))
            .await;
        old.sql(&account(3, "root@example.test", PASSWORD_HASH, "root"))
            .await;
        old.sql(&account(4, "GOOD@example.test", PASSWORD_HASH, "admin"))
            .await;
        old.sql(&account(5, "huge@example.test", &huge, "user"))
            .await;
        old.sql(&account(
            6,
            "plain@example.test",
            "fixture password",
            "user",
        ))
        .await;
        old.sql("INSERT INTO principals VALUES ('server', 'x@example.test', NULL, 'admin', NULL)")
            .await;
    });
    let told = NewHome::on_sqlite().import(old.path(), &[]).done();
    assert_eq!(told.count("accounts", "imported"), 3, "{}", told.said);
    for (name, reason) in [
        ("principal_2", "e-mail"),
        ("principal_3", "neither admin nor user"),
        ("principal_4", "same address"),
        ("huge@example.test", "without a password"),
        ("plain@example.test", "without a password"),
        ("server", "id"),
    ] {
        assert!(told.reason(name).contains(reason), "{}", told.reason(name));
    }
}

#[test]
fn a_definition_that_takes_the_host_of_another_is_only_taken_when_asked_for() {
    let definition = json!({
        "name": "pirate", "display_name": "Pirate", "auth_type": "api_key", "flow": "api_key",
        "api_url": "api.openai.com",
        "api_key": {"header_name": "X-Key"},
    });
    let old = made(async |old| {
        one_connection(old).await;
        for (name, text) in [
            ("pirate", definition.to_string()),
            ("renamed", definition.to_string()),
            ("broken", "{".to_owned()),
        ] {
            sqlx::query("INSERT INTO custom_provider_definitions VALUES ($1, $2)")
                .bind(name)
                .bind(text)
                .execute(&mut old.server)
                .await
                .unwrap();
        }
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("providers", "skipped"), 3, "{}", told.said);
    assert!(told.reason("pirate").contains("--force"), "{}", told.said);
    assert!(
        told.reason("renamed").contains("defines `pirate`"),
        "{}",
        told.said
    );
    told.reason("broken");
    let told = home.import(old.path(), &["--force"]).done();
    assert_eq!(told.count("providers", "imported"), 1, "{}", told.said);
}

#[test]
fn events_are_marked_as_taken_over_and_cannot_pass_for_ours() {
    let old = made(async |old| {
        old.account(1).await;
        old.sql(&format!(
            "INSERT INTO audit_events VALUES ('evt_1', '{AT}', 'login', 'server', 'principal_1',
                NULL, 'openai', 'default', '{{\"imported_from\": \"nowhere\", \"status\": \"failure\"}}');
             INSERT INTO audit_events VALUES ('evt_2', 'yesterday', 'login', 'server', NULL, NULL, NULL, NULL, '{{}}');
             INSERT INTO audit_events VALUES ('evt_3', '{AT}', 'a\u{1b}[2Jb', 'server', NULL, NULL, NULL, NULL, '{{}}');
             INSERT INTO audit_events VALUES ('../evt', '{AT}', 'login', 'server', NULL, NULL, NULL, NULL, '{{}}');"
        ))
        .await;
    });
    let home = NewHome::on_sqlite();
    let told = home.import(old.path(), &[]).done();
    assert_eq!(told.count("events", "imported"), 1, "{}", told.said);
    assert_eq!(told.count("events", "skipped"), 3, "{}", told.said);
    let daemon = home.daemon();
    let log = daemon
        .agent("watcher")
        .get("/audit/events")
        .expect(200)
        .json();
    let entries = log["entries"].as_array().unwrap();
    let old = entries.iter().find(|entry| entry["event_id"] == "evt_1");
    let old = old.unwrap_or_else(|| panic!("{log}"));
    let metadata = &old["metadata"];
    assert_eq!(metadata["imported_from"], "0.5", "{old}");
    assert_eq!(metadata["payload"]["imported_from"], "nowhere", "{old}");
}

#[test]
fn key_metadata_that_would_exhaust_the_machine_or_weakens_the_key_is_refused() {
    for (field, value) in [
        ("memory_cost", json!(4_294_967_295_u32)),
        ("memory_cost", json!(8)),
        ("time_cost", json!(1_000_000)),
        ("parallelism", json!(0)),
        ("alg", json!("scrypt")),
        ("salt", json!("")),
        ("salt", json!(17)),
    ] {
        let old = made(async |old| {
            one_connection(old).await;
            let row = "SELECT CAST(value AS TEXT) FROM Cache WHERE key = '__vault_meta__::__dek__'";
            let (text,): (String,) = sqlx::query_as(row).fetch_one(&mut old.store).await.unwrap();
            let mut envelope: Value = serde_json::from_str(&text).unwrap();
            envelope["value"]["kdf"][field] = value.clone();
            sqlx::query("UPDATE Cache SET value = $1 WHERE key = '__vault_meta__::__dek__'")
                .bind(envelope.to_string())
                .execute(&mut old.store)
                .await
                .unwrap();
        });
        let told = NewHome::on_sqlite().import(old.path(), &[]).refused(2);
        assert!(
            told.object["message"]
                .as_str()
                .unwrap()
                .contains("the old vault"),
            "{}",
            told.said
        );
    }
}
