//! A part of a story that must run in a process of its own, because that process is killed.
//!
//! The test binary starts itself with one ignored test, which reads what it is given from the
//! environment and reports by lines on its standard output.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

const PREFIX: &str = "AUTHSOME_STORY_";
/// Tells our lines from the test harness's own.
const MARK: &str = "story: ";

/// A running part.
pub(crate) struct Part {
    child: Child,
    lines: BufReader<ChildStdout>,
}

/// Starts the ignored test named, with what it is given.
pub(crate) fn start(test: &str, given: &[(&str, &str)]) -> Part {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", "--quiet", test])
        .envs(given.iter().map(|(name, value)| (variable(name), value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    Part { child, lines }
}

impl Part {
    /// The next line it said; `None` once it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
                return None;
            }
            if let Some((_, said)) = line.trim_end().split_once(MARK) {
                return Some(said.to_owned());
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The environment variable in which something is given.
pub(crate) fn variable(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// What the story gave to this part; `None` when the test was not started by one.
pub(crate) fn given(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how a story talks to its parts")]
    std::env::var(variable(name)).ok()
}

/// Says a line, whole and at once, past the harness's capture.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{MARK}{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

pub(crate) fn wait_to_be_killed() -> ! {
    loop {
        std::thread::park();
    }
}
