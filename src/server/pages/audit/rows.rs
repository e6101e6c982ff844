//! One event as a row that opens to its details.

use super::filter::{local, only};
use crate::model::audit::EventSource;
use crate::model::{AuditRecord, Email, PrincipalId};
use crate::server::extract::Person;
use crate::server::pages::names;
use crate::server::pages::render::When;
use crate::server::state::App;
use crate::services;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// The most letters of metadata that a row shows; the page of the event has all.
const SHOWN: usize = 1_000;

/// The accounts that events name, and whose of them is looking.
#[derive(Debug)]
pub(super) struct Accounts {
    all: BTreeMap<PrincipalId, Option<Email>>,
    reader: PrincipalId,
}

/// An account to choose.
#[derive(Debug)]
pub(super) struct AccountChoice {
    pub(super) id: String,
    pub(super) name: String,
}

impl Accounts {
    pub(super) async fn read(app: &App, person: &Person) -> Result<Self, services::Error> {
        let all = app.services.audit.accounts(person.actor()).await?;
        Ok(Self {
            all: all.into_iter().collect(),
            reader: person.session.person.principal.clone(),
        })
    }

    /// Its address, or for one that is gone the beginning of its id, which is enough to tell it apart.
    fn name(&self, id: &PrincipalId) -> String {
        if let Some(email) = self.all.get(id) {
            return names::account(email.as_ref());
        }
        let id = id.as_str();
        let id = id.strip_prefix("principal_").unwrap_or(id);
        format!("account {}", id.get(..8).unwrap_or(id))
    }

    /// Everybody, by name, and who is chosen already.
    pub(super) fn choices(&self, chosen: Option<&PrincipalId>) -> Vec<AccountChoice> {
        let unknown = chosen.filter(|id| !self.all.contains_key(*id));
        let mut choices: Vec<_> = self
            .all
            .keys()
            .chain(unknown)
            .map(|id| AccountChoice {
                id: id.to_string(),
                name: self.name(id),
            })
            .collect();
        choices.sort_by(|one, other| one.name.cmp(&other.name));
        choices
    }
}

/// A fact, with the list of everything that shares it.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) href: Option<String>,
    /// Where what it names has a page of its own.
    pub(super) page: Option<String>,
}

/// One event.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) when: When,
    pub(super) event: String,
    pub(super) is_external: bool,
    pub(super) actor: String,
    pub(super) object: String,
    pub(super) status: &'static str,
    pub(super) tone: &'static str,
    pub(super) facts: Vec<Fact>,
    /// As JSON; empty where there is none.
    pub(super) metadata: String,
    /// Whether `metadata` is only the beginning.
    pub(super) is_cut: bool,
}

impl Row {
    /// A row of the list.
    pub(super) fn of(record: &AuditRecord, accounts: &Accounts, now: OffsetDateTime) -> Self {
        let mut row = Self::whole(record, accounts, now);
        if let Some((end, _)) = row.metadata.char_indices().nth(SHOWN) {
            row.metadata.truncate(end);
            row.is_cut = true;
        }
        row
    }

    /// The same with all of its metadata.
    pub(super) fn whole(record: &AuditRecord, accounts: &Accounts, now: OffsetDateTime) -> Self {
        let event = &record.event;
        let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let provider = text(event.provider.as_ref().map(AsRef::as_ref));
        let account = event.principal.as_ref().map(|id| accounts.name(id));
        let agent = event.identity.as_ref().map(ToString::to_string);
        Self {
            id: record.id.to_string(),
            when: When::new(record.at, now),
            event: event.event.as_str().to_owned(),
            is_external: event.source == EventSource::External,
            actor: agent.or(account).unwrap_or_default(),
            object: match &event.connection {
                Some(connection) => format!("{provider}/{connection}"),
                None => provider,
            },
            status: event.outcome.as_str(),
            tone: names::tone(event.outcome),
            facts: facts(record, accounts),
            metadata: if event.metadata.is_empty() {
                String::new()
            } else {
                visible(&serde_json::to_string_pretty(&event.metadata).unwrap_or_default())
            },
            is_cut: false,
        }
    }
}

fn facts(record: &AuditRecord, accounts: &Accounts) -> Vec<Fact> {
    let event = &record.event;
    let fact = |name, text: String, href| Fact {
        name,
        text,
        href,
        page: None,
    };
    let mut facts = vec![
        fact("Time", exactly(record.at), Some(around(record.at))),
        fact("Id", record.id.to_string(), None),
        fact(
            "Event",
            event.event.as_str().to_owned(),
            Some(only(&[("event", event.event.as_str())])),
        ),
    ];
    if event.source == EventSource::External {
        facts.push(fact("Source", "reported by the agent".to_owned(), None));
    }
    if let Some(agent) = &event.identity {
        let href = only(&[("agent", agent.as_str())]);
        // Somebody else's agent has no page for this reader.
        let is_own = event.principal.as_ref() == Some(&accounts.reader);
        facts.push(Fact {
            page: is_own.then(|| format!("/ui/agents/{agent}")),
            ..fact("Agent", agent.to_string(), Some(href))
        });
    }
    if let Some(account) = &event.principal {
        let href = only(&[("principal", account.as_str())]);
        facts.push(fact("Account", accounts.name(account), Some(href)));
    }
    if let Some(provider) = &event.provider {
        let href = only(&[("provider", provider.as_str())]);
        facts.push(Fact {
            page: Some(format!("/ui/apps/{provider}")),
            ..fact("Provider", provider.to_string(), Some(href))
        });
        if let Some(connection) = &event.connection {
            let href = only(&[
                ("provider", provider.as_str()),
                ("connection", connection.as_str()),
            ]);
            facts.push(fact("Connection", connection.to_string(), Some(href)));
        }
    }
    facts
}

/// `2026-11-21 01:35:45.123 UTC`
fn exactly(at: OffsetDateTime) -> String {
    let format = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3] UTC"
    );
    at.to_offset(time::UtcOffset::UTC)
        .format(&format)
        .unwrap_or_default()
}

/// Everything of the minutes before and after.
fn around(at: OffsetDateTime) -> String {
    let since = local(at.saturating_sub(Duration::minutes(1)));
    let until = local(at.saturating_add(Duration::minutes(1)));
    only(&[("since", &since), ("until", &until)])
}

/// Letters that nobody sees, or that turn others around, are written out.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_hidden = (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if is_hidden {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuditEvent, EventName};

    fn row(note: &str) -> Row {
        let record = AuditRecord {
            id: "evt_1".parse().unwrap(),
            at: OffsetDateTime::UNIX_EPOCH,
            event: AuditEvent::new(EventName::LoginStarted).with("note", note),
        };
        let accounts = Accounts {
            all: BTreeMap::new(),
            reader: "principal_ada".parse().unwrap(),
        };
        Row::of(&record, &accounts, OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn letters_that_deceive_are_written_out() {
        let shown = row("a\u{202e}b\u{200b}\u{9b}é").metadata;
        assert!(shown.contains("a\\u202eb\\u200b\\u009bé"), "{shown}");
    }

    #[test]
    fn long_metadata_is_cut_in_the_list() {
        let long = row(&"é".repeat(5_000));
        assert!(long.is_cut);
        assert_eq!(long.metadata.chars().count(), SHOWN);
        assert!(!row("short").is_cut);
    }
}
