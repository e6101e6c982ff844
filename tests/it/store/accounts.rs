//! Principals, identities, claims, one-time tokens, browser sessions and failed sign-ins.

use super::database::{
    Database, change, did, handle, identity, on_both, principal, with_principals,
};
use authsome::model::{ClaimState, Handle, PrincipalId, Role};
use authsome::store::{
    BrowserSession, Error, OneTimeToken, PrincipalRecord, Spent, Store, TokenKind, Unique,
};
use time::Duration;

on_both!(
    an_account_reads_back_as_it_was_written,
    an_email_address_belongs_to_one_account,
    a_home_has_one_local_principal,
    of_many_first_admins_one_wins,
    a_password_changed_meanwhile_is_not_rehashed_back,
    a_handle_and_a_did_are_taken_once,
    an_identity_goes_from_registered_to_revoked,
    of_two_claimants_one_is_told_no,
    an_unclaimed_identity_can_be_removed_and_a_claimed_one_cannot,
    a_token_is_spent_once_by_whoever_is_first,
    a_token_of_another_kind_or_time_is_nothing,
    older_tokens_of_a_subject_are_made_worthless,
    a_browser_session_ends_with_time_sign_out_or_its_account,
    failed_sign_ins_are_counted_until_they_are_forgotten,
    what_time_has_made_worthless_is_purged,
);

async fn an_account_reads_back_as_it_was_written(database: Database) {
    let store = database.open().await;
    let record = principal("ada", Role::Admin);
    let written = record.clone();
    change(&store, move |tx| {
        Box::pin(async move { tx.create_principal(&written).await })
    })
    .await
    .unwrap();
    let mut read = store.read().await.unwrap();
    let by_email = read
        .find_principal_by_email(record.principal.email.as_ref().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(by_email.principal, record.principal);
    assert_eq!(by_email.password_hash, record.password_hash);
    let by_id = read.find_principal(&record.principal.id).await.unwrap();
    assert_eq!(by_id.unwrap().principal, record.principal);
    assert_eq!(read.list_principals().await.unwrap().len(), 1);
    let nobody = "principal_nobody".parse().unwrap();
    assert!(read.find_principal(&nobody).await.unwrap().is_none());
}

async fn an_email_address_belongs_to_one_account(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    let mut second = principal("ben", Role::User);
    second.principal.email = principal("ada", Role::User).principal.email;
    let refused = create(&store, second).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Error::UniqueViolation {
                what: Unique::Email
            }
        ),
        "{refused:?}"
    );
    // Nothing of it stands, its vault neither.
    with_principals(&store, &["ben"]).await;
}

async fn a_home_has_one_local_principal(database: Database) {
    let store = database.open().await;
    let local = |name| PrincipalRecord {
        is_local: true,
        password_hash: None,
        ..principal(name, Role::Admin)
    };
    create(&store, local("here")).await.unwrap();
    let refused = create(&store, local("there")).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Error::UniqueViolation {
                what: Unique::LocalPrincipal
            }
        ),
        "{refused:?}"
    );
    let mut read = store.read().await.unwrap();
    let found = read.find_local_principal().await.unwrap().unwrap();
    assert_eq!(found.principal.id.as_str(), "principal_here");
    assert_eq!(read.count_admin_accounts().await.unwrap(), 0);
}

async fn of_many_first_admins_one_wins(database: Database) {
    let stores = [database.open().await, database.open().await];
    let tries = (0..50).map(|number: usize| {
        let store = stores[number % 2].clone();
        let record = principal(&format!("person{number}"), Role::Admin);
        tokio::spawn(async move {
            change(&store, move |tx| {
                Box::pin(async move {
                    if tx.count_admin_accounts().await? > 0 {
                        return Ok(false);
                    }
                    tx.create_principal(&record).await?;
                    Ok(true)
                })
            })
            .await
            .unwrap()
        })
    });
    let won = futures_util::future::join_all(tries).await;
    assert_eq!(won.iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
}

async fn a_password_changed_meanwhile_is_not_rehashed_back(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    let done = change(&store, |tx| {
        Box::pin(async move {
            let id: PrincipalId = "principal_ada".parse().unwrap();
            let email = "ada@example.test".parse().unwrap();
            tx.set_sign_in(&id, &email, "changed").await?;
            let rehashed = tx
                .replace_password_hash(&id, "$argon2id$stand-in", "stale")
                .await?;
            let fresh = tx.replace_password_hash(&id, "changed", "fresh").await?;
            Ok((rehashed, fresh))
        })
    })
    .await
    .unwrap();
    assert_eq!(done, (false, true));
}

async fn a_handle_and_a_did_are_taken_once(database: Database) {
    let store = database.open().await;
    register(&store, "scout", 1).await.unwrap();
    for (name, number, what) in [("scout", 2, Unique::Handle), ("other", 1, Unique::Did)] {
        match register(&store, name, number).await {
            Err(Error::UniqueViolation { what: found }) => assert_eq!(found, what),
            other => panic!("{name}: {other:?}"),
        }
    }
    register(&store, "other", 2).await.unwrap();
    let mut read = store.read().await.unwrap();
    assert_eq!(read.count_identities().await.unwrap(), 2);
    let found = read.find_identity_by_did(&did(2)).await.unwrap().unwrap();
    assert_eq!(found.identity, identity("other", 2));
}

async fn an_identity_goes_from_registered_to_revoked(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    register(&store, "scout", 1).await.unwrap();
    assert_eq!(claim_of(&store).await, ClaimState::Required);

    let until = database.now() + Duration::minutes(10);
    change(&store, move |tx| {
        Box::pin(async move { tx.set_claim_pending(&handle("scout"), until).await })
    })
    .await
    .unwrap();
    assert_eq!(
        claim_of(&store).await,
        ClaimState::Pending { expires_at: until }
    );

    assert!(accept(&store, "ada").await);
    let mut read = store.read().await.unwrap();
    let found = read.find_identity(&handle("scout")).await.unwrap().unwrap();
    assert_eq!(
        found.principal,
        Some(principal("ada", Role::User).principal)
    );
    let owned = found.claim;
    assert!(matches!(owned, ClaimState::Accepted { .. }), "{owned:?}");
    let ada = "principal_ada".parse().unwrap();
    assert_eq!(read.list_identities_of(&ada).await.unwrap().len(), 1);
    drop(read);

    let revoked = change(&store, |tx| {
        Box::pin(async move { tx.revoke_claim(&handle("scout")).await })
    });
    assert!(revoked.await.unwrap());
    let found = store
        .read()
        .await
        .unwrap()
        .find_identity(&handle("scout"))
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(found.claim, ClaimState::Revoked { .. }));
    assert_eq!(found.principal, None);
    assert!(!accept(&store, "ada").await);
    let pending = change(&store, move |tx| {
        Box::pin(async move { tx.set_claim_pending(&handle("scout"), until).await })
    });
    assert!(!pending.await.unwrap(), "a revoked identity stays revoked");
}

async fn of_two_claimants_one_is_told_no(database: Database) {
    let stores = [database.open().await, database.open().await];
    with_principals(&stores[0], &["ada", "ben"]).await;
    register(&stores[0], "scout", 1).await.unwrap();
    let (first, second) = tokio::join!(accept(&stores[0], "ada"), accept(&stores[1], "ben"));
    assert!(first ^ second);
}

async fn an_unclaimed_identity_can_be_removed_and_a_claimed_one_cannot(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    let remove = |name: &'static str| {
        change(&store, move |tx| {
            Box::pin(async move { tx.delete_unclaimed_identity(&handle(name)).await })
        })
    };
    register(&store, "scout", 1).await.unwrap();
    assert!(remove("scout").await.unwrap());
    register(&store, "scout", 2).await.unwrap();
    assert!(accept(&store, "ada").await);
    assert!(!remove("scout").await.unwrap());
}

async fn a_token_is_spent_once_by_whoever_is_first(database: Database) {
    let stores = [database.open().await, database.open().await];
    let written = token(&database, TokenKind::SignIn, 7);
    insert_token(&stores[0], written.clone()).await;
    let mut read = stores[0].read().await.unwrap();
    let found = read.find_token(TokenKind::SignIn, &[7; 32]).await.unwrap();
    assert_eq!(found, Some(written));
    drop(read);
    let tries = (0..20).map(|number: usize| {
        let store = stores[number % 2].clone();
        tokio::spawn(async move { spend(&store, TokenKind::SignIn, 7).await })
    });
    let mut first = 0;
    for spent in futures_util::future::join_all(tries).await {
        match spent.unwrap() {
            Spent::Now(_) => first += 1,
            Spent::Before(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(first, 1);
}

async fn a_token_of_another_kind_or_time_is_nothing(database: Database) {
    let store = database.open().await;
    insert_token(&store, token(&database, TokenKind::Claim, 7)).await;
    let other = spend(&store, TokenKind::Setup, 7).await;
    assert_eq!(other, Spent::Unknown);
    assert_eq!(spend(&store, TokenKind::Claim, 8).await, Spent::Unknown);
    database.clock.advance(Duration::minutes(10));
    let late = spend(&store, TokenKind::Claim, 7).await;
    assert!(matches!(late, Spent::Expired(_)), "{late:?}");
}

async fn older_tokens_of_a_subject_are_made_worthless(database: Database) {
    let store = database.open().await;
    for number in [1, 2] {
        insert_token(&store, token(&database, TokenKind::Claim, number)).await;
    }
    let mut elsewhere = token(&database, TokenKind::Claim, 3);
    elsewhere.subject = Some("another".into());
    insert_token(&store, elsewhere).await;
    let gone = change(&store, |tx| {
        Box::pin(async move { tx.delete_tokens(TokenKind::Claim, "scout").await })
    });
    assert_eq!(gone.await.unwrap(), 2);
    let mut read = store.read().await.unwrap();
    let open = read
        .list_open_tokens(TokenKind::Claim, database.now())
        .await;
    assert_eq!(open.unwrap().len(), 1);
}

async fn a_browser_session_ends_with_time_sign_out_or_its_account(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    for number in 1..=4 {
        sign_in(&store, &database, number).await;
    }
    let ada: PrincipalId = "principal_ada".parse().unwrap();
    assert!(is_signed_in(&store, &database, 1).await);

    change(&store, |tx| {
        Box::pin(async move { tx.delete_browser_session(&[1; 32]).await })
    })
    .await
    .unwrap();
    assert!(!is_signed_in(&store, &database, 1).await);

    let id = ada.clone();
    let gone = change(&store, move |tx| {
        Box::pin(async move { tx.delete_browser_sessions_of(&id, Some(&[2; 32])).await })
    });
    assert_eq!(gone.await.unwrap(), 2);
    assert!(is_signed_in(&store, &database, 2).await);
    assert!(!is_signed_in(&store, &database, 3).await);

    change(&store, move |tx| {
        Box::pin(async move { tx.set_disabled(&ada, true).await })
    })
    .await
    .unwrap();
    assert!(!is_signed_in(&store, &database, 2).await);
}

async fn failed_sign_ins_are_counted_until_they_are_forgotten(database: Database) {
    let store = database.open().await;
    let fail = || {
        change(&store, |tx| {
            Box::pin(async move {
                tx.record_failure("account:ada@example.test", Duration::hours(1))
                    .await
            })
        })
    };
    for expected in 1..=3 {
        assert_eq!(fail().await.unwrap().failures, expected);
        database.clock.advance(Duration::minutes(30));
    }
    database.clock.advance(Duration::hours(1));
    let anew = fail().await.unwrap();
    assert_eq!((anew.failures, anew.first_at), (1, database.now()));
    change(&store, |tx| {
        Box::pin(async move { tx.clear_attempts("account:ada@example.test").await })
    })
    .await
    .unwrap();
    let mut read = store.read().await.unwrap();
    let left = read
        .find_attempts("account:ada@example.test")
        .await
        .unwrap();
    assert_eq!(left, None);
}

async fn what_time_has_made_worthless_is_purged(database: Database) {
    let store = database.open().await;
    with_principals(&store, &["ada"]).await;
    sign_in(&store, &database, 1).await;
    insert_token(&store, token(&database, TokenKind::SignIn, 1)).await;
    change(&store, |tx| {
        Box::pin(async move { tx.record_failure("address:::1", Duration::hours(1)).await })
    })
    .await
    .unwrap();
    let nothing = store.purge_expired(database.now()).await.unwrap();
    assert_eq!(nothing, authsome::store::Purged::default());
    database.clock.advance(Duration::days(2));
    let purged = store.purge_expired(database.now()).await.unwrap();
    assert_eq!(
        (purged.tokens, purged.browser_sessions, purged.attempts),
        (1, 1, 1)
    );
}

async fn create(store: &Store, record: PrincipalRecord) -> Result<(), Error> {
    change(store, move |tx| {
        Box::pin(async move { tx.create_principal(&record).await })
    })
    .await
}

async fn register(store: &Store, name: &str, number: u32) -> Result<(), Error> {
    let identity = identity(name, number);
    change(store, move |tx| {
        Box::pin(async move { tx.create_identity(&identity).await })
    })
    .await
}

async fn accept(store: &Store, owner: &str) -> bool {
    let principal: PrincipalId = format!("principal_{owner}").parse().unwrap();
    change(store, move |tx| {
        Box::pin(async move { tx.accept_claim(&handle("scout"), &principal).await })
    })
    .await
    .unwrap()
}

async fn claim_of(store: &Store) -> ClaimState {
    let name: Handle = handle("scout");
    let mut read = store.read().await.unwrap();
    read.find_claim(&name).await.unwrap().unwrap()
}

fn token(database: &Database, kind: TokenKind, number: u8) -> OneTimeToken {
    let mut payload = serde_json::Map::new();
    payload.insert("role".into(), "user".into());
    OneTimeToken {
        hash: [number; 32],
        kind,
        subject: Some("scout".into()),
        payload,
        created_by: None,
        created_at: database.now(),
        expires_at: database.now() + Duration::minutes(10),
        used_at: None,
    }
}

async fn insert_token(store: &Store, token: OneTimeToken) {
    change(store, move |tx| {
        Box::pin(async move { tx.insert_token(&token).await })
    })
    .await
    .unwrap();
}

async fn spend(store: &Store, kind: TokenKind, number: u8) -> Spent {
    change(store, move |tx| {
        Box::pin(async move { tx.spend_token(kind, &[number; 32]).await })
    })
    .await
    .unwrap()
}

async fn sign_in(store: &Store, database: &Database, number: u8) {
    let session = BrowserSession {
        hash: [number; 32],
        principal: "principal_ada".parse().unwrap(),
        identity: None,
        browser: None,
        created_at: database.now(),
        seen_at: database.now(),
        expires_at: database.now() + Duration::hours(12),
    };
    change(store, move |tx| {
        Box::pin(async move { tx.insert_browser_session(&session).await })
    })
    .await
    .unwrap();
}

async fn is_signed_in(store: &Store, database: &Database, number: u8) -> bool {
    let mut read = store.read().await.unwrap();
    read.find_browser_session(&[number; 32], database.now())
        .await
        .unwrap()
        .is_some()
}
