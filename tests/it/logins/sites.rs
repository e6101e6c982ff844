//! Providers that are installed in many places: what is of one site goes to that site, and nowhere else.

use crate::cli::transcript::Person;
use crate::support::agent::Agent;
use crate::support::daemon::DaemonBuilder;
use crate::support::http::Answer;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, begin, go_on, open};
use crate::support::oauth_server::{Auth, Endpoint};
use serde_json::{Value, json};

/// Acme as it is installed at many sites. Its own is `localhost`, where the test's server listens; the
/// same server answers as `127.0.0.1`, which is another site.
fn home() -> OAuthHome {
    OAuthHome::with(templated, both_hosts)
}

fn templated(mut definition: Value) -> Value {
    let site = site_of(&definition);
    let text = definition.to_string().replace(&site, "{base_url}");
    definition = serde_json::from_str(&text).unwrap();
    definition["oauth"]["base_url"] = site.into();
    // Of the usual site alone.
    let written_out = json!([definition["api_url"], "api.acme.example"]);
    definition["api_url"] = written_out;
    definition
}

fn site_of(definition: &Value) -> String {
    let token = definition["oauth"]["token_url"].as_str().unwrap();
    token.trim_end_matches("/token").to_owned()
}

fn both_hosts(daemon: DaemonBuilder) -> DaemonBuilder {
    daemon.env("AUTHSOME_PRIVATE_HOSTS", "localhost,127.0.0.1")
}

fn port(home: &OAuthHome) -> u16 {
    home.server.addr().port()
}

/// The other name of the server.
fn elsewhere(home: &OAuthHome) -> String {
    format!("https://127.0.0.1:{}", port(home))
}

fn resolve(agent: &Agent, host: &str, port: u16) -> Answer {
    let wish = json!({"provider": "acme", "host": host, "port": port});
    agent.post("/credentials/resolve", &wish)
}

#[track_caller]
fn gets_nothing(agent: &Agent, host: &str, port: u16) {
    let refused = resolve(agent, host, port).expect(400).json();
    assert_eq!(refused["error"], "OperationNotAllowedError", "{refused}");
    assert_eq!(refused["headers"], Value::Null);
}

#[test]
fn a_login_at_another_site_is_for_that_site_alone() {
    let home = home();
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({"base_url": elsewhere(&home)}));
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    let text = page.text();
    let place = format!("<span class=\"mono\">{}/api</span>", elsewhere(&home));
    assert!(text.contains(&place), "{text}");
    assert!(!text.contains("api.acme.example"), "{text}");
    let at_provider = go_on(&mut browser, &page);
    assert!(at_provider.starts_with(&elsewhere(&home)), "{at_provider}");
    let back = home.server.approve(&at_provider);
    let done = browser.open(&back).expect(200).text();
    assert!(done.contains("Login successful"), "{done}");
    assert_eq!(home.server.seen(Endpoint::UserInfo), 1);

    let given = resolve(&agent, "127.0.0.1", port(&home)).expect(200).json();
    let header = given["headers"]["Authorization"].as_str().unwrap();
    assert!(header.starts_with("Bearer "));
    gets_nothing(&agent, "localhost", port(&home));
    gets_nothing(&agent, "api.acme.example", 443);
    let routes = agent.get("/proxy/routes?scope=connected").expect(200);
    let routes = routes.json();
    let places: Vec<_> = routes["routes"].as_array().unwrap().iter().collect();
    assert_eq!(places.len(), 1, "{routes}");
    assert_eq!(
        places[0]["api_url"],
        format!("127.0.0.1:{}/api", port(&home)).replace("127", "https://127")
    );
}

#[test]
fn under_run_each_site_gets_the_connection_of_its_own() {
    let home = home();
    let agent = home.daemon.agent("scout");
    let there = json!({"base_url": elsewhere(&home), "connection": "work"});
    home.log_in(&agent, &there).expect(200);
    let ran = curl(&home, &elsewhere(&home));
    assert!(ran.contains("\"token\":1"), "{ran}");
    // The usual site is another party: it gets what it would get from anybody.
    let usual = home.server.url("");
    assert_eq!(curl(&home, &usual), "401");
}

/// What a program gets that asks a site, and the status where it is turned away.
fn curl(home: &OAuthHome, site: &str) -> String {
    let script = format!(
        "curl -sSk -o \"$OUT\" -w '%{{http_code}}' {site}/api/x > \"$OUT.code\"; \
         test \"$(cat \"$OUT.code\")\" = 200 && cat \"$OUT\" || cat \"$OUT.code\""
    );
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut command = Person::at(&home.daemon)
        .env(
            "AUTHSOME_UPSTREAM_CA_FILE",
            home.server.ca().to_str().unwrap(),
        )
        .prepare(&["run", "--", "sh", "-c", &script]);
    let ran = command.env("OUT", out.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    text(&ran.stdout)
}

#[test]
fn what_is_written_out_for_the_usual_site_hears_nothing_of_another() {
    let define = |definition: Value| {
        let site = site_of(&definition);
        let mut definition = templated(definition);
        for (name, path) in [("revocation_url", "/revoke"), ("userinfo", "/userinfo")] {
            let url: Value = format!("{site}{path}").into();
            let field = &mut definition["oauth"][name];
            *(if field.is_object() {
                &mut field["url"]
            } else {
                field
            }) = url;
        }
        definition
    };
    let home = OAuthHome::with(define, both_hosts);
    let agent = home.daemon.agent("scout");
    let there = json!({"base_url": elsewhere(&home)});
    home.log_in(&agent, &there).expect(200);
    let logout = "/connections/acme/default/logout";
    agent.post(logout, &json!({})).expect(200);
    assert_eq!(home.server.seen(Endpoint::UserInfo), 0);
    assert_eq!(home.server.seen(Endpoint::Revoke), 0);
}

#[test]
fn a_definition_without_a_place_at_the_site_refuses_the_login() {
    let define = |definition: Value| {
        let mut definition = templated(definition);
        definition["api_url"] = json!("api.acme.example");
        definition
    };
    let home = OAuthHome::with(define, both_hosts);
    let agent = home.daemon.agent("scout");
    let wish = json!({"provider": "acme", "base_url": elsewhere(&home)});
    let refused = agent.post("/auth/sessions", &wish).expect(400).json();
    assert_eq!(refused["error"], "OperationNotAllowedError", "{refused}");
    assert!(refused["hint"].as_str().unwrap().contains("{base_url}"));
    // A token endpoint that is written out would get another site's codes.
    let wish = json!({"provider": "github", "base_url": "https://git.example"});
    let refused = agent.post("/auth/sessions", &wish).expect(400).json();
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("github-enterprise")
    );
}

/// Without a usual site: the form asks for it.
fn installed_anywhere(definition: Value) -> Value {
    let mut definition = templated(definition);
    definition["oauth"]
        .as_object_mut()
        .unwrap()
        .remove("base_url");
    definition["api_url"] = json!("{base_url}/api");
    definition
}

#[test]
fn a_device_login_goes_on_at_the_site_that_was_typed() {
    let home = OAuthHome::with(installed_anywhere, both_hosts);
    home.server
        .device_interval(std::time::Duration::from_secs(1));
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({"flow": "device_code"}));
    assert_eq!(login["user_code"], Value::Null);
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    assert!(page.text().contains("the address that you name here"));
    let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    for wrong in ["", "http://127.0.0.1", "https://169.254.169.254", "git"] {
        let fields = [&client[..], &[("base_url", wrong)]].concat();
        browser.submit(&page, "/input", &fields).expect(400);
    }
    let site = elsewhere(&home);
    let fields = [&client[..], &[("base_url", site.as_str())]].concat();
    browser.submit(&page, "/input", &fields).expect(303);
    approved(&home, &agent, &login);
    // Our client is registered there, so the next login needs no form at all.
    let login = begin(&agent, &json!({"flow": "device_code", "connection": "tv"}));
    approved(&home, &agent, &login);
    for connection in ["default", "tv"] {
        let path = format!("/connections/acme/{connection}");
        let record = agent.get(&path).expect(200).json();
        assert_eq!(record["base_url"], site, "{record}");
    }
    resolve(&agent, "127.0.0.1", port(&home)).expect(200);
    gets_nothing(&agent, "localhost", port(&home));
}

#[track_caller]
fn approved(home: &OAuthHome, agent: &Agent, login: &Value) {
    let path = format!("/auth/sessions/{}", login["id"].as_str().unwrap());
    let now = agent.get(&path).expect(200).json();
    home.server
        .approve_device(now["user_code"].as_str().unwrap());
    let ended = super::device::over(agent, login);
    assert_eq!(ended["status"], "completed", "{ended}");
}

#[test]
fn a_key_goes_to_the_site_that_was_named() {
    let define = |definition: Value| {
        let place = "{base_url}/api";
        let usual = site_of(&definition);
        json!({
            "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
            "api_url": place, "api_key": {"base_url": usual},
            "injections": [
                {"kind": "basic", "username": "k", "password": "{secret}", "hosts": ["{base_url}"]},
            ],
            "export": {"ACME_KEY": "API_TOKEN", "ACME_URL": "API_URL"},
        })
    };
    let home = OAuthHome::with(define, both_hosts);
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({"base_url": elsewhere(&home)}));
    let path = format!("/auth/sessions/{}/resume", login["id"].as_str().unwrap());
    let key = json!({"data": {"api_key": "k-123456"}});
    agent.post(&path, &key).expect(200);
    let given = resolve(&agent, "127.0.0.1", port(&home)).expect(200).json();
    assert!(
        given["headers"]["Authorization"]
            .as_str()
            .unwrap()
            .starts_with("Basic ")
    );
    gets_nothing(&agent, "localhost", port(&home));
    let exported = agent.post("/credentials/export", &json!({"provider": "acme"}));
    let exported = exported.expect(200).json();
    let line = format!("ACME_URL={}/api", elsewhere(&home));
    assert!(
        exported["output"].as_str().unwrap().contains(&line),
        "{exported}"
    );
}

#[test]
fn a_program_and_a_key_are_asked_for_the_site_where_there_is_no_usual_one() {
    let define = |definition: Value| {
        let mut definition = installed_anywhere(definition);
        definition["oauth"]["grants"] = json!(["client_credentials"]);
        definition
    };
    let home = OAuthHome::with(define, both_hosts);
    home.server.client("robot", Some("r0bot"), Auth::Form, &[]);
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({"flow": "client_credentials"}));
    let mut browser = home.daemon.browser();
    let page = open(&mut browser, &login);
    assert!(page.text().contains("name=\"base_url\""), "{}", page.text());
    let client = [("client_id", "robot"), ("client_secret", "r0bot")];
    let fields = [&client[..], &[("base_url", "")]].concat();
    browser.submit(&page, "/input", &fields).expect(400);
    let site = elsewhere(&home);
    let fields = [&client[..], &[("base_url", site.as_str())]].concat();
    browser.submit(&page, "/input", &fields).expect(200);
    resolve(&agent, "127.0.0.1", port(&home)).expect(200);
    gets_nothing(&agent, "localhost", port(&home));
    // At a terminal there is no such field; it is said what to add.
    let login = begin(
        &agent,
        &json!({"flow": "client_credentials", "connection": "two"}),
    );
    let path = format!("/auth/sessions/{}/resume", login["id"].as_str().unwrap());
    let key = json!({"data": {"key": {"client_id": "robot", "client_secret": "r0bot"}}});
    let refused = agent.post(&path, &key).expect(422).text();
    assert!(
        refused.contains("--base-url") || refused.contains("many places"),
        "{refused}"
    );
}
