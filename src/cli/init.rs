//! `authsome init`: the home, an identity, and somebody who answers for it.

use super::browser;
use super::claim::{self, CLAIMED};
use super::context::Context;
use super::error::CliError;
use super::output::{Answer, Style};
use crate::api::{Encryption, IdentityStatus};
use crate::client::Identity;
use serde::Serialize;
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `authsome init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not wait until somebody has accepted the identity
    #[arg(long)]
    no_wait: bool,
    /// Print the claim link instead of opening it
    #[arg(long)]
    no_open: bool,
}

#[derive(Debug, Serialize)]
struct Ready {
    /// `ready`, or `claim_required` while a person has to act.
    status: &'static str,
    home: String,
    profile: String,
    did: String,
    fingerprint: String,
    registration_status: String,
    daemon_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_url: Option<String>,
    #[serde(flatten)]
    encryption: Encryption,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    context.config.home.prepare()?;
    let identity = Arc::new(context.identities().active_or_new()?);
    let connected = context.connect().await?;
    let client = connected.client.acting_as(Arc::clone(&identity));
    let mut status = claim::settle(context, &client, &connected.instance_id).await?;
    if let Some(url) = &status.claim_url
        && status.registration_status != CLAIMED
        && !args.no_wait
    {
        context.out.ask(&claim::instructions(&identity, url));
        if !args.no_open {
            browser::open(context, url);
        }
        status = claim::wait(context, &client, &connected.instance_id).await?;
    }
    let health = client.health().await?;
    let ready = describe(context, &identity, status, health.encryption)?;
    context.out.done(&ready)?;
    Ok(if ready.status == "rejected" {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn describe(
    context: &Context,
    identity: &Identity,
    status: IdentityStatus,
    encryption: Encryption,
) -> Result<Ready, CliError> {
    Ok(Ready {
        status: match status.registration_status.as_str() {
            CLAIMED => "ready",
            "rejected" => "rejected",
            _ => "claim_required",
        },
        home: context.config.home.path().display().to_string(),
        profile: identity.handle().to_string(),
        did: identity.did().to_string(),
        fingerprint: identity.fingerprint(),
        registration_status: status.registration_status,
        daemon_url: context.daemon_address()?,
        claim_url: status.claim_url,
        encryption,
    })
}

impl Answer for Ready {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let first = match self.status {
            "ready" => format!("{} as {}", paint.good("Ready"), paint.bold(&self.profile)),
            "rejected" => format!(
                "{}: the identity {} was declined or revoked; `authsome init` asks again where it was declined, `authsome profile create --use` makes another",
                paint.bad("Not ready"),
                paint.bold(&self.profile)
            ),
            _ => format!(
                "{}: somebody has to accept the identity {}",
                paint.warn("Not ready yet"),
                paint.bold(&self.profile)
            ),
        };
        let mut text = format!(
            "{first}\n  home    {}\n  daemon  {}\n",
            self.home, self.daemon_url
        );
        match (&self.claim_url, self.status) {
            (Some(url), "claim_required") => {
                text = format!("{text}  link    {url}\n  key     {}\n", self.fingerprint);
            }
            (_, "ready") => text.push_str("Next: authsome login openai\n"),
            _ => {}
        }
        text
    }
}
