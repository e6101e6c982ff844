//! `authsome admin client …`: the OAuth clients of the daemon, one for each provider.
//!
//! Their secrets come from a masked prompt or from stdin, never from an argument.

use super::context::Context;
use super::done::Changed;
use super::error::CliError;
use super::output::{Answer, Style};
use super::paint::clean;
use super::prompt;
use super::table::{Rows, Tone};
use crate::api::{self, LoginSession};
use crate::client::Client;
use crate::model::ProviderName;
use clap::Subcommand;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome admin client`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the clients, and how many connections each got
    List,
    /// Set the client of a provider; ends what the last one got, for everybody
    Set(Set),
    /// Forget the client of a provider, and end what it got, for everybody
    Forget(Forget),
}

#[derive(Debug, clap::Args)]
struct Set {
    /// The provider
    provider: ProviderName,
    /// The client id that the provider gave
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// Read the client secret from stdin, instead of a masked prompt
    #[arg(long, conflicts_with = "no_secret")]
    secret_stdin: bool,
    /// The client has no secret
    #[arg(long)]
    no_secret: bool,
    /// The site it is registered at, where the provider is installed in many places
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
struct Forget {
    /// The provider
    provider: ProviderName,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// The clients as they are shown.
#[derive(Debug, Serialize)]
struct Listing(api::ProviderClients);

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    match args.action {
        Action::List => {
            let found = context.client().await?.provider_clients().await?;
            context.out.show(&Listing(found))?;
        }
        Action::Set(wish) => set(wish, context).await?,
        Action::Forget(wish) => forget(wish, context).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn set(wish: Set, context: &Context) -> Result<(), CliError> {
    let secret = if wish.no_secret {
        None
    } else if wish.secret_stdin && !prompt::stdin_is_terminal() {
        Some(prompt::secret_from_stdin()?)
    } else if prompt::has_person() {
        Some(prompt::secret("Client secret").await?)
    } else {
        return Err(
            CliError::usage("there is no terminal to type the client secret in")
                .hint("pipe it in with --secret-stdin, or say --no-secret"),
        );
    };
    let client = context.client().await?;
    if let Some(found) = find(&client, &wish.provider).await? {
        let question = format!(
            "Put it in the place of the client there is{}?",
            also(&found)
        );
        prompt::consent(wish.yes, context.out.is_json(), &question)?;
    }
    let asked = api::SetProviderClient {
        client_id: wish.client_id,
        client_secret: secret,
        base_url: wish.base_url,
    };
    let changed = client.set_provider_client(&wish.provider, &asked).await?;
    let said = format!(
        "This daemon has an OAuth client at {}{}",
        wish.provider,
        ended(changed.connections_ended)
    );
    done(context, "set", changed, said)
}

async fn forget(wish: Forget, context: &Context) -> Result<(), CliError> {
    let client = context.client().await?;
    if let Some(found) = find(&client, &wish.provider).await? {
        agree(context, &found, wish.yes)?;
    }
    let changed = client.forget_provider_client(&wish.provider).await?;
    let said = format!(
        "Forgot the OAuth client at {}{}",
        wish.provider,
        ended(changed.connections_ended)
    );
    done(context, "forgotten", changed, said)
}

/// Makes way for the client that a login is to bring; there may be none to forget.
pub(super) async fn forget_for(
    context: &Context,
    client: &Client,
    session: &LoginSession,
    is_agreed: bool,
) -> Result<(), CliError> {
    let Some(found) = find(client, &session.provider).await? else {
        return Ok(());
    };
    agree(context, &found, is_agreed)?;
    let changed = client.forget_provider_client(&session.provider).await?;
    context.out.note(&format!(
        "Forgot the OAuth client at {}{}",
        session.provider,
        ended(changed.connections_ended)
    ));
    Ok(())
}

async fn find(
    client: &Client,
    provider: &ProviderName,
) -> Result<Option<api::ProviderClient>, CliError> {
    let all = client.provider_clients().await?.clients;
    Ok(all.into_iter().find(|one| one.provider == *provider))
}

fn agree(context: &Context, found: &api::ProviderClient, is_agreed: bool) -> Result<(), CliError> {
    let question = format!(
        "Forget this daemon's OAuth client at {}{}?",
        found.provider,
        also(found)
    );
    prompt::consent(is_agreed, context.out.is_json(), &question)
}

/// What goes with a client, for a question.
fn also(found: &api::ProviderClient) -> String {
    match found.connections {
        0 => ", which has got no connection".to_owned(),
        1 => ", and end the one connection that it got".to_owned(),
        many => format!(", and end the {many} connections that it got, for everybody"),
    }
}

fn ended(count: u64) -> String {
    match count {
        0 => String::new(),
        count => format!("; {}", super::done::ended(Some(count))),
    }
}

fn done(
    context: &Context,
    status: &'static str,
    changed: api::ProviderClientChanged,
    said: String,
) -> Result<(), CliError> {
    context.out.done(&Changed {
        connections_ended: Some(changed.connections_ended),
        ..Changed::new(status, changed.provider, said)
    })
}

impl Answer for Listing {
    fn text(&self, style: &Style) -> String {
        let Self(found) = self;
        let callback = clean(&found.redirect_uri);
        let register = format!("Register clients with the callback {callback}");
        if found.clients.is_empty() {
            return format!(
                "No OAuth client yet; the first login at a provider asks for one\n{}\n",
                style.paint().dim(&register)
            );
        }
        let headings = ["PROVIDER", "CLIENT ID", "SECRET", "FROM", "CONNECTIONS"];
        let mut rows = Rows::new(style, &headings);
        for one in &found.clients {
            let (id, tone) = match &one.client_id {
                Some(id) => (id.as_str(), Tone::Plain),
                None => ("cannot be opened", Tone::Bad),
            };
            let secret = if one.has_secret { "yes" } else { "no" };
            let from = one.variable.as_deref().unwrap_or("stored");
            let count = one.connections.to_string();
            rows.push(&[
                (one.provider.as_str(), Tone::Plain),
                (id, tone),
                (secret, Tone::Plain),
                (from, Tone::Dim),
                (&count, Tone::Plain),
            ]);
        }
        format!("{}{}\n", rows.finish(), style.paint().dim(&register))
    }
}
