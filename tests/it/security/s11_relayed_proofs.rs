//! Row 11: a proof that was made for one daemon is worthless at another.

use crate::support::daemon::{HOSTED_URL, TestDaemon};
use crate::support::forge::Forgery;
use crate::support::http::Request;

#[test]
fn a_proof_for_one_daemon_is_refused_by_the_next() {
    let (ours, theirs) = (TestDaemon::start(), TestDaemon::start());
    let agent = ours.agent("scout");
    let proof = agent.proof("GET", "/whoami", b"");
    let relayed = Request::new("GET", "/whoami").header("Authorization", &format!("PoP {proof}"));
    theirs.send(&relayed).expect(401);
    ours.send(&relayed).expect(200);
}

#[test]
fn the_origin_of_the_url_must_be_one_we_answer_for() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let port = daemon.address().port();
    let ask = |origin: &str| {
        let url = format!("{origin}/whoami");
        let token = Forgery::honest(&agent.key, "scout", "GET", &url, b"").token(&agent.key);
        let request =
            Request::new("GET", "/whoami").header("Authorization", &format!("PoP {token}"));
        daemon.send(&request).status
    };
    for origin in [
        "http://127.0.0.1:PORT",
        "http://localhost:PORT",
        "http://[::1]:PORT",
    ] {
        assert_eq!(
            ask(&origin.replace("PORT", &port.to_string())),
            200,
            "{origin}"
        );
    }
    for origin in [
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "https://127.0.0.1:PORT",
        "http://evil.example:PORT",
        "http://127.0.0.1:PORT.evil.example",
        "http://user@127.0.0.1:PORT",
        "http://127.0.0.1:PORT@evil.example",
        "//127.0.0.1:PORT",
        "ftp://127.0.0.1:PORT",
        HOSTED_URL,
    ] {
        assert_eq!(
            ask(&origin.replace("PORT", &port.to_string())),
            401,
            "{origin}"
        );
    }
}

#[test]
fn a_path_alone_is_taken_on_loopback_and_never_when_hosted() {
    let local = TestDaemon::start();
    let agent = local.agent("scout");
    let token = Forgery::honest(&agent.key, "scout", "GET", "/whoami", b"").token(&agent.key);
    let request = Request::new("GET", "/whoami").header("Authorization", &format!("PoP {token}"));
    local.send(&request).expect(200);

    let hosted = TestDaemon::builder().hosted().start();
    let agent = crate::support::agent::Agent::unregistered(hosted.address(), HOSTED_URL, "scout");
    agent.register().expect(200);
    let full = agent.get("/whoami").expect(403).json();
    assert_eq!(
        full["error"], "ForbiddenError",
        "the key is known, the claim is missing"
    );
    let token = Forgery::honest(&agent.key, "scout", "GET", "/whoami", b"").token(&agent.key);
    let request = Request::new("GET", "/whoami")
        .header("Host", "authsome.example.test")
        .header("Authorization", &format!("PoP {token}"));
    hosted.send(&request).expect(401);
}

#[test]
fn a_proof_for_loopback_is_worthless_at_a_hosted_daemon_of_the_same_port() {
    let laptop = TestDaemon::start();
    let listen = format!("127.0.0.2:{}", laptop.address().port());
    let hosted = TestDaemon::builder().hosted().listen(&listen).start();
    let agent = crate::support::agent::Agent::unregistered(hosted.address(), HOSTED_URL, "scout");
    agent.register().expect(200);
    agent.get("/whoami").expect(403);
    for name in ["127.0.0.1", "localhost", "127.0.0.2"] {
        let origin = format!("http://{name}:{}", laptop.address().port());
        let url = format!("{origin}/whoami");
        let forged = Forgery::honest(&agent.key, "scout", "GET", &url, b"");
        let token = forged.token(&agent.key);
        for host in ["authsome.example.test", &origin["http://".len()..]] {
            let request = Request::new("GET", "/whoami")
                .header("Host", host)
                .header("Authorization", &format!("PoP {token}"));
            let status = hosted.send(&request).status;
            assert_eq!(status, 401, "{origin} as {host}");
        }
    }
}
