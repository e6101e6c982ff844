//! The `SQLite` file: made with care, and looked at before it is opened.
//!
//! A new database is built under another name and renamed when it is whole, so whatever stands
//! at the final name is either a complete database or damage. Damage is never overwritten: an
//! empty file, a truncated one, or one of something else is refused, with the way to restore.

use super::conn::{Conn, Purpose, Source};
use super::value::args;
use super::{Error, migrations};
use nix::fcntl::OFlag;
use nix::unistd::{AccessFlags, access};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// "Auth" in ASCII: how we tell our own file from any other `SQLite` file.
const APPLICATION_ID: u32 = 0x4175_7468;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// A file up to this size is checked through at every start (bytes): a few milliseconds.
const SMALL: u64 = 1 << 20;
/// After an unclean stop a file up to this size is (bytes): about a second.
const CHECKED_AFTER_CRASH: u64 = 512 << 20;

/// What the first hundred bytes and the files beside tell.
struct Look {
    size: u64,
    /// A write-ahead log with content: the last process did not close the database.
    unclean: bool,
}

/// Opens the writing connection; creates and migrates the file as needed.
pub(super) async fn open(path: &Path, source: &Source, now: OffsetDateTime) -> Result<Conn, Error> {
    let place = path.display().to_string();
    if !exists(path)? {
        create(path, now).await?;
    }
    let (file, look) = look(path, &place)?;
    tighten(&file)?;
    drop(file);
    writable(path)?;
    let mut conn = source
        .connect(Purpose::Write)
        .await
        .map_err(placed(&place))?;
    if look.size <= SMALL || (look.unclean && look.size <= CHECKED_AFTER_CRASH) {
        check(&mut conn, &place).await?;
    } else if look.unclean {
        tracing::warn!(
            "the database was not closed properly and is too large for a check at start"
        );
    }
    migrations::migrate(&mut conn, &place, now)
        .await
        .map_err(placed(&place))?;
    Ok(conn)
}

/// What would keep the file from being opened, as far as it shows without changing anything.
pub(super) fn examine(path: &Path) -> Result<(), Error> {
    if exists(path)? {
        look(path, &path.display().to_string())?;
        return writable(path);
    }
    // It would be made, with the directories that are not there yet.
    let parents = path.ancestors().skip(1);
    let nearest = parents
        .filter(|p| !p.as_os_str().is_empty())
        .find(|p| p.exists());
    nearest.map_or(Ok(()), may_write)
}

/// `SQLite` writes the file and makes two others beside it; without this check it says only that
/// it cannot open one.
fn writable(path: &Path) -> Result<(), Error> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
    may_write(path)?;
    may_write(directory.unwrap_or(Path::new(".")))
}

fn may_write(place: &Path) -> Result<(), Error> {
    access(place, AccessFlags::R_OK | AccessFlags::W_OK).map_err(|errno| Error::io(errno.into()))
}

fn exists(path: &Path) -> Result<bool, Error> {
    match path.symlink_metadata() {
        Ok(meta) if meta.file_type().is_symlink() => Err(Error::Symlink {
            path: path.to_owned(),
        }),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io(error)),
    }
}

/// Builds the database beside its place and moves it there whole.
async fn create(path: &Path, now: OffsetDateTime) -> Result<(), Error> {
    for suffix in ["-wal", "-shm"] {
        if exists(&beside(path, suffix))? {
            return Err(Error::Corrupt {
                place: path.display().to_string(),
                detail: format!("it is missing, but its {suffix} file is there"),
            });
        }
    }
    let unfinished = beside(path, ".new");
    for suffix in ["", "-journal", "-wal", "-shm"] {
        remove_if_there(&beside(&unfinished, suffix))?;
    }
    new_file(&unfinished)?;
    let mut conn = Source::sqlite(&unfinished).connect(Purpose::Create).await?;
    conn.script(format!("PRAGMA application_id = {APPLICATION_ID}").into())
        .await?;
    migrations::migrate(&mut conn, &unfinished.display().to_string(), now).await?;
    conn.close().await?;
    std::fs::rename(&unfinished, path).map_err(Error::io)?;
    sync_directory(path)
}

fn new_file(path: &Path) -> Result<(), Error> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
        .and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
        .map_err(Error::io)
}

fn remove_if_there(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(error)),
        _ => Ok(()),
    }
}

/// Makes the new name itself survive a power cut.
fn sync_directory(path: &Path) -> Result<(), Error> {
    let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) else {
        return Ok(());
    };
    File::open(parent)
        .and_then(|directory| directory.sync_all())
        .map_err(Error::io)
}

fn tighten(file: &File) -> Result<(), Error> {
    let mode = file.metadata().map_err(Error::io)?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(Error::io)?;
    }
    Ok(())
}

/// Reads the header without `SQLite`, which would write to the file.
fn look(path: &Path, place: &str) -> Result<(File, Look), Error> {
    let corrupt = |detail: &str| Error::Corrupt {
        place: place.to_owned(),
        detail: detail.to_owned(),
    };
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)
        .map_err(|error| opening(error, path))?;
    let meta = file.metadata().map_err(Error::io)?;
    if !meta.is_file() {
        return Err(corrupt("it is not a file"));
    }
    let size = meta.len();
    if size == 0 {
        return Err(corrupt("it is empty"));
    }
    let mut header = [0_u8; 100];
    file.read_exact(&mut header)
        .map_err(|_| corrupt("it is shorter than a header"))?;
    if &header[..16] != MAGIC {
        return Err(corrupt("it does not start like a SQLite file"));
    }
    let unclean = beside(path, "-wal")
        .metadata()
        .is_ok_and(|meta| meta.len() > 0);
    check_header(&header, size, unclean, place)?;
    Ok((file, Look { size, unclean }))
}

/// The fields of <https://www.sqlite.org/fileformat2.html#the_database_header>.
fn check_header(header: &[u8; 100], size: u64, unclean: bool, place: &str) -> Result<(), Error> {
    let word = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    if word(68) != APPLICATION_ID {
        return Err(Error::Foreign {
            place: place.to_owned(),
            detail: "it is the database of another program".to_owned(),
        });
    }
    let version = i64::from(word(60));
    if version > migrations::LATEST {
        return Err(Error::NewerSchema {
            place: place.to_owned(),
            found: version,
            known: migrations::LATEST,
        });
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    // With frames still in the log the size in the header may be ahead of the file.
    let pages = u64::from(word(28));
    if !unclean && word(24) == word(92) && size < pages * page {
        return Err(Error::Corrupt {
            place: place.to_owned(),
            detail: format!(
                "{size} bytes where {} are needed: it was cut off",
                pages * page
            ),
        });
    }
    Ok(())
}

async fn check(conn: &mut Conn, place: &str) -> Result<(), Error> {
    let row = conn
        .fetch_optional("PRAGMA quick_check(1)".into(), args![])
        .await
        .map_err(placed(place))?;
    let result = row.map_or(Ok(String::new()), |row| row.columns("check").text())?;
    if result == "ok" {
        return Ok(());
    }
    Err(Error::Corrupt {
        place: place.to_owned(),
        detail: result.lines().next().unwrap_or("check failed").to_owned(),
    })
}

/// Puts the file's name into an error that `SQLite` gave without one.
fn placed(place: &str) -> impl Fn(Error) -> Error + '_ {
    move |error| match error {
        Error::Corrupt { detail, .. } => Error::Corrupt {
            place: place.to_owned(),
            detail,
        },
        other => other,
    }
}

fn opening(error: std::io::Error, path: &Path) -> Error {
    if error.raw_os_error() == Some(nix::libc::ELOOP) {
        return Error::Symlink {
            path: path.to_owned(),
        };
    }
    Error::io(error)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
