//! Connections, logins in progress, custom providers, our clients and keys.

use super::database::{
    Database, change, connection, handle, identity, kek, on_both, start, with_principals,
};
use authsome::model::login::{Beginner, LOGIN_LIFETIME};
use authsome::model::provider::Flow;
use authsome::model::{Connection, ConnectionState, LoginSession, LoginSessionId, LoginState};
use authsome::store::{
    CustomProvider, DataKey, Error, KeyOwner, KeyState, LoginRecord, ProviderClientRecord, Store,
    Unique,
};
use time::Duration;

on_both!(
    a_connection_reads_back_as_it_was_written,
    another_vault_sees_nothing,
    a_stale_version_replaces_nothing,
    a_revoked_connection_holds_no_credential,
    a_provider_has_one_default_connection,
    revoking_a_provider_empties_every_vault,
    a_connection_needs_its_vault,
    a_login_survives_a_restart,
    a_login_is_answered_once,
    a_login_belongs_to_the_browser_that_opened_it,
    a_state_is_consumed_by_its_first_callback,
    an_old_login_expires_and_forgets_its_secrets,
    logins_of_a_person_are_counted_apart_from_those_of_agents,
    a_login_in_progress_stays_when_people_may_begin_them,
    a_custom_provider_is_put_and_replaced,
    a_provider_client_changes_only_from_the_version_it_had,
    keys_are_wrapped_again_one_by_one,
    a_database_with_keys_says_so,
);

async fn a_connection_reads_back_as_it_was_written(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    let mut written = connection("ada", "openai", "work");
    written.scopes = vec!["read".into(), "write \"all\"".into()];
    written.base_url = Some("https://api.openai.com/v1".into());
    written.account.label = Some("Åda ☃".into());
    written.state = ConnectionState::Connected {
        expires_at: Some(start() + Duration::hours(1)),
    };
    insert(&store, written.clone(), vec![0, 255, 7])
        .await
        .unwrap();
    let mut read = store.read().await.unwrap();
    let found = read
        .find_connection(&written.vault, &written.provider, &written.name)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.connection, written);
    assert_eq!(found.sealed.as_deref(), Some(&[0, 255, 7][..]));
    assert_eq!(
        read.list_connections(&written.vault).await.unwrap(),
        [written]
    );
}

async fn another_vault_sees_nothing(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada", "ben"]).await;
    let hers = connection("ada", "openai", "default");
    insert(&store, hers.clone(), vec![1]).await.unwrap();
    let his = connection("ben", "openai", "default");
    let mut read = store.read().await.unwrap();
    let found = read
        .find_connection(&his.vault, &his.provider, &his.name)
        .await
        .unwrap();
    assert_eq!(found, None);
    assert_eq!(read.list_connections(&his.vault).await.unwrap(), []);
    drop(read);
    insert(&store, his, vec![2]).await.unwrap();
    let taken = insert(&store, hers, vec![3]).await.unwrap_err();
    assert!(matches!(
        taken,
        Error::UniqueViolation {
            what: Unique::Connection
        }
    ));
}

async fn a_stale_version_replaces_nothing(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    let first = connection("ada", "openai", "default");
    insert(&store, first.clone(), vec![1]).await.unwrap();
    let replaced = change(&store, move |tx| {
        Box::pin(async move {
            let mut second = first.clone();
            second.version = 2;
            let fresh = tx.replace_connection(&second, &[2], 1).await?;
            second.version = 3;
            let stale = tx.replace_connection(&second, &[3], 1).await?;
            let resealed = tx.reseal_connection(&second, &[4], 1).await?;
            Ok((fresh, stale, resealed))
        })
    })
    .await
    .unwrap();
    assert_eq!(replaced, (true, false, false));
    let sealed = sealed_of(&store, "default").await;
    assert_eq!(sealed.as_deref(), Some(&[2][..]));
}

async fn a_revoked_connection_holds_no_credential(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    insert(&store, connection("ada", "openai", "default"), vec![1])
        .await
        .unwrap();
    change(&store, |tx| {
        Box::pin(async move {
            let c = connection("ada", "openai", "default");
            let state = ConnectionState::Revoked { at: tx.now() };
            tx.set_connection_state(&c.vault, &c.provider, &c.name, &state)
                .await
        })
    })
    .await
    .unwrap();
    assert_eq!(sealed_of(&store, "default").await, None);
}

async fn a_provider_has_one_default_connection(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    for name in ["one", "two", "three"] {
        insert(&store, connection("ada", "openai", name), vec![1])
            .await
            .unwrap();
    }
    for name in ["one", "three", "two"] {
        assert!(set_default(&store, name).await);
        assert_eq!(defaults_of(&store).await, [name]);
    }
    assert!(!set_default(&store, "nothing").await);
    assert_eq!(defaults_of(&store).await, ["two"]);
    change(&store, |tx| {
        Box::pin(async move {
            let c = connection("ada", "openai", "two");
            tx.delete_connection(&c.vault, &c.provider, &c.name).await?;
            tx.ensure_default_connection(&c.vault, &c.provider).await
        })
    })
    .await
    .unwrap();
    assert_eq!(defaults_of(&store).await, ["one"]);
}

async fn revoking_a_provider_empties_every_vault(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada", "ben"]).await;
    for (owner, provider) in [("ada", "openai"), ("ben", "openai"), ("ben", "github")] {
        insert(&store, connection(owner, provider, "default"), vec![1])
            .await
            .unwrap();
    }
    let gone = change(&store, |tx| {
        Box::pin(async move { tx.delete_connections_at(&"openai".parse().unwrap()).await })
    });
    assert_eq!(gone.await.unwrap().len(), 2);
    let mut read = store.read().await.unwrap();
    assert_eq!(read.count_connections(None).await.unwrap(), 1);
}

async fn a_connection_needs_its_vault(database: Database) {
    let store = database.open().await;
    let orphan = insert(&store, connection("nobody", "openai", "default"), vec![1]).await;
    assert!(matches!(orphan, Err(Error::MissingParent)), "{orphan:?}");
}

async fn a_login_survives_a_restart(database: Database) {
    let store = database.open().await;
    let mut record = login("sess_one");
    record.login.scopes = Some(vec!["repo".into()]);
    record.sealed = Some(vec![9, 9]);
    begin(&store, record.clone()).await;
    store.close().await;
    let store = database.open().await;
    assert_eq!(found(&store, "sess_one").await, record);
}

async fn a_login_is_answered_once(database: Database) {
    let stores = [database.open().await, database.open().await];
    begin(&stores[0], login("sess_one")).await;
    let answers = (0..20).map(|number: usize| {
        let store = stores[number % 2].clone();
        tokio::spawn(async move {
            change(&store, |tx| {
                Box::pin(async move { tx.take_login(&id("sess_one")).await })
            })
            .await
            .unwrap()
            .is_some()
        })
    });
    let taken = futures_util::future::join_all(answers).await;
    assert_eq!(taken.iter().filter(|t| *t.as_ref().unwrap()).count(), 1);
    let completed = LoginState::Completed {
        message: "Connected".into(),
    };
    assert!(move_to(&stores[0], completed.clone()).await);
    let late = LoginState::Failed {
        error: "too late".into(),
    };
    assert!(!move_to(&stores[1], late).await);
    assert_eq!(found(&stores[1], "sess_one").await.login.state, completed);
}

async fn a_login_belongs_to_the_browser_that_opened_it(database: Database) {
    let store = database.open().await;
    begin(&store, login("sess_one")).await;
    let bind = |browser: u8| {
        change(&store, move |tx| {
            Box::pin(async move { tx.bind_login_browser(&id("sess_one"), &[browser; 32]).await })
        })
    };
    assert!(bind(1).await.unwrap());
    assert!(!bind(2).await.unwrap());
    assert!(bind(1).await.unwrap());
}

async fn a_state_is_consumed_by_its_first_callback(database: Database) {
    let store = database.open().await;
    begin(&store, login("sess_one")).await;
    change(&store, |tx| {
        Box::pin(async move {
            tx.set_login_transient(&id("sess_one"), Some(&[5; 32]), Some(b"verifier"))
                .await
        })
    })
    .await
    .unwrap();
    let callback = || {
        change(&store, |tx| {
            Box::pin(async move { tx.take_login_by_state(&[5; 32]).await })
        })
    };
    let first = callback().await.unwrap().unwrap();
    assert_eq!(first.sealed.as_deref(), Some(&b"verifier"[..]));
    assert_eq!(callback().await.unwrap(), None);
}

async fn an_old_login_expires_and_forgets_its_secrets(database: Database) {
    let store = database.open().await;
    let mut record = login("sess_one");
    record.sealed = Some(vec![1]);
    record.state_hash = Some([5; 32]);
    begin(&store, record).await;
    let mut read = store.read().await.unwrap();
    let scout = handle("scout");
    assert_eq!(
        read.count_open_logins(Beginner::Agent(&scout), database.now())
            .await
            .unwrap(),
        1
    );
    drop(read);
    database.clock.advance(LOGIN_LIFETIME);
    let late = change(&store, |tx| {
        Box::pin(async move { tx.take_login(&id("sess_one")).await })
    });
    assert_eq!(late.await.unwrap(), None);
    store.purge_expired(database.now()).await.unwrap();
    let expired = found(&store, "sess_one").await;
    assert_eq!(expired.login.state, LoginState::Expired);
    assert_eq!((expired.sealed, expired.state_hash), (None, None));
    database.clock.advance(Duration::days(1));
    assert_eq!(store.purge_expired(database.now()).await.unwrap().logins, 1);
}

async fn logins_of_a_person_are_counted_apart_from_those_of_agents(database: Database) {
    let store = database.open().await;
    begin(&store, login("sess_agent")).await;
    let mut own = login("sess_own");
    own.login.identity = None;
    let written = own.clone();
    let insert = change(&store, move |tx| {
        Box::pin(async move { tx.insert_login(&written).await })
    });
    insert.await.unwrap();
    assert_eq!(found(&store, "sess_own").await, own);
    let (scout, ada) = (handle("scout"), "principal_ada".parse().unwrap());
    let (bob, long_ago) = ("principal_bob".parse().unwrap(), start() - LOGIN_LIFETIME);
    for (who, count) in [
        (Beginner::Agent(&scout), 1),
        (Beginner::Person(&ada), 1),
        (Beginner::Person(&bob), 0),
    ] {
        let mut read = store.read().await.unwrap();
        let open = read.count_open_logins(who, database.now()).await;
        assert_eq!(open.unwrap(), count, "{who:?}");
        let begun = read.count_logins_since(who, long_ago).await;
        assert_eq!(begun.unwrap(), count, "{who:?}");
    }
}

/// The step of the schema once more, over a table with rows.
async fn a_login_in_progress_stays_when_people_may_begin_them(database: Database) {
    let store = database.open().await;
    let mut record = login("sess_one");
    record.sealed = Some(vec![1, 2, 3]);
    record.state_hash = Some([5; 32]);
    record.login.scopes = Some(vec!["read".to_owned()]);
    begin(&store, record.clone()).await;
    store.close().await;
    let blob = if database.is_sqlite() {
        "BLOB"
    } else {
        "BYTEA"
    };
    let step = include_str!("../../../src/store/migrations/0005_person_logins.sql");
    database.raw(step.replace("{{blob}}", blob).leak()).await;
    let store = database.open().await;
    assert_eq!(found(&store, "sess_one").await, record);
}

async fn a_custom_provider_is_put_and_replaced(database: Database) {
    let store = database.open().await;
    let provider = |sealed: &[u8]| CustomProvider {
        name: "acme".parse().unwrap(),
        sealed: sealed.to_vec(),
        created_by: None,
        created_at: start(),
        updated_at: start(),
    };
    let put = |written: CustomProvider| {
        change(&store, move |tx| {
            Box::pin(async move { tx.put_custom_provider(&written).await })
        })
    };
    put(provider(b"first")).await.unwrap();
    let replacement = provider(b"second");
    put(replacement.clone()).await.unwrap();
    let mut read = store.read().await.unwrap();
    assert_eq!(read.list_custom_providers().await.unwrap(), [replacement]);
}

async fn a_provider_client_changes_only_from_the_version_it_had(database: Database) {
    let store = database.open().await;
    let done = change(&store, |tx| {
        Box::pin(async move {
            let mut client = ProviderClientRecord {
                provider: "github".parse().unwrap(),
                version: 1,
                metadata: serde_json::Map::new(),
                sealed: vec![1],
                created_at: start(),
                updated_at: start(),
            };
            let absent = tx.replace_provider_client(&client, 0).await?;
            tx.insert_provider_client(&client).await?;
            client.version = 2;
            let fresh = tx.replace_provider_client(&client, 1).await?;
            let stale = tx.replace_provider_client(&client, 1).await?;
            let found = tx.find_provider_client(&client.provider).await?;
            assert_eq!(found, Some(client));
            Ok((absent, fresh, stale))
        })
    });
    assert_eq!(done.await.unwrap(), (false, true, false));
}

async fn keys_are_wrapped_again_one_by_one(database: Database) {
    let store = database.open().await;
    let done = change(&store, |tx| {
        Box::pin(async move {
            for name in ["old", "new"] {
                tx.insert_kek_slot(&kek(name)).await?;
            }
            for owner in [
                KeyOwner::Server,
                KeyOwner::Vault("vault_ada".parse().unwrap()),
            ] {
                tx.insert_data_key(&data_key(owner, "old")).await?;
            }
            for key in tx.list_data_keys_of_kek("old", 10).await? {
                let moved = data_key(key.owner, "new");
                assert!(tx.rewrap_data_key(&moved, "old").await?);
                assert!(!tx.rewrap_data_key(&moved, "old").await?, "only once");
            }
            assert!(tx.delete_kek_slot("old").await?);
            tx.list_data_keys(&KeyOwner::Server).await
        })
    });
    assert_eq!(done.await.unwrap(), [data_key(KeyOwner::Server, "new")]);
    let in_use = change(&store, |tx| {
        Box::pin(async move { tx.delete_kek_slot("new").await })
    });
    assert!(matches!(in_use.await, Err(Error::MissingParent)));
}

async fn a_database_with_keys_says_so(database: Database) {
    let store = database.open().await;
    let mut read = store.read().await.unwrap();
    assert!(!read.has_sealed_records().await.unwrap());
    drop(read);
    change(&store, |tx| {
        Box::pin(async move { tx.insert_kek_slot(&kek("one")).await })
    })
    .await
    .unwrap();
    let mut read = store.read().await.unwrap();
    assert!(read.has_sealed_records().await.unwrap());
    assert_eq!(read.list_kek_slots().await.unwrap(), [kek("one")]);
}

fn data_key(owner: KeyOwner, kek_id: &str) -> DataKey {
    DataKey {
        owner,
        version: 1,
        kek_id: kek_id.to_owned(),
        wrapped: kek_id.as_bytes().to_vec(),
        state: KeyState::Active,
        created_at: start(),
    }
}

fn id(text: &str) -> LoginSessionId {
    text.parse().unwrap()
}

fn login(session: &str) -> LoginRecord {
    LoginRecord::new(LoginSession {
        id: id(session),
        identity: Some(handle("scout")),
        principal: "principal_ada".parse().unwrap(),
        vault: "vault_ada".parse().unwrap(),
        provider: "openai".parse().unwrap(),
        connection: "default".parse().unwrap(),
        flow: Flow::ApiKey,
        state: LoginState::WaitingForUser,
        scopes: None,
        base_url: None,
        force: false,
        created_at: start(),
        expires_at: start() + LOGIN_LIFETIME,
    })
}

async fn begin(store: &Store, record: LoginRecord) {
    with_principals(store, &["ada"]).await;
    change(store, move |tx| {
        Box::pin(async move {
            tx.create_identity(&identity("scout", 1)).await?;
            tx.insert_login(&record).await
        })
    })
    .await
    .unwrap();
}

async fn found(store: &Store, session: &str) -> LoginRecord {
    let mut read = store.read().await.unwrap();
    read.find_login(&id(session)).await.unwrap().unwrap()
}

async fn move_to(store: &Store, state: LoginState) -> bool {
    change(store, move |tx| {
        Box::pin(async move { tx.move_login(&id("sess_one"), &state).await })
    })
    .await
    .unwrap()
}

async fn insert(store: &Store, connection: Connection, sealed: Vec<u8>) -> Result<(), Error> {
    change(store, move |tx| {
        Box::pin(async move { tx.insert_connection(&connection, &sealed).await })
    })
    .await
}

async fn sealed_of(store: &Store, name: &str) -> Option<Vec<u8>> {
    let c = connection("ada", "openai", name);
    let mut read = store.read().await.unwrap();
    let found = read.find_connection(&c.vault, &c.provider, &c.name).await;
    found.unwrap().unwrap().sealed
}

async fn set_default(store: &Store, name: &str) -> bool {
    let c = connection("ada", "openai", name);
    change(store, move |tx| {
        Box::pin(async move {
            tx.set_default_connection(&c.vault, &c.provider, &c.name)
                .await
        })
    })
    .await
    .unwrap()
}

async fn defaults_of(store: &Store) -> Vec<String> {
    let mut read = store.read().await.unwrap();
    let all = read.list_connections(&"vault_ada".parse().unwrap()).await;
    let defaults = all.unwrap().into_iter().filter(|c| c.is_default);
    defaults.map(|c| c.name.to_string()).collect()
}
