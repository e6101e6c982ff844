//! Row 31: a refresh token that the provider has rotated away is never lost in silence. Whoever leaves
//! and whenever the daemon dies, the next caller gets a new token, or hears that a login is needed, and
//! by which command. Never the old token as if nothing had happened.

use crate::support::agent::Agent;
use crate::support::http::{Answer, PATIENCE, Request, connect};
use crate::support::oauth_home::OAuthHome;
use crate::support::oauth_server::{Endpoint, Fault};
use crate::support::replicas::token;
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

/// Where a daemon dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Its caller has only just written the request.
    Asked,
    /// The provider has the refresh token, and has done nothing yet.
    AtProvider,
    /// The provider has rotated the token, and the answer is on its way.
    Rotated,
    /// The answer is on its way back and may be anywhere between there and the store.
    Landing,
    /// The caller has the new token.
    Answered,
}

const MOMENTS: [Moment; 5] = [
    Moment::Asked,
    Moment::AtProvider,
    Moment::Rotated,
    Moment::Landing,
    Moment::Answered,
];

/// What came of a round for the next caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    New,
    LoginNeeded,
}

/// A request that makes the daemon refresh now, as after a 401 of the upstream.
fn refreshing(agent: &Agent) -> Request {
    let body = json!({"provider": "acme", "connection": null, "rejected": true});
    agent.signed("POST", "/credentials/resolve", Some(&body))
}

fn write(to: std::net::SocketAddr, request: &Request) -> TcpStream {
    let mut stream = connect(to);
    stream.write_all(&request.bytes(&to.to_string())).unwrap();
    stream
}

/// One login, one refresh, one death in its midst, one caller after that.
fn dies(home: &mut OAuthHome, agent: &Agent, moment: Moment) -> End {
    let wish = json!({"force": true});
    let done = home.log_in(agent, &wish).expect(200).text();
    assert!(done.contains("Login successful"), "{done}");
    let old = token(&agent.resolve("acme"));
    let seen = home.server.seen(Endpoint::Token);
    let decided = home.server.token_calls().len();
    let fault = match moment {
        Moment::AtProvider => Some(Fault::Held),
        Moment::Rotated | Moment::Landing => Some(Fault::AnswerHeld),
        Moment::Asked | Moment::Answered => None,
    };
    home.server.fault(Endpoint::Token, fault);
    let request = refreshing(agent);
    let mut new = None;
    let waiting = (moment != Moment::Answered).then(|| write(home.daemon.address(), &request));
    match moment {
        Moment::Asked => {}
        Moment::AtProvider => home.server.wait_for(Endpoint::Token, seen + 1),
        Moment::Rotated => until_decided(home, decided),
        Moment::Landing => {
            until_decided(home, decided);
            home.server.release();
        }
        Moment::Answered => new = Some(token(&home.daemon.send(&request))),
    }
    home.daemon.crash_and_restart_in_place();
    drop(waiting);
    home.server.release();
    home.server.fault(Endpoint::Token, None);
    let answer = agent.resolve("acme");
    let end = settled(home, agent, &answer, &old);
    if let Some(new) = new {
        assert_eq!(token(&answer), new, "what was answered is what is kept");
    }
    if moment == Moment::Asked && home.server.seen(Endpoint::Token) == seen {
        return End::New;
    }
    end
}

/// Until the provider has rotated the token.
fn until_decided(home: &OAuthHome, before: usize) {
    let deadline = Instant::now() + PATIENCE;
    while home.server.token_calls().len() == before {
        assert!(Instant::now() < deadline, "it was never asked");
        std::thread::yield_now();
    }
}

/// A new token that works, or the way to one.
#[track_caller]
fn settled(home: &OAuthHome, agent: &Agent, answer: &Answer, old: &str) -> End {
    let path = "/connections/acme/default?show_secret=true";
    if answer.status == 200 {
        let given = token(answer);
        assert!(home.server.living(&given).is_some(), "it works");
        // The old one is given only where the provider was never asked for another.
        let refreshed = home.server.token_calls();
        let last = refreshed.last().unwrap();
        assert!(
            given != old || last.grant == "authorization_code",
            "{last:?}"
        );
        let shown = agent.get(path).expect(200).json();
        assert_eq!(shown["access_token"], given, "the record reads");
        return End::New;
    }
    let refused = answer.json();
    assert_eq!(refused["error"], "TokenExpiredError", "{refused}");
    let hint = refused["hint"].as_str().unwrap();
    assert!(hint.contains("authsome login acme"), "{refused}");
    let shown = agent.get("/connections/acme/default").expect(200).json();
    assert_eq!(shown["status"], "expired", "the record reads: {shown}");
    End::LoginNeeded
}

fn rounds(count: usize) {
    let mut home = OAuthHome::start();
    let mut ends = Vec::new();
    for round in 0..count {
        let agent = home.daemon.agent(&format!("scout-{round}"));
        for moment in MOMENTS {
            ends.push((moment, dies(&mut home, &agent, moment)));
        }
    }
    let of = |moment: Moment, end: End| ends.iter().filter(|e| **e == (moment, end)).count();
    for moment in MOMENTS {
        let (new, login) = (of(moment, End::New), of(moment, End::LoginNeeded));
        println!("{moment:?}: {new} new tokens, {login} logins needed");
        assert_eq!(new + login, count);
    }
    // Nobody can know what became of it, but the provider.
    assert_eq!(of(Moment::Rotated, End::LoginNeeded), count);
    // And where nothing was lost, nobody has to log in.
    assert_eq!(of(Moment::Answered, End::New), count);
    assert_eq!(of(Moment::Asked, End::New), count);
}

#[test]
fn a_daemon_that_dies_at_any_step_loses_nothing_in_silence() {
    rounds(3);
}

#[test]
#[ignore = "five hundred deaths take many minutes; run it by name before a release"]
fn a_hundred_deaths_at_every_step_lose_nothing_in_silence() {
    rounds(100);
}

#[test]
fn callers_who_leave_do_not_take_the_new_token_along() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    for held in [Fault::Held, Fault::AnswerHeld] {
        home.log_in(&agent, &json!({"force": true})).expect(200);
        let old = token(&agent.resolve("acme"));
        let seen = home.server.seen(Endpoint::Token);
        home.server.fault(Endpoint::Token, Some(held.clone()));
        let callers: Vec<_> = (0..5)
            .map(|_| write(home.daemon.address(), &refreshing(&agent)))
            .collect();
        home.server.wait_for(Endpoint::Token, seen + 1);
        drop(callers);
        // Others are served with what there is meanwhile.
        assert_eq!(token(&agent.resolve("acme")), old);
        home.server.release();
        let new = until_new(&agent, &old);
        assert!(home.server.living(&new).is_some());
        assert_eq!(home.server.seen(Endpoint::Token), seen + 1, "{held:?}");
    }
    let events = agent.get("/audit/events?limit=100").expect(200).json();
    assert!(!events.to_string().contains("refresh_failed"), "{events}");
    let calls = home.server.token_calls();
    assert!(calls.iter().all(|call| call.ok), "{calls:?}");
}

fn until_new(agent: &Agent, old: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let given = token(&agent.resolve("acme"));
        if given != old {
            return given;
        }
        assert!(Instant::now() < deadline, "the old one stays");
    }
}

#[test]
fn what_was_ended_is_mended_by_the_command_that_was_named() {
    let mut home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    assert_eq!(dies(&mut home, &agent, Moment::Rotated), End::LoginNeeded);
    let refused = agent.resolve("acme").json();
    assert_ne!(refused["error"], Value::Null);
    home.log_in(&agent, &json!({})).expect(200);
    let given = token(&agent.resolve("acme"));
    assert!(home.server.living(&given).is_some());
}
