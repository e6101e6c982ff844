//! The run's private directory, and the environment that points into it.
//!
//! It holds public certificates only and goes when the run ends; what a killed run left behind is
//! removed by the next one.

use super::routes::Plan;
use crate::cli::error::CliError;
use crate::config::{ChildEnvironment, Config, Home};
use crate::files;
use crate::proxy::{
    Bundle, ChildSettings, NODE_PROXY, RunningProxy, child_environment, system_roots, trusted_files,
};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Mode 0700; gone when dropped.
#[derive(Debug)]
pub(super) struct Directory(TempDir);

impl Directory {
    pub(super) fn create(home: &Home) -> Result<Self, CliError> {
        let runs = home.path().join("run");
        // Before anything in it is read or removed: a link is not followed.
        let made = files::create_private_dir(&runs);
        if made.is_ok() {
            sweep(&runs);
        }
        let mut named = tempfile::Builder::new();
        let prefix = format!("{}-", std::process::id());
        named
            .prefix(&prefix)
            .permissions(Permissions::from_mode(0o700));
        // A home that cannot be used is no reason not to run.
        let directory = match made.and_then(|()| named.tempdir_in(&runs)) {
            Ok(directory) => Ok(directory),
            Err(_) => named.tempdir(),
        };
        directory.map(Self).map_err(|error| {
            CliError::internal("could not make a private directory for the run", error)
        })
    }

    /// Writes the certificates and gives the child's whole environment.
    pub(super) fn fill(
        &self,
        proxy: &RunningProxy,
        plan: &Plan,
        environment: &ChildEnvironment,
        config: &Config,
    ) -> Result<BTreeMap<OsString, OsString>, CliError> {
        let mut all = system_roots();
        let mut own = Bundle::default();
        for (name, path) in trusted_files(environment.vars()) {
            all.add_file(path);
            if name == "NODE_EXTRA_CA_CERTS" {
                own.add_file(path);
            }
        }
        for (_, path) in config.root_files() {
            all.add_file(path);
            own.add_file(path);
        }
        all.add(proxy.ca_pem());
        own.add(proxy.ca_pem());
        let bundle = self.write("bundle.pem", all.pem())?;
        let node_bundle = self.write("ca.pem", own.pem())?;
        let settings = ChildSettings {
            proxy_url: &proxy.url_with_secret(),
            bundle: &bundle,
            node_bundle: &node_bundle,
            node_proxy: &self.write("node-proxy.cjs", NODE_PROXY)?,
            bypass: proxy.bypass(),
            placeholders: &plan.variables(),
        };
        Ok(child_environment(environment.vars(), &settings))
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, CliError> {
        let path = self.0.path().join(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| {
                CliError::internal("could not write the certificates of the run", error)
            })?;
        Ok(path)
    }
}

/// Removes directories of runs whose process is no more.
fn sweep(runs: &Path) {
    for entry in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name
            .to_str()
            .and_then(|name| name.split_once('-'))
            .and_then(|(pid, _)| pid.parse().ok());
        let is_gone =
            pid.is_some_and(|pid: i32| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH));
        if is_gone && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}
