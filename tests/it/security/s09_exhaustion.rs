//! Row 9: strangers cannot use the machine up.

use crate::support::browser::csrf;
use crate::support::daemon::TestDaemon;
use crate::support::forge::Forgery;
use crate::support::hosted::Hosted;
use crate::support::http::{Request, connect, exchange, read_answer};
use authsome::crypto::keypair::SigningKeyPair;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

const MEBIBYTE: usize = 1024 * 1024;

#[test]
fn a_body_that_says_it_is_too_large_is_refused_before_it_is_sent() {
    let daemon = TestDaemon::start();
    for path in [
        "/identities/register",
        "/credentials/resolve",
        "/auth/login",
        "/health",
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            daemon.address(),
            200 * MEBIBYTE,
        );
        exchange(daemon.address(), head.as_bytes()).expect(413);
    }
}

#[test]
fn two_hundred_mebibytes_of_nobody_leave_no_trace_in_memory() {
    let daemon = TestDaemon::start();
    daemon.get("/health").expect(200);
    let before = daemon.resident_kib();
    for framing in ["announced", "chunked"] {
        let mut stream = connect(daemon.address());
        let sender = stream.try_clone().unwrap();
        let own = daemon.address().to_string();
        let worker = std::thread::spawn(move || pour(sender, &own, framing));
        read_answer(&mut BufReader::new(&mut stream)).expect(413);
        worker.join().unwrap();
    }
    let after = daemon.resident_kib();
    assert!(after < before + 16 * 1024, "{before} KiB, then {after} KiB");
    daemon.get("/health").expect(200);
}

#[test]
fn strangers_who_send_slowly_leave_room_for_those_who_are_known() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let head = format!(
        "POST /identities/register HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        daemon.address()
    );
    let mut waiting = Vec::new();
    for _ in 0..64 {
        let mut stream = connect(daemon.address());
        stream.write_all(head.as_bytes()).unwrap();
        let mut go_on = [0; 12];
        stream.read_exact(&mut go_on).unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100", "its body is being read");
        waiting.push(stream);
    }
    let note = "x".repeat(8 * 1024);
    let event = serde_json::json!({"event": {"event": "agent.noted", "metadata": {"note": note}}});
    agent.post("/audit/events", &event).expect(200);
}

/// The head of a large body to come, sent, and what the daemon says to it before a byte of that.
fn announce(daemon: &TestDaemon, token: &str) -> (TcpStream, String) {
    let mut stream = connect(daemon.address());
    let head = format!(
        "POST /audit/events HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Authorization: PoP {token}\r\nExpect: 100-continue\r\nContent-Length: {MEBIBYTE}\r\n\r\n",
        daemon.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut said = [0; 12];
    stream.read_exact(&mut said).unwrap();
    (stream, String::from_utf8(said.to_vec()).unwrap())
}

#[test]
fn nobody_holds_room_with_words_alone() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let url = format!("{}/audit/events", daemon.url());
    let honest = || Forgery::honest(&agent.key, "scout", "POST", &url, b"[");
    // Who it is, is no secret; that it signed is what counts, and before the body.
    let (_, said) = announce(&daemon, &honest().token(&SigningKeyPair::generate()));
    assert_eq!(said, "HTTP/1.1 401");
    // Nor does announcing take anything from others: what has arrived counts.
    let waiting: Vec<TcpStream> = (0..100)
        .map(|_| {
            let (mut stream, said) = announce(&daemon, &honest().token(&agent.key));
            assert_eq!(said, "HTTP/1.1 100");
            stream.write_all(b"[").unwrap();
            stream
        })
        .collect();
    let note = "x".repeat(8 * 1024);
    let event = serde_json::json!({"event": {"event": "agent.noted", "metadata": {"note": note}}});
    agent.post("/audit/events", &event).expect(200);
    drop(waiting);
}

#[test]
fn strangers_send_short_forms_only() {
    let hosted = Hosted::start();
    let mut browser = hosted.browser();
    let token = csrf(&browser.open("/ui/"));
    let long = "x".repeat(5 * 1024);
    let fields = [
        ("csrf", token.as_str()),
        ("email", "a@example.test"),
        ("password", &long),
    ];
    let request = browser.request("POST", "/auth/login").form(&fields);
    browser.send(&request).expect(413);
}

#[test]
fn what_nobody_has_to_be_known_for_takes_small_bodies_only() {
    let daemon = TestDaemon::start();
    let large = format!("{{\"handle\": \"{}\"}}", "a".repeat(5 * 1024));
    let request = Request::new("POST", "/identities/register").body("application/json", large);
    daemon.send(&request).expect(413);
}

/// Sends as much as the daemon takes.
fn pour(mut stream: TcpStream, host: &str, framing: &str) {
    let length = match framing {
        "chunked" => "Transfer-Encoding: chunked".to_owned(),
        _ => format!("Content-Length: {}", 200 * MEBIBYTE),
    };
    let head = format!(
        "POST /identities/register HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    );
    let mut piece = vec![b'['; MEBIBYTE];
    if framing == "chunked" {
        piece.splice(0..0, format!("{MEBIBYTE:x}\r\n").into_bytes());
        piece.extend_from_slice(b"\r\n");
    }
    if stream.write_all(head.as_bytes()).is_ok() {
        let _ = (0..200).try_for_each(|_| stream.write_all(&piece));
    }
}

#[test]
fn five_thousand_half_open_connections_are_gone_in_fifteen_seconds_and_harm_nobody() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let wanted = half_open_wanted();
    let mut open = Vec::with_capacity(wanted);
    for number in 0..wanted {
        let mut stream = connect(daemon.address());
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n");
        }
        open.push(stream);
        if number % 500 == 0 {
            agent.get("/whoami").expect(200);
        }
    }
    let started = Instant::now();
    agent.get("/whoami").expect(200);
    for stream in &mut open {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"));
    }
    assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
    agent.get("/whoami").expect(200);
}

/// 5,000, or as many as this process has descriptors for.
fn half_open_wanted() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = hard.min(5_500);
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).unwrap();
    }
    usize::try_from(wanted.max(soft))
        .unwrap()
        .saturating_sub(500)
        .min(5_000)
}

#[test]
fn a_request_with_too_many_or_too_large_headers_is_refused() {
    let daemon = TestDaemon::start();
    let mut many = Request::new("GET", "/health");
    for number in 0..65 {
        many = many.header(&format!("X-{number}"), "x");
    }
    daemon.send(&many).expect(431);
    let large = Request::new("GET", "/health").header("X-Large", &"a".repeat(40_000));
    daemon.send(&large).expect(431);
    let mut enough = Request::new("GET", "/health");
    for number in 0..50 {
        enough = enough.header(&format!("X-{number}"), "x");
    }
    daemon.send(&enough).expect(200);
}

#[test]
fn a_connection_serves_many_requests_and_a_burst_of_them_at_once() {
    let daemon = TestDaemon::start();
    let mut stream = connect(daemon.address());
    let one = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.address());
    stream.write_all(one.repeat(20).as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    for _ in 0..20 {
        read_answer(&mut reader).expect(200);
    }
}

#[test]
fn bytes_that_are_no_request_end_their_connection_alone() {
    let daemon = TestDaemon::start();
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET /health HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut stream = connect(daemon.address());
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        let text = String::from_utf8_lossy(&rest);
        assert!(!text.contains(" 500 ") && !text.contains(" 200 "), "{text}");
    }
    daemon.get("/health").expect(200);
}

#[test]
fn a_daemon_that_is_told_to_stop_lets_idle_clients_go_at_once() {
    let mut daemon = TestDaemon::start();
    let mut stream = connect(daemon.address());
    let one = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.address());
    stream.write_all(one.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    read_answer(&mut reader).expect(200);
    let status = daemon.stop();
    assert!(status.success(), "{status:?}");
    let mut rest = Vec::new();
    assert_eq!(reader.read_to_end(&mut rest).unwrap(), 0);
}
