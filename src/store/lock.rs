//! One daemon per home: a lock that the kernel lets go when its holder ends, however it ends.
//!
//! What is locked is the directory, which cannot be removed while anything is in it; the file in it
//! says who holds the lock (process, start time, address), so that the second daemon can name the
//! first. What it says is never trusted for the decision, and removing it changes nothing.

use nix::fcntl::{Flock, FlockArg, OFlag};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The most that is read of what a holder wrote (bytes).
const MAX_HOLDER: u64 = 4096;

/// How often a lock that is held is tried again, and after how long.
const TRIES: usize = 5;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(10);

/// Who holds a home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// Unix milliseconds.
    pub started_at: i64,
    /// Where it listens, once it does.
    pub address: Option<SocketAddr>,
    /// The version of the program.
    pub version: String,
}

/// Why a home could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{}", held_text(path, holder.as_ref()))]
    Held {
        path: PathBuf,
        /// `None` when the holder has not written itself down yet.
        holder: Option<Holder>,
    },
    #[error("{} is a symbolic link; remove it, authsome locks only a real file", path.display())]
    Symlink { path: PathBuf },
    #[error("cannot use the lock file {}; check that its directory exists and can be written", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

fn held_text(path: &Path, holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder {
            pid,
            address: Some(address),
            ..
        }) => format!(
            "another authsome daemon (process {pid}, at {address}) holds this home; stop it with \
             `authsome daemon stop` or use another AUTHSOME_HOME"
        ),
        Some(Holder { pid, .. }) => format!(
            "another authsome daemon (process {pid}, still starting) holds this home; stop it with \
             `authsome daemon stop` or use another AUTHSOME_HOME"
        ),
        None => format!(
            "another process holds the lock {}; stop it or use another AUTHSOME_HOME",
            path.display()
        ),
    }
}

/// A held lock. Dropping it, or the end of the process, lets it go.
#[derive(Debug)]
pub struct HomeLock {
    _directory: Flock<File>,
    /// Who holds the lock, for others to read.
    note: File,
    path: PathBuf,
    holder: Holder,
}

impl HomeLock {
    /// Takes the lock at once or says who has it.
    ///
    /// Whoever asks who holds the lock ([`find_holder`]) has it for a moment, so it is tried again a
    /// few times before another daemon is blamed.
    pub fn take(path: &Path, holder: Holder) -> Result<Self, LockError> {
        for _ in 0..TRIES {
            match Self::try_take(path, holder.clone()) {
                Err(LockError::Held { .. }) => std::thread::sleep(BETWEEN_TRIES),
                other => return other,
            }
        }
        Self::try_take(path, holder)
    }

    fn try_take(path: &Path, holder: Holder) -> Result<Self, LockError> {
        let mut note = open(path)?;
        match Flock::lock(directory_of(path)?, FlockArg::LockExclusiveNonblock) {
            Ok(directory) => {
                let mut lock = Self {
                    _directory: directory,
                    note,
                    path: path.to_owned(),
                    holder,
                };
                lock.write()?;
                Ok(lock)
            }
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Err(LockError::Held {
                path: path.to_owned(),
                holder: read(&mut note),
            }),
            Err((_, errno)) => Err(LockError::Io {
                path: path.to_owned(),
                source: errno.into(),
            }),
        }
    }

    /// Writes down where the daemon listens.
    pub fn set_address(&mut self, address: SocketAddr) -> Result<(), LockError> {
        self.holder.address = Some(address);
        self.write()
    }

    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    fn write(&mut self) -> Result<(), LockError> {
        let text = serde_json::to_string(&self.holder).unwrap_or_default();
        let file = &mut self.note;
        let written = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(text.as_bytes()));
        written.map_err(|source| LockError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

/// Who holds the lock at the moment; `None` when nobody does.
///
/// A holder that has not written itself down yet is `Some(None)`.
pub fn find_holder(path: &Path) -> Result<Option<Option<Holder>>, LockError> {
    // A directory that cannot be looked at may well be held.
    let is_there = path.parent().map_or(Ok(false), Path::try_exists);
    if !is_there.map_err(|source| failed(path, source))? {
        return Ok(None);
    }
    match Flock::lock(directory_of(path)?, FlockArg::LockSharedNonblock) {
        Ok(_free) => Ok(None),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(Some(noted(path)?)),
        Err((_, errno)) => Err(LockError::Io {
            path: path.to_owned(),
            source: errno.into(),
        }),
    }
}

/// Blocks until nobody holds the lock; a lock that cannot be looked at counts as free.
pub fn wait_until_free(path: &Path) {
    if let Ok(directory) = directory_of(path) {
        drop(Flock::lock(directory, FlockArg::LockShared));
    }
}

fn open(path: &Path) -> Result<File, LockError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
        .open(path)
        .map_err(|source| failed(path, source))
}

/// What the holder wrote down, also where it may be read alone.
fn noted(path: &Path) -> Result<Option<Holder>, LockError> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
        .open(path);
    match opened {
        Ok(mut note) => Ok(read(&mut note)),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path, source)),
    }
}

fn directory_of(path: &Path) -> Result<File, LockError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC).bits())
        .open(directory)
        .map_err(|source| failed(directory, source))
}

fn failed(path: &Path, source: std::io::Error) -> LockError {
    let path = path.to_owned();
    // A link that was to be a directory is told as "not a directory".
    if source.raw_os_error() == Some(nix::libc::ELOOP) || path.is_symlink() {
        LockError::Symlink { path }
    } else {
        LockError::Io { path, source }
    }
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(MAX_HOLDER).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
