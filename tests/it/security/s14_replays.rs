//! Row 14: a proof works once, also after the daemon was killed and at another replica.

use crate::api::OPENAI_KEY;
use crate::support::agent::Agent;
use crate::support::daemon::TestDaemon;
use crate::support::forge::Forgery;
use crate::support::http::Request;
use crate::support::postgres::TestPostgres;
use serde_json::json;
use std::sync::Barrier;

#[test]
fn a_proof_works_once_on_every_kind_of_route() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let resolve = json!({"provider": "openai"});
    for request in [
        agent.signed("GET", "/whoami", None),
        agent.signed("GET", "/connections", None),
        agent.signed("POST", "/credentials/resolve", Some(&resolve)),
        agent.signed("POST", "/credentials/export", Some(&json!({}))),
        agent.signed("GET", "/connections/openai/default?show_secret=true", None),
    ] {
        daemon.send(&request).expect(200);
        let replayed = daemon.send(&request).expect(401).json();
        let text = replayed["detail"].as_str().unwrap();
        assert!(text.contains("used"), "{text}");
    }
}

#[test]
fn of_many_at_once_exactly_one_is_accepted() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    for _ in 0..20 {
        let request = agent.signed(
            "POST",
            "/credentials/resolve",
            Some(&json!({"provider": "openai"})),
        );
        let accepted = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| daemon.send(&request).status))
                .collect();
            let statuses = tries.into_iter().map(|one| one.join().unwrap());
            statuses.filter(|status| *status == 200).count()
        });
        assert_eq!(accepted, 1);
    }
}

#[test]
fn a_proof_stays_used_when_the_daemon_is_killed() {
    let mut daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let [used, unused] = [(); 2].map(|()| resolving_anywhere(&agent));
    daemon.send(&used).expect(200);
    daemon.crash_and_restart();
    daemon.send(&used).expect(401);
    daemon.send(&unused).expect(200);
    daemon.send(&unused).expect(401);
}

#[test]
fn of_two_replicas_exactly_one_takes_it() {
    const PROOFS: usize = 1_000;
    const CALLERS: usize = 8;
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("master.key");
    authsome::files::create_private(&key, "a passphrase of two replicas".as_bytes()).unwrap();
    let database = server.database();
    let [one, other] = [(); 2].map(|()| {
        TestDaemon::builder()
            .env("AUTHSOME_DATABASE_URL", &database)
            .env("AUTHSOME_MASTER_KEY_FILE", key.to_str().unwrap())
            .start()
    });
    let agent = one.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let story = || {
        let mut accepted = 0;
        for _ in 0..PROOFS / CALLERS {
            let request = resolving_anywhere(&agent);
            let together = Barrier::new(2);
            let send = |daemon: &TestDaemon| {
                together.wait();
                daemon.send(&request).status
            };
            let statuses = std::thread::scope(|scope| {
                let there = scope.spawn(|| send(&other));
                [send(&one), there.join().unwrap()]
            });
            assert!(statuses.contains(&401), "{statuses:?}");
            accepted += statuses.iter().filter(|status| **status == 200).count();
        }
        accepted
    };
    let accepted: usize = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(story)).collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .sum()
    });
    assert_eq!(accepted, PROOFS);
}

/// A request for the key whose proof names the path alone, as 0.5 clients do: good at every port.
fn resolving_anywhere(agent: &Agent) -> Request {
    let path = "/credentials/resolve";
    let body = json!({"provider": "openai"});
    let raw = body.to_string();
    let forged = Forgery::honest(&agent.key, "scout", "POST", path, raw.as_bytes());
    let token = forged.token(&agent.key);
    Request::new("POST", path)
        .json(&body)
        .header("Authorization", &format!("PoP {token}"))
}
