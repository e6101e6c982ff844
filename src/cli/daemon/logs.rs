//! `authsome daemon logs`.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::interrupt::Interrupt;
use crate::model::ErrorCode;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How often `--follow` looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Arguments of `authsome daemon logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// At most this many lines
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50)]
    lines: usize,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let path = context.config.home.daemon_log();
    let unreadable = |source: io::Error| {
        match source.kind() {
        io::ErrorKind::NotFound => CliError::new(ErrorCode::NotFound, "there is no daemon log yet")
            .hint("a daemon started with `authsome daemon start` writes one; `daemon serve` logs to its own stderr"),
        _ => CliError::new(ErrorCode::Internal, format!("could not read {}", path.display()))
            .caused_by(source),
    }
    };
    let (last, mut log) = Follower::after_the_last(&path, args.lines).map_err(unreadable)?;
    context.out.raw(last.as_bytes())?;
    if !args.follow {
        return Ok(ExitCode::SUCCESS);
    }
    let mut interrupt = Interrupt::listen();
    loop {
        tokio::select! {
            () = interrupt.pressed() => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        context.out.raw(&log.more().map_err(unreadable)?)?;
    }
}

/// A log that is read as it grows, from one file into the next.
struct Follower<'a> {
    path: &'a Path,
    /// Kept open: when the log is rotated, what was written last is still to be read here.
    file: File,
}

impl<'a> Follower<'a> {
    /// The last `count` lines, and the log from there on.
    fn after_the_last(path: &'a Path, count: usize) -> io::Result<(String, Self)> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut last = VecDeque::new();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            last.push_back(String::from_utf8_lossy(&line).into_owned());
            if last.len() > count {
                last.pop_front();
            }
            line.clear();
        }
        // At its end nothing is left in the buffer, so the file stands where reading ended.
        let file = reader.into_inner();
        Ok((last.into_iter().collect(), Self { path, file }))
    }

    /// What was written since.
    fn more(&mut self) -> io::Result<Vec<u8>> {
        let mut more = Vec::new();
        let open = self.file.metadata()?;
        let next = match File::open(self.path) {
            Ok(file) => Some(file),
            // Set aside, and the new one is not there yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let moved = match &next {
            Some(file) => {
                let found = file.metadata()?;
                (found.dev(), found.ino()) != (open.dev(), open.ino())
            }
            None => false,
        };
        if !moved && open.len() < self.file.stream_position()? {
            // Emptied where it is.
            self.file.rewind()?;
        }
        self.file.read_to_end(&mut more)?;
        if let (true, Some(mut file)) = (moved, next) {
            file.read_to_end(&mut more)?;
            self.file = file;
        }
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_last_lines_and_what_follows_them_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        let (last, mut log) = Follower::after_the_last(&path, 2).unwrap();
        assert_eq!(last, "two\nthree\n");
        fs::write(&path, "one\ntwo\nthree\nfour\n").unwrap();
        assert_eq!(log.more().unwrap(), b"four\n");
        fs::write(&path, "new\n").unwrap();
        assert_eq!(log.more().unwrap(), b"new\n");
    }

    #[test]
    fn nothing_is_lost_when_the_log_is_rotated() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("log"), dir.path().join("log.1"));
        fs::write(&path, "one\n").unwrap();
        let (_, mut log) = Follower::after_the_last(&path, 1).unwrap();
        fs::write(&path, "one\ntwo\n").unwrap();
        fs::rename(&path, &old).unwrap();
        assert_eq!(log.more().unwrap(), b"two\n", "between two files");
        fs::write(&old, "one\ntwo\nthree\n").unwrap();
        fs::write(&path, "longer than the old one was\n").unwrap();
        assert_eq!(log.more().unwrap(), b"three\nlonger than the old one was\n");
        assert_eq!(log.more().unwrap(), b"");
    }
}
