//! `authsome list`: providers, and the connections to them.

use super::context::Context;
use super::error::CliError;
use super::moments::relative;
use super::output::{Answer, Style};
use super::paint::clean;
use super::table::{Rows, Tone, tone_of};
use crate::api::{ConnectionList, ConnectionSummary, Definition};
use crate::client::now;
use crate::model::{ConnectionName, ProviderName};
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;
use time::OffsetDateTime;

/// The source of a definition that did not come with Authsome.
const CUSTOM: &str = "custom";

/// Arguments of `authsome list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only providers with this in their name
    search: Option<String>,
    /// Only providers you are connected to
    #[arg(long)]
    connected: bool,
}

#[derive(Debug, Serialize)]
struct Listing {
    bundled: Vec<Row>,
    custom: Vec<Row>,
    #[serde(skip)]
    searched: bool,
    #[serde(skip)]
    only_connected: bool,
    #[serde(skip)]
    now: OffsetDateTime,
}

#[derive(Debug, Serialize)]
struct Row {
    name: ProviderName,
    display_name: String,
    auth_type: &'static str,
    source: &'static str,
    connections: Vec<Connected>,
}

/// A connection as `list` and `inspect` show it.
#[derive(Debug, Serialize)]
pub(crate) struct Connected {
    connection_name: String,
    is_default: bool,
    auth_type: String,
    status: String,
    scopes: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    account_label: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let list = context.client().await?.connections().await?;
    let listing = Listing::of(list, &args);
    context.out.show(&listing)?;
    Ok(ExitCode::SUCCESS)
}

impl Listing {
    fn of(list: ConnectionList, args: &Args) -> Self {
        let mut connected: BTreeMap<ProviderName, Vec<Connected>> = list
            .connections
            .into_iter()
            .map(|at| {
                (
                    at.name,
                    at.connections.into_iter().map(Connected::from).collect(),
                )
            })
            .collect();
        let mut rows = |source: &'static str, definitions: Vec<Definition>| {
            let mut rows: Vec<Row> = definitions
                .into_iter()
                .map(|Definition(provider)| Row {
                    connections: connected.remove(&provider.name).unwrap_or_default(),
                    name: provider.name.clone(),
                    display_name: provider.display_name.clone(),
                    auth_type: provider.auth_type.as_str(),
                    source,
                })
                .filter(|row| row.is_wanted(args))
                .collect();
            rows.sort_by(|a, b| a.name.cmp(&b.name));
            rows
        };
        // A custom definition wins over a bundled one of its name, and so has the connections.
        let custom = rows(CUSTOM, list.by_source.custom);
        let bundled = rows("bundled", list.by_source.bundled);
        Self {
            bundled,
            custom,
            searched: args.search.is_some(),
            only_connected: args.connected,
            now: now(),
        }
    }

    /// By name, wherever they come from.
    fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.custom.iter().chain(&self.bundled).collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows
    }

    /// What is said instead of tables.
    const fn nothing(&self) -> &'static str {
        if self.searched {
            "Nothing matches. See everything with `authsome list`.\n"
        } else if self.only_connected {
            "Nothing is connected yet; log in with `authsome login PROVIDER`.\n"
        } else {
            "There are no providers.\n"
        }
    }
}

impl Row {
    fn is_wanted(&self, args: &Args) -> bool {
        let named = args.search.as_ref().is_none_or(|word| {
            let word = word.to_lowercase();
            self.name.as_str().contains(&word) || self.display_name.to_lowercase().contains(&word)
        });
        named && !(args.connected && self.connections.is_empty())
    }
}

impl From<ConnectionSummary> for Connected {
    fn from(one: ConnectionSummary) -> Self {
        Self {
            connection_name: one.connection_name.to_string(),
            is_default: one.is_default,
            auth_type: one.auth_type,
            status: one.status,
            scopes: one.scopes,
            expires_at: one.expires_at,
            account_label: one.account_label,
        }
    }
}

impl Connected {
    /// `work (default)`; one of the usual name is the default unless another is marked.
    pub(crate) fn label(&self) -> String {
        if self.is_default && self.connection_name != ConnectionName::DEFAULT {
            format!("{} (default)", self.connection_name)
        } else {
            self.connection_name.clone()
        }
    }

    /// Whose it is at the provider; empty where that is not known.
    pub(crate) fn account(&self) -> &str {
        self.account_label.as_deref().unwrap_or_default()
    }

    pub(crate) fn status(&self) -> &str {
        &self.status
    }

    pub(crate) fn expiry(&self, now: OffsetDateTime) -> String {
        self.expires_at
            .map_or_else(String::new, |at| relative(at, now))
    }
}

impl Answer for Listing {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let mut text = String::new();
        let connected = self.connected_table(style);
        if !connected.is_empty() {
            text.push_str(&paint.bold("Connected"));
            text.push('\n');
            text.push_str(&connected);
            text.push_str(&self.to_log_in_again());
        }
        let available: Vec<&Row> = self
            .rows()
            .into_iter()
            .filter(|row| row.connections.is_empty())
            .collect();
        if !available.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&paint.bold("Available"));
            text.push('\n');
            text.push_str(&available_table(style, &available));
        }
        if text.is_empty() && !style.is_quiet() {
            text.push_str(self.nothing());
        }
        text
    }
}

impl Listing {
    /// The commands that mend what has ended.
    fn to_log_in_again(&self) -> String {
        let mut text = String::new();
        for row in self.rows() {
            let ended = row
                .connections
                .iter()
                .filter(|one| one.status != "connected");
            for one in ended {
                let name = if one.connection_name == ConnectionName::DEFAULT {
                    String::new()
                } else {
                    format!(" -c {}", clean(&one.connection_name))
                };
                let line = format!("Log in again: authsome login {}{name}\n", row.name);
                text.push_str(&line);
            }
        }
        text
    }

    fn connected_table(&self, style: &Style) -> String {
        let connected: Vec<&Row> = self
            .rows()
            .into_iter()
            .filter(|row| !row.connections.is_empty())
            .collect();
        if connected.is_empty() {
            return String::new();
        }
        // A definition of somebody's own decides where a credential goes, so it is said.
        let tells_source = connected.iter().any(|row| row.source == CUSTOM);
        let all = || connected.iter().flat_map(|row| &row.connections);
        let tells_account = all().any(|one| !one.account().is_empty());
        let is_wanted = |heading: &str| match heading {
            "ACCOUNT" => tells_account,
            "SOURCE" => tells_source,
            _ => true,
        };
        let headings = [
            "PROVIDER",
            "CONNECTION",
            "ACCOUNT",
            "STATUS",
            "TYPE",
            "EXPIRES",
            "SOURCE",
        ];
        let wanted: Vec<&str> = headings.into_iter().filter(|h| is_wanted(h)).collect();
        let mut rows = Rows::new(style, &wanted);
        for row in &connected {
            for (index, one) in row.connections.iter().enumerate() {
                let name = row.name.as_str();
                let cells = [
                    (if index == 0 { name } else { "" }, Tone::Plain),
                    (&one.label(), Tone::Plain),
                    (one.account(), Tone::Plain),
                    (&one.status, tone_of(&one.status)),
                    (&one.auth_type, Tone::Dim),
                    (&one.expiry(self.now), Tone::Dim),
                    (row.source, Tone::Dim),
                ];
                let cells: Vec<_> = headings
                    .into_iter()
                    .zip(cells)
                    .filter(|(heading, _)| is_wanted(heading))
                    .map(|(_, cell)| cell)
                    .collect();
                if index == 0 {
                    rows.push(&cells);
                } else {
                    rows.push_below(name, &cells);
                }
            }
        }
        rows.finish()
    }
}

fn available_table(style: &Style, available: &[&Row]) -> String {
    let mut rows = Rows::new(style, &["PROVIDER", "NAME", "TYPE", "SOURCE"]);
    for row in available {
        rows.push(&[
            (row.name.as_str(), Tone::Plain),
            (&row.display_name, Tone::Plain),
            (row.auth_type, Tone::Dim),
            (row.source, Tone::Dim),
        ]);
    }
    rows.finish()
}
