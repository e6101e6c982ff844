//! Row 17: taking somebody else's identity. Defence: the claim URL goes to the holder of the key
//! alone, works once and for ten minutes, and the page shows whose key it is. The anonymous see no
//! URL; the second claimant gets a 409.

use crate::services::house::{Agent, Place, code, on_both, unsigned};
use crate::support::agent;
use crate::support::daemon::TestDaemon;
use crate::support::hosted::{Hosted, claim_link};
use crate::support::http::Request;
use authsome::model::{ClaimState, ErrorCode};
use serde_json::json;
use time::Duration;

on_both!(
    the_anonymous_see_no_claim_url,
    at_home_who_only_knows_the_pair_gets_no_claim_url,
    of_many_claimants_one_wins_and_the_others_are_told,
);

async fn the_anonymous_see_no_claim_url(place: Place) {
    let house = place.hosted().await;
    let scout = Agent::new("scout");
    assert!(house.register(&scout).await.unwrap().claim_url.is_some());
    let identities = &house.services.identities;
    let request = unsigned("/identities/scout");
    let seen = identities.status(&request, &scout.handle).await.unwrap();
    assert_eq!((seen.claim_url, seen.principal), (None, None));
    // Nor by registering the same pair without its key.
    let again = identities.register(&request, scout.handle.clone(), scout.key.did());
    assert_eq!(code(again.await), ErrorCode::Unauthenticated);
    let thief = Agent::new("scout");
    let signed = house.sign(&thief, "/identities/register");
    let request = signed.request();
    let forged = identities.register(&request, scout.handle.clone(), scout.key.did());
    assert_eq!(code(forged.await), ErrorCode::Unauthenticated);
}

async fn at_home_who_only_knows_the_pair_gets_no_claim_url(place: Place) {
    let house = place.local().await;
    let owner = house.sign_up("owner@example.test", None).await.unwrap();
    let owner = owner.session.person;
    let identities = &house.services.identities;
    let ask = async |agent: &Agent| {
        let request = unsigned("/identities/register");
        let asked = identities.register(&request, agent.handle.clone(), agent.key.did());
        let told = asked.await.unwrap();
        assert_eq!((told.claim_url, told.principal), (None, None));
        told.state
    };
    let scout = Agent::new("scout");
    let token = house.claim_token(&scout).await;
    assert!(matches!(ask(&scout).await, ClaimState::Pending { .. }));
    // That of the key's holder stays good.
    identities.accept(&owner, &token).await.unwrap();
    assert!(matches!(ask(&scout).await, ClaimState::Accepted { .. }));
    // Nor is a new one put out in the place of one that is over.
    let late = Agent::new("late");
    house.register(&late).await.unwrap();
    house.advance(Duration::minutes(11));
    assert_eq!(ask(&late).await, ClaimState::Required);
    assert!(house.register(&late).await.unwrap().claim_url.is_some());
}

async fn of_many_claimants_one_wins_and_the_others_are_told(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let mut people = vec![admin.clone()];
    for number in 0..5 {
        people.push(
            house
                .guest(&admin, &format!("p{number}@example.test"))
                .await,
        );
    }
    let scout = Agent::new("scout");
    let token = house.claim_token(&scout).await;
    let identities = &house.services.identities;
    let claims = people
        .iter()
        .map(|person| identities.accept(person, &token));
    let answers = futures_util::future::join_all(claims).await;
    let winner = answers.iter().position(Result::is_ok).unwrap();
    for (at, answer) in answers.into_iter().enumerate() {
        if at != winner {
            assert_eq!(code(answer), ErrorCode::Conflict);
            let page = identities.claim_page(&people[at], &token).await;
            assert_eq!(code(page), ErrorCode::Conflict);
        }
    }
    assert_eq!(
        house.caller(&scout).await.principal,
        people[winner].principal
    );
    assert_eq!(house.count("claim.accepted").await, 1);
}

#[test]
fn over_http_the_second_claimant_gets_a_409_and_the_anonymous_no_link() {
    let mut house = Hosted::start();
    let mut admin = house.admin.clone();
    let boss = house.agent_of(&mut admin, "boss");
    let mut guest = house.guest(&boss, "guest@example.test");
    let scout = house.stranger("scout");
    let link = claim_link(&scout);
    let seen = house.daemon.get("/identities/scout").expect(200).json();
    assert!(seen.get("claim_url").is_none_or(serde_json::Value::is_null));
    let late = guest.open(&link).expect(200);
    let page = admin.open(&link).expect(200);
    admin.submit(&page, "/confirm", &[]).expect(303);
    guest.submit(&late, "/confirm", &[]).expect(409);
    guest.open(&link).expect(409);
    scout.get("/whoami").expect(200);
    house.admin = admin;
}

#[test]
fn over_http_an_unsigned_registration_gives_nobody_elses_link_away() {
    let daemon = TestDaemon::start();
    let scout = agent::Agent::unregistered(daemon.address(), &daemon.url(), "scout");
    claim_link(&scout);
    let pair = json!({"handle": "scout", "did": scout.key.did()});
    let unsigned = Request::new("POST", "/identities/register").json(&pair);
    let told = daemon.send(&unsigned).expect(200).json();
    assert_eq!(told["registration_status"], "pending");
    daemon.agent("keeper");
    let owned = daemon.get("/identities/keeper").expect(200).json();
    let pair = json!({"handle": "keeper", "did": owned["did"]});
    let unsigned = Request::new("POST", "/identities/register").json(&pair);
    let claimed = daemon.send(&unsigned).expect(200).json();
    assert_eq!(claimed["registration_status"], "claimed");
    for told in [told, claimed] {
        for field in ["claim_url", "principal_id"] {
            let value = told.get(field);
            assert!(value.is_none_or(serde_json::Value::is_null), "{told}");
        }
    }
}
