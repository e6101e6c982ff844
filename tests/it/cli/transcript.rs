//! Runs commands and writes down what a person would have seen.

use crate::support::daemon::{TestDaemon, command};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tempfile::TempDir;

/// A home and an environment that knows nothing of this machine.
#[derive(Debug)]
pub(crate) struct Person {
    /// Where the home is, and nothing else of interest.
    room: PathBuf,
    home: PathBuf,
    /// Removed with the person, unless it is a daemon's.
    _own: Option<TempDir>,
    env: Vec<(String, String)>,
    transcript: String,
}

impl Person {
    /// Somebody with an empty home, whose commands can reach no daemon and start none.
    pub(crate) fn without_daemon() -> Self {
        // Nobody listens at the discard port, and no daemon of ours is ever started behind TLS.
        Self::with("AUTHSOME_DAEMON_URL", "https://127.0.0.1:9")
    }

    /// Somebody on the machine of a running daemon, with its home.
    pub(crate) fn at(daemon: &TestDaemon) -> Self {
        Self {
            room: daemon.home().parent().unwrap().to_owned(),
            home: daemon.home().to_owned(),
            _own: None,
            env: vec![
                ("AUTHSOME_DAEMON_URL".to_owned(), daemon.url()),
                ("AUTHSOME_LISTEN".to_owned(), daemon.address().to_string()),
            ],
            transcript: String::new(),
        }
    }

    pub(crate) fn with(name: &str, value: &str) -> Self {
        let own = tempfile::tempdir().unwrap();
        Self {
            room: own.path().to_owned(),
            home: own.path().join("home"),
            _own: Some(own),
            env: vec![(name.to_owned(), value.to_owned())],
            transcript: String::new(),
        }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.home.clone()
    }

    /// The command, not run yet.
    pub(crate) fn prepare(&self, args: &[&str]) -> std::process::Command {
        let mut command = command(&self.home, &self.env);
        command.args(args).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.prepare(args).output().unwrap())
    }

    /// Runs with `--json`, expects one object on stdout and gives it with the exit code.
    pub(crate) fn json(&self, args: &[&str]) -> (i32, serde_json::Value) {
        let ran = self.run(&[args, &["--json"]].concat());
        let lines: Vec<_> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "one object on one line: {ran:?}");
        let object: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!(object["v"], 1, "{object}");
        (ran.code, object)
    }

    /// Runs with `input` on stdin, which is no terminal.
    pub(crate) fn run_with(&self, input: &str, args: &[&str]) -> Ran {
        let mut child = self
            .prepare(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that needs no input may have ended before it was given any.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ran::from(child.wait_with_output().unwrap())
    }

    /// Runs and appends to the transcript.
    pub(crate) fn tells(&mut self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        self.keep("", args, &ran);
        ran
    }

    /// The same with `input` on stdin.
    pub(crate) fn tells_with(&mut self, input: &str, args: &[&str]) -> Ran {
        let ran = self.run_with(input, args);
        self.keep("printf … | ", args, &ran);
        ran
    }

    fn keep(&mut self, before: &str, args: &[&str], ran: &Ran) {
        let words = std::iter::once("authsome").chain(args.iter().copied());
        let line = words.collect::<Vec<_>>().join(" ");
        let mut told = vec![format!("$ {before}{line}\n{}", ran.stdout)];
        told.extend(ran.stderr.lines().map(|said| format!("2> {said}\n")));
        if ran.code != 0 {
            told.push(format!("[exit {}]\n", ran.code));
        }
        self.transcript.push_str(&told.concat());
        self.transcript.push('\n');
    }

    /// Compares all that was told with `tests/cmd/<name>.snap`.
    pub(crate) fn matches(self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../cmd");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.add_filter(&regex(&self.room), "[ROOM]");
        for (pattern, stands_for) in [
            (r"did:key:z[1-9A-HJ-NP-Za-km-z]+", "[DID]"),
            (r"\b[a-z]+-[a-z]+-[0-9a-f]{4}\b", "[HANDLE]"),
            (r"(?:[0-9a-f]{4} ){7}[0-9a-f]{4}", "[FINGERPRINT]"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
            (r"(sess|principal|vault|evt)_[0-9a-f]{32}", "${1}_[ID]"),
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
            (r#""trace_id":"[0-9a-f]{32}""#, r#""trace_id":"[TRACE]""#),
            (r"(ticket|code|token)=[A-Za-z0-9_-]{20,}", "$1=[TOKEN]"),
        ] {
            settings.add_filter(pattern, stands_for);
        }
        settings.bind(|| insta::assert_snapshot!(name, self.transcript));
    }
}

fn regex(path: &Path) -> String {
    path.display().to_string().replace('.', r"\.")
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }
}
