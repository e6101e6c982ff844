//! The client's own settings: `config.json` of the home, and that of version 0.5.

use super::{Error, Home};
use crate::files;
use crate::model::Handle;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Longest `config.json` that is read, in bytes.
const LIMIT: u64 = 64 * 1024;

/// `config.json`. No secret is ever in it; fields of other versions are kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ClientConfig {
    /// The identity that commands act as when `AUTHSOME_IDENTITY` names none.
    #[serde(default)]
    pub active_identity: Option<Handle>,
    /// The daemon to talk to when `AUTHSOME_DAEMON_URL` names none.
    #[serde(default)]
    pub daemon_url: Option<url::Url>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl ClientConfig {
    /// Reads the home's `config.json`, or 0.5's where there is only that, or gives the defaults.
    pub fn load(home: &Home) -> Result<Self, Error> {
        for path in [home.config_json(), home.legacy_config_json()] {
            if let Some(bytes) = read(&path)? {
                return serde_json::from_slice(&bytes)
                    .map_err(|source| Error::Malformed { path, source });
            }
        }
        Ok(Self::default())
    }

    /// Replaces the home's `config.json` whole (0600).
    pub fn save(&self, home: &Home) -> Result<(), Error> {
        let path = home.config_json();
        let mut text = serde_json::to_vec_pretty(self).map_err(|source| Error::Malformed {
            path: path.clone(),
            source,
        })?;
        text.push(b'\n');
        files::replace_private(&path, &text).map_err(|source| write_error(path, source))
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match files::read_private(path, LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(Error::File {
            what: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

fn write_error(path: PathBuf, source: std::io::Error) -> Error {
    Error::File {
        what: "write",
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_saved_is_loaded_and_unknown_fields_stay() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        assert_eq!(ClientConfig::load(&home).unwrap(), ClientConfig::default());
        fs::write(
            home.config_json(),
            r#"{"active_identity":"scout-1","later":[1]}"#,
        )
        .unwrap();
        let mut config = ClientConfig::load(&home).unwrap();
        config.daemon_url = Some("https://a.example/".parse().unwrap());
        config.save(&home).unwrap();
        let again = ClientConfig::load(&home).unwrap();
        assert_eq!(again, config);
        assert_eq!(again.unknown["later"], serde_json::json!([1]));
        let mode = fs::metadata(home.config_json())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_file_of_version_0_5_is_read_where_there_is_no_newer() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        fs::create_dir(dir.path().join("client")).unwrap();
        let old = r#"{"version":"0.5.0","active_identity":"brisk-kindly-clearly-0001",
            "proxy_ca_installed":false,"proxy_mode":"something_else"}"#;
        fs::write(home.legacy_config_json(), old).unwrap();
        let config = ClientConfig::load(&home).unwrap();
        assert_eq!(
            config.active_identity.unwrap().as_str(),
            "brisk-kindly-clearly-0001"
        );
        assert_eq!(
            config.unknown["proxy_mode"], "something_else",
            "kept for its version"
        );
    }

    #[test]
    fn a_broken_file_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        for bad in [
            "{",
            r#"{"active_identity":"../x"}"#,
            r#"{"daemon_url":"::"}"#,
            "[]",
        ] {
            fs::write(home.config_json(), bad).unwrap();
            let error = ClientConfig::load(&home).unwrap_err();
            assert!(error.to_string().contains("config.json"), "{bad}: {error}");
        }
    }
}
