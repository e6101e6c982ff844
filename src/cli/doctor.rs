//! `authsome doctor`: looks at everything a command depends on, changes nothing, starts nothing.

use super::context::Context;
use super::doctor_daemon;
use super::error::CliError;
use super::output::{Answer, Style};
use super::table::{Rows, Tone};
use crate::config::ChildEnvironment;
use crate::daemon::unusable_roots;
use crate::files;
use nix::unistd::AccessFlags;
use serde::Serialize;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    name: &'static str,
    status: Verdict,
    message: String,
    /// What to do, where something is not well.
    fix: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            status: Verdict::Ok,
            message: message.into(),
            fix: None,
        }
    }

    pub(super) fn warn(
        name: &'static str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            status: Verdict::Warn,
            fix: Some(fix.into()),
            ..Self::ok(name, message)
        }
    }

    pub(super) fn fail(
        name: &'static str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            status: Verdict::Fail,
            ..Self::warn(name, message, fix)
        }
    }

    pub(super) fn failed(name: &'static str, error: &CliError) -> Self {
        Self {
            fix: error.next_step().map(str::to_owned),
            ..Self::fail(name, error.whole_message(), "")
        }
    }
}

#[derive(Debug, Serialize)]
struct Report {
    status: Verdict,
    checks: Vec<Check>,
}

pub(crate) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    let mut checks = vec![home(context), settings(context)];
    checks.extend(private_files(context));
    // Without its settings nobody knows which identity and which daemon are meant.
    if checks[1].status == Verdict::Ok {
        checks.insert(2, identity(context));
        checks.extend(doctor_daemon::checks(context).await);
    }
    checks.extend(roots(context));
    checks.extend(proxies());
    checks.extend(tools());
    let report = Report {
        status: checks.iter().map(|c| c.status).max().unwrap_or(Verdict::Ok),
        checks,
    };
    context.out.show(&report)?;
    Ok(match report.status {
        Verdict::Ok | Verdict::Warn => ExitCode::SUCCESS,
        Verdict::Fail => ExitCode::FAILURE,
    })
}

fn home(context: &Context) -> Check {
    let path = context.config.home.path();
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => unmade(path),
        Err(e) => Check::fail(
            "home",
            format!("cannot look into {shown}: {e}"),
            "make it yours, or choose another with AUTHSOME_HOME",
        ),
        Ok(found) if !found.is_dir() => Check::fail(
            "home",
            format!("{shown} is not a directory"),
            "move it away, or choose another with AUTHSOME_HOME",
        ),
        Ok(found) if found.mode() & 0o077 != 0 => Check::fail(
            "home",
            format!("others can open {shown} (mode {:o})", found.mode() & 0o777),
            format!("chmod 700 {shown}"),
        ),
        Ok(_) if nix::unistd::access(path, AccessFlags::W_OK).is_err() => Check::warn(
            "home",
            format!("{shown} cannot be written"),
            "make it writable, or bring an identity with AUTHSOME_IDENTITY and AUTHSOME_IDENTITY_PRIVATE_KEY",
        ),
        Ok(_) => Check::ok("home", shown.to_string()),
    }
}

/// A home that the first command makes, where it can.
fn unmade(path: &Path) -> Check {
    let shown = path.display();
    let place = files::nearest_dir(path);
    let needed = AccessFlags::W_OK | AccessFlags::X_OK;
    match nix::unistd::access(place, needed) {
        Ok(()) => Check::ok("home", format!("{shown} is made when it is needed")),
        Err(errno) => Check::fail(
            "home",
            format!("{shown} cannot be made: {}", errno.desc()),
            format!(
                "make {} writable, or set AUTHSOME_HOME to a directory that is",
                place.display()
            ),
        ),
    }
}

/// Files of the home that nobody else may read.
fn private_files(context: &Context) -> Vec<Check> {
    let home = &context.config.home;
    let mut paths = vec![
        home.config_json(),
        home.audit_log(),
        home.master_key(),
        home.store_db(),
    ];
    paths.extend(key_files(&home.identities_dir()));
    paths
        .into_iter()
        .filter_map(|path| open_to_others(&path))
        .collect()
}

fn key_files(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "key"))
        .collect()
}

fn open_to_others(path: &Path) -> Option<Check> {
    let found = path.symlink_metadata().ok()?;
    let shown = path.display();
    if found.is_symlink() {
        return Some(Check::fail(
            "files",
            format!("{shown} is a symbolic link, which is refused"),
            "put the file itself in its place",
        ));
    }
    (found.mode() & 0o077 != 0).then(|| {
        Check::fail(
            "files",
            format!("others can read {shown} (mode {:o})", found.mode() & 0o777),
            format!("chmod 600 {shown}"),
        )
    })
}

fn settings(context: &Context) -> Check {
    match context.settings() {
        Ok(_) => Check::ok(
            "config",
            context.config.home.config_json().display().to_string(),
        ),
        Err(error) => Check::failed("config", &error),
    }
}

fn identity(context: &Context) -> Check {
    match context.identities().active() {
        Ok(Some(identity)) => Check::ok("identity", identity.handle().to_string()),
        Ok(None) => Check::ok("identity", "none yet; the first command makes one"),
        Err(error) => Check::failed("identity", &error),
    }
}

fn roots(context: &Context) -> Vec<Check> {
    let unusable = unusable_roots(&context.config);
    if unusable.is_empty() {
        return vec![trusted_roots()];
    }
    unusable
        .into_iter()
        .map(|error| Check::failed("roots", &error.into()))
        .collect()
}

fn trusted_roots() -> Check {
    let found = rustls_native_certs::load_native_certs();
    match found.certs.len() {
        0 => Check::fail(
            "roots",
            "this machine has no root certificates, so `authsome run` can trust no upstream",
            "install the package ca-certificates, or set SSL_CERT_FILE",
        ),
        count => Check::ok("roots", format!("{count} root certificates")),
    }
}

/// Proxies between this machine and the world; `authsome run` takes their place for its child.
fn proxies() -> Option<Check> {
    let environment = ChildEnvironment::capture();
    let set: Vec<_> = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ]
    .into_iter()
    .filter(|name| environment.get(name).is_some_and(|value| !value.is_empty()))
    .collect();
    (!set.is_empty()).then(|| {
        Check::warn(
            "proxy",
            format!("{} is set", set.join(", ")),
            "commands reach the daemon without it; under `authsome run` the program gets Authsome's proxy instead",
        )
    })
}

/// Tools that do not read the variables by which `run` makes itself trusted.
fn tools() -> Option<Check> {
    cfg!(target_os = "macos").then(|| {
        Check::warn(
            "go",
            "programs in Go on macOS trust the keychain only and ignore SSL_CERT_FILE",
            "run them in a Linux container, or with GODEBUG=x509usefallbackroots=1 where they carry roots",
        )
    })
}

impl Answer for Report {
    fn text(&self, style: &Style) -> String {
        let mut rows = Rows::new(style, &[]);
        for check in &self.checks {
            let (word, tone) = match check.status {
                Verdict::Ok => ("ok", Tone::Good),
                Verdict::Warn => ("warn", Tone::Warn),
                Verdict::Fail => ("FAIL", Tone::Bad),
            };
            rows.push(&[
                (word, tone),
                (check.name, Tone::Plain),
                (&check.message, Tone::Plain),
            ]);
            if let Some(fix) = check.fix.as_ref().filter(|fix| !fix.is_empty()) {
                rows.push(&[
                    ("", Tone::Plain),
                    ("", Tone::Plain),
                    (&format!("→ {fix}"), Tone::Dim),
                ]);
            }
        }
        rows.finish()
    }
}
