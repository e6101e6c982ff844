//! Rows 20, 23 and 24 for OAuth: an answer of a provider counts once, from whom it was asked, and comes
//! back to our own address alone.

use crate::support::http::Request;
use crate::support::oauth_home::{OAuthHome, Opened, begin, go_on, open};
use crate::support::oauth_server::Endpoint;
use serde_json::json;

#[test]
fn an_answer_counts_once() {
    let home = OAuthHome::start();
    let Opened {
        agent,
        login,
        mut browser,
        page,
    } = home.opened(&json!({}));
    let at_provider = go_on(&mut browser, &page);
    let back = home.server.approve(&at_provider);
    browser.open(&back).expect(200);
    let tokens = home.server.token_calls().len();
    let again = browser.open(&back).expect(400).text();
    assert!(again.contains("used already"), "{again}");
    // The second step alone, too.
    let (_, query) = back.split_once('?').unwrap();
    let path = format!(
        "/auth/sessions/{}/return?{query}",
        login["id"].as_str().unwrap()
    );
    assert_eq!(browser.open(&path).status, 410);
    // A code of another login does not revive it.
    let other = begin(&agent, &json!({"connection": "work"}));
    let page = open(&mut browser, &other);
    let second = home.server.approve(&go_on(&mut browser, &page));
    let code = |back: &str| {
        let (_, query) = back.split_once('?').unwrap();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "code")
            .map(|(_, value)| value.into_owned())
            .unwrap()
    };
    let mixed = second.replace(&code(&second), &code(&back));
    let failed = browser.open(&mixed).expect(200).text();
    assert!(failed.contains("Not connected"), "{failed}");
    assert_eq!(home.server.token_calls().len(), tokens + 1);
    let connections = agent.get("/connections").expect(200).json();
    assert_eq!(
        connections["connections"][0]["connections"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn many_at_once_are_one() {
    let home = OAuthHome::start();
    let mut opened = home.opened(&json!({}));
    let back = home.server.approve(&opened.go_on());
    let done = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20)
            .map(|_| {
                let (mut browser, back) = (opened.browser.clone(), back.clone());
                scope.spawn(move || browser.open(&back).status)
            })
            .collect();
        tries
            .into_iter()
            .map(|one| one.join().unwrap())
            .filter(|status| *status == 200)
            .count()
    });
    assert_eq!(done, 1);
    assert_eq!(home.server.seen(Endpoint::Token), 1);
}

#[test]
fn an_invented_state_and_an_error_without_one_lead_nowhere() {
    let home = OAuthHome::start();
    let Opened {
        agent,
        login,
        mut browser,
        page,
    } = home.opened(&json!({}));
    go_on(&mut browser, &page);
    for query in [
        "",
        "?state=",
        "?state=x&code=y",
        "?error=access_denied",
        "?code=y",
        "?state=%00&code=%0d%0a",
    ] {
        let path = format!("/auth/callback/oauth{query}");
        let refused = browser.open(&path);
        assert!(
            (400..500).contains(&refused.status),
            "{query}: {}",
            refused.status
        );
    }
    let path = format!(
        "/auth/sessions/{}/return?state=x&code=y",
        login["id"].as_str().unwrap()
    );
    browser.open(&path).expect(400);
    assert_eq!(home.server.seen(Endpoint::Token), 0);
    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    assert_eq!(
        agent.get(&path).expect(200).json()["status"],
        "waiting_for_user"
    );
}

#[test]
fn asking_again_makes_the_first_way_worthless() {
    let home = OAuthHome::start();
    let mut opened = home.opened(&json!({}));
    let first = home.server.approve(&opened.go_on());
    opened.page = open(&mut opened.browser, &opened.login);
    let second = home.server.approve(&opened.go_on());
    opened.browser.open(&first).expect(400);
    assert!(
        opened
            .browser
            .open(&second)
            .expect(200)
            .text()
            .contains("Login successful")
    );
}

#[test]
fn forwarded_headers_do_not_move_the_redirect_uri() {
    let home = OAuthHome::start();
    let mut opened = home.opened(&json!({}));
    let csrf = crate::support::browser::hidden_fields(&opened.page.text());
    let mut fields: Vec<(&str, &str)> =
        csrf.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    fields.push(("client_id", "anybody"));
    let path = format!(
        "/auth/sessions/{}/input",
        opened.login["id"].as_str().unwrap()
    );
    let request: Request = opened
        .browser
        .request("POST", &path)
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "https")
        .header("Forwarded", "host=evil.example;proto=https")
        .form(&fields);
    let sent = opened.browser.send(&request).expect(303);
    let location = sent.header("location").unwrap();
    assert!(!location.contains("evil"), "{location}");
    let own = format!("127.0.0.1%3A{}", home.daemon.address().port());
    assert!(location.contains(&own), "{location}");
}
