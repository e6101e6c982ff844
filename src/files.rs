//! Private files: readable by their owner alone, never reached through a symbolic link.
//!
//! Everything Authsome keeps on disk goes through here, so that one place answers for modes
//! (0600 for files, 0700 for directories, whatever the umask says), for `O_NOFOLLOW`, and for
//! replacing a file so that a crash leaves the old one or the new one, never half of either.
//! It refuses to follow a link in the last component of a path; the directories above it are the
//! user's own.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const NO_FOLLOW: i32 = nix::fcntl::OFlag::O_NOFOLLOW.bits() | nix::fcntl::OFlag::O_CLOEXEC.bits();

/// Makes `path` and what is missing above it, 0700 each; an existing `path` must be a real
/// directory and is tightened to 0700.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "is a symbolic link or a file; a private directory must be a real one",
        ));
    }
    if found.mode() & 0o777 != 0o700 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The directory above `path` that is there and would get what is missing of it.
pub fn nearest_dir(path: &Path) -> &Path {
    path.ancestors()
        .skip(1)
        .find(|above| above.is_dir())
        .unwrap_or(path)
}

/// Writes a file that must not exist yet, and makes it durable. Whoever looks sees the whole file or
/// none, also when many make it at once.
pub fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = unused_sibling(path);
    drop(write_new(&beside, content)?);
    let linked = fs::hard_link(&beside, path);
    drop(fs::remove_file(&beside));
    match linked {
        // A file system without links: nothing is ever replaced there either.
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            write_new(path, content)?;
        }
        done => done?,
    }
    sync_parent(path)
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<File> {
    let mut file = private_options().create_new(true).write(true).open(path)?;
    let written = tighten(&file)
        .and_then(|()| file.write_all(content))
        .and_then(|()| file.sync_all());
    // Half a file is worse than none.
    written.inspect_err(|_| drop(fs::remove_file(path)))?;
    Ok(file)
}

/// A name in the same directory that no other process or thread uses.
fn unused_sibling(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let unused = sibling(path, &format!(".{}-{number}.new", std::process::id()));
    // One that is there is of a process that ended before it was done, and had our number.
    drop(fs::remove_file(&unused));
    unused
}

/// Replaces a file whole: readers see the old content or the new, and a link is replaced, not followed.
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = unused_sibling(path);
    drop(write_new(&beside, content)?);
    fs::rename(&beside, path).inspect_err(|_| drop(fs::remove_file(&beside)))?;
    sync_parent(path)
}

/// Replaces a file that is somebody's own and not ours alone, as `.env` is: mode and owner stay.
///
/// It must be the plain file that `old` was read from, unchanged, and have no second name.
pub fn replace_alike(path: &Path, old: &[u8], new: &[u8]) -> io::Result<()> {
    let refuse = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why.to_owned());
    let longest = u64::try_from(old.len()).unwrap_or(u64::MAX);
    let is_same = || read_private(path, longest).is_ok_and(|now| now == old);
    let found = fs::symlink_metadata(path)?;
    if !found.is_file() || !is_same() {
        return Err(refuse("was changed meanwhile"));
    }
    if found.nlink() != 1 {
        return Err(refuse(
            "has another name, under which the old text would stay",
        ));
    }
    let beside = unused_sibling(path);
    let written = write_new(&beside, new).and_then(|file| {
        // By the open file alone: whoever may write to the directory could put another at its name.
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (found.uid(), found.gid()) {
            std::os::unix::fs::fchown(&file, Some(found.uid()), Some(found.gid()))?;
        }
        // Special bits make no sense for a text with secrets.
        file.set_permissions(fs::Permissions::from_mode(found.mode() & 0o777))?;
        let placed = fs::symlink_metadata(&beside)?;
        if (placed.dev(), placed.ino()) != (made.dev(), made.ino()) {
            return Err(refuse("stands where somebody else changes files"));
        }
        let now = fs::symlink_metadata(path)?;
        if (now.dev(), now.ino()) != (found.dev(), found.ino()) || !is_same() {
            return Err(refuse("was changed meanwhile"));
        }
        fs::rename(&beside, path)
    });
    written.inspect_err(|_| drop(fs::remove_file(&beside)))?;
    sync_parent(path)
}

/// Reads a whole file of at most `limit` bytes, refusing links and anything that is not a plain file.
pub fn read_private(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = private_options()
        .read(true)
        .custom_flags(NO_FOLLOW | NON_BLOCK)
        .open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is not a plain file",
        ));
    }
    let mut content = Vec::new();
    file.take(limit + 1).read_to_end(&mut content)?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("is larger than {limit} bytes"),
        ));
    }
    Ok(content)
}

/// Opens a file to append to, creating it; an existing one is tightened to 0600.
pub fn append_private(path: &Path) -> io::Result<File> {
    let file = private_options().append(true).create(true).open(path)?;
    tighten(&file)?;
    Ok(file)
}

/// Opens a file to read and write, creating it empty; never truncates.
pub fn open_private(path: &Path) -> io::Result<File> {
    let file = private_options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    tighten(&file)?;
    Ok(file)
}

/// Reads an operator's file of at most `limit` bytes: secrets mounted by an orchestrator are links.
pub fn read_operators(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_private(&fs::canonicalize(path)?, limit)
}

/// A log that is cut when it grows: `name`, then `name.1` (newest) to `name.<keep>` (oldest).
///
/// Whoever removes or moves the file gets a new one with the next line. Where that cannot be made
/// (no descriptor left, a link in its place), lines go on into the open file as long as it has a
/// name, and no old file is given up for it.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    file: File,
    limit: u64,
    keep: u32,
}

impl RotatingFile {
    /// Appends to `path`; before it would pass `limit` bytes it is set aside, and at most `keep` old ones stay.
    pub fn open(path: &Path, limit: u64, keep: u32) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: append_private(path)?,
            limit,
            keep,
        })
    }

    /// Makes the open file the one that `adds` more bytes belong into.
    fn turn_to(&mut self, adds: u64) -> io::Result<()> {
        let open = self.file.metadata()?;
        let in_place = match fs::symlink_metadata(&self.path) {
            Ok(found) => (found.dev(), found.ino()) == (open.dev(), open.ino()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if in_place {
            if open.len() == 0 || open.len().saturating_add(adds) <= self.limit {
                return Ok(());
            }
            self.set_aside()?;
        }
        self.file = append_private(&self.path)?;
        Ok(())
    }

    /// Moves every old file up by one, but only as far as there is no gap: trying again after a
    /// failure overwrites nothing.
    fn set_aside(&self) -> io::Result<()> {
        let old = |number: u32| sibling(&self.path, &format!(".{number}"));
        let gap = (1..self.keep).find(|number| old(*number).symlink_metadata().is_err());
        for number in (1..gap.unwrap_or(self.keep)).rev() {
            fs::rename(old(number), old(number + 1))?;
        }
        fs::rename(&self.path, old(1))
    }
}

impl Write for RotatingFile {
    /// Writes all of `lines` to one file: a record is never cut in two, by a rotation or by an error.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let adds = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let turned = self.turn_to(adds);
        let open = self.file.metadata()?;
        if open.nlink() == 0 {
            turned?;
        }
        if let Err(error) = self.file.write_all(lines) {
            // On a full disk the half that fitted would spoil the next line too.
            let _ = self.file.set_len(open.len());
            return Err(error);
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

const NON_BLOCK: i32 = nix::fcntl::OFlag::O_NONBLOCK.bits();

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(NO_FOLLOW);
    options
}

/// The mode given at creation is cut by the umask and ignored for a file that exists; this one is not.
fn tighten(file: &File) -> io::Result<()> {
    if file.metadata()?.mode() & 0o777 == 0o600 {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_private_file_is_0600_and_is_never_overwritten_by_create() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_private(&path, b"one").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert!(create_private(&path, b"two").is_err());
        assert_eq!(read_private(&path, 10).unwrap(), b"one");
    }

    #[test]
    fn of_many_that_create_a_file_one_wins_and_nobody_sees_half_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let content = |number: usize| vec![b'a' + u8::try_from(number).unwrap(); 100_000];
        let create = |number| create_private(&path, &content(number)).is_ok();
        let look = || match read_private(&path, 200_000) {
            Ok(seen) => assert!(seen.len() == 100_000 && seen.iter().all(|byte| *byte == seen[0])),
            Err(absent) => assert_eq!(absent.kind(), io::ErrorKind::NotFound),
        };
        let won = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|number| {
                    scope.spawn(move || {
                        look();
                        let won = create(number);
                        look();
                        won
                    })
                })
                .collect();
            let won = tries.into_iter().map(|one| one.join().unwrap());
            won.filter(|won| *won).count()
        });
        assert_eq!(won, 1);
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_link_is_refused_for_reading_and_appending_and_replaced_by_replace() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, b"other").unwrap();
        symlink(&target, &link).unwrap();
        assert!(read_private(&link, 10).is_err());
        assert!(append_private(&link).is_err());
        replace_private(&link, b"mine").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"other");
        assert_eq!(read_private(&link, 10).unwrap(), b"mine");
    }

    #[test]
    fn too_long_a_file_and_a_directory_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        create_private(&path, b"12345").unwrap();
        assert!(read_private(&path, 4).is_err());
        assert!(read_private(&path, 5).is_ok());
        assert!(read_private(dir.path(), 5).is_err());
    }

    #[test]
    fn a_wide_open_directory_is_tightened_and_a_link_refused() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("a/b");
        create_private_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).unwrap();
        create_private_dir(&home).unwrap();
        assert_eq!(mode(&home), 0o700);
        let link = dir.path().join("link");
        symlink(&home, &link).unwrap();
        assert!(create_private_dir(&link).is_err());
    }

    /// A log of one eight-byte record a file, and what its files hold.
    struct Log(tempfile::TempDir, RotatingFile);

    impl Log {
        fn keeping(keep: u32) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let file = RotatingFile::open(&dir.path().join("log"), 10, keep).unwrap();
            Self(dir, file)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn add(&mut self, records: &[&str]) {
            for record in records {
                self.1
                    .write_all(format!("{record:.<7}\n").as_bytes())
                    .unwrap();
            }
        }

        fn files(&self) -> Vec<String> {
            ["log", "log.1", "log.2", "log.3", "log.4"]
                .iter()
                .map(|name| fs::read_to_string(self.path(name)).unwrap_or_default())
                .map(|text| text.replace(['.', '\n'], ""))
                .collect()
        }
    }

    #[test]
    fn a_log_is_cut_between_records_and_the_oldest_goes() {
        let mut log = Log::keeping(3);
        log.add(&["first", "second", "third", "fourth", "fifth"]);
        assert_eq!(log.files(), ["fifth", "fourth", "third", "second", ""]);
    }

    #[test]
    fn a_log_that_was_removed_or_moved_begins_anew_and_costs_no_old_one() {
        let mut log = Log::keeping(3);
        log.add(&["first", "second", "third"]);
        fs::remove_file(log.path("log")).unwrap();
        log.add(&["fourth"]);
        assert_eq!(log.files(), ["fourth", "second", "first", "", ""]);
        fs::rename(log.path("log"), log.path("elsewhere")).unwrap();
        log.add(&["fifth", "sixth"]);
        assert_eq!(log.files(), ["sixth", "fifth", "second", "first", ""]);
    }

    #[test]
    fn a_log_that_was_emptied_goes_on_in_the_same_file() {
        let mut log = Log::keeping(3);
        log.add(&["first"]);
        File::create(log.path("log")).unwrap();
        log.add(&["second"]);
        assert_eq!(log.files(), ["second", "", "", "", ""]);
    }

    #[test]
    fn a_log_that_cannot_be_opened_again_gives_up_neither_lines_nor_old_files() {
        let mut log = Log::keeping(3);
        log.add(&["first", "second", "third"]);
        fs::rename(log.path("log"), log.path("log.4")).unwrap();
        symlink(log.path("target"), log.path("log")).unwrap();
        for _ in 0..5 {
            log.add(&["x"]);
        }
        assert_eq!(
            log.files(),
            ["", "second", "first", "", "thirdxxxxx"],
            "as long as the open file has a name it takes the lines"
        );
        fs::remove_file(log.path("log.4")).unwrap();
        assert!(log.1.write_all(b"lost\n").is_err(), "nobody could read it");
        fs::remove_file(log.path("log")).unwrap();
        log.add(&["fourth"]);
        assert_eq!(log.files(), ["fourth", "second", "first", "", ""]);
        assert!(!log.path("target").exists());
    }

    #[test]
    fn a_rotation_that_fails_half_way_overwrites_nothing_however_often_it_is_tried() {
        let mut log = Log::keeping(3);
        log.add(&["first", "second", "third"]);
        // A directory in the way of `log.2`, which is not empty: no file can take its place.
        fs::rename(log.path("log.2"), log.path("log.3")).unwrap();
        fs::create_dir(log.path("log.2")).unwrap();
        fs::write(log.path("log.2/x"), "").unwrap();
        fs::remove_file(log.path("log.3")).unwrap();
        fs::create_dir_all(log.path("log.3/x")).unwrap();
        for _ in 0..5 {
            log.add(&["x"]);
        }
        assert_eq!(log.files(), ["thirdxxxxx", "second", "", "", ""]);
    }

    #[test]
    fn an_operators_file_may_be_a_link_but_not_endless() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        fs::write(dir.path().join("real"), b"token\n").unwrap();
        symlink(dir.path().join("real"), &link).unwrap();
        assert_eq!(read_operators(&link, 10).unwrap(), b"token\n");
        assert!(read_operators(&link, 3).is_err());
        assert!(read_operators(Path::new("/dev/zero"), 3).is_err());
    }
}
