//! `authsome admin …`: the people of a shared daemon, and its OAuth clients.

use super::clients;
use super::context::Context;
use super::error::CliError;
use super::moments::relative;
use super::output::{Answer, Style};
use super::people::{self, NewRole};
use crate::api;
use crate::client::now;
use crate::model::Email;
use clap::Subcommand;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome admin`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a link by which somebody can open an account
    Invite(Invite),
    /// Manage the daemon's OAuth clients at providers
    Client(clients::Args),
    /// Manage the accounts: roles, and who is shut out
    People(people::Args),
}

#[derive(Debug, clap::Args)]
struct Invite {
    /// Only this address may use the link
    #[arg(long, value_parser = Email::from_typed)]
    email: Option<Email>,
    /// What the new account may do
    #[arg(long, value_enum, default_value_t = NewRole::User)]
    role: NewRole,
}

#[derive(Debug, Serialize)]
struct Invited {
    status: &'static str,
    #[serde(flatten)]
    invitation: api::Invitation,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    match args.action {
        Action::Invite(wish) => invite(wish, context).await,
        Action::Client(args) => clients::run(args, context).await,
        Action::People(args) => people::run(args, context).await,
    }
}

async fn invite(invite: Invite, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let invitation = client
        .invite(&api::CreateInvitation {
            email: invite.email,
            role: Some(invite.role.into()),
        })
        .await?;
    context.out.show(&Invited {
        status: "created",
        invitation,
    })?;
    if client.is_local() {
        let reach = "note: the link leads to this machine; people elsewhere cannot open it";
        context.out.note(reach);
    }
    Ok(ExitCode::SUCCESS)
}

impl Answer for Invited {
    fn text(&self, style: &Style) -> String {
        let invitation = &self.invitation;
        if style.is_quiet() {
            return format!("{}\n", super::paint::clean(&invitation.url));
        }
        let whom = invitation
            .email
            .as_ref()
            .map_or_else(|| "whoever holds it".to_owned(), ToString::to_string);
        format!(
            "{}\n{}\n",
            super::paint::clean(&invitation.url),
            style.paint().dim(&format!(
                "Works once, for {whom}, as {}; ends {}",
                invitation.role.as_str(),
                relative(invitation.expires_at, now())
            ))
        )
    }
}
