//! A token endpoint that fails in every way it can. A token that is good is given all the same, the
//! daemon reads no more than it must, and everybody else is served.

use crate::api::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::http::{Answer, connect, read_answer};
use crate::support::oauth_home::OAuthHome;
use crate::support::oauth_server::{Endpoint, Fault};
use crate::support::replicas::token;
use serde_json::json;
use std::io::{BufReader, Write as _};

/// The provider's endpoint is well again when the story is over: nobody waits for a limit.
struct Story {
    home: OAuthHome,
    agent: Agent,
}

impl Story {
    fn begin() -> Self {
        let home = OAuthHome::start();
        let agent = home.daemon.agent("scout");
        agent.log_in("openai", "default", OPENAI_KEY);
        home.log_in(&agent, &json!({})).expect(200);
        Self { home, agent }
    }

    fn log_in(&self, name: &str) -> String {
        let wish = json!({"connection": name});
        self.home.log_in(&self.agent, &wish).expect(200);
        token(&self.resolve(name, false))
    }

    /// `rejected` makes the daemon ask the provider now.
    fn resolve(&self, name: &str, rejected: bool) -> Answer {
        let body = json!({"provider": "acme", "connection": name, "rejected": rejected});
        self.agent.post("/credentials/resolve", &body)
    }

    /// All the rest of the daemon, and the very connection that is being refreshed.
    #[track_caller]
    fn everybody_is_served(&self) {
        self.home.daemon.get("/health").expect(200);
        self.home.daemon.get("/health/ready").expect(200);
        self.agent.get("/whoami").expect(200);
        self.agent.get("/connections").expect(200);
        self.agent.get("/providers").expect(200);
        self.agent.resolve("openai").expect(200);
        self.resolve("default", false).expect(200);
    }
}

#[test]
fn a_good_token_is_served_whatever_the_endpoint_answers() {
    let story = Story::begin();
    let faults = [
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Status(429),
        Fault::Garbage,
        Fault::Reset,
        Fault::Truncated,
        Fault::Huge,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let name = format!("c{number}");
        let old = story.log_in(&name);
        let seen = story.home.server.seen(Endpoint::Token);
        story
            .home
            .server
            .fault(Endpoint::Token, Some(fault.clone()));
        for _ in 0..3 {
            let given = token(&story.resolve(&name, true));
            assert_eq!(given, old, "{fault:?}");
        }
        story.everybody_is_served();
        // A request that may have been acted on is not sent again, and not before a pause.
        let asked = story.home.server.seen(Endpoint::Token) - seen;
        assert_eq!(asked, 1, "{fault:?}");
        story.home.server.fault(Endpoint::Token, None);
        assert!(story.home.server.living(&old).is_some());
    }
    let events = story.agent.get("/audit/events?limit=200").expect(200);
    let failed = events.text().matches("credential.refresh_failed").count();
    assert_eq!(failed, 8);
}

#[test]
fn an_answer_without_end_is_not_kept_in_memory() {
    const MOST_MORE_KIB: u64 = 24 * 1024;
    let story = Story::begin();
    let names: Vec<String> = (0..8).map(|number| format!("c{number}")).collect();
    for name in &names {
        story.log_in(name);
    }
    story.everybody_is_served();
    let before = story.home.daemon.resident_kib();
    story.home.server.fault(Endpoint::Token, Some(Fault::Huge));
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| story.resolve(name, true).expect(200));
        }
    });
    let after = story.home.daemon.resident_kib();
    assert!(
        after < before + MOST_MORE_KIB,
        "{before} KiB, then {after} KiB"
    );
    let events = story
        .agent
        .get("/audit/events?limit=200")
        .expect(200)
        .text();
    let said = events.matches("answered more than 1 MiB").count();
    assert_eq!(said, names.len(), "{events}");
}

#[test]
fn an_endpoint_that_hangs_or_drips_holds_up_nobody_else() {
    for fault in [Fault::Held, Fault::AnswerHeld, Fault::Drip] {
        let story = Story::begin();
        let old = token(&story.resolve("default", false));
        let seen = story.home.server.seen(Endpoint::Token);
        story
            .home
            .server
            .fault(Endpoint::Token, Some(fault.clone()));
        let to = story.home.daemon.address();
        let body = json!({"provider": "acme", "connection": "default", "rejected": true});
        let request = story
            .agent
            .signed("POST", "/credentials/resolve", Some(&body));
        let mut waiting = connect(to);
        waiting.write_all(&request.bytes(&to.to_string())).unwrap();
        story.home.server.wait_for(Endpoint::Token, seen + 1);
        for _ in 0..20 {
            story.everybody_is_served();
            assert_eq!(token(&story.resolve("default", false)), old);
        }
        assert_eq!(story.home.server.seen(Endpoint::Token), seen + 1);
        story.home.server.release();
        if fault != Fault::Drip {
            let given = token(&read_answer(&mut BufReader::new(waiting)));
            assert_ne!(given, old, "{fault:?}: it was worth the wait");
        }
    }
}
