//! `authsome daemon logs`.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::interrupt::Interrupt;
use crate::model::ErrorCode;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
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
    let (last, mut end) = tail(&path, args.lines).map_err(unreadable)?;
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
        let (more, now) = since(&path, end).map_err(unreadable)?;
        context.out.raw(&more)?;
        end = now;
    }
}

/// The last `count` lines and where the file ended.
fn tail(path: &Path, count: usize) -> io::Result<(String, u64)> {
    let mut file = BufReader::new(File::open(path)?);
    let mut last = VecDeque::new();
    let mut end = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = file.read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        end += u64::try_from(length).unwrap_or(0);
        last.push_back(String::from_utf8_lossy(&line).into_owned());
        if last.len() > count {
            last.pop_front();
        }
    }
    Ok((last.into_iter().collect(), end))
}

/// What was written after `end`; a log that was rotated begins anew.
fn since(path: &Path, end: u64) -> io::Result<(Vec<u8>, u64)> {
    let mut file = File::open(path)?;
    let start = if file.metadata()?.len() < end { 0 } else { end };
    file.seek(SeekFrom::Start(start))?;
    let mut more = Vec::new();
    let length = file.read_to_end(&mut more)?;
    Ok((more, start + u64::try_from(length).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_and_what_follows_them_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "one\ntwo\nthree\n").unwrap();
        let (last, end) = tail(&path, 2).unwrap();
        assert_eq!(last, "two\nthree\n");
        std::fs::write(&path, "one\ntwo\nthree\nfour\n").unwrap();
        assert_eq!(since(&path, end).unwrap().0, b"four\n");
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(since(&path, end).unwrap().0, b"new\n");
    }
}
