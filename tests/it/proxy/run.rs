//! The plain things of `authsome run`: exit codes, signals, the terminal, choices, what is left behind.

use super::runner::{KEY, Laptop, finished};
use crate::support::skip::skipped;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

#[test]
fn the_exit_code_of_the_child_is_ours() {
    let laptop = Laptop::new();
    assert_eq!(laptop.run(&["true"]).0, 0);
    assert_eq!(laptop.run(&["sh", "-c", "exit 7"]).0, 7);
    assert_eq!(laptop.run(&["sh", "-c", "kill -KILL $$"]).0, 128 + 9);
    let (code, _, told) = laptop.run(&["no-such-command-here"]);
    assert_eq!(code, 127);
    assert!(told.contains("no command `no-such-command-here`"), "{told}");
    let (code, _, told) = laptop.run(&["/etc/passwd"]);
    assert_eq!(code, 126);
    assert!(told.contains("not executable"), "{told}");
    assert_eq!(finished(&mut laptop.command(&[])).0, 2);
}

#[test]
fn nothing_is_left_behind_and_what_a_killed_run_left_is_swept() {
    let laptop = Laptop::new();
    let runs = laptop.daemon.home().join("run");
    let stale = runs.join("999999999-gone");
    std::fs::create_dir_all(&stale).unwrap();
    let during = laptop.script("stat -c %a \"$(dirname \"$SSL_CERT_FILE\")\" && grep -c PRIVATE \"$SSL_CERT_FILE\" || true");
    assert_eq!(during, "700\n0\n");
    assert_eq!(std::fs::read_dir(&runs).unwrap().count(), 0);
    let (mut child, _) = started(&laptop, "exec sleep 1000");
    send(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert_eq!(std::fs::read_dir(&runs).unwrap().count(), 0);
}

#[test]
fn signals_reach_the_child() {
    let laptop = Laptop::new();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGUSR1,
        Signal::SIGINT,
    ] {
        let script =
            "trap 'echo got; exit 9' TERM HUP USR1 INT; echo ready; while :; do sleep 0.05; done";
        let (mut child, mut out) = started(&laptop, script);
        send(&child, signal);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), rest.as_str()),
            (Some(9), "got\n"),
            "{signal}"
        );
    }
}

/// A run whose child has printed a line; in a group of its own, away from any terminal.
fn started(laptop: &Laptop, script: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    use std::os::unix::process::CommandExt;
    let mut child = laptop
        .command(&["--", "sh", "-c", &format!("echo started; {script}")])
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let lines = 1 + usize::from(script.contains("echo ready"));
    for _ in 0..lines {
        out.read_line(&mut String::new()).unwrap();
    }
    (child, out)
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

#[test]
fn the_child_has_the_terminal_and_ctrl_c_comes_once() {
    let laptop = Laptop::new();
    if Command::new("script").arg("--version").output().is_err() {
        return skipped("script (util-linux)");
    }
    let inner = "trap \"echo got-int; exit 5\" INT; test -t 0 && test -t 1 && echo ready; while :; do sleep 0.05; done";
    let line = format!("exec \"$0\" run -- sh -c '{inner}'");
    let mut wrapped = laptop.command(&[]);
    let environment: Vec<_> = wrapped
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let line = line.replace("$0", env!("CARGO_BIN_EXE_authsome"));
    wrapped = Command::new("script");
    let mut child = wrapped
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .envs(environment)
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert_eq!(first, "ready\r\n");
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(b"\x03").unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.matches("got-int").count(), 1, "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn a_run_picks_its_connection_and_refuses_one_that_is_not_there() {
    let laptop = Laptop::new();
    laptop.log_in("work");
    let call = format!("curl -sS {}/picked", laptop.upstream.api_url());
    for choice in [
        &[][..],
        &["--connection", "acme=work"],
        &["--provider", "acme"],
    ] {
        let args = [choice, &["--", "sh", "-c", &call]].concat();
        let (code, out, err) = finished(&mut laptop.command(&args));
        assert_eq!(code, 0, "{out}{err}");
    }
    let used = laptop
        .daemon
        .cli(&["log", "--json"])
        .output()
        .unwrap()
        .stdout;
    let used: serde_json::Value = serde_json::from_slice(&used).unwrap();
    let used: Vec<_> = used["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["event"] == "credential.resolved")
        .map(|entry| entry["connection"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(used, ["default", "work", "default"]);
    for (args, expected, hint) in [
        (
            ["--connection", "acme=none"],
            3,
            "authsome login acme --connection none",
        ),
        (["--provider", "openai"], 3, "authsome login openai"),
        (["--provider", "zeta"], 4, "no provider is called `zeta`"),
    ] {
        let (code, _, told) = finished(laptop.command(&args).args(["--", "true"]));
        assert_eq!(code, expected, "{told}");
        assert!(told.contains(hint), "{told}");
    }
    assert_eq!(
        finished(
            laptop
                .command(&["--connection", "acme"])
                .args(["--", "true"])
        )
        .0,
        2
    );
}

#[test]
fn without_a_daemon_it_says_so() {
    let mut laptop = Laptop::new();
    laptop.daemon.stop();
    // A daemon elsewhere is never started from here.
    let mut command = laptop.command(&["--", "true"]);
    let (code, _, told) = finished(
        command
            .env("AUTHSOME_DAEMON_URL", "http://192.0.2.1:9")
            .env("AUTHSOME_INSECURE_HTTP", "1"),
    );
    assert_eq!(code, 9, "{told}");
    assert!(!told.contains(KEY));
}

#[test]
fn a_daemon_that_goes_away_during_the_run_is_a_503_with_the_next_step() {
    let mut laptop = Laptop::new();
    let url = format!("{}/late", laptop.upstream.api_url());
    let script = format!("echo ready; read go; curl -sS -w '%{{http_code}}' {url}");
    let run = laptop.halted(&script);
    laptop.daemon.stop();
    let (rest, _) = run.go_on();
    assert!(
        rest.ends_with("503") && rest.contains("authsome daemon start"),
        "{rest}"
    );
    assert!(laptop.upstream.seen().is_empty());
}
