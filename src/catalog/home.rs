//! Custom definitions in files: `$AUTHSOME_HOME/providers/*.json`.
//!
//! Read again when a file came, went or changed. A bad file is reported and left out, and what it was
//! meant to define is then not to be had: another definition of that name, such as the bundled one,
//! could send a credential to hosts that the file's owner has left.

use super::source::{LARGEST, parse};
use crate::model::{Provider, ProviderName};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Most definitions a home may have; with more it is not known what they define.
const MOST_FILES: usize = 1000;

/// A file that could not be used, or that its owner should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    pub path: PathBuf,
    /// Whether the file is used all the same.
    pub is_warning: bool,
    pub message: String,
}

/// A name that a file of the home defines, and nobody can read how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub path: PathBuf,
    pub message: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.path.file_name().unwrap_or(self.path.as_os_str());
        write!(f, "{}: {}", file.display(), self.message)
    }
}

impl std::error::Error for Broken {}

/// What tells a file from its former self; zeros for one that cannot be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The names that unusable files stand for.
    broken: BTreeMap<ProviderName, Broken>,
    /// Why nobody knows which names the directory defines.
    unlisted: Option<Broken>,
}

impl Snapshot {
    /// The definition of a file, if one is of this name.
    pub(super) fn find(&self, name: &ProviderName) -> Result<Option<Arc<Provider>>, Broken> {
        if let Some(provider) = self.providers.get(name) {
            return Ok(Some(Arc::clone(provider)));
        }
        match self.broken.get(name).or(self.unlisted.as_ref()) {
            Some(broken) => Err(broken.clone()),
            None => Ok(None),
        }
    }

    /// Whether it was read from these files as they are.
    fn is_of(&self, stamps: &[Stamp]) -> bool {
        self.unlisted.is_none() && self.stamps == stamps
    }

    fn leave_out(&mut self, path: &Path, message: String) {
        self.problems.push(problem(path, message.clone()));
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(name) = name {
            let path = path.to_owned();
            self.broken.insert(name, Broken { path, message });
        }
    }
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
        let listed = self.stamps();
        let last = self
            .last
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let fresh = match listed {
            Ok(stamps) => match last.filter(|last| last.is_of(&stamps)) {
                Some(last) => return last,
                None => read_all(stamps),
            },
            Err(broken) => Snapshot {
                problems: vec![problem(&broken.path, broken.message.clone())],
                unlisted: Some(broken),
                ..Snapshot::default()
            },
        };
        let fresh = Arc::new(fresh);
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        fresh
    }

    /// The files that should be definitions, in the order of their names.
    fn stamps(&self) -> Result<Vec<Stamp>, Broken> {
        let unlisted = |message: String| Broken {
            path: self.dir.clone(),
            message,
        };
        let unreadable = |e: io::Error| unlisted(format!("could not be read: {e}"));
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(unreadable(e)),
        };
        let mut stamps = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            if stamps.len() == MOST_FILES {
                return Err(unlisted(format!(
                    "holds more than {MOST_FILES} definitions"
                )));
            }
            stamps.extend(Stamp::of(path));
        }
        stamps.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(stamps)
    }
}

impl Stamp {
    /// `None` for a file that has just gone. A link is followed: a definition is no secret, and people
    /// share them; one that leads nowhere is a definition that cannot be read.
    fn of(path: PathBuf) -> Option<Self> {
        match fs::metadata(&path) {
            Ok(found) => Some(Self {
                path,
                modified: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
                size: found.size(),
                inode: found.ino(),
            }),
            Err(_) => fs::symlink_metadata(&path).is_ok().then(|| Self {
                path,
                ..Self::default()
            }),
        }
    }
}

fn problem(path: &Path, message: impl Into<String>) -> FileProblem {
    FileProblem {
        path: path.to_owned(),
        is_warning: false,
        message: message.into(),
    }
}

fn read_all(stamps: Vec<Stamp>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for stamp in &stamps {
        match read_one(&stamp.path) {
            Ok((provider, warnings)) => {
                snapshot.problems.extend(warnings);
                snapshot
                    .providers
                    .insert(provider.name.clone(), Arc::new(provider));
            }
            Err(message) => snapshot.leave_out(&stamp.path, message),
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
