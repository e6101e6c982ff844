//! Which folders and `.env` files are looked into.

use super::reading::{Skipped, reason};
use std::path::{Path, PathBuf};

/// Most `.env` files of one scan.
const MOST_FILES: usize = 200;

/// The folder and those above it: to the root of its repository, else to the home folder, else to
/// the root of the file system.
pub(super) fn folders(start: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in start.ancestors() {
        all.push(folder.to_owned());
        if folder.join(".git").symlink_metadata().is_ok() || home == Some(folder) {
            break;
        }
    }
    all
}

/// The `.env` files of the folders, nearest first.
pub(super) fn env_files(folders: &[PathBuf], skipped: &mut Vec<Skipped>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in folders {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                skipped.push(Skipped::new(folder, reason(&error)));
                continue;
            }
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut found: Vec<_> = paths.filter(|path| is_env_file(path)).collect();
        found.sort();
        all.extend(found);
    }
    for surplus in all.drain(MOST_FILES.min(all.len())..) {
        let reason = format!("comes after {MOST_FILES} others");
        skipped.push(Skipped::new(&surplus, reason));
    }
    all
}

/// A file name is bytes; one that is no text is none of ours.
fn is_env_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name == ".env" || name.starts_with(".env."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_walk_ends_at_the_repository_or_at_home() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let deep = root.join("home/repo/a/b");
        fs::create_dir_all(&deep).unwrap();
        let home = root.join("home");
        let count = |start: &Path| folders(start, Some(&home)).len();
        assert_eq!(count(&deep), 4, "b, a, repo, home");
        assert_eq!(count(&home), 1);
        fs::create_dir(root.join("home/repo/.git")).unwrap();
        assert_eq!(count(&deep), 3);
        let outside = folders(&root, Some(&home));
        assert_eq!(outside.last().unwrap(), Path::new("/"));
    }

    #[test]
    fn files_are_those_that_loaders_read() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            ".env",
            ".env.local",
            ".environment",
            "x.env",
            ".env.example",
            ".envrc",
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let mut skipped = Vec::new();
        let found = env_files(&[dir.path().to_owned()], &mut skipped);
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, [".env", ".env.example", ".env.local"]);
        assert!(skipped.is_empty());
        env_files(&[dir.path().join("gone")], &mut skipped);
        assert_eq!(skipped.len(), 1);
    }
}
