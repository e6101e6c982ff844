//! `authsome inspect`: the definition of a provider, and the connections to it.

use super::context::Context;
use super::error::CliError;
use super::list::Connected;
use super::output::{Answer, Style};
use super::paint::clean;
use super::table::{Rows, Tone, tone_of};
use crate::api::Definition;
use crate::client::now;
use crate::model::injection::Addition;
use crate::model::{Provider, ProviderName};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The provider
    provider: ProviderName,
}

#[derive(Debug, Serialize)]
struct Inspection {
    #[serde(flatten)]
    definition: Definition,
    connections: Vec<Connected>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let (definition, list) =
        tokio::try_join!(client.provider(&args.provider), client.connections())?;
    let connections = list
        .connections
        .into_iter()
        .filter(|at| at.name == args.provider)
        .flat_map(|at| at.connections)
        .map(Connected::from)
        .collect();
    context.out.show(&Inspection {
        definition,
        connections,
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Answer for Inspection {
    fn text(&self, style: &Style) -> String {
        let provider = &self.definition.0;
        let paint = style.paint();
        let mut text = format!(
            "{} ({})\n",
            paint.bold(&provider.display_name),
            clean(provider.name.as_str())
        );
        let mut rows = Rows::new(style, &[]);
        for (name, value) in facts(provider) {
            rows.push(&[(name, Tone::Dim), (&value, Tone::Plain)]);
        }
        text.push_str(&rows.finish());
        if self.connections.is_empty() {
            text = format!(
                "{text}\nNot connected. Log in with `authsome login {}`.\n",
                provider.name
            );
        } else {
            let tells_account = self.connections.iter().any(|one| !one.account().is_empty());
            let headings = ["CONNECTION", "STATUS", "EXPIRES", "ACCOUNT"];
            let columns = headings.len() - usize::from(!tells_account);
            let mut rows = Rows::new(style, &headings[..columns]);
            for one in &self.connections {
                let cells = [
                    (&*one.label(), Tone::Plain),
                    (one.status(), tone_of(one.status())),
                    (&one.expiry(now()), Tone::Dim),
                    (one.account(), Tone::Plain),
                ];
                rows.push(&cells[..columns]);
            }
            text.push('\n');
            text.push_str(&rows.finish());
        }
        text
    }
}

/// The hosts, and that they are others at another site.
fn goes_to(provider: &Provider) -> String {
    let hosts = provider.at_site(None).api_url.join(", ");
    match (provider.has_sites(), hosts.is_empty()) {
        (false, _) => hosts,
        (true, true) => "the site you name with --base-url".to_owned(),
        (true, false) => format!("{hosts}; or the site you name with --base-url"),
    }
}

/// What a person wants to know of a definition: where the secret goes and what a child sees.
fn facts(provider: &Provider) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("log in by", provider.flow.as_str().replace('_', " ")),
        ("goes to", goes_to(provider)),
        ("as", injected(provider)),
        ("variables", exported(provider)),
    ];
    if let Some(oauth) = &provider.oauth {
        facts.push((
            "authorize",
            oauth.authorization_url.clone().unwrap_or_default(),
        ));
        facts.push(("token", oauth.token_url.clone().unwrap_or_default()));
        facts.push(("scopes", oauth.scopes.join(" ")));
        let grants: Vec<&str> = oauth.grants.iter().map(|flow| flow.as_str()).collect();
        facts.push(("programs by", grants.join(", ")));
    }
    facts.push(("docs", provider.docs_url.clone().unwrap_or_default()));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn injected(provider: &Provider) -> String {
    provider
        .injection_rules()
        .iter()
        .map(|rule| match &rule.add {
            Addition::Header { name, format } => format!("{name}: {format}"),
            Addition::Basic { username, password } => {
                format!("Authorization: Basic {username}:{password}")
            }
            Addition::Query { name } => format!("?{name}={{secret}}"),
            Addition::Cookie { name } => format!("Cookie: {name}={{secret}}"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn exported(provider: &Provider) -> String {
    let variables = provider.variables();
    variables.into_keys().collect::<Vec<_>>().join(", ")
}
