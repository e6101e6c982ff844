//! The home that the original program made: everything in it works on, on both databases.

use super::house::{NewHome, fingerprint, made, unpacked};
use crate::support::agent::Agent;
use crate::support::browser::Browser;
use crate::support::daemon::TestDaemon;
use authsome::crypto::SigningKeyPair;
use serde_json::{Value, json};
use std::path::Path;

const OWNER: &str = "brisk-kindly-clearly-0001";
const SECOND: &str = "calm-boldly-wisely-0002";

macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {$(
            #[test]
            fn $story() {
                super::$story(&super::NewHome::on_sqlite());
            }
        )+}
        mod postgresql {$(
            #[test]
            fn $story() {
                if let Some(home) = super::NewHome::on_postgres() {
                    super::$story(&home);
                }
            }
        )+}
    };
}

on_both!(
    everything_of_it_works_on,
    a_second_import_changes_nothing,
    what_only_the_daemon_sees_is_taken_over_too,
);

/// The old identity, by the key file of `home`.
fn agent(daemon: &TestDaemon, home: &Path, handle: &str) -> Agent {
    let file = home.join(format!("identities/{handle}.key"));
    let key = SigningKeyPair::from_hex(&std::fs::read_to_string(file).unwrap()).unwrap();
    Agent::with_key(daemon, handle, key)
}

fn secret(agent: &Agent, provider: &str, name: &str) -> Value {
    let target = format!("/connections/{provider}/{name}?show_secret=true");
    agent.get(&target).expect(200).json()
}

fn sign_in(browser: &mut Browser, email: &str, password: &str) -> u16 {
    let page = browser.open("/auth/login").expect(200);
    let fields = [("email", email), ("password", password)];
    browser.submit(&page, "/auth/login", &fields).status
}

fn everything_of_it_works_on(home: &NewHome) {
    let old = unpacked();
    let before = fingerprint(old.path());
    let told = home.import(old.path(), &[]).done();
    assert_eq!(fingerprint(old.path()), before, "the old home is untouched");
    assert_eq!(told.object["status"], "imported");
    assert_eq!(told.object["verified"], true);
    assert_eq!(told.object["active_identity"], OWNER);
    let counted = [
        "accounts imported 2",
        "claims imported 2",
        "connections imported 6",
        "defaults imported 5",
        "identities imported 2",
        "keys imported 2",
        "provider_clients imported 1",
        "providers imported 1",
    ];
    assert_eq!(told.counts(), counted);
    home.assert_holds_no_plaintext();

    let daemon = home.daemon();
    for (email, password) in [
        ("owner@example.test", "fixture password"),
        ("second@example.test", "fixture password two"),
    ] {
        assert_eq!(sign_in(&mut daemon.browser(), email, password), 303);
        assert_eq!(
            sign_in(&mut daemon.browser(), email, "another password"),
            400
        );
    }

    let owner = agent(&daemon, &home.path(), OWNER);
    let second = agent(&daemon, &home.path(), SECOND);
    let me = owner.get("/whoami").expect(200).json();
    assert_eq!(me["principal_id"], "principal_96e163ea4aec");
    assert_eq!(me["vault_id"], "vault_3061c00cc729");
    owner.get("/audit/events").expect(200);
    second.get("/audit/events").expect(403);

    assert_every_value(&owner, &second);
    assert_resolves(&owner, &second);
    assert_commands_go_on(&daemon);
}

/// Commands on this machine act as they did, without anything being set up.
fn assert_commands_go_on(daemon: &TestDaemon) {
    let run = |args: &[&str]| {
        let output = daemon.cli(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let list = run(&["list", "--connected"]);
    for listed in ["openai", "work", "acme", "github", "x-browser"] {
        assert!(list.contains(listed), "{list}");
    }
    let key = run(&["get", "openai", "--show-secret", "--field", "api_key"]);
    assert_eq!(key.trim(), "sk-fixture0000000000000000000002");
    let script = "test \"$OPENAI_API_KEY\" && ! printenv | grep sk-fixture0000000000000000000002";
    run(&["run", "--", "sh", "-c", script]);
}

fn assert_every_value(owner: &Agent, second: &Agent) {
    for (agent, provider, name, key) in [
        (
            owner,
            "openai",
            "default",
            "sk-fixture0000000000000000000001",
        ),
        (owner, "openai", "work", "sk-fixture0000000000000000000002"),
        (owner, "acme", "default", "acme-fixture-1"),
        (
            second,
            "openai",
            "default",
            "sk-fixture0000000000000000000003",
        ),
    ] {
        let record = secret(agent, provider, name);
        assert_eq!(
            (&record["api_key"], &record["status"]),
            (&json!(key), &json!("connected"))
        );
    }
    let github = secret(owner, "github", "default");
    assert_eq!(github["access_token"], "gho_fixtureaccess");
    assert_eq!(github["refresh_token"], "ghr_fixturerefresh");
    assert_eq!(github["expires_at"], "2030-01-02T03:04:05Z");
    assert_eq!(github["obtained_at"], "2026-11-20T00:00:00Z");
    assert_eq!(github["account"], json!({"id": "1", "label": "octo"}));
    assert_eq!(github["scopes"], json!(["repo", "read:user"]));
    let browser = secret(owner, "x-browser", "default");
    let cookies = json!({"auth_token": "fixturecookie", "ct0": "fixturect0"});
    assert_eq!(browser["credentials"], cookies);
    second.get("/connections/acme/default").expect(404);
}

fn assert_resolves(owner: &Agent, second: &Agent) {
    let headers = |agent: &Agent, provider: &str| {
        agent.resolve(provider).expect(200).json()["headers"].to_string()
    };
    let of_owner = headers(owner, "openai");
    assert!(
        of_owner.contains("sk-fixture0000000000000000000002"),
        "the default: {of_owner}"
    );
    let of_second = headers(second, "openai");
    assert!(
        of_second.contains("sk-fixture0000000000000000000003"),
        "{of_second}"
    );
    assert!(headers(owner, "github").contains("gho_fixtureaccess"));
    let own = owner.resolve("acme").expect(200).json();
    assert_eq!(own["headers"], json!({"X-Acme-Key": "acme-fixture-1"}));
    assert!(headers(owner, "x-browser").contains("fixturect0"));
}

fn a_second_import_changes_nothing(home: &NewHome) {
    let old = unpacked();
    home.import(old.path(), &[]).done();
    let events = |daemon: &TestDaemon| {
        let owner = agent(daemon, &home.path(), OWNER);
        let log = owner
            .get("/audit/events?event=home.imported")
            .expect(200)
            .json();
        log["entries"].as_array().unwrap().len()
    };
    let mut daemon = home.daemon();
    assert_eq!(events(&daemon), 1);
    // The first sign-in renews the hash, which is no difference.
    let mut browser = daemon.browser();
    assert_eq!(
        sign_in(&mut browser, "owner@example.test", "fixture password"),
        303
    );
    assert!(daemon.stop().success());
    for flags in [&[][..], &["--force"]] {
        let told = home.import(old.path(), flags).done();
        assert_eq!(told.object["status"], "unchanged", "{}", told.said);
        for outcome in ["imported", "replaced", "differs", "skipped"] {
            let kinds = told.object["counts"].as_object().unwrap().values();
            assert!(
                kinds.clone().all(|counts| counts[outcome] == 0),
                "{}",
                told.said
            );
        }
    }
    daemon.start_again();
    assert_eq!(events(&daemon), 1, "nothing was done, so nothing is told");
    let mut browser = daemon.browser();
    assert_eq!(
        sign_in(&mut browser, "owner@example.test", "fixture password"),
        303
    );
}

fn what_only_the_daemon_sees_is_taken_over_too(home: &NewHome) {
    let old = unpacked();
    home.import(old.path(), &[]).done();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (store, vaults) = home.open().await;
        let github = "github".parse().unwrap();
        let mut reader = store.read().await.unwrap();
        let row = reader.find_provider_client(&github).await.unwrap().unwrap();
        let client = vaults
            .open_client(&github, row.version, &row.sealed)
            .await
            .unwrap();
        assert_eq!(client.client_id, "Iv1.fixture");
        assert_eq!(
            client.client_secret.unwrap().reveal(),
            "fixture-client-secret"
        );
        assert_eq!(client.base_url.as_deref(), Some("https://github.com"));
        let owner = "owner@example.test".parse().unwrap();
        let found = reader
            .find_principal_by_email(&owner)
            .await
            .unwrap()
            .unwrap();
        assert!(
            found.is_local,
            "who used the home alone is its administrator"
        );
        drop(reader);
        store.close().await;
    });
    let key = |home: &Path| std::fs::read_to_string(home.join("server/master.key")).unwrap();
    assert_eq!(key(&home.path()).trim(), key(old.path()).trim());
}

#[test]
fn a_rehearsal_says_the_same_and_writes_nothing() {
    let (old, home) = (unpacked(), NewHome::on_sqlite());
    let rehearsed = home.import(old.path(), &["--dry-run"]).done();
    assert_eq!(rehearsed.object["status"], "dry_run");
    assert_eq!(rehearsed.object["verified"], false);
    assert!(!home.path().exists());
    let done = home.import(old.path(), &[]).done();
    assert_eq!(rehearsed.object["counts"], done.object["counts"]);
    let other = made(async |old| {
        old.account(1).await;
        old.connection(1, "openai", "work", "sk-invented-work")
            .await;
    });
    for _ in 0..2 {
        let told = home.import(other.path(), &["--dry-run"]).done();
        assert_eq!(told.count("connections", "imported"), 1, "{}", told.said);
    }
}

#[test]
fn a_home_can_be_taken_over_in_its_own_place() {
    let old = unpacked();
    let home = NewHome::on_sqlite();
    std::fs::create_dir_all(home.path().parent().unwrap()).unwrap();
    std::fs::rename(old.path(), home.path()).unwrap();
    let before = fingerprint(&home.path());
    let told = home.import(&home.path(), &[]).done();
    let after = fingerprint(&home.path());
    for (path, print) in before.iter().filter(|(path, _)| path.is_file()) {
        assert_eq!(after.get(path), Some(print), "{}", path.display());
    }
    assert_eq!(told.object["master_key"], "unchanged");
    let daemon = home.daemon();
    let owner = agent(&daemon, &home.path(), OWNER);
    assert_eq!(
        secret(&owner, "openai", "work")["api_key"],
        "sk-fixture0000000000000000000002"
    );
}

#[test]
fn while_a_daemon_runs_on_the_new_home_nothing_is_taken_over() {
    let (old, home) = (unpacked(), NewHome::on_sqlite());
    let daemon = home.daemon();
    let told = home.import(old.path(), &[]);
    assert_eq!(told.code, 9, "{}", told.said);
    assert!(told.said.contains("authsome daemon stop"), "{}", told.said);
    daemon.get("/health").expect(200);
}
