//! A real PostgreSQL server for the stories that need one.
//!
//! One server per test process, a fresh database per test. The server cannot outlive the tests: a
//! small shell holds it and ends it as soon as the pipe to us closes, however we end.

use super::skip::all_required;
use nix::unistd::{Uid, User, chown};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// Starts the server and obeys: `stop` and `start`, one a line, each answered when it is done. When
/// our end of the pipe closes it ends the server and removes its files.
const KEEPER: &str = r#"
    bin=$1; dir=$2
    # The server does not hear a terminal's Ctrl-C; who ends it must not either.
    trap '' INT HUP TERM
    ctl() { "$bin/pg_ctl" -D "$dir/data" -s -w -t 60 "$@" </dev/null >/dev/null 2>>"$dir/log"; }
    begin() {
        ctl -l "$dir/log" -o "-k $dir -c listen_addresses= -c max_connections=200 \
            -c fsync=off -c shared_buffers=16MB -c log_min_messages=fatal" start
    }
    begin && echo done || echo failed
    while read -r word; do
        case $word in stop) ctl -m immediate stop ;; start) begin ;; esac && echo done || echo failed
    done
    ctl -m immediate stop
    rm -rf "$dir"
"#;

/// A running server with a data directory of its own.
#[derive(Debug)]
pub(crate) struct TestPostgres {
    keeper: Child,
    orders: Option<Mutex<(ChildStdin, BufReader<ChildStdout>)>>,
    bin: PathBuf,
    directory: PathBuf,
    databases: AtomicU32,
}

impl TestPostgres {
    /// The server all stories share; `None`, with a word on why, where PostgreSQL is not installed.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<TestPostgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server of one's own, for stories that stop it.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = binaries() else {
            assert!(
                !all_required(),
                "AUTHSOME_REQUIRE_ALL=1, but no PostgreSQL (initdb, postgres) was found"
            );
            eprintln!("skipped: PostgreSQL (initdb, postgres) is not installed");
            return None;
        };
        let directory = tempfile::Builder::new()
            .prefix("authsome-pg-")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        Some(Self::start_in(bin, directory))
    }

    fn start_in(bin: PathBuf, directory: PathBuf) -> Self {
        let user = server_user();
        if let Some(user) = &user {
            chown(&directory, Some(user.uid), Some(user.gid)).unwrap();
        }
        let mut initdb = Command::new(bin.join("initdb"));
        initdb
            .args(["--auth=trust", "--username=postgres", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "-D"])
            .arg(directory.join("data"));
        let made = as_user(&mut initdb, user.as_ref(), &directory)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut keeper = Command::new("/bin/sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(&bin)
            .arg(&directory);
        let mut keeper = as_user(&mut keeper, user.as_ref(), &directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = (
            keeper.stdin.take().unwrap(),
            BufReader::new(keeper.stdout.take().unwrap()),
        );
        let server = Self {
            keeper,
            orders: Some(Mutex::new(orders)),
            bin,
            directory,
            databases: AtomicU32::new(0),
        };
        server.answer();
        server
    }

    /// Waits for the keeper's word on the last order.
    fn answer(&self) {
        let mut orders = self.orders.as_ref().unwrap().lock().unwrap();
        let mut answer = String::new();
        orders.1.read_line(&mut answer).unwrap();
        let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        assert_eq!(answer, "done\n", "PostgreSQL did not obey: {}", log());
    }

    /// Makes a database of its own for one story; answers its URL.
    pub(crate) fn database(&self) -> String {
        let name = format!("story_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql(&format!("CREATE DATABASE {name}"), "postgres")
            .unwrap();
        format!(
            "postgres://postgres@localhost/{name}?host={}",
            self.directory.display()
        )
    }

    /// Ends every session at once, as a crash would, and the server with them.
    pub(crate) fn stop(&self) {
        self.order("stop");
    }

    pub(crate) fn start_again(&self) {
        self.order("start");
    }

    fn order(&self, word: &str) {
        let orders = self.orders.as_ref().unwrap();
        writeln!(orders.lock().unwrap().0, "{word}").unwrap();
        self.answer();
    }

    /// Runs one statement with the server's own client.
    pub(crate) fn psql(&self, sql: &str, database: &str) -> Result<String, String> {
        let done = Command::new(self.bin.join("psql"))
            .args([
                "-X", "-A", "-t", "-q", "-U", "postgres", "-d", database, "-c", sql,
            ])
            .arg("-h")
            .arg(&self.directory)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if done.status.success() {
            Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into_owned())
        }
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.keeper.wait();
    }
}

/// PostgreSQL refuses to run as root.
fn server_user() -> Option<User> {
    if !Uid::effective().is_root() {
        return None;
    }
    User::from_name("postgres").unwrap()
}

fn as_user<'c>(command: &'c mut Command, user: Option<&User>, directory: &Path) -> &'c mut Command {
    command
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

/// A directory that holds `initdb`, `postgres` and `psql`: the newest of Debian's, or one on the PATH.
fn binaries() -> Option<PathBuf> {
    if Uid::effective().is_root() && User::from_name("postgres").ok().flatten().is_none() {
        return None;
    }
    let mut candidates: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    candidates.sort();
    candidates.reverse();
    candidates.push("/usr/local/bin".into());
    #[expect(
        clippy::disallowed_methods,
        reason = "looking for a program as a shell would"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    candidates.extend(std::env::split_paths(&path));
    candidates.into_iter().find(|directory| {
        ["initdb", "postgres", "psql", "pg_ctl"]
            .iter()
            .all(|program| directory.join(program).is_file())
    })
}
