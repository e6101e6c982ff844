//! Writing something else in the place of a value of a `.env` file, and nothing else.

use super::dotenv::Quote;
use crate::files;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A `.env` file as it was read.
#[derive(Clone)]
pub struct EnvFile {
    /// As it was come upon.
    pub path: PathBuf,
    pub(super) text: Zeroizing<String>,
}

/// Without the text, which holds secrets.
impl std::fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("EnvFile").field(&self.path).finish()
    }
}

/// A value and where it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(super) span: Range<usize>,
    pub(super) quote: Quote,
    /// Of the name, from 1.
    pub line: usize,
}

impl EnvFile {
    /// Writes the texts in the places of the values and leaves everything else as it is: other
    /// lines, quotes, comments, line ends, mode and owner. Readers see the old file or the new.
    ///
    /// Refused where the file is not the one that was read any more, and where it is reached
    /// through a link that leads out of its folder or has another name, under which the old text
    /// would stay.
    pub fn replace(&self, changes: &[(Change, String)]) -> io::Result<()> {
        let real = self.real()?;
        let new = Zeroizing::new(self.changed(changes));
        files::replace_alike(&real, self.text.as_bytes(), new.as_bytes())
    }

    /// The file itself, which is in the folder where it was come upon.
    fn real(&self) -> io::Result<PathBuf> {
        let real = self.path.canonicalize()?;
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        if real.parent() == Some(folder.canonicalize()?.as_path()) {
            return Ok(real);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is a link that leads out of its folder",
        ))
    }

    fn changed(&self, changes: &[(Change, String)]) -> String {
        let mut changes: Vec<_> = changes.iter().collect();
        changes.sort_by_key(|(change, _)| change.span.start);
        let mut text = String::with_capacity(self.text.len());
        let mut at = 0;
        for (change, new) in changes {
            text.push_str(&self.text[at..change.span.start]);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+=:@".contains(c);
            if change.quote == Quote::None && !new.chars().all(is_plain) {
                text.extend(["'", new, "'"]);
            } else {
                text.push_str(new);
            }
            at = change.span.end;
        }
        text.push_str(&self.text[at..]);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::dotenv::parse;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    const TEXT: &str =
        "\u{feff}# mine\r\nexport A = \"one\" # why\r\nB='two\nlines'\nC=three\nD=four";

    fn file(path: &Path) -> (EnvFile, Vec<(Change, String)>) {
        let text = fs::read_to_string(path).unwrap();
        let changes = parse(&text).into_iter().filter(|one| one.name != "D");
        let changes = changes.map(|one| {
            let change = Change {
                span: one.span,
                quote: one.quote,
                line: one.line,
            };
            (change, format!("fake|{}", one.name))
        });
        let changes = changes.collect();
        let path = path.to_owned();
        let text = Zeroizing::new(text);
        (EnvFile { path, text }, changes)
    }

    #[test]
    fn everything_around_the_values_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        fs::write(&path, TEXT).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let (env, changes) = file(&path);
        env.replace(&changes).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "\u{feff}# mine\r\nexport A = \"fake|A\" # why\r\nB='fake|B'\nC='fake|C'\nD=four"
        );
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no copy");
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        fs::write(&path, TEXT).unwrap();
        let (env, changes) = file(&path);
        fs::write(&path, "A=other").unwrap();
        let refused = env.replace(&changes).unwrap_err();
        assert!(refused.to_string().contains("changed"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "A=other");
        fs::remove_file(&path).unwrap();
        assert!(env.replace(&changes).is_err());
    }

    #[test]
    fn a_link_within_the_folder_is_followed_and_one_out_of_it_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (inner, link) = (dir.path().join("inner"), dir.path().join("inner/.env"));
        fs::create_dir(&inner).unwrap();
        fs::write(dir.path().join("outside"), TEXT).unwrap();
        symlink("../outside", &link).unwrap();
        let (env, changes) = file(&link);
        let refused = env.replace(&changes).unwrap_err();
        assert!(
            refused.to_string().contains("out of its folder"),
            "{refused}"
        );
        assert_eq!(
            fs::read_to_string(dir.path().join("outside")).unwrap(),
            TEXT
        );
        fs::remove_file(&link).unwrap();
        fs::write(inner.join("inside"), TEXT).unwrap();
        symlink("inside", &link).unwrap();
        file(&link).0.replace(&changes).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        let seen = fs::read_to_string(inner.join("inside")).unwrap();
        assert!(seen.contains("fake|A"), "{seen}");
    }

    #[test]
    fn a_file_with_another_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        fs::write(&path, TEXT).unwrap();
        fs::hard_link(&path, dir.path().join("other")).unwrap();
        let (env, changes) = file(&path);
        let refused = env.replace(&changes).unwrap_err();
        assert!(refused.to_string().contains("another name"), "{refused}");
    }
}
