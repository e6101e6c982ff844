//! Private copies of the old databases: what is opened is never the old home itself.

use super::Error;
use crate::files;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The largest database that is read (bytes).
const LARGEST: u64 = 512 << 20;
/// The bytes SQLite locks in a database file, which are the same in every version and on every
/// system: `PENDING_BYTE`, `RESERVED_BYTE` and the shared range behind them.
const LOCKS: (i64, i64) = (0x4000_0000, 512);
/// How often a database that changes while it is copied is copied again.
const TRIES: usize = 3;

/// The old home, and where the copies are. They go when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) home: PathBuf,
    copies: TempDir,
}

impl Place {
    /// Looks at the directory; a link to it is followed, links inside are refused.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_owned(),
            source,
        };
        let home = std::fs::canonicalize(path).map_err(unreadable)?;
        for inside in [
            "server",
            "server/kv_store",
            "client",
            "client/identities",
            "providers",
        ] {
            let inside = home.join(inside);
            if inside.is_symlink() {
                return Err(Error::Link { path: inside });
            }
        }
        Ok(Self {
            home,
            copies: tempfile::tempdir().map_err(Error::Copy)?,
        })
    }

    /// A copy of the database with its write-ahead log; `None` where there is none.
    pub(super) fn copy(&self, relative: &str) -> Result<Option<PathBuf>, Error> {
        let from = self.home.join(relative);
        let name = relative.replace('/', "-");
        for _ in 0..TRIES {
            let Some(before) = look(&from)? else {
                return Ok(None);
            };
            if look(&beside(&from, "-journal"))?.is_some_and(|journal| journal.len() > 0) {
                return Err(Error::Unfinished { path: from });
            }
            if let Some(pid) = holder(&from)? {
                return Err(Error::InUse { path: from, pid });
            }
            let to = self.copies.path().join(&name);
            for suffix in ["", "-wal", "-shm"] {
                drop(std::fs::remove_file(beside(&to, suffix)));
            }
            let log = look(&beside(&from, "-wal"))?;
            if log.is_some() {
                copy_file(&beside(&from, "-wal"), &beside(&to, "-wal"))?;
            }
            copy_file(&from, &to)?;
            let after = (look(&from)?, look(&beside(&from, "-wal"))?);
            if same(Some(&before), after.0.as_ref()) && same(log.as_ref(), after.1.as_ref()) {
                return Ok(Some(to));
            }
        }
        Err(Error::Changing { path: from })
    }

    /// A file of at most `limit` bytes; `None` where there is none.
    pub(super) fn read(&self, relative: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let path = self.home.join(relative);
        match files::read_private(&path, limit) {
            Ok(content) => Ok(Some(content)),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(_) if path.is_symlink() => Err(Error::Link { path }),
            Err(e) if e.kind() == ErrorKind::FileTooLarge => Err(Error::TooLarge { path, limit }),
            Err(source) => Err(Error::Unreadable { path, source }),
        }
    }
}

fn look(path: &Path) -> Result<Option<Metadata>, Error> {
    let path = path.to_owned();
    match std::fs::symlink_metadata(&path) {
        Ok(found) if found.is_symlink() => Err(Error::Link { path }),
        Ok(found) if !found.is_file() => Err(Error::Unreadable {
            path,
            source: io::Error::other("is not a plain file"),
        }),
        Ok(found) if found.len() > LARGEST => Err(Error::TooLarge {
            path,
            limit: LARGEST,
        }),
        Ok(found) => Ok(Some(found)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(Error::Unreadable { path, source }),
    }
}

fn same(before: Option<&Metadata>, after: Option<&Metadata>) -> bool {
    let stamp = |m: &Metadata| (m.ino(), m.len(), m.mtime(), m.mtime_nsec());
    before.map(stamp) == after.map(stamp)
}

/// The process that has the database open, where it shows: with a write-ahead log as long as it is
/// open, else during a transaction. Where files cannot be locked, nobody does.
fn holder(path: &Path) -> Result<Option<i32>, Error> {
    let file = open(path)?;
    let write = i16::try_from(libc::F_WRLCK).unwrap_or_default();
    let free = i16::try_from(libc::F_UNLCK).unwrap_or_default();
    let mut lock = libc::flock {
        l_type: write,
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: LOCKS.0,
        l_len: LOCKS.1,
        l_pid: 0,
    };
    let asked = fcntl(&file, FcntlArg::F_GETLK(&mut lock));
    Ok((asked.is_ok() && lock.l_type != free).then_some(lock.l_pid))
}

fn open(from: &Path) -> Result<File, Error> {
    let unreadable = |source| Error::Unreadable {
        path: from.to_owned(),
        source,
    };
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
        .open(from)
        .map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("is not a plain file")));
    }
    Ok(file)
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let source = open(from)?;
    let mut target: File = files::open_private(to).map_err(Error::Copy)?;
    let copied = io::copy(&mut source.take(LARGEST + 1), &mut target).map_err(Error::Copy)?;
    if copied > LARGEST {
        return Err(Error::TooLarge {
            path: from.to_owned(),
            limit: LARGEST,
        });
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
