//! The master key's one source, and making a new key where there is nothing to lose yet.
//!
//! A key is any UTF-8 text; white space around it is not part of it. A file of the home is made
//! 0600, never through a link, never over an existing one.

use super::{Error, keyring};
use crate::crypto::random;
use crate::files;
use crate::model::MasterKeySource;
use crate::secret::MasterKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// The longest text that is taken for a key, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The key of a source; `None` where the source is one of ours and holds none yet. Blocks.
pub fn load(source: &MasterKeySource) -> Result<Option<MasterKey>, Error> {
    source.load()
}

impl MasterKeySource {
    /// The place, for messages: a variable or a path, never the key.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Env(_) => "AUTHSOME_MASTER_KEY".to_owned(),
            Self::File(path) | Self::HomeFile(path) => path.display().to_string(),
            Self::Keyring => "the OS keyring (service authsome, user master_key)".to_owned(),
            Self::Passphrase(_) => "AUTHSOME_PASSPHRASE".to_owned(),
        }
    }

    /// The key of this source; `None` where the source is one of ours and holds none yet. Blocks.
    pub(super) fn load(&self) -> Result<Option<MasterKey>, Error> {
        match self {
            Self::Env(key) | Self::Passphrase(key) => self.trimmed(key.reveal()).map(Some),
            Self::File(path) => match files::read_operators(path, LONGEST).map(Zeroizing::new) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Error::SourceMissing {
                    origin: self.origin(),
                }),
                read => self.text(read).map(Some),
            },
            Self::HomeFile(path) => match private_content(path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
                read => self.text(read).map(Some),
            },
            Self::Keyring => match keyring::load()? {
                Some(key) => self.trimmed(key.reveal()).map(Some),
                None => Ok(None),
            },
        }
    }

    /// Makes and keeps a new key. Only for a store without any data. Blocks.
    pub(super) fn create(&self) -> Result<MasterKey, Error> {
        let raw = random::bytes::<32>();
        let text = Zeroizing::new(STANDARD.encode(raw.as_slice()));
        let key = MasterKey::new(text.as_str());
        match self {
            Self::HomeFile(path) => {
                create_file(path, &text).map_err(|source| Error::Create {
                    origin: self.origin(),
                    source,
                })?;
            }
            Self::Keyring => keyring::create(&key)?,
            Self::Env(_) | Self::File(_) | Self::Passphrase(_) => {
                return Err(Error::SourceMissing {
                    origin: self.origin(),
                });
            }
        }
        Ok(key)
    }

    fn text(&self, read: io::Result<Zeroizing<Vec<u8>>>) -> Result<MasterKey, Error> {
        let origin = || self.origin();
        let content = read.map_err(|source| match (self, source.kind()) {
            (_, io::ErrorKind::FileTooLarge) => Error::TooLong {
                origin: origin(),
                limit: LONGEST,
            },
            (Self::HomeFile(path), _) if path.is_symlink() => Error::Link { path: path.clone() },
            _ => Error::Unreadable {
                origin: origin(),
                source,
            },
        })?;
        let text =
            std::str::from_utf8(&content).map_err(|_| Error::NotText { origin: origin() })?;
        self.trimmed(text)
    }

    fn trimmed(&self, text: &str) -> Result<MasterKey, Error> {
        match text.trim() {
            "" => Err(Error::Empty {
                origin: self.origin(),
            }),
            key => Ok(MasterKey::new(key)),
        }
    }
}

fn create_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        files::create_private_dir(parent)?;
    }
    let line = Zeroizing::new(format!("{text}\n"));
    files::create_private(path, line.as_bytes())
}

/// The home's own file: a plain one, which nobody else may read from now on.
fn private_content(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let content = files::read_private(path, LONGEST).map(Zeroizing::new)?;
    let mode = std::fs::symlink_metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(
            file.mode = format!("{mode:03o}"),
            "the master key could be read by other users of this machine; making it 0600"
        );
        drop(files::open_private(path)?);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn home() -> (tempfile::TempDir, PathBuf, MasterKeySource) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server/master.key");
        let input = MasterKeySource::HomeFile(path.clone());
        (dir, path, input)
    }

    #[test]
    fn a_made_key_is_private_random_and_reads_back() {
        let (_dir, path, input) = home();
        assert!(input.load().unwrap().is_none());
        let made = input.create().unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(made.reveal().len(), 44);
        assert!(input.load().unwrap().unwrap().matches(made.reveal()));
        assert!(matches!(input.create(), Err(Error::Create { .. })));
        assert!(input.load().unwrap().unwrap().matches(made.reveal()));
    }

    #[test]
    fn white_space_around_a_key_is_not_part_of_it() {
        let (_dir, path, input) = home();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, " a key with spaces inside \r\n").unwrap();
        assert!(
            input
                .load()
                .unwrap()
                .unwrap()
                .matches("a key with spaces inside")
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let env = MasterKeySource::Env(MasterKey::new("\tkey\n"));
        assert!(env.load().unwrap().unwrap().matches("key"));
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_as_it_is() {
        let (_dir, path, input) = home();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let long = vec![b'a'; 70_000];
        for content in [&b""[..], b" \n\t", b"\xff\xfe", long.as_slice()] {
            fs::write(&path, content).unwrap();
            assert!(input.load().is_err());
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(input.load(), Err(Error::Unreadable { .. })));
        assert!(MasterKeySource::Env(MasterKey::new(" ")).load().is_err());
    }

    #[test]
    fn a_link_is_refused_in_the_home_and_followed_for_the_operator() {
        let (dir, path, input) = home();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let target = dir.path().join("elsewhere");
        fs::write(&target, "key").unwrap();
        symlink(&target, &path).unwrap();
        assert!(matches!(input.load(), Err(Error::Link { .. })));
        let operator = MasterKeySource::File(path.clone());
        assert!(operator.load().unwrap().unwrap().matches("key"));
        fs::remove_file(&target).unwrap();
        assert!(
            matches!(input.create(), Err(Error::Create { .. })),
            "dangling link"
        );
        assert!(!target.exists());
        assert!(matches!(operator.load(), Err(Error::SourceMissing { .. })));
    }

    #[test]
    fn an_operators_file_is_never_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let input = MasterKeySource::File(path.clone());
        assert!(matches!(input.load(), Err(Error::SourceMissing { .. })));
        assert!(matches!(input.create(), Err(Error::SourceMissing { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn no_message_or_debug_holds_the_key() {
        let input = MasterKeySource::Env(MasterKey::new("very secret"));
        assert!(!format!("{input:?} {}", input.origin()).contains("very secret"));
    }
}
