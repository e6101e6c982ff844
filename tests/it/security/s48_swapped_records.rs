//! Row 48: rows swapped between vaults, records, columns. Defence: associated data.
//! Swap any two: an integrity error, and nothing of the other record comes out.

use crate::support::daemon::TestDaemon;
use crate::support::vault_home::{Database, Open, VaultHome};
use authsome::crypto::hex;
use authsome::model::{Connection, LoginSessionId, ProviderClient, ProviderName, VaultId};
use authsome::secret::ClientSecret;
use authsome::vault::{CredentialAddress, RecordAddress};
use serde_json::json;

async fn assert_refused<'a>(open: &Open, connections: impl IntoIterator<Item = &'a Connection>) {
    for connection in connections {
        let error = open.read_back(connection).await.unwrap_err();
        assert!(error.is_integrity(), "{error}");
    }
}

#[tokio::test]
async fn swapping_any_two_connections_leaves_neither_readable() {
    let home = VaultHome::new();
    let open = home.open().await;
    let mut connections = Vec::new();
    for vault in [open.add_vault(1).await, open.add_vault(2).await] {
        for (provider, name) in [
            ("github", "default"),
            ("github", "work"),
            ("openai", "default"),
        ] {
            // The same secret everywhere: the place alone tells the records apart.
            connections.push(open.add_connection(&vault, provider, name, "sk-same").await);
        }
    }
    for (at, one) in connections.iter().enumerate() {
        for other in &connections[at + 1..] {
            let place = |c: &Connection| {
                format!(
                    "vault_id = '{}' AND provider = '{}' AND name = '{}'",
                    c.vault, c.provider, c.name
                )
            };
            let swap = || async {
                home.swap("connections", "sealed", &place(one), &place(other))
                    .await;
            };
            swap().await;
            assert_refused(&open, [one, other]).await;
            swap().await;
            assert_eq!(open.read_back(one).await.unwrap(), "sk-same");
        }
    }
    open.close().await;
}

#[tokio::test]
async fn a_record_moved_with_its_whole_row_or_set_back_to_an_older_version_does_not_open() {
    let home = VaultHome::new();
    let open = home.open().await;
    let (mine, theirs) = (open.add_vault(1).await, open.add_vault(2).await);
    let connection = open
        .add_connection(&mine, "github", "default", "sk-one")
        .await;
    for change in [
        format!("vault_id = '{theirs}'"),
        "provider = 'gitlab'".to_owned(),
        "name = 'other'".to_owned(),
        "version = 2".to_owned(),
        "sealed = substr(sealed, 1, length(sealed) - 1)".to_owned(),
        "sealed = x''".to_owned(),
    ] {
        let copy = home.look("SELECT sealed FROM connections").await.remove(0);
        home.tamper(&format!("UPDATE connections SET {change}"))
            .await;
        let moved = {
            let mut reader = open.store.read().await.unwrap();
            let mut all = reader.list_sealed_connections(&theirs).await.unwrap();
            all.extend(reader.list_sealed_connections(&mine).await.unwrap());
            all.remove(0)
        };
        let at = CredentialAddress::of(&moved.connection);
        let sealed = moved.sealed.unwrap();
        let error = open.vaults.open_credential(&at, &sealed).await.unwrap_err();
        assert!(error.is_integrity(), "{change}: {error}");
        let hex = hex::encode(&copy);
        home.tamper(&format!(
            "UPDATE connections SET vault_id = '{mine}', provider = 'github', name = 'default', version = 1, sealed = x'{hex}'"
        ))
        .await;
        assert_eq!(open.read_back(&connection).await.unwrap(), "sk-one");
    }
    open.close().await;
}

#[tokio::test]
async fn a_record_of_one_kind_never_opens_as_another() {
    let home = VaultHome::new();
    let open = home.open().await;
    let provider: ProviderName = "github".parse().unwrap();
    let session: LoginSessionId = "sess_0123456789abcdef0123456789abcdef".parse().unwrap();
    let other_session: LoginSessionId = "sess_ffffffffffffffffffffffffffffffff".parse().unwrap();
    let vaults = &open.vaults;
    let client = ProviderClient {
        client_id: "us".to_owned(),
        client_secret: Some(ClientSecret::new("client-secret")),
        base_url: None,
    };
    let client = vaults.seal_client(&provider, 1, &client).await.unwrap();
    let login = vaults
        .seal_login(&session, br#"{"client_secret":"x"}"#)
        .await
        .unwrap();

    assert!(vaults.open_client(&provider, 1, &client).await.is_ok());
    assert!(vaults.open_login(&session, &login).await.is_ok());
    assert!(vaults.open_client(&provider, 1, &login).await.is_err());
    assert!(vaults.open_client(&provider, 2, &client).await.is_err());
    assert!(vaults.open_login(&session, &client).await.is_err());
    assert!(vaults.open_login(&other_session, &login).await.is_err());
    // A vault that is called like the server's own key shares nothing with it.
    let impostor: VaultId = "server".parse().unwrap();
    let at = RecordAddress {
        vault: Some(&impostor),
        ..RecordAddress::login(&session)
    };
    assert!(vaults.open(&at, 1, &login).await.is_err());
    open.close().await;
}

#[tokio::test]
async fn wrapped_keys_swapped_between_vaults_open_nothing() {
    let home = VaultHome::new();
    let open = home.open().await;
    let (one, two) = (open.add_vault(1).await, open.add_vault(2).await);
    let first = open
        .add_connection(&one, "github", "default", "sk-one")
        .await;
    let second = open
        .add_connection(&two, "github", "default", "sk-two")
        .await;
    open.close().await;

    let (of_one, of_two) = (format!("owner = '{one}'"), format!("owner = '{two}'"));
    home.swap("data_keys", "wrapped", &of_one, &of_two).await;
    let open = home.open().await;
    assert_refused(&open, [&first, &second]).await;
    open.close().await;

    home.swap("data_keys", "wrapped", &of_one, &of_two).await;
    let open = home.open().await;
    assert_eq!(open.read_back(&first).await.unwrap(), "sk-one");
    home.tamper("UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE owner LIKE 'vault_%' LIMIT 1) WHERE owner = 'server'")
        .await;
    assert!(open.vaults.check().await.unwrap_err().is_integrity());
    open.close().await;
    let error = home.open_with(home.key_input()).await.unwrap_err();
    assert!(error.is_integrity(), "{error}");
}

#[tokio::test]
async fn a_record_copied_from_another_installation_with_the_same_key_does_not_open() {
    let (here, there) = (VaultHome::new(), VaultHome::new());
    let source = here.open().await;
    std::fs::copy(here.master_key(), there.master_key()).unwrap();
    let copycat = there.open().await;
    let mine = source.add_vault(1).await;
    let theirs = copycat.add_vault(1).await;
    assert_eq!(mine, theirs);
    let connection = source
        .add_connection(&mine, "github", "default", "sk-here")
        .await;
    copycat
        .add_connection(&theirs, "github", "default", "sk-there")
        .await;
    let record = hex::encode(&there.look("SELECT sealed FROM connections").await[0]);
    let key = hex::encode(
        &there
            .look("SELECT wrapped FROM data_keys WHERE owner LIKE 'vault_%'")
            .await[0],
    );
    source.close().await;
    copycat.close().await;

    for copied in [
        format!("UPDATE connections SET sealed = x'{record}'"),
        format!("UPDATE data_keys SET wrapped = x'{key}' WHERE owner LIKE 'vault_%'"),
    ] {
        here.tamper(&copied).await;
        let opened = here.open().await;
        assert_refused(&opened, [&connection]).await;
        opened.close().await;
    }
}

#[tokio::test]
async fn the_daemon_refuses_a_swapped_record_gives_neither_secret_and_audits_it() {
    const ONE: &str = "sk-one-000000000000000000000001";
    const TWO: &str = "sk-two-000000000000000000000002";
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout-0048");
    agent.log_in("openai", "default", ONE);
    agent.log_in("openai", "work", TWO);
    assert!(agent.resolve("openai").expect(200).text().contains(ONE));
    let database = Database::of(daemon.home());
    let swap = || async {
        database
            .swap("connections", "sealed", "name = 'default'", "name = 'work'")
            .await;
    };
    swap().await;
    // Any change makes the daemon read again what it has read before.
    agent.log_in("anthropic", "one", "sk-ant-0000000000000000000000001");
    let refused = agent.resolve("openai").expect(503).text();
    assert!(
        !refused.contains(ONE) && !refused.contains(TWO),
        "{refused}"
    );
    let log = agent.get("/audit/events?limit=50").expect(200).json();
    let incident = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["event"] == "vault.integrity_failed")
        .unwrap_or_else(|| panic!("not audited: {log}"));
    assert_eq!(incident["provider"], "openai");
    assert_eq!(incident["connection"], "default");
    assert_eq!(incident["identity"], "scout-0048");
    assert_eq!(incident["status"], "failure");

    swap().await;
    agent.log_in("anthropic", "two", "sk-ant-0000000000000000000000002");
    assert!(agent.resolve("openai").expect(200).text().contains(ONE));
}

#[tokio::test]
async fn whoever_writes_to_the_database_sends_no_credential_elsewhere() {
    const KEY: &str = "openai-gateway-key-000000000001";
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout-0049");
    let define = |name: &str, api_url: &str| {
        let definition = json!({
            "name": name, "display_name": name, "auth_type": "api_key", "flow": "api_key",
            "api_url": api_url,
        });
        let body = json!({"definition": definition, "force": true});
        agent.post("/providers", &body).expect(200);
    };
    define("openai", "https://gateway.example/v1");
    define("evil", "https://collector.example");
    agent.log_in("openai", "default", KEY);
    let database = Database::of(daemon.home());
    let clear = database.look("SELECT sealed FROM custom_providers").await;
    assert!(
        clear
            .iter()
            .all(|sealed| !holds(sealed, b"gateway.example"))
    );
    database
        .swap(
            "custom_providers",
            "sealed",
            "name = 'openai'",
            "name = 'evil'",
        )
        .await;
    agent.log_in("anthropic", "one", "sk-ant-0000000000000000000000001");
    let refused = agent.resolve("openai");
    assert!((400..=503).contains(&refused.status), "{}", refused.status);
    assert!(!refused.text().contains(KEY));
    // Nor does the bundled definition of the name take its place.
    let routes = agent.get("/proxy/routes?scope=connected").expect(200);
    let routes = routes.text();
    assert!(!routes.contains("api.openai.com"), "{routes}");
    assert!(!routes.contains("collector.example"), "{routes}");
    let log = agent.get("/audit/events?limit=50").expect(200).text();
    assert!(log.contains("vault.integrity_failed"), "{log}");
    // An administrator puts it right.
    define("openai", "https://gateway.example/v1");
    assert!(agent.resolve("openai").expect(200).text().contains(KEY));
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
