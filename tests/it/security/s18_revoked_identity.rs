//! Row 18: an identity that was revoked. Defence: no stale ownership; the very next request is a 403,
//! at this replica and at every other.

use crate::proxy::runner::Laptop;
use crate::services::house::{OPENAI_KEY, Place, code, connection, on_both, provider};
use crate::support::people::signed_in;
use authsome::model::ErrorCode;
use authsome::secret::Token;

on_both!(
    the_next_request_of_a_revoked_identity_is_refused,
    only_the_owner_or_an_administrator_revokes,
    what_it_opened_for_its_person_ends_with_it,
);

async fn the_next_request_of_a_revoked_identity_is_refused(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let owner = house.guest(&admin, "owner@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let caller = house.caller(&scout).await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.resolve(&scout, "openai", None).await.unwrap();
    // SQLite has one daemon; on PostgreSQL another replica has answered for the identity, too.
    let replica = if place.is_postgres() {
        let replica = place.hosted().await;
        replica.resolve(&scout, "openai", None).await.unwrap();
        Some(replica)
    } else {
        None
    };
    let identities = &house.services.identities;
    identities.revoke(&owner, &scout.handle).await.unwrap();
    for house in [Some(&house), replica.as_ref()].into_iter().flatten() {
        assert_eq!(
            code(house.resolve(&scout, "openai", None).await),
            ErrorCode::Forbidden
        );
        assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
    }
    assert_eq!(house.count("identity.revoked").await, 1);
    // What the identity logged in to stays its owner's.
    let connections = &house.services.connections;
    let (openai, default) = (provider("openai"), connection("default"));
    connections
        .show(&owner, &openai, &default, false)
        .await
        .unwrap();
    assert_eq!(
        code(identities.revoke(&owner, &scout.handle).await),
        ErrorCode::IdentityNotFound
    );
}

async fn only_the_owner_or_an_administrator_revokes(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let owner = house.guest(&admin, "owner@example.test").await;
    let other = house.guest(&admin, "other@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let identities = &house.services.identities;
    let refused = identities.revoke(&other, &scout.handle).await;
    assert_eq!(
        code(refused),
        ErrorCode::IdentityNotFound,
        "as if it did not exist"
    );
    house.caller(&scout).await;
    identities.revoke(&admin, &scout.handle).await.unwrap();
    assert_eq!(code(house.try_caller(&scout).await), ErrorCode::Forbidden);
}

async fn what_it_opened_for_its_person_ends_with_it(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = house.agent_of(&admin, "scout").await;
    let keeper = house.agent_of(&admin, "keeper").await;
    let accounts = &house.services.accounts;
    let code_of = async |agent| {
        let caller = house.caller(agent).await;
        let url = accounts.sign_in_url(&caller).await.unwrap();
        Token::new(url.split_once("code=").unwrap().1)
    };
    let unused = code_of(&scout).await;
    let mut sessions = Vec::new();
    for agent in [&scout, &keeper] {
        let code = code_of(agent).await;
        let opened = accounts.redeem_sign_in_code(&code, None, None).await;
        sessions.push(opened.unwrap().token);
    }
    let identities = &house.services.identities;
    identities.revoke(&admin, &scout.handle).await.unwrap();
    let stands = async |token| accounts.browser_session(token).await.unwrap().is_some();
    assert!(!stands(&sessions[0]).await);
    assert!(stands(&sessions[1]).await, "another agent's stays");
    let late = accounts.redeem_sign_in_code(&unused, None, None).await;
    assert_eq!(code(late), ErrorCode::Gone);
}

#[test]
fn an_agent_that_is_ended_under_a_live_run_is_refused_at_its_next_request() {
    let laptop = Laptop::new();
    let told = laptop.daemon.cli(&["whoami", "--json"]).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let handle = told["profile"].as_str().unwrap();
    let url = format!("{}/again", laptop.upstream.api_url());
    let call = format!("curl -sS -o /dev/stderr -w '%{{http_code}}\\n' {url}");
    let run = laptop.halted(&format!("{call}; read go; {call}"));
    assert_eq!(run.first, "200\n");

    let keeper = laptop.daemon.agent("keeper");
    let mut browser = signed_in(&laptop.daemon, &keeper);
    let action = format!("/ui/agents/{handle}/revoke");
    let page = browser.open(&action).expect(200);
    browser.submit(&page, &action, &[]).expect(303);

    let (rest, told) = run.go_on();
    assert_eq!(rest, "403\n", "{told}");
    assert_eq!(laptop.upstream.seen().len(), 1);
}
