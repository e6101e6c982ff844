//! Row 15: proofs of keys nobody registered cost a look-up each and leave nothing behind.
//!
//! `AUTHSOME_TEST_FLOOD=1000000` runs the full figure; 20,000 run every time.

use crate::support::daemon::TestDaemon;
use crate::support::forge::Forgery;
use crate::support::http::{Request, connect, read_answer};
use authsome::crypto::keypair::SigningKeyPair;
use serde_json::json;
use std::io::{BufReader, Write};

fn how_many() -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of this test, not of the daemon"
    )]
    let wanted = std::env::var("AUTHSOME_TEST_FLOOD").ok();
    wanted.map_or(20_000, |text| text.parse().unwrap())
}

#[test]
fn a_flood_of_unknown_keys_takes_no_memory_and_no_room_in_the_store() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let own = daemon.address().to_string();
    let flood = |count: usize| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| send_unknown(&daemon, &own, count / 4));
            }
        });
    };
    flood(2_000);
    let before = daemon.resident_kib();
    let stored = store_bytes(&daemon);
    flood(how_many());
    let after = daemon.resident_kib();
    assert!(after < before + 5 * 1024, "{before} KiB, then {after} KiB");
    assert_eq!(store_bytes(&daemon), stored);
    agent.get("/whoami").expect(200);
}

fn store_bytes(daemon: &TestDaemon) -> u64 {
    let server = daemon.home().join("server");
    ["store.db", "store.db-wal"]
        .iter()
        .filter_map(|name| std::fs::metadata(server.join(name)).ok())
        .map(|file| file.len())
        .sum()
}

/// Sends proofs of one unknown key with a handle and id of their own each, on one connection.
fn send_unknown(daemon: &TestDaemon, host: &str, count: usize) {
    let key = SigningKeyPair::generate();
    let url = format!("{}/whoami", daemon.url());
    let honest = Forgery::honest(&key, "nobody", "GET", &url, b"");
    let stream = connect(daemon.address());
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    for number in 0..count {
        let forged = honest
            .with("jti", json!(format!("{number:032x}")))
            .with("sub", json!(format!("nobody-{number}")));
        let request = Request::new("GET", "/whoami")
            .header("Connection", "keep-alive")
            .header("Authorization", &format!("PoP {}", forged.token(&key)));
        writer.write_all(&request.bytes(host)).unwrap();
        read_answer(&mut reader).expect(401);
    }
}
