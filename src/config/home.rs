//! Where everything lives below `AUTHSOME_HOME`.

use super::Error;
use crate::files;
use crate::model::Handle;
use std::path::{Path, PathBuf};

/// The home directory, absolute. The methods name what is in it; none but [`prepare`](Home::prepare) touches the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// Takes the directory as it is; relative paths are the caller's to refuse.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the home with mode 0700, or tightens one that others could open. Says whether it had to.
    pub fn prepare(&self) -> Result<bool, Error> {
        use std::os::unix::fs::PermissionsExt;
        let fail = |source| Error::File {
            what: "make the private home directory",
            path: self.0.clone(),
            source,
        };
        let was_open =
            std::fs::metadata(&self.0).is_ok_and(|m| m.permissions().mode() & 0o077 != 0);
        let real = std::fs::canonicalize(&self.0).unwrap_or_else(|_| self.0.clone());
        files::create_private_dir(&real).map_err(fail)?;
        Ok(was_open)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The client's own settings.
    pub fn config_json(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Where version 0.5 kept the client's settings.
    pub fn legacy_config_json(&self) -> PathBuf {
        self.0.join("client/config.json")
    }

    pub fn identities_dir(&self) -> PathBuf {
        self.0.join("identities")
    }

    /// Where version 0.5 kept the identities.
    pub fn legacy_identities_dir(&self) -> PathBuf {
        self.0.join("client/identities")
    }

    /// The private key of an identity: 64 hexadecimal digits and a newline, 0600.
    pub fn identity_key(&self, handle: &Handle) -> PathBuf {
        self.identities_dir().join(format!("{handle}.key"))
    }

    /// The public facts of an identity.
    pub fn identity_json(&self, handle: &Handle) -> PathBuf {
        self.identities_dir().join(format!("{handle}.json"))
    }

    /// Custom provider definitions, which win over bundled ones of the same name.
    pub fn providers_dir(&self) -> PathBuf {
        self.0.join("providers")
    }

    /// The audit events as JSON lines.
    pub fn audit_log(&self) -> PathBuf {
        self.0.join("audit.log")
    }

    /// What only the daemon, and whoever may read its files, sees.
    pub fn server_dir(&self) -> PathBuf {
        self.0.join("server")
    }

    pub fn master_key(&self) -> PathBuf {
        self.server_dir().join("master.key")
    }

    pub fn store_db(&self) -> PathBuf {
        self.server_dir().join("store.db")
    }

    /// The one-time secret by which a local client proves that it can read the home.
    pub fn local_secret(&self) -> PathBuf {
        self.server_dir().join("bind.secret")
    }

    pub fn daemon_dir(&self) -> PathBuf {
        self.server_dir().join("daemon")
    }

    pub fn daemon_pid(&self) -> PathBuf {
        self.daemon_dir().join("daemon.pid")
    }

    pub fn daemon_lock(&self) -> PathBuf {
        self.daemon_dir().join("daemon.lock")
    }

    pub fn daemon_log(&self) -> PathBuf {
        self.daemon_dir().join("daemon.log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_home_is_made_private_and_an_open_one_is_tightened() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("deep/home"));
        assert!(!home.prepare().unwrap());
        let mode = || fs::metadata(home.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o700);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(home.prepare().unwrap());
        assert_eq!(mode(), 0o700);
    }

    #[test]
    fn a_home_may_be_a_link_to_a_directory_but_not_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        fs::create_dir(&real).unwrap();
        let link = dir.path().join("link");
        symlink(&real, &link).unwrap();
        Home::at(&link).prepare().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(Home::at(&file).prepare().is_err());
    }
}
