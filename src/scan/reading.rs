//! Reading files that anybody may have put there: bounded, never waiting, never more than text.

use crate::files;
use nix::errno::Errno;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A file or folder that was not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: PathBuf,
    /// For people.
    pub reason: String,
}

impl Skipped {
    pub(super) fn new(path: &Path, reason: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// The text of a file; `None` where there is none of the name.
pub(super) fn text(path: &Path) -> Result<Option<Zeroizing<String>>, Skipped> {
    let skipped = |reason: &str| Skipped::new(path, reason);
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(Skipped::new(path, reason(&error))),
    };
    let found = if found.is_symlink() {
        match std::fs::metadata(path) {
            Ok(found) => found,
            Err(error) if is_absent(&error) => return Err(skipped("is a link to nothing")),
            Err(error) => return Err(Skipped::new(path, reason(&error))),
        }
    } else {
        found
    };
    if found.is_dir() {
        return Err(skipped("is a folder"));
    }
    if !found.is_file() {
        return Err(skipped("is not a plain file"));
    }
    if is_planted(path, found.uid()) {
        return Err(skipped(
            "belongs to somebody else, in a folder that anybody may write to",
        ));
    }
    // Looks again, and waits for no pipe that came in between.
    let bytes =
        files::read_operators(path, LARGEST).map_err(|error| Skipped::new(path, reason(&error)))?;
    if bytes.contains(&0) {
        return Err(skipped("is not text"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(_) => Err(skipped("is not UTF-8 text")),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether another user could have put the file there for us to find, as in `/tmp`.
fn is_planted(path: &Path, owner: u32) -> bool {
    const ANYBODY_WRITES: u32 = 0o002;
    if owner == nix::unistd::geteuid().as_raw() {
        return false;
    }
    let folder = path.parent().and_then(|folder| folder.metadata().ok());
    folder.is_none_or(|folder| folder.mode() & ANYBODY_WRITES != 0)
}

pub(super) fn reason(error: &io::Error) -> String {
    let loops = error.raw_os_error() == Some(Errno::ELOOP as i32);
    match error.kind() {
        _ if loops => "is a link that leads in a circle".to_owned(),
        ErrorKind::PermissionDenied => "may not be read".to_owned(),
        ErrorKind::FileTooLarge => format!("is larger than {} MiB", LARGEST / 1024 / 1024),
        _ => format!("cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn why(path: &Path) -> String {
        text(path).unwrap_err().reason
    }

    #[test]
    fn hostile_files_are_named_and_never_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        assert_eq!(why(&at("folder")), "is a folder");
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(why(&at("pipe")), "is not a plain file");
        symlink(at("pipe"), at("to-pipe")).unwrap();
        assert_eq!(why(&at("to-pipe")), "is not a plain file");
        symlink("/dev/zero", at("zero")).unwrap();
        assert_eq!(why(&at("zero")), "is not a plain file");
        symlink(at("b"), at("a")).unwrap();
        symlink(at("a"), at("b")).unwrap();
        assert_eq!(why(&at("a")), "is a link that leads in a circle");
        symlink(at("gone"), at("dangling")).unwrap();
        assert_eq!(why(&at("dangling")), "is a link to nothing");
        fs::write(at("huge"), vec![b'a'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(why(&at("huge")), "is larger than 1 MiB");
        fs::write(at("binary"), b"A=b\0").unwrap();
        assert_eq!(why(&at("binary")), "is not text");
        fs::write(at("latin"), b"A=\xe9").unwrap();
        assert_eq!(why(&at("latin")), "is not UTF-8 text");
        assert!(text(&at("absent")).unwrap().is_none());
        assert!(text(&at("latin/absent")).unwrap().is_none());
        fs::write(at("fine"), "A=b").unwrap();
        assert_eq!(text(&at("fine")).unwrap().unwrap().as_str(), "A=b");
    }

    #[test]
    fn a_file_another_user_may_have_planted_is_not_read() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        let stranger = nix::unistd::geteuid().as_raw() + 1;
        assert!(!is_planted(&file, stranger));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(is_planted(&file, stranger));
        assert!(!is_planted(&file, nix::unistd::geteuid().as_raw()));
    }
}
