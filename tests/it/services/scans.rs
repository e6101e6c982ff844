//! Finds of plain text, held against a Vault.

use super::house::{House, OPENAI_KEY, Place, code, connection, on_both, provider};
use authsome::crypto::keyed::keyed_digest;
use authsome::model::placeholder::standing;
use authsome::model::{Caller, ErrorCode};
use authsome::secret::ApiKey;
use authsome::services::{
    Compared, Comparison, Error, FindingState, FoundSecret, PlaintextFinding, ScanWish,
};

on_both!(
    finds_are_the_same_other_or_missing_and_nothing_of_them_comes_back,
    what_comes_whole_is_stored_by_the_checks_of_a_login_and_never_over_another,
    what_is_asked_of_a_scan_is_bounded_and_of_ones_own_vault,
);

const SALT: [u8; 32] = [7; 32];
const OTHER_KEY: &str = "sk-zyxwvutsrqponmlkjihgfedcba";

fn digest(variable: &str, secret: &str) -> PlaintextFinding {
    PlaintextFinding {
        variable: Some(variable.to_owned()),
        providers: Vec::new(),
        secret: FoundSecret::Digest(keyed_digest(&SALT, secret)),
    }
}

fn whole(variable: &str, secret: &str) -> PlaintextFinding {
    PlaintextFinding {
        secret: FoundSecret::Whole(ApiKey::new(secret)),
        ..digest(variable, secret)
    }
}

async fn compare(
    house: &House,
    caller: &Caller,
    finds: Vec<PlaintextFinding>,
    replace: bool,
) -> Result<Comparison, Error> {
    let wish = ScanWish {
        salt: SALT,
        finds,
        connection: connection("default"),
        replace,
    };
    house.services.scans.compare(caller, wish).await
}

async fn judged(house: &House, caller: &Caller, finds: Vec<PlaintextFinding>) -> Vec<Compared> {
    compare(house, caller, finds, false).await.unwrap().finds
}

fn states(judged: &[Compared]) -> Vec<FindingState> {
    judged.iter().map(|one| one.state).collect()
}

fn names(judged: &[Compared]) -> Vec<&str> {
    let names = judged.iter().map(|one| one.connection.as_ref());
    names
        .map(|name| name.map_or("-", |name| name.as_str()))
        .collect()
}

async fn finds_are_the_same_other_or_missing_and_nothing_of_them_comes_back(place: Place) {
    use FindingState::{Different, Missing, Placeholder, Same, Unknown};
    let (house, _, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.login(&caller, "openai", "work", OTHER_KEY).await;
    let fake = house
        .services
        .providers
        .get(&provider("openai"))
        .await
        .unwrap();
    let fake = standing(&fake.name, fake.placeholder.as_deref());
    let finds = vec![
        digest("OPENAI_API_KEY", OPENAI_KEY),
        digest("OPENAI_API_KEY", OTHER_KEY),
        digest("OPENAI_API_KEY", "sk-something-else-altogether"),
        digest("OPENAI_API_KEY", &fake),
        digest("GROQ_API_KEY", OPENAI_KEY),
        digest("NOBODYS_KEY", OPENAI_KEY),
        PlaintextFinding {
            providers: vec![provider("openai"), provider("gone")],
            ..digest("MY_THING", OTHER_KEY)
        },
    ];
    let answer = compare(&house, &caller, finds, false).await.unwrap();
    assert_eq!(
        states(&answer.finds),
        [Same, Same, Different, Placeholder, Missing, Unknown, Same]
    );
    assert_eq!(
        names(&answer.finds),
        ["default", "work", "default", "-", "-", "-", "work"]
    );
    assert_eq!(answer.connected.len(), 1);
    assert_eq!(answer.connected[0].1, ["OPENAI_API_KEY"]);
    let said = format!("{answer:?}");
    assert!(
        !said.contains(OPENAI_KEY) && !said.contains(OTHER_KEY),
        "{said}"
    );
    let events = house.audit().await;
    let compared: Vec<_> = events
        .iter()
        .filter(|record| record.event.event.as_str() == "credential.compared")
        .collect();
    assert_eq!(compared.len(), 1, "one event for one scan");
    let event = &compared[0].event;
    assert_eq!(event.identity.as_ref(), Some(&caller.handle));
    assert_eq!(event.metadata["finds"], 7);
    assert_eq!(event.metadata["providers"], serde_json::json!(["openai"]));
    house.close().await;
}

async fn what_comes_whole_is_stored_by_the_checks_of_a_login_and_never_over_another(place: Place) {
    use FindingState::{Different, Imported, Missing, Same};
    let (house, agent, caller) = place.local_with_scout().await;
    let finds = vec![
        whole("OPENAI_API_KEY", &format!(" {OPENAI_KEY}\n")),
        whole("OPENAI_API_KEY", OPENAI_KEY),
        whole("OPENAI_API_KEY", OTHER_KEY),
        whole("OPENAI_API_KEY", "nonsense"),
        whole("GROQ_API_KEY", "two words"),
        whole("SPOTIFY_ACCESS_TOKEN", "abcdefghijklmnop"),
    ];
    let judged = judged(&house, &caller, finds).await;
    assert_eq!(
        states(&judged),
        [
            Imported,
            Same,
            Imported,
            Different,
            Missing,
            judged[5].state
        ]
    );
    assert_eq!(names(&judged)[..3], ["default", "default", "imported"]);
    let problem = judged[3].problem.as_deref().unwrap();
    assert!(problem.contains("does not look like a key"), "{problem}");
    assert!(!problem.contains("nonsense"));
    assert!(judged[4].problem.is_some());
    assert_ne!(
        judged[5].state, Imported,
        "no key is stored for an OAuth login"
    );
    house.resolve(&agent, "openai", None).await.unwrap();
    assert_eq!(house.count("login.completed").await, 2);

    let third = "sk-third-abcdefghijklmnopq";
    let again = vec![
        whole("OPENAI_API_KEY", third),
        whole("OPENAI_API_KEY", "sk-fourth-abcdefghijklmnop"),
    ];
    let replaced = compare(&house, &caller, again, true).await.unwrap().finds;
    assert_eq!(
        names(&replaced),
        ["default", "imported-2"],
        "one is replaced"
    );
    let same = vec![
        digest("OPENAI_API_KEY", third),
        digest("OPENAI_API_KEY", OPENAI_KEY),
    ];
    let now = compare(&house, &caller, same, false).await.unwrap().finds;
    assert_eq!(states(&now), [Same, Different]);
    house.close().await;
}

async fn what_is_asked_of_a_scan_is_bounded_and_of_ones_own_vault(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let mine = house.agent_of(&admin, "mine").await;
    let theirs = house.agent_of(&guest, "theirs").await;
    let (mine, theirs) = (house.caller(&mine).await, house.caller(&theirs).await);
    house.login(&mine, "openai", "default", OPENAI_KEY).await;
    let find = || vec![digest("OPENAI_API_KEY", OPENAI_KEY)];
    assert_eq!(
        states(&judged(&house, &mine, find()).await),
        [FindingState::Same]
    );
    let other = compare(&house, &theirs, find(), false).await.unwrap();
    assert_eq!(states(&other.finds), [FindingState::Missing]);
    assert!(other.connected.is_empty());

    let many = (0..1_001).map(|_| digest("OPENAI_API_KEY", "x")).collect();
    let refused = compare(&house, &mine, many, false).await;
    assert_eq!(code(refused), ErrorCode::InvalidInput);
    let long = vec![digest(&"A".repeat(257), "x")];
    let refused = compare(&house, &mine, long, false).await;
    assert_eq!(code(refused), ErrorCode::InvalidInput);
    let named = PlaintextFinding {
        providers: vec![provider("openai"); 17],
        ..digest("A", "x")
    };
    let refused = compare(&house, &mine, vec![named], false).await;
    assert_eq!(code(refused), ErrorCode::InvalidInput);
    house.close().await;
}
