//! The operating system's keyring as the source of the master key.
//!
//! With the feature `keyring` the tests talk to a real Secret Service: gnome-keyring on a session
//! bus and in a home of its own. Without the feature, what asking for it says.

#[cfg(not(feature = "keyring"))]
#[tokio::test]
async fn without_the_feature_asking_for_the_keyring_says_what_to_do() {
    use crate::support::vault_home::VaultHome;
    use authsome::model::MasterKeySource;

    let home = VaultHome::new();
    let error = home.open_with(MasterKeySource::Keyring).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("--features keyring"), "{text}");
    assert!(home.look("SELECT id FROM kek_slots").await.is_empty());
}

#[cfg(feature = "keyring")]
mod with_a_secret_service {
    use crate::support::child;
    use crate::support::skip::all_required;
    use crate::support::vault_home::VaultHome;
    use authsome::model::MasterKeySource;
    use authsome::vault::Error;
    use std::process::Command;

    /// Unlocks an empty collection, then becomes this test binary again for one test inside.
    const SESSION: &str = "printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null \
         && exec \"$0\" --exact \"$1\" --ignored --nocapture";

    /// Said at its end by a part that was told to the end.
    const TOLD: &str = "the part inside is told";

    fn available(program: &str) -> bool {
        Command::new(program).arg("--version").output().is_ok()
    }

    /// Runs the ignored test `name` of this module on a session bus with a keyring of its own.
    fn in_a_session(name: &str) {
        if !(available("dbus-run-session") && available("gnome-keyring-daemon")) {
            assert!(
                !all_required(),
                "AUTHSOME_REQUIRE_ALL=1, but dbus-run-session or gnome-keyring-daemon is missing"
            );
            eprintln!("skipped {name}: needs dbus-run-session and gnome-keyring-daemon");
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let output = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", SESSION])
            .arg(std::env::current_exe().unwrap())
            .arg(format!("keyring::with_a_secret_service::{name}"))
            .env(child::variable("KEYRING"), "its own")
            .env("HOME", home.path())
            .env("XDG_DATA_HOME", home.path().join("share"))
            .env("XDG_RUNTIME_DIR", home.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + String::from_utf8_lossy(&output.stderr).as_ref();
        assert!(output.status.success(), "{said}");
        assert!(said.contains(TOLD), "the test did not run:\n{said}");
    }

    /// Whether this process is a part of a story; nobody's own keyring is ever touched.
    fn is_inside() -> bool {
        child::given("KEYRING").is_some()
    }

    fn entry() -> keyring::Entry {
        keyring::Entry::new("authsome", "master_key").unwrap()
    }

    #[test]
    fn a_key_made_in_the_keyring_opens_the_home_again_and_is_never_replaced() {
        in_a_session("inside_make_open_and_lose_the_key");
    }

    #[tokio::test]
    #[ignore = "started as a process of its own by a_key_made_in_the_keyring_opens_the_home_again_and_is_never_replaced; does nothing alone"]
    async fn inside_make_open_and_lose_the_key() {
        if !is_inside() {
            return;
        }
        let home = VaultHome::new();
        let open = home.open_with(MasterKeySource::Keyring).await.unwrap();
        assert_eq!(open.vaults.status().effective_source, "keyring");
        let stored_id = open.vaults.key_id();
        let vault = open.add_vault(1).await;
        let connection = open
            .add_connection(&vault, "github", "default", "sk-one")
            .await;
        open.close().await;
        assert!(
            !home.master_key().exists(),
            "the key is in the keyring alone"
        );
        let key = entry().get_password().unwrap();
        assert_eq!(key.len(), 44);

        let open = home.open_with(MasterKeySource::Keyring).await.unwrap();
        assert_eq!(open.read_back(&connection).await.unwrap(), "sk-one");
        open.close().await;

        entry().delete_credential().unwrap();
        let error = home.open_with(MasterKeySource::Keyring).await.unwrap_err();
        assert!(matches!(error, Error::MissingKey { .. }), "{error}");
        assert!(error.to_string().contains(&stored_id), "{error}");
        assert!(matches!(
            entry().get_password(),
            Err(keyring::Error::NoEntry)
        ));

        entry().set_password("another key").unwrap();
        let error = home.open_with(MasterKeySource::Keyring).await.unwrap_err();
        assert!(matches!(error, Error::WrongKey { .. }), "{error}");
        assert!(!error.to_string().contains("another key"));

        entry().set_password(&key).unwrap();
        home.open_with(MasterKeySource::Keyring)
            .await
            .unwrap()
            .close()
            .await;
        child::say(TOLD);
    }

    #[test]
    fn without_a_running_keyring_the_refusal_says_so() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture"])
            .arg("keyring::with_a_secret_service::inside_no_service")
            .env(child::variable("KEYRING"), "none")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains(TOLD), "{said}");
    }

    #[tokio::test]
    #[ignore = "started as a process of its own by without_a_running_keyring_the_refusal_says_so; does nothing alone"]
    async fn inside_no_service() {
        if !is_inside() {
            return;
        }
        let home = VaultHome::new();
        let error = home.open_with(MasterKeySource::Keyring).await.unwrap_err();
        assert!(matches!(error, Error::Keyring { .. }), "{error}");
        assert!(
            error.to_string().contains("AUTHSOME_MASTER_KEY_FILE"),
            "{error}"
        );
        assert!(home.look("SELECT id FROM kek_slots").await.is_empty());
        child::say(TOLD);
    }
}
