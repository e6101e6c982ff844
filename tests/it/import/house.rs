//! An old home, the home that takes it over, and what the command said.

use crate::support::daemon::{TestDaemon, command};
use crate::support::old_home::{MASTER_KEY, OldHome};
use crate::support::postgres::TestPostgres;
use authsome::clock::SystemClock;
use authsome::model::MasterKeySource;
use authsome::store::{Location, Store};
use authsome::vault::Vaults;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// The home that takes over; nothing is in it yet.
pub(crate) struct NewHome {
    dir: TempDir,
    env: Vec<(String, String)>,
}

/// How the command ended, and its object.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) object: Value,
    /// Everything the command wrote.
    pub(crate) said: String,
}

impl NewHome {
    pub(crate) fn on_sqlite() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            env: Vec::new(),
        }
    }

    /// `None` where PostgreSQL is not installed.
    pub(crate) fn on_postgres() -> Option<Self> {
        let url = TestPostgres::shared()?.database();
        Some(Self::on_sqlite().env("AUTHSOME_DATABASE_URL", &url))
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn prepare(&self, from: &Path, flags: &[&str]) -> Command {
        let mut command = command(&self.path(), &self.env);
        command.arg("import-home").arg(from).args(flags);
        command
    }

    /// Kills the import as soon as the new home looks like this, or lets it end if it never does.
    pub(crate) fn import_until(&self, from: &Path, moment: fn(&Path) -> bool) {
        let mut running = self
            .prepare(from, &["--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !moment(&self.path()) && running.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        running.kill().unwrap();
        running.wait().unwrap();
    }

    /// What a person reads.
    pub(crate) fn import_as_text(&self, from: &Path, flags: &[&str]) -> String {
        let output = self.prepare(from, flags).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_no_secret(&text, "what the command said");
        text
    }

    pub(crate) fn import(&self, from: &Path, flags: &[&str]) -> Told {
        let output = self.prepare(from, flags).arg("--json").output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let said = format!("{stdout}{stderr}");
        assert!(!said.contains("panicked"), "{said}");
        assert_no_secret(&said, "what the command said");
        Told {
            code: output.status.code().unwrap(),
            object: serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {said}")),
            said,
        }
    }

    /// Everything but keys that is in the files of this home.
    pub(crate) fn assert_holds_no_plaintext(&self) {
        for file in files(&self.path()) {
            if !file.ends_with("server/master.key") {
                let content = std::fs::read(&file).unwrap();
                let text = String::from_utf8_lossy(&content);
                assert_no_secret(&text, &file.display().to_string());
            }
        }
    }

    pub(crate) fn daemon(&self) -> TestDaemon {
        let mut builder = TestDaemon::builder().home(&self.path());
        for (name, value) in &self.env {
            builder = builder.env(name, value);
        }
        builder.start()
    }

    /// The store and vaults as the daemon would open them.
    pub(crate) async fn open(&self) -> (Store, Vaults) {
        let url = self.env.iter().find(|(n, _)| n == "AUTHSOME_DATABASE_URL");
        let location = match url {
            Some((_, url)) => Location::Postgres(url.clone().into()),
            None => Location::Sqlite(self.path().join("server/store.db")),
        };
        let store = Store::open(location, Arc::new(SystemClock)).await.unwrap();
        let key = MasterKeySource::HomeFile(self.path().join("server/master.key"));
        let vaults = Vaults::unlock(&store, key).await.unwrap();
        (store, vaults)
    }
}

/// What no output, log or database may hold. Invented homes have keys `sk-invented-…`.
const SECRETS: &[&str] = &[
    MASTER_KEY,
    "sk-invented",
    "invented-token",
    "sk-fixture",
    "acme-fixture-1",
    "gho_fixture",
    "ghr_fixture",
    "fixturecookie",
    "fixturect0",
    "fixture-client-secret",
    "fixture password",
];

#[track_caller]
fn assert_no_secret(text: &str, place: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {place}");
    }
}

/// The plain files below a directory.
fn files(root: &Path) -> Vec<PathBuf> {
    fingerprint(root)
        .into_keys()
        .filter(|path| path.is_file())
        .collect()
}

/// Runs what makes an old home, closes it, and gives its directory.
pub(crate) fn made(story: impl AsyncFnOnce(&mut OldHome)) -> TempDir {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut old = OldHome::new().await;
        story(&mut old).await;
        old.finish().await
    })
}

impl Told {
    /// Fails the test unless the import was refused with this exit code, and says what comes next.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.said);
        assert!(
            self.object["hint"].is_string(),
            "no next step: {}",
            self.said
        );
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        assert!(self.said.contains(text), "no `{text}` in {}", self.said);
    }

    /// Fails the test unless the import was done.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.said);
        self
    }

    #[track_caller]
    pub(crate) fn count(&self, kind: &str, outcome: &str) -> u64 {
        let count = &self.object["counts"][kind][outcome];
        count
            .as_u64()
            .unwrap_or_else(|| panic!("{kind} {outcome}: {}", self.said))
    }

    /// The counts that are not zero, as `kind outcome number`.
    pub(crate) fn counts(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (kind, counts) in self.object["counts"].as_object().unwrap() {
            for (outcome, count) in counts.as_object().unwrap() {
                if count != 0 {
                    all.push(format!("{kind} {outcome} {count}"));
                }
            }
        }
        all
    }

    /// The reason given for the thing of this name.
    #[track_caller]
    pub(crate) fn reason(&self, name: &str) -> String {
        let remarks = self.object["remarks"].as_array().unwrap();
        let found = remarks.iter().find(|one| one["name"] == name);
        let found = found.unwrap_or_else(|| panic!("nothing on {name}: {}", self.said));
        found["reason"].as_str().unwrap().to_owned()
    }
}

/// The real home of 0.5, unpacked.
pub(crate) fn unpacked() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/home-0.5.tar.gz");
    let done = std::process::Command::new("tar")
        .arg("-xzf")
        .arg(archive)
        .arg("-C")
        .arg(dir.path())
        .status()
        .unwrap();
    assert!(done.success());
    dir
}

/// Everything below a directory: what is in each file, its mode and when it was changed.
pub(crate) fn fingerprint(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, i64, i64)> {
    let mut all = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let found = std::fs::symlink_metadata(&path).unwrap();
        let content = if found.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            Vec::new()
        } else {
            // A link, a pipe or a hole of a terabyte is not read.
            let is_small = found.is_file() && found.len() < 1 << 30;
            let content = is_small.then(|| std::fs::read(&path).unwrap());
            Sha256::digest(content.unwrap_or_default()).to_vec()
        };
        all.insert(
            path,
            (content, found.mode(), found.mtime(), found.mtime_nsec()),
        );
    }
    all
}
