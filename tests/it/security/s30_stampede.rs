//! Row 30: however many want a token that has ended, on however many replicas, the provider is asked
//! once, and everybody gets the one new token.

use crate::support::http::{Answer, PATIENCE, Request, connect, read_answer};
use crate::support::oauth_home::OAuthHome;
use crate::support::oauth_server::{Endpoint, Fault, OAuthServer};
use crate::support::postgres::TestPostgres;
use crate::support::replicas::{Replicas, resolving, token};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufReader, Write as _};
use std::net::SocketAddr;
use std::sync::Barrier;
use std::time::Instant;

const CALLERS: usize = 200;
const ROUNDS: usize = 3;

/// All at once: each has sent its request before the provider answers the first.
fn all_at_once(server: &OAuthServer, requests: &[(SocketAddr, Request)]) -> Vec<Answer> {
    let asked = server.seen(Endpoint::Token);
    server.fault(Endpoint::Token, Some(Fault::Held));
    let sent = Barrier::new(requests.len() + 1);
    std::thread::scope(|scope| {
        let callers: Vec<_> = requests
            .iter()
            .map(|(to, request)| {
                scope.spawn(|| {
                    let mut stream = connect(*to);
                    stream.write_all(&request.bytes(&to.to_string())).unwrap();
                    sent.wait();
                    read_answer(&mut BufReader::new(stream))
                })
            })
            .collect();
        sent.wait();
        server.wait_for(Endpoint::Token, asked + 1);
        server.release();
        let answers = callers.into_iter().map(|caller| caller.join().unwrap());
        answers.collect()
    })
}

/// A token that lives for two seconds, and has lived them.
fn until_ended(server: &OAuthServer, token: &str) {
    let deadline = Instant::now() + PATIENCE;
    while server.living(token).is_some() {
        assert!(Instant::now() < deadline, "it lives for ever");
        std::thread::yield_now();
    }
}

#[track_caller]
fn one_new_token(server: &OAuthServer, asked: usize, answers: &[Answer], old: &str) {
    assert_eq!(answers.len(), CALLERS);
    let tokens: BTreeSet<String> = answers.iter().map(token).collect();
    assert_eq!(tokens.len(), 1, "everybody has the same");
    let new = tokens.first().unwrap();
    assert_ne!(new, old);
    assert!(server.living(new).is_some(), "and it is good");
    assert_eq!(server.seen(Endpoint::Token), asked + 1);
    assert!(server.token_calls().iter().all(|call| call.ok));
}

#[test]
fn two_hundred_callers_of_one_daemon_are_one_refresh() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    for round in 0..ROUNDS {
        let name = format!("c{round}");
        home.server.expires_in(2);
        home.log_in(&agent, &json!({"connection": name}))
            .expect(200);
        let body = json!({"provider": "acme", "connection": name});
        let old = token(&resolving(&agent, &home.daemon, &body).send(home.daemon.address()));
        until_ended(&home.server, &old);
        home.server.expires_in(3_600);
        let asked = home.server.seen(Endpoint::Token);
        let requests = (0..CALLERS).map(|_| {
            let request = resolving(&agent, &home.daemon, &body);
            (home.daemon.address(), request)
        });
        let answers = all_at_once(&home.server, &requests.collect::<Vec<_>>());
        one_new_token(&home.server, asked, &answers, &old);
    }
}

#[test]
fn a_hundred_callers_of_each_of_two_replicas_are_one_refresh() {
    let Some(postgres) = TestPostgres::shared() else {
        return;
    };
    let replicas = Replicas::start(postgres);
    for round in 0..ROUNDS {
        let name = format!("c{round}");
        replicas.server.expires_in(2);
        replicas.log_in(&name);
        let old = token(&replicas.resolve(1, &name));
        until_ended(&replicas.server, &old);
        replicas.server.expires_in(3_600);
        let asked = replicas.server.seen(Endpoint::Token);
        let requests = (0..CALLERS).map(|number| {
            let request = replicas.resolving(number % 2, &name);
            (replicas.daemons[number % 2].address(), request)
        });
        let answers = all_at_once(&replicas.server, &requests.collect::<Vec<_>>());
        one_new_token(&replicas.server, asked, &answers, &old);
    }
}
