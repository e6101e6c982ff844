//! Row 14: a proof works once, also after the daemon was killed.

use crate::api::OPENAI_KEY;
use crate::support::daemon::TestDaemon;
use crate::support::forge::Forgery;
use crate::support::http::Request;
use serde_json::json;

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
    let path = "/credentials/resolve";
    let body = json!({"provider": "openai"});
    // The port changes with the restart, so the proofs name the path alone, as 0.5 clients do.
    let [used, unused] = [(); 2].map(|()| {
        let raw = body.to_string();
        let forged = Forgery::honest(&agent.key, "scout", "POST", path, raw.as_bytes());
        let token = forged.token(&agent.key);
        Request::new("POST", path)
            .json(&body)
            .header("Authorization", &format!("PoP {token}"))
    });
    daemon.send(&used).expect(200);
    daemon.crash_and_restart();
    daemon.send(&used).expect(401);
    daemon.send(&unused).expect(200);
    daemon.send(&unused).expect(401);
}
