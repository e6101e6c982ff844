//! A daemon that runs out of descriptors: it lets the idle go, answers, and recovers by itself.

use crate::api::OPENAI_KEY;
use crate::support::daemon::TestDaemon;
use crate::support::http::connect;
use crate::support::skip::skipped;
use std::process::Command;

/// What is left to the daemon, after it set its own limits by what it had at its start.
const DESCRIPTORS: &str = "--nofile=48";

#[test]
fn out_of_descriptors_the_daemon_answers_and_recovers() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", OPENAI_KEY);
    let pid = daemon.pid().to_string();
    let limited = Command::new("prlimit")
        .args(["--pid", &pid, DESCRIPTORS])
        .status();
    if !limited.is_ok_and(|status| status.success()) {
        return skipped("prlimit (util-linux)");
    }
    let flood: Vec<_> = (0..200).map(|_| connect(daemon.address())).collect();
    daemon.get("/health").expect(200);
    let told = daemon.stderr();
    assert!(told.contains("connections are not accepted"), "{told}");
    drop(flood);
    // The database may have been refused a file a moment ago; nobody has to help.
    let tries = (0..100).map(|_| agent.resolve("openai").status);
    assert!(tries.into_iter().any(|status| status == 200));
    agent.resolve("openai").expect(200);
    daemon.get("/health/ready").expect(200);
}
