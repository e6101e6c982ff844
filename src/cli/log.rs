//! `authsome log`: who used what.

use super::context::Context;
use super::error::CliError;
use super::interrupt::Interrupt;
use super::moments::{Moment, stamp};
use super::output::{Answer, Style};
use super::table::{Rows, Tone, tone_of};
use crate::api::{AuditEntries, AuditEntry, AuditQuery};
use crate::client::{Client, now};
use crate::model::{ConnectionName, Handle, ProviderName, SearchText};
use clap::ValueEnum;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

const POLL: Duration = Duration::from_secs(1);
const COLUMNS: [&str; 6] = [
    "TIME",
    "EVENT",
    "STATUS",
    "IDENTITY",
    "PROVIDER",
    "CONNECTION",
];
/// The most entries of one page when following.
const PAGE: u32 = 200;

/// Arguments of `authsome log`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// At most this many entries
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    /// Only this provider
    #[arg(long)]
    provider: Option<ProviderName>,
    /// Only this connection
    #[arg(long, short)]
    connection: Option<ConnectionName>,
    /// Only this identity
    #[arg(long)]
    identity: Option<Handle>,
    /// Only this event, such as credential.resolved
    #[arg(long)]
    event: Option<String>,
    /// Only events that ended so
    #[arg(long, value_enum)]
    status: Option<Ended>,
    /// Only with this in a name or in the metadata
    #[arg(long, value_name = "TEXT")]
    search: Option<SearchText>,
    /// Only from then on: 90s, 15m, 2h, 7d ago, or a time such as 2026-03-01T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// Only up to then
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// Go on with what happens from now on
    #[arg(long, short, conflicts_with = "until")]
    follow: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Ended {
    /// It was done
    Success,
    /// It went wrong
    Failure,
    /// It was not allowed
    Refused,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Page {
    entries: AuditEntries,
    /// Whether the columns were named before.
    #[serde(skip)]
    goes_on: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let query = query(&args);
    let page = Page {
        entries: first(&client, query.clone(), args.limit).await?,
        goes_on: false,
    };
    context.out.show(&page)?;
    if args.follow {
        follow(context, &client, query, page.entries.entries).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// As many entries as were asked for, where there are so many: the daemon may stop a long search half-way
/// and say where it goes on.
async fn first(
    client: &Client,
    mut query: AuditQuery,
    limit: u32,
) -> Result<AuditEntries, CliError> {
    let mut all = client.audit_events(&query).await?;
    loop {
        let found = u32::try_from(all.entries.len()).unwrap_or(limit);
        query.cursor.clone_from(&all.next_cursor);
        query.limit = Some(limit.saturating_sub(found));
        if found >= limit || query.cursor.is_none() {
            return Ok(all);
        }
        let more = client.audit_events(&query).await?;
        all.entries.extend(more.entries);
        all.next_cursor = more.next_cursor;
    }
}

fn query(args: &Args) -> AuditQuery {
    let now = now();
    AuditQuery {
        limit: Some(args.limit),
        cursor: None,
        provider: args.provider.clone(),
        connection: args.connection.clone(),
        identity: args.identity.clone(),
        principal_id: None,
        event: args.event.clone(),
        q: args.search.clone(),
        status: args.status.map(|status| {
            match status {
                Ended::Success => "success",
                Ended::Failure => "failure",
                Ended::Refused => "refused",
            }
            .to_owned()
        }),
        since: args.since.map(|at| at.resolve(now)),
        until: args.until.map(|at| at.resolve(now)),
    }
}

/// Prints what is new once a second, until Ctrl-C.
async fn follow(
    context: &Context,
    client: &Client,
    query: AuditQuery,
    seen: Vec<AuditEntry>,
) -> Result<(), CliError> {
    let mut interrupt = Interrupt::listen();
    let mut newest = seen.into_iter().next();
    let mut query = AuditQuery {
        limit: Some(PAGE),
        ..query
    };
    let mut goes_on = newest.is_some();
    loop {
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = interrupt.pressed() => return Ok(()),
        }
        query.since = newest.as_ref().map(|entry| entry.timestamp).or(query.since);
        let fresh = newer(client, query.clone(), newest.as_ref()).await?;
        if let Some(first) = fresh.first() {
            newest = Some(first.clone());
            let entries = AuditEntries {
                entries: fresh,
                next_cursor: None,
            };
            context.out.show(&Page { entries, goes_on })?;
            goes_on = true;
        }
    }
}

/// Everything after `last`, newest first, however many pages it takes.
async fn newer(
    client: &Client,
    mut query: AuditQuery,
    last: Option<&AuditEntry>,
) -> Result<Vec<AuditEntry>, CliError> {
    let mut fresh = Vec::new();
    loop {
        let page = client.audit_events(&query).await?;
        for entry in page.entries {
            if last.is_some_and(|last| last.event_id == entry.event_id) {
                return Ok(fresh);
            }
            fresh.push(entry);
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return Ok(fresh);
        }
    }
}

impl Answer for Page {
    /// Oldest first, so that the newest stands above the prompt.
    fn text(&self, style: &Style) -> String {
        if self.entries.entries.is_empty() {
            if style.is_quiet() {
                return String::new();
            }
            return "Nothing like that was written down.\n".to_owned();
        }
        let mut rows = Rows::new(style, if self.goes_on { &[] } else { &COLUMNS });
        for entry in self.entries.entries.iter().rev() {
            let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
            rows.push(&[
                (&stamp(entry.timestamp), Tone::Dim),
                (&entry.event, Tone::Plain),
                (&entry.status, tone_of(&entry.status)),
                (
                    &text(entry.identity.as_ref().map(Handle::as_str)),
                    Tone::Plain,
                ),
                (
                    &text(entry.provider.as_ref().map(ProviderName::as_str)),
                    Tone::Plain,
                ),
                (
                    &text(entry.connection.as_ref().map(ConnectionName::as_str)),
                    Tone::Dim,
                ),
            ]);
        }
        rows.finish()
    }
}
