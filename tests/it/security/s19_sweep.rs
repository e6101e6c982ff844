//! Row 19 over HTTP: every route, asked for what another principal has, answers as for what nobody has.
//!
//! The parameters of a route say whose names it takes: `{connection}`, `{id}` and `{handle}` belong
//! to somebody, the others (providers, files, one-time tokens) are the same for everybody. A new
//! route is in the sweep by its row in `tests/it/api/routes.rs`.

use crate::api::OPENAI_KEY;
use crate::api::routes::{ROUTES, Route, Wants};
use crate::support::agent::Agent;
use crate::support::browser::csrf;
use crate::support::hosted::Hosted;
use crate::support::http::Answer;
use serde_json::{Value, json};

/// What somebody has, or nobody.
struct Names {
    connection: String,
    id: String,
    handle: String,
}

impl Names {
    fn all(&self) -> [&str; 3] {
        [&self.connection, &self.id, &self.handle]
    }

    /// The address of the route with these names in it, and whether it takes any.
    fn address(&self, route: &Route) -> (String, bool) {
        let (path, query) = route.path.split_once('?').unwrap_or((route.path, ""));
        let mut takes_names = false;
        let parts = route.template.split('/').zip(path.split('/'));
        let parts: Vec<&str> = parts
            .map(|(template, given)| {
                let name = match template {
                    "{connection}" => &self.connection,
                    "{id}" => &self.id,
                    "{handle}" => &self.handle,
                    _ => return given,
                };
                takes_names = true;
                name.as_str()
            })
            .collect();
        let mut address = parts.join("/");
        if !query.is_empty() {
            address = format!("{address}?{query}");
        }
        (address, takes_names)
    }
}

/// Somebody who is signed in and has an agent, and none of the names.
struct Stranger<'h> {
    house: &'h Hosted,
    agent: Agent,
}

impl Stranger<'_> {
    fn ask(&self, route: &Route, address: &str) -> Answer {
        if route.wants == Wants::Browser {
            return self.open(route, address);
        }
        let body: Option<Value> = route.body.map(|body| serde_json::from_str(body).unwrap());
        let request = self.agent.signed(route.method, address, body.as_ref());
        self.agent.send(&request)
    }

    /// In a browser that was signed in for this one request: some of them sign it out.
    fn open(&self, route: &Route, address: &str) -> Answer {
        let session = self.agent.post("/session", &json!({})).expect(200).json();
        let mut browser = self.house.browser();
        browser.open(session["url"].as_str().unwrap()).expect(200);
        let Some(body) = route.body else {
            let request = browser.request(route.method, address);
            return browser.send(&request);
        };
        let csrf = csrf(&browser.open("/ui/account").expect(200));
        let request = browser.request(route.method, address).body(
            "application/x-www-form-urlencoded",
            format!("{body}&csrf={csrf}"),
        );
        browser.send(&request)
    }
}

/// Status and text, without the names that were asked for and what is new in every answer: a
/// number of the trace, a token of the form.
fn told(answer: &Answer, names: &Names) -> String {
    let mut text = answer.text();
    for name in names.all() {
        text = text.replace(name, "NAME");
    }
    let location = answer.header("location").unwrap_or_default();
    let mut plain = format!("{} {location} ", answer.status);
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)) {
        let is_random = word.len() > 24 && word.chars().any(|c| c.is_ascii_digit());
        plain.push_str(if is_random { "RANDOM" } else { word });
    }
    plain
}

#[test]
fn every_route_answers_for_what_another_has_as_for_what_nobody_has() {
    let house = Hosted::start();
    let boss = house.agent_of(&mut house.admin.clone(), "boss");
    let mut owner = house.guest(&boss, "owner@example.test");
    let scout = house.agent_of(&mut owner, "scout-of-the-owner");
    scout.log_in("openai", "treasure", OPENAI_KEY);
    let login = json!({"provider": "openai", "connection": "begun"});
    let begun = scout.post("/auth/sessions", &login).expect(200).json();
    let theirs = Names {
        connection: "treasure".to_owned(),
        id: begun["id"].as_str().unwrap().to_owned(),
        handle: "scout-of-the-owner".to_owned(),
    };
    let nobodys = Names {
        connection: "nobodys0".to_owned(),
        id: format!("sess_{}", "A".repeat(theirs.id.len() - 5)),
        handle: "scout-that-is-not-".to_owned() + "1",
    };
    let mut thief = house.guest(&boss, "thief@example.test");
    let stranger = Stranger {
        agent: house.agent_of(&mut thief, "spy"),
        house: &house,
    };
    let mut asked = 0;
    for route in ROUTES {
        // Who has registered which key is public, and told by `GET /identities/{handle}`.
        if route.template.starts_with("/identities/") {
            continue;
        }
        let (address, takes_names) = theirs.address(route);
        let answer = stranger.ask(route, &address);
        let text = answer.text();
        assert!(!text.contains(OPENAI_KEY), "{route:?}: {text}");
        if takes_names {
            let (missing, _) = nobodys.address(route);
            let expected = told(&stranger.ask(route, &missing), &nobodys);
            assert_eq!(told(&answer, &theirs), expected, "{route:?}");
            asked += 1;
        } else {
            for name in theirs.all() {
                assert!(!text.contains(name), "{route:?} tells of {name}: {text}");
            }
        }
    }
    assert!(asked >= 15, "{asked} routes take somebody's names");
    // Names in bodies.
    for (path, body) in [
        (
            "/credentials/resolve",
            json!({"provider": "openai", "connection": "NAME"}),
        ),
        (
            "/credentials/export",
            json!({"provider": "openai", "connection": "NAME", "format": "env"}),
        ),
    ] {
        let ask = |names: &Names| {
            let body = body.to_string().replace("NAME", &names.connection);
            let body = serde_json::from_str(&body).unwrap();
            told(&stranger.agent.post(path, &body), names)
        };
        assert_eq!(ask(&theirs), ask(&nobodys), "{path}");
    }
    // Whatever was asked, nothing of the owner's changed.
    let kept = "/connections/openai/treasure?show_secret=true";
    assert_eq!(scout.get(kept).expect(200).json()["api_key"], OPENAI_KEY);
    let login = format!("/auth/sessions/{}", theirs.id);
    let status = scout.get(&login).expect(200).json();
    assert_eq!(status["status"], begun["status"], "{status}");
}
