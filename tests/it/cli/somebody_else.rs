//! What answers where the daemon should be, and is not it.

use super::transcript::Person;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

/// Answers every connection with `answer` after it has sent something, and keeps it open.
fn program_that_says(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else {
                break;
            };
            let mut sent = [0; 4096];
            if matches!(connection.read(&mut sent), Ok(n) if n > 0) {
                let _ = connection.write_all(answer);
            }
            kept.push(connection);
        }
    });
    address
}

fn whoami_at(address: SocketAddr) -> (i32, serde_json::Value, bool) {
    let person = Person::with("AUTHSOME_DAEMON_URL", &format!("http://{address}"))
        .env("AUTHSOME_LISTEN", &address.to_string());
    let (code, object) = person.json(&["whoami"]);
    (code, object, person.home().join("server").exists())
}

#[test]
fn a_port_held_by_another_program_is_said_and_nothing_is_started() {
    let answers: [&'static [u8]; 6] = [
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nForbidden",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<p>Hi</p>",
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}",
        b"\x15\x03\x01\x00\x02\x02\x46",
    ];
    for answer in answers {
        let (code, object, started) = whoami_at(program_that_says(answer));
        assert_eq!(code, 9, "{object}");
        assert_eq!(object["error"], "DaemonUnavailableError");
        let message = object["message"].as_str().unwrap();
        assert!(message.contains("not an Authsome daemon"), "{message}");
        assert!(object["hint"].as_str().unwrap().contains("AUTHSOME_LISTEN"));
        assert!(!started);
    }
}

#[test]
fn a_program_that_says_nothing_is_given_up_on() {
    let (code, object, started) = whoami_at(program_that_says(b""));
    assert_eq!(code, 9, "{object}");
    assert!(
        object["message"]
            .as_str()
            .unwrap()
            .contains("did not answer")
    );
    assert!(!started);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = program_that_says(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{elsewhere}/health\r\ncontent-length: 0\r\n\r\n"
    );
    let (code, object, _) = whoami_at(program_that_says(answer.leak().as_bytes()));
    assert_eq!(code, 9);
    assert!(
        object["message"].as_str().unwrap().contains("redirect"),
        "{object}"
    );
}

#[test]
fn a_daemon_of_another_version_is_named_with_what_brings_them_together() {
    let health = serde_json::json!({
        "status": "ok", "version": "99.1.0", "configured_encryption_mode": "home_file",
        "effective_encryption_source": "home_file", "encryption_backend": "aes-256-gcm",
        "store_backend": "sqlite", "instance_id": "0123456789abcdef0123456789abcdef",
    })
    .to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{health}",
        health.len()
    );
    let address = program_that_says(answer.leak().as_bytes());
    let person = Person::with("AUTHSOME_DAEMON_URL", &format!("http://{address}"))
        .env("AUTHSOME_LISTEN", &address.to_string());
    let ran = person.run(&["list"]);
    let ours = env!("CARGO_PKG_VERSION");
    let note = format!("note: the daemon at {address} is version 99.1.0, this is {ours}");
    assert!(ran.stderr.contains(&note), "{ran:?}");
    assert!(ran.stderr.contains("authsome daemon restart"), "{ran:?}");
    assert!(!person.home().join("server").exists());
}

#[test]
fn an_endless_answer_is_cut_off() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let _ = connection.read(&mut [0; 4096]);
                let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
                let _ = connection.write_all(head);
                while connection.write_all(&[b' '; 8_192]).is_ok() {}
            }
        });
        address
    };
    let (code, object, _) = whoami_at(address);
    assert_eq!(code, 9, "{object}");
}

#[test]
fn a_remote_daemon_that_is_not_there_is_never_replaced_by_a_local_one() {
    for url in ["https://127.0.0.1:9", "https://authsome.invalid"] {
        let person = Person::with("AUTHSOME_DAEMON_URL", url);
        let (code, object) = person.json(&["list"]);
        assert_eq!(code, 9, "{object}");
        assert!(
            object["message"]
                .as_str()
                .unwrap()
                .starts_with("cannot reach the daemon at")
        );
        assert!(
            object["hint"]
                .as_str()
                .unwrap()
                .contains("AUTHSOME_DAEMON_URL")
        );
        assert!(!person.home().join("server").exists());
    }
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let person = Person::with("AUTHSOME_DAEMON_URL", "http://192.0.2.1:7998");
    let (code, object) = person.json(&["list"]);
    assert_eq!(code, 2, "{object}");
    assert!(
        object["message"]
            .as_str()
            .unwrap()
            .contains("AUTHSOME_DAEMON_URL")
    );
}
