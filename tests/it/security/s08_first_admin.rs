//! Row 8: the race to be the first administrator, and open registration. Defence: a set-up token,
//! one transaction, invitations. 50 at once make one administrator; hosted, nobody comes uninvited.

use crate::services::house::{Place, SETUP, code, on_both};
use crate::support::daemon::{HOSTED_URL, command};
use crate::support::hosted::{Hosted, PASSWORD};
use authsome::model::{ErrorCode, Role};
use authsome::secret::Token;

on_both!(
    of_fifty_with_the_setup_token_one_is_the_administrator,
    nobody_who_reaches_the_port_of_a_home_becomes_its_administrator,
    nobody_signs_up_uninvited_on_a_hosted_daemon,
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
    let hidden = crate::support::browser::hidden_fields(&page.text());
    let (_, csrf) = hidden.iter().find(|(name, _)| name == "csrf").unwrap();
    let fields = [
        ("csrf", csrf.as_str()),
        ("email", "thief@example.test"),
        ("password", PASSWORD),
    ];
    let request = stranger.request("POST", "/auth/register").form(&fields);
    stranger.send(&request).expect(403);
    stranger.open("/ui/").expect(401);
}
