//! People as administrators look after them: roles, invitations, who is shut out; and everybody's own
//! browsers and agents.

use super::house::{House, PASSWORD, Place, code, on_both};
use authsome::model::{Caller, ErrorCode, Handle, Role, SignedIn};
use authsome::secret::Token;
use authsome::services::Search;
use time::Duration;

on_both!(
    a_role_changes_at_the_next_request_of_browsers_and_agents,
    nobody_changes_their_own_role_and_no_user_changes_any,
    the_last_administrator_who_can_sign_in_stays_one,
    of_two_administrators_who_demote_each_other_one_stays,
    the_owner_of_a_home_stays_its_administrator,
    an_account_is_told_with_what_it_has,
    an_invitation_that_is_withdrawn_lets_nobody_in,
    a_person_signs_out_of_their_other_browsers,
    a_browser_that_nobody_uses_is_not_listed,
    agents_are_found_by_their_owner_and_an_administrator,
    an_agent_tells_its_events_to_its_owner_alone,
);

fn search(text: &str) -> Search {
    Search::new(Some(text), None)
}

/// The person with the role that the store has for them now.
async fn fresh(house: &House, person: &SignedIn) -> SignedIn {
    let mut reader = house.store.read().await.unwrap();
    let record = reader.find_principal(&person.principal).await.unwrap();
    SignedIn {
        role: record.unwrap().principal.role,
        ..person.clone()
    }
}

async fn a_role_changes_at_the_next_request_of_browsers_and_agents(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let scout = house.agent_of(&guest, "scout").await;
    let opened = house.sign_in("guest@example.test", PASSWORD).await.unwrap();
    let accounts = &house.services.accounts;
    for role in [Role::Admin, Role::User] {
        let changed = accounts.set_role(&admin, &guest.principal, role);
        changed.await.unwrap();
        let session = accounts.browser_session(&opened.token).await.unwrap();
        assert_eq!(session.unwrap().person.role, role);
        assert_eq!(house.caller(&scout).await.role, role);
    }
    // A role that somebody has already is no change.
    accounts
        .set_role(&admin, &guest.principal, Role::User)
        .await
        .unwrap();
    assert_eq!(house.count("account.role_changed").await, 2);
    let last = house.audit().await;
    let last = last
        .iter()
        .rfind(|record| record.event.event.as_str() == "account.role_changed");
    let event = &last.unwrap().event;
    assert_eq!(event.principal.as_ref(), Some(&admin.principal));
    assert_eq!(event.metadata["account"], guest.principal.as_str());
    assert_eq!(event.metadata["role"], "user");
}

async fn nobody_changes_their_own_role_and_no_user_changes_any(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let accounts = &house.services.accounts;
    let own = accounts.set_role(&admin, &admin.principal, Role::User);
    assert_eq!(code(own.await), ErrorCode::OperationNotAllowed);
    for role in [Role::Admin, Role::User] {
        let by_guest = accounts.set_role(&guest, &guest.principal, role);
        assert_eq!(code(by_guest.await), ErrorCode::Forbidden);
    }
    let by_guest = accounts.set_role(&guest, &admin.principal, Role::User);
    assert_eq!(code(by_guest.await), ErrorCode::Forbidden);
    assert_eq!(code(accounts.list(&guest).await), ErrorCode::Forbidden);
    let found = accounts.search(&guest, &Search::default()).await;
    assert_eq!(code(found), ErrorCode::Forbidden);
    let missing = "principal_missing".parse().unwrap();
    let nobody = accounts.set_role(&admin, &missing, Role::Admin);
    assert_eq!(code(nobody.await), ErrorCode::NotFound);
    assert_eq!(house.count("account.role_changed").await, 0);
}

/// A home that has become a shared daemon keeps the agents of its owner, who may administrate.
async fn owner_of_a_former_home(place: &Place) -> (House, Caller) {
    let house = place.local().await;
    let scout = house.local_agent(place, "scout").await;
    house.close().await;
    let house = place.hosted().await;
    let caller = house.caller(&scout).await;
    (house, caller)
}

async fn the_last_administrator_who_can_sign_in_stays_one(place: Place) {
    let (house, scout) = owner_of_a_former_home(&place).await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let accounts = &house.services.accounts;
    let demoted = accounts.set_role(&scout, &admin.principal, Role::User);
    assert_eq!(code(demoted.await), ErrorCode::OperationNotAllowed);
    let disabled = accounts.disable(&scout, &admin.principal).await;
    assert_eq!(code(disabled), ErrorCode::OperationNotAllowed);
    assert_eq!(fresh(&house, &admin).await.role, Role::Admin);
    assert_eq!(house.count("account.role_changed").await, 0);
    // Somebody who is no administrator can be shut out all the same.
    accounts.disable(&scout, &guest.principal).await.unwrap();
    accounts.enable(&scout, &guest.principal).await.unwrap();
    let promoted = accounts.set_role(&scout, &guest.principal, Role::Admin);
    promoted.await.unwrap();
    let demoted = accounts.set_role(&scout, &admin.principal, Role::User);
    demoted.await.unwrap();
    let disabled = accounts.disable(&scout, &guest.principal).await;
    assert_eq!(code(disabled), ErrorCode::OperationNotAllowed);
}

async fn of_two_administrators_who_demote_each_other_one_stays(place: Place) {
    let house = place.hosted().await;
    let one = house.first_admin().await;
    let other = house.guest(&one, "other@example.test").await;
    let accounts = &house.services.accounts;
    accounts
        .set_role(&one, &other.principal, Role::Admin)
        .await
        .unwrap();
    let other = fresh(&house, &other).await;
    let (first, second) = tokio::join!(
        accounts.set_role(&one, &other.principal, Role::User),
        accounts.set_role(&other, &one.principal, Role::User),
    );
    let refused = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect::<Vec<_>>();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].code(), ErrorCode::Forbidden);
    let left = house.people().await;
    let admins = left.iter().filter(|p| p.principal.role == Role::Admin);
    assert_eq!(admins.count(), 1);
}

async fn the_owner_of_a_home_stays_its_administrator(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let opened = house.sign_up("guest@example.test", None).await.unwrap();
    let guest = opened.session.person;
    let accounts = &house.services.accounts;
    accounts
        .set_role(&caller, &guest.principal, Role::Admin)
        .await
        .unwrap();
    let guest = fresh(&house, &guest).await;
    let demoted = accounts.set_role(&guest, &caller.principal, Role::User);
    assert_eq!(code(demoted.await), ErrorCode::OperationNotAllowed);
    let disabled = accounts.disable(&guest, &caller.principal).await;
    assert_eq!(code(disabled), ErrorCode::OperationNotAllowed);
}

async fn an_account_is_told_with_what_it_has(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest_1@example.test").await;
    let scout = house.agent_of(&guest, "scout").await;
    let caller = house.caller(&scout).await;
    house.begin(&caller, "openai", "default").await;
    house
        .login(&caller, "openai", "work", super::house::OPENAI_KEY)
        .await;
    let accounts = &house.services.accounts;
    let found = accounts.search(&admin, &search("GUEST_")).await.unwrap();
    assert_eq!((found.accounts.len(), found.has_more), (1, false));
    let account = &found.accounts[0];
    assert_eq!((account.connections, account.agents), (1, 1));
    assert_eq!(account.principal.id, guest.principal);
    let signed_in_at = account.signed_in_at.unwrap();
    house.advance(Duration::hours(1));
    house
        .sign_in("guest_1@example.test", PASSWORD)
        .await
        .unwrap();
    let account = accounts.account(&admin, &guest.principal).await.unwrap();
    assert!(account.signed_in_at.unwrap() > signed_in_at);
    // An underscore is a letter here, and no letter of anybody else.
    let none = accounts.search(&admin, &search("guest__")).await.unwrap();
    assert!(none.accounts.is_empty());
    let all = accounts.search(&admin, &search("%")).await.unwrap();
    assert!(all.accounts.is_empty());
    let later = Search::new(None, Some(2));
    let beyond = accounts.search(&admin, &later).await.unwrap();
    assert!(beyond.accounts.is_empty() && !beyond.has_more);
}

async fn an_invitation_that_is_withdrawn_lets_nobody_in(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let accounts = &house.services.accounts;
    assert!(accounts.invitations(&admin).await.unwrap().is_empty());
    let email = Some("new@example.test".parse().unwrap());
    let made = accounts.invite(&admin, Role::Admin, email.clone()).await;
    let made = made.unwrap();
    accounts.invite(&admin, Role::User, None).await.unwrap();
    let open = accounts.invitations(&admin).await.unwrap();
    assert_eq!(open.len(), 2);
    assert_eq!((&open[0].email, open[0].role), (&email, Role::Admin));
    assert_eq!(open[0].expires_at, made.expires_at);
    assert_eq!(open[0].created_by.as_ref(), Some(&admin.principal));
    let token = made.url.split_once("token=").unwrap().1;
    assert!(!format!("{open:?}").contains(token));
    assert_eq!(
        code(accounts.withdraw(&guest, &open[0].id).await),
        ErrorCode::Forbidden
    );
    assert_eq!(
        code(accounts.invitations(&guest).await),
        ErrorCode::Forbidden
    );
    accounts.withdraw(&admin, &open[0].id).await.unwrap();
    assert_eq!(
        code(accounts.withdraw(&admin, &open[0].id).await),
        ErrorCode::NotFound
    );
    let late = house.sign_up("new@example.test", Some(token)).await;
    assert_eq!(code(late), ErrorCode::Forbidden);
    assert_eq!(house.count("invitation.withdrawn").await, 1);
    house.advance(Duration::days(8));
    assert!(accounts.invitations(&admin).await.unwrap().is_empty());
    assert_eq!(
        code(accounts.withdraw(&admin, &open[1].id).await),
        ErrorCode::NotFound
    );
}

async fn a_person_signs_out_of_their_other_browsers(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let accounts = &house.services.accounts;
    let mut opened = Vec::new();
    for _ in 0..3 {
        let session = house.sign_in("guest@example.test", PASSWORD).await;
        opened.push(session.unwrap().token);
        house.advance(Duration::minutes(1));
    }
    let here = &opened[0];
    let listed = accounts.browsers(&guest, here).await.unwrap();
    // The one of the sign-up, too.
    assert_eq!(listed.len(), 4);
    assert!(listed[0].is_this && !listed[1].is_this);
    assert_eq!(listed[0].opened_by, None);
    let second = &listed[1].id;
    for token in &opened {
        assert!(!format!("{listed:?}").contains(token.reveal()));
    }
    // Somebody else does not know it, an administrator neither.
    assert_eq!(
        code(accounts.sign_out_browser(&admin, second).await),
        ErrorCode::NotFound
    );
    accounts.sign_out_browser(&guest, second).await.unwrap();
    assert_eq!(
        code(accounts.sign_out_browser(&guest, second).await),
        ErrorCode::NotFound
    );
    assert_eq!(accounts.browsers(&guest, here).await.unwrap().len(), 3);
    assert_eq!(accounts.sign_out_others(&guest, here).await.unwrap(), 2);
    assert_eq!(accounts.sign_out_others(&guest, here).await.unwrap(), 0);
    let is_in = async |token: &Token| accounts.browser_session(token).await.unwrap().is_some();
    assert!(is_in(here).await && !is_in(&opened[1]).await && !is_in(&opened[2]).await);
    assert_eq!(house.count("account.signed_out").await, 2);
}

async fn a_browser_that_nobody_uses_is_not_listed(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let accounts = &house.services.accounts;
    let open = async || {
        let url = accounts.sign_in_url(&caller).await.unwrap();
        let code = Token::new(url.split_once("code=").unwrap().1);
        let browser = authsome::model::BrowserName::from_user_agent("Firefox/1 (Linux)");
        let opened = accounts.redeem_sign_in_code(&code, None, browser).await;
        opened.unwrap()
    };
    open().await;
    house.advance(Duration::hours(13));
    let here = open().await;
    let person = &here.session.person;
    let listed = accounts.browsers(person, &here.token).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].opened_by.as_ref().unwrap().as_str(), "scout");
    assert_eq!(listed[0].name.unwrap().to_string(), "Firefox on Linux");
    assert!(listed[0].is_this);
}

async fn handles(house: &House, person: &SignedIn, text: &str) -> Vec<String> {
    let search = search(text);
    let found = house.services.identities.agents(person, &search).await;
    let found = found.unwrap().agents;
    found.iter().map(|agent| agent.handle.to_string()).collect()
}

async fn agents_are_found_by_their_owner_and_an_administrator(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    house.agent_of(&admin, "boss").await;
    let ended = house.agent_of(&guest, "ended").await;
    house.agent_of(&guest, "scout").await;
    let waiting = super::house::Agent::new("waiting");
    house.register(&waiting).await.unwrap();
    let identities = &house.services.identities;
    identities.revoke(&guest, &ended.handle).await.unwrap();
    // What is over comes last, and an agent nobody has accepted is only an administrator's business.
    assert_eq!(handles(&house, &guest, "").await, ["scout", "ended"]);
    let mut all = handles(&house, &admin, "").await;
    assert_eq!(all.split_off(2), ["waiting", "ended"]);
    assert_eq!(handles(&house, &admin, "GUEST@").await, ["scout", "ended"]);
    assert_eq!(handles(&house, &guest, "boss").await, [""; 0]);
    let boss: Handle = "boss".parse().unwrap();
    assert_eq!(
        code(identities.agent(&guest, &boss).await),
        ErrorCode::IdentityNotFound
    );
    assert_eq!(
        code(identities.agent(&guest, &waiting.handle).await),
        ErrorCode::IdentityNotFound
    );
    let seen = identities.agent(&admin, &ended.handle).await.unwrap();
    assert_eq!(seen.owner.as_ref(), Some(&guest.principal));
    assert_eq!(seen.owner_email, guest.email);
    assert!(!seen.may_act());
}

async fn an_agent_tells_its_events_to_its_owner_alone(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let scout = house.agent_of(&guest, "scout").await;
    let caller = house.caller(&scout).await;
    house
        .login(&caller, "openai", "work", super::house::OPENAI_KEY)
        .await;
    house.advance(Duration::minutes(1));
    house.resolve(&scout, "openai", None).await.unwrap();
    let identities = &house.services.identities;
    let agent = identities.agent(&guest, &scout.handle).await.unwrap();
    let events = identities.events_of(&guest, &agent).await.unwrap();
    assert!(events.is_all_looked_at);
    let events = events.records;
    assert_eq!(events[0].event.event.as_str(), "credential.resolved");
    assert!(
        events
            .iter()
            .all(|record| record.event.principal.as_ref() == Some(&guest.principal))
    );
    assert!(
        !identities
            .events_of(&admin, &agent)
            .await
            .unwrap()
            .records
            .is_empty()
    );
    let stranger = house.guest(&admin, "stranger@example.test").await;
    let seen = identities.events_of(&stranger, &agent).await.unwrap();
    assert!(seen.records.is_empty());
}
