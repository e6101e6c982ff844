//! Row 8: the race to be the first administrator, and open registration. Defence: a set-up token,
//! one transaction, invitations. 50 at once make one administrator; hosted, nobody comes uninvited.

use crate::services::house::{House, Place, SETUP, code, on_both};
use crate::support::browser::csrf;
use crate::support::daemon::{HOSTED_URL, command};
use crate::support::hosted::{Hosted, PASSWORD};
use authsome::model::{ErrorCode, Role, SignedIn};
use authsome::secret::Token;
use authsome::services::Actor;
use futures_util::FutureExt as _;
use serde_json::json;

on_both!(
    of_fifty_with_the_setup_token_one_is_the_administrator,
    nobody_who_reaches_the_port_of_a_home_becomes_its_administrator,
    nobody_signs_up_uninvited_on_a_hosted_daemon,
    whoever_is_shut_out_or_demoted_has_no_invitation_left,
    an_agent_that_is_ended_has_no_invitation_left,
    an_invitation_is_as_good_as_whoever_made_it,
);

async fn of_fifty_with_the_setup_token_one_is_the_administrator(place: Place) {
    let house = place.hosted().await;
    let given = Some(Token::new(SETUP));
    house.services.accounts.prepare_setup(given).await.unwrap();
    let emails: Vec<String> = (0..50).map(|n| format!("p{n}@example.test")).collect();
    let all = emails.iter().map(|email| house.sign_up(email, Some(SETUP)));
    let answers = futures_util::future::join_all(all).await;
    let (opened, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(opened.len(), 1);
    assert!(
        opened
            .into_iter()
            .all(|o| o.unwrap().session.person.role == Role::Admin)
    );
    assert!(
        refused
            .into_iter()
            .all(|refused| code(refused) == ErrorCode::Forbidden)
    );
    assert_eq!(
        house.people().await.len(),
        1,
        "who was refused left nothing behind"
    );
}

async fn nobody_who_reaches_the_port_of_a_home_becomes_its_administrator(place: Place) {
    let house = place.local().await;
    let emails: Vec<String> = (0..50).map(|n| format!("p{n}@example.test")).collect();
    let all = emails.iter().map(|email| house.sign_up(email, None));
    let answers = futures_util::future::join_all(all).await;
    let roles: Vec<Role> = answers
        .into_iter()
        .map(|opened| opened.unwrap().session.person.role)
        .collect();
    assert!(roles.iter().all(|role| *role == Role::User), "{roles:?}");
}

async fn nobody_signs_up_uninvited_on_a_hosted_daemon(place: Place) {
    let house = place.hosted().await;
    let accounts = &house.services.accounts;
    accounts.prepare_setup(None).await.unwrap();
    assert_eq!(accounts.sign_up_open(None).await.unwrap(), None);
    for token in [None, Some(""), Some("guess"), Some(SETUP)] {
        let refused = house.sign_up("thief@example.test", token).await;
        assert_eq!(code(refused), ErrorCode::Forbidden, "{token:?}");
    }
    assert!(house.people().await.is_empty());
}

/// The token of an invitation to be an administrator.
async fn invitation<'a>(house: &House, maker: impl Into<Actor<'a>>) -> String {
    let accounts = &house.services.accounts;
    let made = accounts.invite(maker, Role::Admin, None).await.unwrap();
    made.url.split_once("token=").unwrap().1.to_owned()
}

async fn second_admin(house: &House, admin: &SignedIn) -> SignedIn {
    let token = invitation(house, admin).await;
    let opened = house.sign_up("second@example.test", Some(&token)).await;
    opened.unwrap().session.person
}

async fn refuses(house: &House, token: &str) {
    let accounts = &house.services.accounts;
    let shown = accounts.sign_up_open(Some(&Token::new(token))).await;
    assert_eq!(shown.unwrap(), None);
    let refused = house.sign_up("back@example.test", Some(token)).await;
    assert_eq!(code(refused), ErrorCode::Forbidden);
}

async fn whoever_is_shut_out_or_demoted_has_no_invitation_left(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let second = second_admin(&house, &admin).await;
    let accounts = &house.services.accounts;
    let id = &second.principal;
    let first = invitation(&house, &second).await;
    accounts.set_role(&admin, id, Role::User).await.unwrap();
    refuses(&house, &first).await;
    accounts.set_role(&admin, id, Role::Admin).await.unwrap();
    let later = invitation(&house, &second).await;
    accounts.disable(&admin, id).await.unwrap();
    refuses(&house, &later).await;
    assert!(accounts.invitations(&admin).await.unwrap().is_empty());
    // Whoever is let in again has to invite again.
    accounts.enable(&admin, id).await.unwrap();
    for token in [&first, &later] {
        refuses(&house, token).await;
    }
}

async fn an_agent_that_is_ended_has_no_invitation_left(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let scout = house.agent_of(&admin, "scout").await;
    let keeper = house.agent_of(&admin, "keeper").await;
    let own = invitation(&house, &admin).await;
    let of_scout = invitation(&house, &house.caller(&scout).await).await;
    let of_keeper = invitation(&house, &house.caller(&keeper).await).await;
    let identities = &house.services.identities;
    identities.revoke(&admin, &scout.handle).await.unwrap();
    refuses(&house, &of_scout).await;
    let accounts = &house.services.accounts;
    assert_eq!(accounts.invitations(&admin).await.unwrap().len(), 2);
    // Those of its person and of another agent stay.
    house.sign_up("a@example.test", Some(&own)).await.unwrap();
    let other = house.sign_up("b@example.test", Some(&of_keeper)).await;
    other.unwrap();
}

/// Whatever withdrew nothing: an earlier version, or a replica in the same moment.
async fn an_invitation_is_as_good_as_whoever_made_it(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let second = second_admin(&house, &admin).await;
    let scout = house.agent_of(&admin, "scout").await;
    let of_scout = invitation(&house, &house.caller(&scout).await).await;
    let of_second = invitation(&house, &second).await;
    let change = house.store.write(move |tx| {
        async move {
            tx.set_disabled(&second.principal, true).await?;
            tx.revoke_claim(&scout.handle).await?;
            Ok::<_, authsome::store::Error>(())
        }
        .boxed()
    });
    change.await.unwrap();
    for token in [&of_scout, &of_second] {
        refuses(&house, token).await;
    }
}

#[test]
fn whoever_starts_a_hosted_daemon_in_the_background_is_shown_the_setup_link() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = port.local_addr().unwrap().to_string();
    drop(port);
    let run = |verb: &str| {
        let env = [
            ("AUTHSOME_LISTEN".to_owned(), listen.clone()),
            ("AUTHSOME_SERVER_BASE_URL".to_owned(), HOSTED_URL.to_owned()),
            ("AUTHSOME_DAEMON_URL".to_owned(), format!("http://{listen}")),
        ];
        let output = command(&home, &env)
            .args(["daemon", verb, "--json"])
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let said = [run("start"), run("restart")];
    let stopped = run("stop");
    let link = format!("setup: open {HOSTED_URL}/auth/register?token=");
    let tokens: Vec<&str> = said
        .iter()
        .filter_map(|said| said.split_once(&link)?.1.split_whitespace().next())
        .collect();
    assert_eq!(tokens.len(), 2, "{said:?} {stopped}");
    assert_ne!(tokens[0], tokens[1], "every start makes its own");
    let log = std::fs::read_to_string(home.join("server/daemon/daemon.log")).unwrap_or_default();
    assert!(log.contains("\"ready\""), "{log}");
    assert!(tokens.iter().all(|token| !log.contains(token)), "{log}");
}

#[test]
fn over_http_a_stranger_cannot_sign_up_on_a_hosted_daemon() {
    let house = Hosted::start();
    let mut stranger = house.browser();
    stranger.open("/auth/register").expect(403);
    stranger.open("/auth/register?token=guess").expect(403);
    // Another form's token in hand, past the page.
    let page = stranger.open("/auth/login").expect(200);
    let csrf = csrf(&page);
    let fields = [
        ("csrf", csrf.as_str()),
        ("email", "thief@example.test"),
        ("password", PASSWORD),
    ];
    let request = stranger.request("POST", "/auth/register").form(&fields);
    stranger.send(&request).expect(403);
    stranger.open("/ui/").expect(401);
}

#[test]
fn over_http_the_invitation_of_an_agent_that_was_ended_opens_nothing() {
    let house = Hosted::start();
    let mut admin = house.admin.clone();
    let scout = house.agent_of(&mut admin, "scout");
    let wish = json!({"role": "admin"});
    let made = scout.post("/admin/invitations", &wish).expect(200).json();
    let link = made["url"].as_str().unwrap();
    house.browser().open(link).expect(200);
    let action = "/ui/agents/scout/revoke";
    let page = admin.open(action).expect(200);
    admin.submit(&page, action, &[]).expect(303);
    house.browser().open(link).expect(403);
}
