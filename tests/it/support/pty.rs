//! A pseudo-terminal: what a person at a keyboard sees and types.

use super::http::PATIENCE;
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long a change that nothing tells of may go unseen.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A command on a terminal of its own, 24 lines by 100 columns.
#[derive(Debug)]
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    /// Keeps the terminal open when the command has ended, so that its state can be asked.
    line: OwnedFd,
    screen: Arc<(Mutex<String>, Condvar)>,
}

impl Terminal {
    /// Runs `command` with stdin, stdout and stderr on the terminal.
    pub(crate) fn run(mut command: Command) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = command
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let keyboard = File::from(pty.master);
        let screen = Arc::new((Mutex::new(String::new()), Condvar::new()));
        watch(keyboard.try_clone().unwrap(), Arc::clone(&screen));
        Self {
            child,
            keyboard,
            line: pty.slave,
            screen,
        }
    }

    /// Waits until `text` was shown, and gives all that was shown.
    pub(crate) fn shows(&self, text: &str) -> String {
        self.shows_times(text, 1)
    }

    /// Waits until `text` was shown so many times.
    pub(crate) fn shows_times(&self, text: &str, times: usize) -> String {
        let until = Instant::now() + PATIENCE;
        let (screen, changed) = &*self.screen;
        let mut seen = screen.lock().unwrap();
        while seen.matches(text).count() < times {
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "never showed {text:?} {times} times:\n{seen}"
            );
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
        seen.clone()
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.line)
            .unwrap()
            .local_flags
            .contains(LocalFlags::ECHO)
    }

    /// Waits until typing is hidden, as it is while a secret is asked for.
    pub(crate) fn hides_typing(&self) {
        let until = Instant::now() + PATIENCE;
        while self.echoes() {
            assert!(Instant::now() < until, "typing is never hidden");
            // Nothing tells of it: looks again with what is shown next, or before long.
            let (screen, changed) = &*self.screen;
            let seen = screen.lock().unwrap();
            drop(changed.wait_timeout(seen, LOOK_AGAIN).unwrap());
        }
    }

    /// What Ctrl-C does to the command in the foreground.
    pub(crate) fn interrupts(&self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    }

    pub(crate) fn ends(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn watch(mut screen_end: File, screen: Arc<(Mutex<String>, Condvar)>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count) = screen_end.read(&mut bytes) {
            if count == 0 {
                break;
            }
            let (text, changed) = &*screen;
            text.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&bytes[..count]));
            changed.notify_all();
        }
    });
}
