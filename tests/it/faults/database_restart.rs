//! PostgreSQL goes away while tokens are being refreshed by two replicas under load: no refresh is lost,
//! none is done twice, and nobody has to log in again.

use crate::support::http::PATIENCE;
use crate::support::oauth_server::Endpoint;
use crate::support::postgres::TestPostgres;
use crate::support::replicas::{Replicas, token};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

const CONNECTIONS: usize = 4;

fn restarts(count: usize) {
    let Some(postgres) = TestPostgres::start() else {
        return;
    };
    let replicas = Replicas::start(&postgres);
    let server = &replicas.server;
    // Due again after little more than a second, so that there is always a refresh under way.
    server.expires_in(2);
    let names: Vec<String> = (0..CONNECTIONS)
        .map(|number| format!("c{number}"))
        .collect();
    for name in &names {
        replicas.log_in(name);
    }
    let (done, given) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for name in &names {
            for daemon in [0, 1] {
                let (replicas, done, given) = (&replicas, &done, &given);
                scope.spawn(move || {
                    while !done.load(Ordering::Relaxed) {
                        let answer = replicas.resolve(daemon, name);
                        if answer.status == 200 {
                            given.fetch_add(1, Ordering::Relaxed);
                        } else {
                            let refused = answer.text();
                            assert!(!refused.contains("TokenExpiredError"), "{refused}");
                        }
                    }
                });
            }
        }
        let work = || {
            for _ in 0..count {
                let seen = server.seen(Endpoint::Token);
                server.wait_for(Endpoint::Token, seen + CONNECTIONS);
                postgres.stop();
                postgres.start_again();
            }
            let seen = server.seen(Endpoint::Token);
            server.wait_for(Endpoint::Token, seen + CONNECTIONS);
        };
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        assert!(worked.is_ok(), "the refreshes went on after every restart");
    });
    assert!(given.load(Ordering::Relaxed) > 0);
    server.expires_in(3_600);
    for name in &names {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = replicas.resolve(0, name);
            if answer.status == 200 && server.living(&token(&answer)).is_some() {
                break;
            }
            assert!(Instant::now() < deadline, "{}", answer.text());
        }
    }
    // A refresh done twice, or a token that was lost, is an `invalid_grant` at this provider.
    let calls = server.token_calls();
    let wrong = calls.iter().filter(|call| !call.ok).count();
    assert_eq!(wrong, 0, "of {} calls", calls.len());
    println!("{count} restarts, {} refreshes, {wrong} wrong", calls.len());
}

#[test]
fn a_restart_of_the_database_loses_no_refresh_and_doubles_none() {
    restarts(3);
}

#[test]
#[ignore = "a hundred restarts take many minutes; run it by name before a release"]
fn a_hundred_restarts_of_the_database_lose_no_refresh_and_double_none() {
    restarts(100);
}
