//! `authsome profile …`: the identities of this home.

use super::context::Context;
use super::error::CliError;
use super::output::{Answer, Style};
use super::table::{Rows, Tone, tone_of};
use crate::model::Handle;
use clap::Subcommand;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome profile`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an identity
    Create(Create),
    /// Act as an identity from now on
    Use(Use),
    /// List the identities
    List,
}

#[derive(Debug, clap::Args)]
struct Create {
    /// Its name (default: made up)
    handle: Option<Handle>,
    /// Act as it from now on
    #[arg(long = "use")]
    activate: bool,
}

#[derive(Debug, clap::Args)]
struct Use {
    /// The identity
    handle: Handle,
}

#[derive(Debug, Serialize)]
struct Acted {
    /// `created` or `active`.
    status: &'static str,
    profile: String,
    did: String,
    active: bool,
}

#[derive(Debug, Serialize)]
struct Profiles {
    profiles: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    profile: String,
    did: String,
    active: bool,
    registration_status: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    // Nothing here asks the daemon: an identity is registered when it is first used.
    std::future::ready(match args.action {
        Action::Create(args) => create(args, context),
        Action::Use(args) => activate(&args, context),
        Action::List => list(context),
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

fn create(args: Create, context: &Context) -> Result<(), CliError> {
    let identities = context.identities();
    let identity = identities.create(args.handle)?;
    if args.activate {
        identities.activate(identity.handle())?;
    }
    context.out.done(&Acted {
        status: "created",
        profile: identity.handle().to_string(),
        did: identity.did().to_string(),
        active: args.activate,
    })
}

fn activate(args: &Use, context: &Context) -> Result<(), CliError> {
    let identities = context.identities();
    let identity = identities.load(&args.handle)?;
    identities.activate(identity.handle())?;
    if let Some(named) = &context.config.identity
        && named != identity.handle()
    {
        context.out.warn(&format!(
            "AUTHSOME_IDENTITY is set to `{named}` and wins over this choice"
        ));
    }
    context.out.done(&Acted {
        status: "active",
        profile: identity.handle().to_string(),
        did: identity.did().to_string(),
        active: true,
    })
}

fn list(context: &Context) -> Result<(), CliError> {
    let identities = context.identities();
    let active = identities.active().ok().flatten();
    let active = active.as_ref().map(crate::client::Identity::handle);
    let mut profiles = Vec::new();
    for handle in identities.handles()? {
        let facts = identities.facts(&handle);
        // A damaged key is listed too; `doctor` says what is wrong with it.
        let did = identities.load(&handle).map(|one| one.did().to_string());
        profiles.push(Entry {
            active: active == Some(&handle),
            did: did.unwrap_or_default(),
            registration_status: facts.and_then(|facts| facts.identity_status),
            profile: handle.to_string(),
        });
    }
    context.out.show(&Profiles { profiles })
}

impl Answer for Acted {
    fn text(&self, style: &Style) -> String {
        let name = style.paint().bold(&self.profile);
        if self.status == "active" {
            return format!("Acting as {name}\n");
        }
        let next = if self.active {
            "it is the one in use".to_owned()
        } else {
            format!("act as it with `authsome profile use {}`", self.profile)
        };
        format!("Created {name}; {next}\n")
    }
}

impl Answer for Profiles {
    fn text(&self, style: &Style) -> String {
        if self.profiles.is_empty() {
            return "There are no identities yet; make one with `authsome init`\n".to_owned();
        }
        let mut rows = Rows::new(style, &["", "IDENTITY", "STATUS", "DID"]);
        for one in &self.profiles {
            let (mark, tone) = if one.active {
                ("*", Tone::Good)
            } else {
                ("", Tone::Plain)
            };
            let status = one.registration_status.as_deref().unwrap_or_default();
            rows.push(&[
                (mark, tone),
                (&one.profile, Tone::Plain),
                (status, tone_of(status)),
                (&one.did, Tone::Dim),
            ]);
        }
        rows.finish()
    }
}
