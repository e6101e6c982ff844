//! `authsome admin people …`: who has an account at the daemon, and what each may do.

use super::context::Context;
use super::error::CliError;
use super::moments::relative;
use super::output::{Answer, Style};
use super::prompt;
use super::table::{Rows, Tone};
use crate::api::{self, PersonAccount};
use crate::client::{Client, now};
use crate::model::{ErrorCode, Role};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use std::process::ExitCode;
use time::OffsetDateTime;

/// Arguments of `authsome admin people`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the accounts
    List,
    /// Make somebody an administrator, or a user again
    Role(ChangeRole),
    /// Shut somebody out, with their agents; their connections are kept
    Disable(Disable),
    /// Let somebody in again
    Enable(Whom),
}

#[derive(Debug, clap::Args)]
struct Whom {
    /// The e-mail address or principal id
    who: String,
}

#[derive(Debug, clap::Args)]
struct ChangeRole {
    /// The e-mail address or principal id
    who: String,
    /// What the account may do
    role: NewRole,
}

#[derive(Debug, clap::Args)]
struct Disable {
    /// The e-mail address or principal id
    who: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum NewRole {
    /// Their own connections; also people, providers and the audit log
    Admin,
    /// Their own connections
    User,
}

impl From<NewRole> for Role {
    fn from(role: NewRole) -> Self {
        match role {
            NewRole::Admin => Self::Admin,
            NewRole::User => Self::User,
        }
    }
}

#[derive(Debug, Serialize)]
struct Listing {
    people: Vec<PersonAccount>,
    #[serde(skip)]
    now: OffsetDateTime,
}

/// An account after a change.
#[derive(Debug, Serialize)]
struct Changed {
    /// The word scripts compare.
    status: &'static str,
    #[serde(flatten)]
    person: PersonAccount,
    #[serde(skip)]
    said: String,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    match args.action {
        Action::List => context.out.show(&Listing {
            people: client.people().await?.people,
            now: now(),
        })?,
        Action::Role(wish) => {
            let found = find(&client, &wish.who).await?;
            let wish = api::SetRole {
                role: wish.role.into(),
            };
            let person = client.set_role(&found.principal_id, &wish).await?;
            let said = format!("{} is {} now", name(&person), role(person.role));
            done(context, "changed", person, said)?;
        }
        Action::Disable(wish) => {
            let found = find(&client, &wish.who).await?;
            let question = format!(
                "Shut {} out, with their {} agents?",
                name(&found),
                found.agents
            );
            prompt::consent(wish.yes, context.out.is_json(), &question)?;
            let person = client.disable_person(&found.principal_id).await?;
            let said = format!("{} is shut out", name(&person));
            done(context, "disabled", person, said)?;
        }
        Action::Enable(wish) => {
            let found = find(&client, &wish.who).await?;
            let person = client.enable_person(&found.principal_id).await?;
            let said = format!("{} may sign in again", name(&person));
            done(context, "enabled", person, said)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(client: &Client, who: &str) -> Result<PersonAccount, CliError> {
    let all = client.people().await?.people;
    let is_meant = |one: &PersonAccount| {
        let email = one.email.as_ref();
        one.principal_id.as_str() == who
            || email.is_some_and(|email| email.as_str().eq_ignore_ascii_case(who))
    };
    all.into_iter().find(is_meant).ok_or_else(|| {
        CliError::new(
            ErrorCode::NotFound,
            format!("nobody with the account `{who}` is here"),
        )
        .hint("`authsome admin people list` shows everybody")
    })
}

fn done(
    context: &Context,
    status: &'static str,
    person: PersonAccount,
    said: String,
) -> Result<(), CliError> {
    context.out.done(&Changed {
        status,
        person,
        said,
    })
}

fn name(person: &PersonAccount) -> String {
    let email = person.email.as_ref();
    email.map_or_else(|| "the owner of the home".to_owned(), ToString::to_string)
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "an administrator",
        Role::User => "a user",
    }
}

impl Answer for Listing {
    fn text(&self, style: &Style) -> String {
        let headings = [
            "ACCOUNT",
            "ROLE",
            "CONNECTIONS",
            "AGENTS",
            "LAST SIGN-IN",
            "STATE",
        ];
        let mut rows = Rows::new(style, &headings);
        for person in &self.people {
            let (state, tone) = if person.disabled {
                ("disabled", Tone::Bad)
            } else {
                ("active", Tone::Good)
            };
            let signed_in = person.signed_in_at;
            let signed_in = signed_in.map_or_else(String::new, |at| relative(at, self.now));
            rows.push(&[
                (&name(person), Tone::Plain),
                (person.role.as_str(), Tone::Plain),
                (&person.connections.to_string(), Tone::Plain),
                (&person.agents.to_string(), Tone::Plain),
                (&signed_in, Tone::Dim),
                (state, tone),
            ]);
        }
        rows.finish()
    }
}

impl Answer for Changed {
    fn text(&self, style: &Style) -> String {
        format!("{}\n", style.paint().good(&self.said))
    }
}
