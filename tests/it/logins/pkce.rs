//! Authorization code with PKCE, through the daemon and a real provider.

use crate::cli::transcript::Person;
use crate::support::agent::Agent;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, Opened, begin, go_on, open};
use crate::support::oauth_server::{Endpoint, Fault, TokenStyle};
use serde_json::{Value, json};

fn record(agent: &Agent, query: &str) -> Value {
    let path = format!("/connections/acme/default{query}");
    agent.get(&path).expect(200).json()
}

#[test]
fn a_person_logs_in_and_the_agent_gets_what_the_provider_gave() {
    let home = OAuthHome::start();
    let Opened {
        agent,
        login,
        mut browser,
        page,
    } = home.opened(&json!({}));
    assert_eq!(login["status"], "waiting_for_user");
    for said in [
        "read",
        "write",
        "scout",
        &home.server.url(""),
        "/auth/callback/oauth",
    ] {
        assert!(page.text().contains(said), "{said}");
    }
    let policy = page.header("content-security-policy").unwrap();
    let form_action = format!("form-action 'self' {};", home.server.url(""));
    assert!(policy.contains(&form_action), "{policy}");
    let at_provider = go_on(&mut browser, &page);
    assert!(
        at_provider.contains("code_challenge_method=S256"),
        "{at_provider}"
    );
    let back = home.server.approve(&at_provider);
    let done = browser.open(&back).expect(200);
    assert!(done.text().contains("Login successful"), "{}", done.text());

    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    assert_eq!(agent.get(&path).expect(200).json()["status"], "completed");
    let shown = record(&agent, "?show_secret=true");
    let token = shown["access_token"].as_str().unwrap();
    assert_eq!(home.server.living(token), Some(1));
    assert_eq!(home.server.get_as(token, "/api/x").status, 200);
    assert!(shown["refresh_token"].as_str().unwrap().len() > 8);
    assert_eq!(shown["token_type"], "Bearer");
    assert_eq!(shown["scopes"], json!(["read", "write"]));
    assert_eq!(
        shown["account"],
        json!({"id": "583231", "label": "octocat"})
    );
    assert!(shown["expires_at"].is_string());
    assert_eq!(record(&agent, "")["access_token"], "***REDACTED***");
    let resolved = agent.post("/credentials/resolve", &json!({"provider": "acme"}));
    let header = format!("Bearer {token}");
    assert_eq!(
        resolved.expect(200).json()["headers"]["Authorization"],
        header
    );
}

#[test]
fn the_client_is_asked_for_once_and_kept_for_everybody() {
    let home = OAuthHome::start();
    let scout = home.daemon.agent("scout");
    assert_eq!(home.log_in(&scout, &json!({})).status, 200);
    let login = begin(&scout, &json!({"connection": "work"}));
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    assert!(!page.text().contains("client_id"), "{}", page.text());
    let at_provider = go_on(&mut browser, &page);
    assert!(at_provider.contains(&format!("client_id={CLIENT_ID}")));
    browser.open(&home.server.approve(&at_provider)).expect(200);
    let calls = home.server.token_calls();
    assert_eq!(calls.len(), 2);
    let database = std::fs::read(home.daemon.home().join("server/store.db")).unwrap();
    let holds = |needle: &str| {
        database
            .windows(needle.len())
            .any(|w| w == needle.as_bytes())
    };
    assert!(!holds(CLIENT_SECRET) && !holds(CLIENT_ID));
}

#[test]
fn an_empty_client_id_keeps_the_form_open() {
    let home = OAuthHome::start();
    let mut opened = home.opened(&json!({}));
    for wrong in ["  ", "a\r\nb", &"x".repeat(4_000)] {
        let again = opened
            .browser
            .submit(&opened.page, "/input", &[("client_id", wrong)]);
        assert!(again.expect(400).text().contains("client id"));
    }
    let at_provider = opened.go_on();
    assert!(at_provider.starts_with(&home.server.url("/authorize?")));
}

#[test]
fn a_refusal_ends_the_login_and_says_so() {
    let home = OAuthHome::start();
    let Opened {
        agent,
        login,
        mut browser,
        page,
    } = home.opened(&json!({}));
    let at_provider = go_on(&mut browser, &page);
    let back = home.server.deny(&at_provider);
    let page = browser.open(&back).expect(200).text();
    assert!(page.contains("access_denied"), "{page}");
    assert!(page.contains("<code>authsome login acme</code>"), "{page}");
    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    let ended = agent.get(&path).expect(200).json();
    assert_eq!(ended["status"], "failed");
    let error = ended["error"].as_str().unwrap();
    assert!(error.starts_with("Acme: authorization: "), "{error}");
    assert!(
        error.ends_with("; log in with `authsome login acme`"),
        "{error}"
    );
    assert!(home.server.token_calls().is_empty());
}

#[test]
fn a_broken_token_endpoint_ends_the_login_with_its_name() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    for (fault, said) in [
        (Fault::Status(503), "503"),
        (Fault::Garbage, "cannot be used"),
        (Fault::Reset, "broke the connection off"),
        (
            Fault::Redirect("https://elsewhere.example/".to_owned()),
            "redirect",
        ),
    ] {
        home.server.fault(Endpoint::Token, Some(fault.clone()));
        let login = begin(&agent, &json!({}));
        let mut browser = home.daemon.browser();
        let page = open(&mut browser, &login);
        let at_provider = go_on(&mut browser, &page);
        let page = browser
            .open(&home.server.approve(&at_provider))
            .expect(200)
            .text();
        assert!(
            page.contains("Not connected") && page.contains(said),
            "{fault:?}: {page}"
        );
        assert!(page.contains("Acme: code exchange: "), "{page}");
        let again = "<code>authsome login acme</code>";
        assert!(page.contains(again), "{fault:?}: {page}");
        assert_eq!(
            agent.get("/connections").expect(200).json()["connections"],
            json!([])
        );
    }
    home.server.fault(Endpoint::Token, None);
    assert_eq!(home.log_in(&agent, &json!({})).status, 200);
}

#[test]
fn a_client_that_the_provider_does_not_know_is_an_administrators_to_change() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    home.log_in(&agent, &json!({})).expect(200);
    // The provider gives our client another secret.
    let back = format!("{}/auth/callback/oauth", home.daemon.url());
    let form = crate::support::oauth_server::Auth::Form;
    home.server
        .client(CLIENT_ID, Some("another"), form, &[&back]);
    let done = home.log_in(&agent, &json!({"connection": "work"}));
    let page = done.expect(200).text();
    assert!(page.contains("invalid_client"), "{page}");
    let command = "<code>authsome login acme --new-client</code>";
    assert!(page.contains(command), "{page}");
}

#[test]
fn a_form_encoded_answer_and_a_missing_account_are_taken() {
    let home = OAuthHome::start();
    home.server.token_style(TokenStyle::Form);
    home.server
        .fault(Endpoint::UserInfo, Some(Fault::Status(500)));
    let agent = home.daemon.agent("scout");
    home.log_in(&agent, &json!({})).expect(200);
    let shown = record(&agent, "?show_secret=true");
    let token = shown["access_token"].as_str().unwrap();
    assert_eq!(home.server.get_as(token, "/api/x").status, 200);
    assert_eq!(shown["account"], json!({"id": null, "label": null}));
}

#[test]
fn a_login_goes_on_after_a_crash_of_the_daemon() {
    let mut home = OAuthHome::start();
    let mut opened = home.opened(&json!({}));
    let at_provider = opened.go_on();
    let back = home.server.approve(&at_provider);
    home.daemon.crash_and_restart_in_place();
    let done = opened.browser.open(&back).expect(200);
    assert!(done.text().contains("Login successful"), "{}", done.text());
}

#[test]
fn another_site_does_not_get_the_client_of_this_one() {
    let home = OAuthHome::with(
        |mut definition| {
            let site = definition["oauth"]["token_url"].as_str().unwrap();
            let site = site.trim_end_matches("/token").to_owned();
            definition["oauth"]["base_url"] = json!(site);
            definition["oauth"]["token_url"] = json!("{base_url}/token");
            definition["oauth"]["authorization_url"] = json!("{base_url}/authorize");
            definition["api_url"] = json!("{base_url}/api");
            definition
        },
        |daemon| daemon,
    );
    let agent = home.daemon.agent("scout");
    assert_eq!(home.log_in(&agent, &json!({})).status, 200);
    let wish = json!({"base_url": "https://evil.example", "force": true});
    let login = begin(&agent, &wish);
    let mut browser = home.daemon.browser();
    let refused = browser.open(login["next_action"]["url"].as_str().unwrap());
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("registered at"));
    let plain = OAuthHome::start();
    let agent = plain.daemon.agent("scout");
    let wish = json!({"provider": "acme", "base_url": "https://git.example"});
    agent.post("/auth/sessions", &wish).expect(400);
}

#[test]
fn a_logout_takes_the_tokens_back_at_the_provider() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    home.log_in(&agent, &json!({})).expect(200);
    let token = record(&agent, "?show_secret=true")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(home.server.living(&token).is_some());
    agent
        .post("/connections/acme/default/logout", &json!({}))
        .expect(200);
    assert_eq!(home.server.living(&token), None);
    assert_eq!(home.server.seen(Endpoint::Revoke), 1);
    // A provider that does not listen keeps nobody logged in here.
    home.log_in(&agent, &json!({})).expect(200);
    home.server
        .fault(Endpoint::Revoke, Some(Fault::Status(500)));
    agent
        .post("/connections/acme/default/logout", &json!({}))
        .expect(200);
    agent.get("/connections/acme/default").expect(404);
}

#[test]
fn the_list_says_whose_it_is_and_how_to_mend_what_has_ended() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    let wish = json!({"connection": "work"});
    assert_eq!(home.log_in(&agent, &wish).status, 200);
    let person = Person::at(&home.daemon);
    let listed = person.run(&["list", "--connected"]);
    assert!(listed.stdout.contains("octocat"), "{listed:?}");
    assert!(!listed.stdout.contains("Log in again"), "{listed:?}");
    // The provider takes everything back; the next request finds out.
    home.server.revoke_refresh_tokens();
    home.server.expire_access_tokens();
    let wish = json!({"provider": "acme", "connection": "work", "rejected": true});
    let ended = agent.post("/credentials/resolve", &wish).json();
    assert_eq!(ended["error"], "TokenExpiredError", "{ended}");
    let listed = person.run(&["list", "--connected"]);
    assert!(
        listed
            .stdout
            .contains("Log in again: authsome login acme -c work"),
        "{listed:?}"
    );
}

#[test]
fn a_client_comes_from_the_environment_of_the_daemon() {
    for named in [false, true] {
        let define = |mut definition: Value| {
            if named {
                definition["client"] = json!({
                    "client_id_env": "ACME_CLIENT_ID", "client_secret_env": "ACME_CLIENT_SECRET",
                });
            }
            definition
        };
        let prefix = if named { "ACME" } else { "AUTHSOME_ACME" };
        let home = OAuthHome::with(define, |daemon| {
            daemon
                .env(&format!("{prefix}_CLIENT_ID"), CLIENT_ID)
                .env(&format!("{prefix}_CLIENT_SECRET"), CLIENT_SECRET)
        });
        let mut opened = home.opened(&json!({}));
        assert!(!opened.page.text().contains("name=\"client_id\""));
        let back = home.server.approve(&opened.go_on());
        let done = opened.browser.open(&back).expect(200).text();
        assert!(done.contains("Login successful"), "{done}");
    }
}

#[test]
fn another_client_takes_the_place_of_the_last_and_of_what_that_got() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    assert_eq!(home.log_in(&agent, &json!({})).status, 200);
    let shown = record(&agent, "?show_secret=true");
    let token = shown["access_token"].as_str().unwrap();
    let person = Person::at(&home.daemon);
    let change = ["login", "acme", "--new-client", "--yes", "--no-wait"];
    let (code, begun) = person.json(&change);
    assert_eq!(code, 0, "{begun}");
    assert_eq!(home.server.get_as(token, "/api/x").status, 401);
    assert_eq!(agent.get("/connections/acme/default").status, 404);
    assert!(begun["auth_url"].is_string(), "{begun}");
    let mut browser = home.daemon.browser();
    let url = begun["auth_url"].as_str().unwrap();
    let page = browser.open(url).expect(200);
    assert!(
        page.text().contains("name=\"client_id\""),
        "{}",
        page.text()
    );
}

#[test]
fn a_new_client_is_refused_before_anything_ends() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    home.log_in(&agent, &json!({})).expect(200);
    agent.log_in("openai", "default", "sk-0123456789abcdefghijkl");
    let person = Person::at(&home.daemon);
    for (args, said) in [
        (&["openai"][..], "takes an API key"),
        (&["openai", "--flow", "device_code"], "takes an API key"),
        (&["acme", "--flow", "jwt_bearer"], "not for it"),
        (&["acme", "--scopes", "a b"], "scopes are"),
        (
            &["acme", "--base-url", "https://x.example"],
            "has no use for a base URL",
        ),
    ] {
        let all = [&["login"], args, &["--new-client", "--yes", "--no-wait"]].concat();
        let refused = person.run(&all);
        assert_ne!(refused.code, 0, "{args:?}");
        assert!(
            refused.stderr.contains(said),
            "{args:?}: {}",
            refused.stderr
        );
    }
    agent.get("/connections/acme/default").expect(200);
    agent.get("/connections/openai/default").expect(200);
    let clients = agent.get("/admin/clients").expect(200).json();
    assert_eq!(clients["clients"][0]["connections"], 1, "{clients}");
    assert!(!clients.to_string().contains(CLIENT_SECRET), "{clients}");
}
