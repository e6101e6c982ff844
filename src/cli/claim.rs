//! From a fresh key to an identity somebody answers for.
//!
//! On this machine the content of the home's one-time file is enough; anywhere else a person opens
//! the claim link and compares the fingerprint.

use super::context::Context;
use super::error::{Claim, CliError};
use super::interrupt::Interrupt;
use crate::api::{IdentityStatus, WireSecret};
use crate::client::{Client, Identity, now};
use crate::config::Config;
use crate::files;
use crate::model::ErrorCode;
use std::time::Duration;

/// The longest one-time file that is read, in bytes.
const LONGEST_SECRET: u64 = 4 * 1024;
/// Two commands may want the one-time file at once; one of them finds it used.
const BIND_ATTEMPTS: u32 = 20;
const BIND_PAUSE: Duration = Duration::from_millis(20);
const POLL: Duration = Duration::from_secs(1);
/// As long as a claim link lives.
const PATIENCE: time::Duration = time::Duration::minutes(10);

/// The word for an identity that somebody answers for.
pub(crate) const CLAIMED: &str = "claimed";

/// Makes sure the identity of `client` is claimed, as far as that needs nobody.
pub(crate) async fn ensure(
    context: &Context,
    client: &Client,
    instance: &str,
) -> Result<(), CliError> {
    let identity = identity_of(client)?;
    if context.identities().is_known_claimed(identity, instance) {
        return Ok(());
    }
    let status = settle(context, client, instance).await?;
    if status.registration_status == CLAIMED {
        return Ok(());
    }
    Err(unclaimed(identity, &status))
}

/// Registers and, on this machine, binds. Gives the status as it then is.
pub(crate) async fn settle(
    context: &Context,
    client: &Client,
    instance: &str,
) -> Result<IdentityStatus, CliError> {
    let mut status = client.register_identity().await?;
    let binds = status.registration_status != CLAIMED
        && status.registration_status != "rejected"
        && Config::is_local_daemon(&context.daemon_url()?);
    if binds && let Some(bound) = bind(context, client).await? {
        status = bound;
    }
    let identity = identity_of(client)?;
    context
        .identities()
        .note_status(identity, instance, &status.registration_status);
    Ok(status)
}

/// Binds with the one-time file; `None` where this home has none, because its daemon is another.
async fn bind(context: &Context, client: &Client) -> Result<Option<IdentityStatus>, CliError> {
    let path = context.config.home.local_secret();
    let mut last = None;
    for _ in 0..BIND_ATTEMPTS {
        let Ok(bytes) = files::read_private(&path, LONGEST_SECRET) else {
            return Ok(None);
        };
        let bytes = zeroize::Zeroizing::new(bytes);
        let text = String::from_utf8_lossy(&bytes);
        match client.bind_local(WireSecret::new(text.trim())).await {
            Ok(status) => return Ok(Some(status)),
            Err(error) if error.code() == ErrorCode::Unauthenticated => {
                // Another command of this home may have bound this very identity by now.
                let status = client
                    .identity_status(identity_of(client)?.handle())
                    .await?;
                if status.registration_status == CLAIMED {
                    return Ok(Some(status));
                }
                last = Some(error);
                tokio::time::sleep(BIND_PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    match last {
        Some(error) => Err(CliError::from(error).hint(
            "the daemon on this port may serve another home: compare AUTHSOME_HOME with `authsome daemon status`",
        )),
        None => Ok(None),
    }
}

/// Waits until a person has claimed or declined the identity.
pub(crate) async fn wait(
    context: &Context,
    client: &Client,
    instance: &str,
) -> Result<IdentityStatus, CliError> {
    let identity = identity_of(client)?;
    let until = now() + PATIENCE;
    let mut interrupt = Interrupt::listen();
    let spinner = context.out.spinner("waiting for somebody to accept it");
    loop {
        let status = client.identity_status(identity.handle()).await?;
        let word = status.registration_status.as_str();
        if word == CLAIMED || word == "rejected" || now() > until {
            drop(spinner);
            context.identities().note_status(identity, instance, word);
            return Ok(status);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = interrupt.pressed() => {
                return Err(CliError::interrupted("no longer waiting; the claim link stays good"));
            }
        }
    }
}

pub(crate) fn identity_of(client: &Client) -> Result<&Identity, CliError> {
    client
        .identity()
        .ok_or_else(|| CliError::from(crate::client::Error::NoIdentity))
}

/// What a person has to do, said once in each place that needs it.
pub(crate) fn instructions(identity: &Identity, claim_url: &str) -> String {
    format!(
        "Open this link, sign in, and accept the identity `{}`:\n  {claim_url}\nThe page must show this key fingerprint:\n  {}",
        identity.handle(),
        identity.fingerprint()
    )
}

fn unclaimed(identity: &Identity, status: &IdentityStatus) -> CliError {
    let handle = identity.handle();
    if status.registration_status == "rejected" {
        return CliError::new(
            ErrorCode::Forbidden,
            format!("the identity `{handle}` was declined or revoked"),
        )
        .hint("make another with `authsome profile create --use`");
    }
    let error = CliError::new(
        ErrorCode::Forbidden,
        format!("nobody has accepted the identity `{handle}` yet"),
    );
    match &status.claim_url {
        Some(url) => error
            .hint(format!(
                "{}\nThen run the command again; `authsome init` waits for it.",
                instructions(identity, url)
            ))
            .claim(Claim {
                claim_url: url.clone(),
                fingerprint: identity.fingerprint(),
            }),
        None => error.hint("run `authsome init` for the link that a person opens to accept it"),
    }
}
