//! Row 50: wrong or missing key. Defence: key id, canary; never generate over data.
//! A refusal that names both key ids, with database and key as they were.

use crate::support::daemon::TestDaemon;
use crate::support::vault_home::{Database, VaultHome};
use authsome::model::MasterKeySource;
use authsome::secret::MasterKey;
use authsome::vault::Error;
use std::fs;

/// A home with one connection in it, closed; the id of its key.
async fn used_home() -> (VaultHome, String) {
    let home = VaultHome::new();
    let open = home.open().await;
    let key_id = open.vaults.key_id();
    let vault = open.add_vault(1).await;
    open.add_connection(&vault, "github", "default", "sk-one")
        .await;
    open.close().await;
    (home, key_id)
}

#[tokio::test]
async fn a_wrong_key_is_refused_by_name_and_nothing_changes() {
    let (home, stored_id) = used_home().await;
    let other = VaultHome::new();
    other.open().await.close().await;
    let right = fs::read(home.master_key()).unwrap();
    let wrong = fs::read(other.master_key()).unwrap();
    fs::write(home.master_key(), &wrong).unwrap();
    let before = home.dump().await;

    let error = home.open_with(home.key_input()).await.unwrap_err();
    let Error::WrongKey { stored, given, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*stored, stored_id);
    assert_ne!(given, stored);
    let text = error.to_string();
    assert!(text.contains(stored) && text.contains(given), "{text}");
    assert!(text.contains("server/master.key"), "{text}");
    assert!(
        !text.contains(String::from_utf8_lossy(&wrong).trim()),
        "{text}"
    );
    assert_eq!(home.dump().await, before);
    assert_eq!(fs::read(home.master_key()).unwrap(), wrong);

    fs::write(home.master_key(), right).unwrap();
    home.open().await.close().await;
}

#[tokio::test]
async fn a_missing_key_is_never_replaced_where_there_is_data() {
    let (home, stored_id) = used_home().await;
    let key = fs::read(home.master_key()).unwrap();
    fs::remove_file(home.master_key()).unwrap();
    let before = home.dump().await;

    let error = home.open_with(home.key_input()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::MissingKey { .. }), "{text}");
    assert!(
        text.contains(&stored_id) && text.contains("given: none"),
        "{text}"
    );
    assert!(!home.master_key().exists());
    assert_eq!(home.dump().await, before);

    fs::write(home.master_key(), key).unwrap();
    home.open().await.close().await;
}

#[tokio::test]
async fn lost_metadata_is_not_made_anew_over_records() {
    let (home, _) = used_home().await;
    for left in ["DELETE FROM data_keys", "DELETE FROM kek_slots"] {
        home.tamper(left).await;
    }
    let before = home.dump().await;
    for input in [
        home.key_input(),
        MasterKeySource::Env(MasterKey::new("any text at all")),
    ] {
        let error = home.open_with(input).await.unwrap_err();
        assert!(matches!(error, Error::MetadataMissing), "{error}");
    }
    fs::remove_file(home.master_key()).unwrap();
    assert!(home.open_with(home.key_input()).await.is_err());
    assert!(!home.master_key().exists(), "no key was made");
    assert_eq!(home.dump().await, before);
}

#[tokio::test]
async fn every_source_gives_the_same_key_for_the_same_text() {
    let (home, key_id) = used_home().await;
    let text = fs::read_to_string(home.master_key()).unwrap();
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    fs::write(elsewhere.path(), format!("\n  {text}\n\n")).unwrap();
    for input in [
        MasterKeySource::Env(MasterKey::new(text.trim())),
        MasterKeySource::Env(MasterKey::new(text.as_str())),
        MasterKeySource::File(elsewhere.path().to_owned()),
        MasterKeySource::Passphrase(MasterKey::new(text.as_str())),
    ] {
        let open = home.open_with(input).await.unwrap();
        assert_eq!(open.vaults.key_id(), key_id);
        open.close().await;
    }
}

#[tokio::test]
async fn an_unusable_key_says_what_to_do_and_a_fresh_home_stays_empty() {
    let home = VaultHome::new();
    let nowhere = home.master_key().with_file_name("nowhere");
    let error = home
        .open_with(MasterKeySource::File(nowhere.clone()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("openssl rand"), "{error}");
    assert!(!nowhere.exists());
    for content in [&b""[..], b"\n", b"\xff\xff"] {
        fs::write(home.master_key(), content).unwrap();
        assert!(home.open_with(home.key_input()).await.is_err());
        assert_eq!(fs::read(home.master_key()).unwrap(), content);
    }
    assert!(home.look("SELECT id FROM kek_slots").await.is_empty());
    fs::remove_file(home.master_key()).unwrap();
    home.open().await.close().await;
}

#[tokio::test]
async fn two_daemons_that_start_at_once_on_an_empty_database_agree_on_one_key() {
    let home = VaultHome::new();
    let input = MasterKeySource::Env(MasterKey::new("one key for all replicas"));
    home.open().await.close().await;
    // As if nothing had been there: both see an empty database.
    home.tamper("DELETE FROM data_keys").await;
    home.tamper("DELETE FROM kek_slots").await;
    let (one, two) = tokio::join!(home.open_with(input.clone()), home.open_with(input.clone()));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.vaults.key_id(), two.vaults.key_id());
    assert_eq!(home.look("SELECT id FROM kek_slots").await.len(), 1);
    let vault = one.add_vault(1).await;
    let connection = one
        .add_connection(&vault, "github", "default", "sk-one")
        .await;
    assert_eq!(two.read_back(&connection).await.unwrap(), "sk-one");
    one.close().await;
    two.close().await;
}

#[tokio::test]
async fn the_daemon_does_not_start_with_a_wrong_or_missing_key_and_says_which_it_needs() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut daemon = TestDaemon::builder().home(&home).start();
    let agent = daemon.agent("scout-0050");
    agent.log_in("openai", "default", "sk-0000000000000000000000000050");
    assert!(daemon.stop().success());
    let database = Database::of(&home);
    let before = database.dump().await;
    let stored = database
        .look("SELECT CAST(id AS BLOB) FROM kek_slots")
        .await
        .remove(0);
    let stored = String::from_utf8(stored).unwrap();
    let key = home.join("server/master.key");
    let right = fs::read(&key).unwrap();

    fs::write(&key, "d3JvbmcgYnV0IHdlbGwgZm9ybWVkIGtleSBvZiAzMiBieQ==\n").unwrap();
    let said = TestDaemon::builder().home(&home).try_start().unwrap_err();
    let ids: Vec<&str> = said
        .split(|c: char| !c.is_ascii_hexdigit())
        .filter(|word| word.len() == 16)
        .collect();
    assert!(ids.contains(&stored.as_str()), "{said}");
    assert!(ids.iter().any(|id| *id != stored), "{said}");
    assert!(!said.contains("d3Jvbmcg"), "{said}");

    fs::remove_file(&key).unwrap();
    let said = TestDaemon::builder().home(&home).try_start().unwrap_err();
    assert!(said.contains(&stored) && said.contains("none"), "{said}");
    assert!(!key.exists(), "no key was made over data");
    assert_eq!(database.dump().await, before);

    fs::write(&key, &right).unwrap();
    let daemon = TestDaemon::builder().home(&home).start();
    assert_eq!(
        daemon.get("/health").expect(200).json()["effective_encryption_source"],
        "local_key"
    );
    assert_eq!(fs::read(&key).unwrap(), right);
}
