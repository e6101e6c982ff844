//! The half of `doctor` that asks the daemon.

use super::claim::CLAIMED;
use super::context::Context;
use super::doctor::Check;
use super::elsewhere;
use super::error::CliError;
use crate::api::{Health, Readiness};
use crate::client::{Client, Error};
use crate::config::Config;
use crate::daemon::examine_store;
use crate::model::MasterKeySource;
use std::sync::Arc;
use time::Duration;

/// Looks at the daemon, and through its eyes at vault and store. Starts none.
pub(super) async fn checks(context: &Context) -> Vec<Check> {
    let client = match daemon(context) {
        Ok(client) => client,
        Err(error) => return vec![Check::failed("daemon", &error)],
    };
    match client.health_and_skew().await {
        Ok((health, skew)) => {
            let mut checks = vec![reached(&client, &health), clock(skew)];
            checks.extend(version(&client, &health));
            checks.extend(identity_checks(context, &client).await);
            checks
        }
        Err(error) => vec![unreached(context, &client, error)],
    }
}

fn daemon(context: &Context) -> Result<Client, CliError> {
    Ok(Client::anonymous(&context.daemon_url()?)?)
}

fn unreached(context: &Context, client: &Client, error: Error) -> Check {
    let url = context.daemon_url().ok();
    if let Some(told) = url.as_ref().and_then(|url| elsewhere::daemon(context, url)) {
        return Check::failed("daemon", &told);
    }
    let starts = url.is_some_and(|url| Config::is_local_daemon(&url));
    if starts && let Some(lost) = lost_key(context) {
        return lost;
    }
    if starts && let Err(error) = examine_store(&context.config) {
        return cannot_start(&error.into());
    }
    if error.is_unreachable() && starts {
        return Check::ok(
            "daemon",
            format!(
                "does not run at {}; the next command starts it",
                client.address()
            ),
        );
    }
    Check::failed("daemon", &CliError::from(error))
}

/// The next command would try to start it, in vain.
fn cannot_start(error: &CliError) -> Check {
    let reason = error.whole_message();
    let message = format!("does not run, and cannot start: {reason}");
    Check::fail("daemon", message, error.next_step().unwrap_or_default())
}

/// The key that the data of this home was sealed with is gone, so the daemon would not start.
fn lost_key(context: &Context) -> Option<Check> {
    let config = &context.config;
    let MasterKeySource::HomeFile(path) = &config.master_key else {
        return None;
    };
    let lost = config.home.store_db().exists() && !path.exists();
    lost.then(|| {
        Check::fail(
            "daemon",
            format!(
                "does not run, and cannot start: {} is missing",
                path.display()
            ),
            "put the key back from a backup, or name it with AUTHSOME_MASTER_KEY_FILE",
        )
    })
}

fn reached(client: &Client, health: &Health) -> Check {
    Check::ok(
        "daemon",
        format!(
            "version {} at {}, {}, key from {}",
            health.version,
            client.address(),
            health.store_backend,
            health.encryption.effective_encryption_source
        ),
    )
}

fn version(client: &Client, health: &Health) -> Option<Check> {
    let ours = env!("CARGO_PKG_VERSION");
    (health.version != ours).then(|| {
        let fix = if client.is_local() {
            "bring them together with `authsome daemon restart`"
        } else {
            "install the same version on both sides"
        };
        let message = format!("the daemon is {}, this is {ours}", health.version);
        Check::warn("version", message, fix)
    })
}

fn clock(ahead: Option<Duration>) -> Check {
    let Some(ahead) = ahead else {
        return Check::ok("clock", "the daemon does not tell its time");
    };
    let seconds = ahead.abs().whole_seconds();
    let side = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let message = format!("{seconds} seconds {side} the daemon's");
    match seconds {
        0..=5 => Check::ok("clock", "agrees with the daemon's"),
        6..=60 => Check::warn(
            "clock",
            message,
            "set this machine's clock; past 60 seconds nothing works",
        ),
        _ => Check::fail("clock", message, "set this machine's clock"),
    }
}

/// What only a claimed identity may ask.
async fn identity_checks(context: &Context, client: &Client) -> Vec<Check> {
    let identity = match context.identities().active() {
        Ok(Some(identity)) => Arc::new(identity),
        // Said by the check of the identity itself.
        Ok(None) | Err(_) => return Vec::new(),
    };
    let client = client.acting_as(Arc::clone(&identity));
    let status = match client.identity_status(identity.handle()).await {
        Ok(status) => status.registration_status,
        Err(error) if error.refusal().is_some_and(|r| r.status == 404) => {
            return vec![Check::warn(
                "claim",
                "the daemon does not know this identity yet",
                "run `authsome init`",
            )];
        }
        Err(error) => return vec![Check::failed("claim", &error.into())],
    };
    if status != CLAIMED {
        return vec![Check::fail(
            "claim",
            format!("nobody answers for this identity ({status})"),
            "run `authsome init` and open the link",
        )];
    }
    let mut checks = vec![Check::ok("claim", "somebody answers for this identity")];
    match client.readiness().await {
        Ok(ready) => checks.extend(readiness(&ready)),
        Err(error) => checks.push(Check::failed("vault", &error.into())),
    }
    checks
}

fn readiness(ready: &Readiness) -> Vec<Check> {
    let parts = [
        ("store", &ready.checks.store),
        ("vault", &ready.checks.vault),
        ("providers", &ready.checks.providers),
        ("connections", &ready.checks.connections),
        ("integrity", &ready.checks.integrity),
    ];
    let (files, others): (Vec<&String>, Vec<&String>) = ready
        .warnings
        .iter()
        .partition(|text| text.starts_with("providers/"));
    let left_out = files_left_out(&files);
    let mut checks: Vec<Check> = parts
        .into_iter()
        // What is said of the files says it of the part.
        .filter(|(name, status)| {
            left_out.is_none() || *name != "providers" || status.as_str() != "ok"
        })
        .map(|(name, status)| match status.as_str() {
            "ok" => Check::ok(name, "well"),
            _ => Check::fail(name, "not well", "see why with `authsome daemon logs`"),
        })
        .collect();
    checks.extend(left_out);
    let issues = ready
        .issues
        .iter()
        .map(|text| Check::fail("issue", text, ""));
    let warnings = others
        .into_iter()
        .map(|text| Check::warn("warning", text, ""));
    checks.extend(issues.chain(warnings));
    checks
}

/// The definitions of the daemon's home that cannot be read: not well, and every other one is.
fn files_left_out(files: &[&String]) -> Option<Check> {
    let texts: Vec<&str> = files.iter().map(|text| text.as_str()).collect();
    (!texts.is_empty()).then(|| {
        let fix = "put the file right or take it away; it is left out until then";
        Check::warn("providers", texts.join("; "), fix)
    })
}
