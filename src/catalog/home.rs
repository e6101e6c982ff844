//! Custom definitions in files: `$AUTHSOME_HOME/providers/*.json`.
//!
//! Read again when a file came, went or changed. A bad file is reported and left out; it never
//! stops anything.

use super::source::{LARGEST, parse};
use crate::model::{Provider, ProviderName};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Most files that are looked at.
const MOST_FILES: usize = 1000;

/// A file that could not be used, or that its owner should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    pub path: PathBuf,
    /// Whether the file is used all the same.
    pub is_warning: bool,
    pub message: String,
}

/// What tells a file from its former self.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    modified: (i64, i64),
    changed: (i64, i64),
    size: u64,
    inode: u64,
}

#[derive(Debug, Default)]
pub(super) struct Snapshot {
    stamps: Vec<Stamp>,
    pub(super) providers: BTreeMap<ProviderName, Arc<Provider>>,
    pub(super) problems: Vec<FileProblem>,
}

/// The directory and what was last read from it.
#[derive(Debug)]
pub(super) struct HomeFiles {
    dir: PathBuf,
    last: RwLock<Option<Arc<Snapshot>>>,
}

impl HomeFiles {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            last: RwLock::new(None),
        }
    }

    /// What was read last, without looking at the disk again; reads it the first time.
    pub(super) fn known(&self) -> Arc<Snapshot> {
        let last = self
            .last
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        last.unwrap_or_else(|| self.current())
    }

    /// What the directory holds now; unchanged files cost a look at their time stamps.
    pub(super) fn current(&self) -> Arc<Snapshot> {
        let (stamps, problems) = self.stamps();
        let last = self
            .last
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(last) = last.filter(|last| last.stamps == stamps) {
            return last;
        }
        let fresh = Arc::new(read_all(stamps, problems));
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        fresh
    }

    fn stamps(&self) -> (Vec<Stamp>, Vec<FileProblem>) {
        let mut stamps = Vec::new();
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return (stamps, Vec::new()),
            Err(e) => {
                return (
                    stamps,
                    vec![problem(&self.dir, format!("could not be read: {e}"))],
                );
            }
        };
        for entry in entries.flatten().take(MOST_FILES) {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // A link is followed: a definition is no secret, and people share them.
            if let Ok(found) = fs::metadata(&path) {
                stamps.push(Stamp {
                    path,
                    modified: (found.mtime(), found.mtime_nsec()),
                    changed: (found.ctime(), found.ctime_nsec()),
                    size: found.size(),
                    inode: found.ino(),
                });
            }
        }
        stamps.sort_by(|a, b| a.path.cmp(&b.path));
        (stamps, Vec::new())
    }
}

fn problem(path: &Path, message: impl Into<String>) -> FileProblem {
    FileProblem {
        path: path.to_owned(),
        is_warning: false,
        message: message.into(),
    }
}

fn read_all(stamps: Vec<Stamp>, problems: Vec<FileProblem>) -> Snapshot {
    let mut snapshot = Snapshot {
        problems,
        ..Snapshot::default()
    };
    for stamp in &stamps {
        match read_one(&stamp.path) {
            Ok((provider, warnings)) => {
                snapshot.problems.extend(warnings);
                snapshot
                    .providers
                    .insert(provider.name.clone(), Arc::new(provider));
            }
            Err(message) => snapshot.problems.push(problem(&stamp.path, message)),
        }
    }
    snapshot.stamps = stamps;
    snapshot
}

fn read_one(path: &Path) -> Result<(Provider, Vec<FileProblem>), String> {
    let text = read_text(path)?;
    let checked = parse(&text).map_err(|e| e.to_string())?;
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let name = &checked.provider.name;
    if name.as_str() != stem {
        return Err(format!("it defines `{name}`; name the file {name}.json"));
    }
    let warnings = checked.warnings.iter().map(|warning| FileProblem {
        path: path.to_owned(),
        is_warning: true,
        message: warning.to_string(),
    });
    Ok((checked.provider, warnings.collect()))
}

fn read_text(path: &Path) -> Result<String, String> {
    let unreadable = |e: io::Error| format!("could not be read: {e}");
    // A pipe or device would block or never end.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() > LARGEST {
        return Err(format!("it is larger than {} KiB", LARGEST / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
