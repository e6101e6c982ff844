//! Connections that need their person: those that do not work, those that soon will not, and those that
//! nobody uses.

use super::names::Names;
use crate::model::{Connection, ConnectionName, ConnectionState};
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::When;
use crate::services::{Troubles, VaultActivity};
use std::cmp::Reverse;
use time::{Duration, OffsetDateTime};

/// Rows that are shown.
const MOST: usize = 6;
/// What is over within this, and does not renew itself, is told of before.
const SOON: Duration = Duration::days(3);
/// What nobody has used for longer could as well be logged out.
const LONG: Duration = Duration::days(30);

/// What is looked at to judge a connection.
pub(super) struct Found<'a> {
    pub(super) troubles: &'a Troubles,
    pub(super) activity: &'a VaultActivity,
    pub(super) names: &'a Names,
    pub(super) now: OffsetDateTime,
}

/// The part of the page.
#[derive(Debug)]
pub(super) struct Attention {
    pub(super) rows: Vec<Row>,
    /// Those that are not shown.
    pub(super) more: usize,
    /// Whether any of them does not work.
    pub(super) is_bad: bool,
    /// When the next connection is over, as a time for the script.
    pub(super) until: Option<String>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) service: String,
    pub(super) provider: String,
    pub(super) connection: String,
    pub(super) tag: &'static str,
    pub(super) tone: &'static str,
    /// A word and a time: `since`, `last used`.
    pub(super) when: Option<(&'static str, When)>,
    pub(super) text: Option<Vec<Piece>>,
    pub(super) todo: Todo,
}

/// What its person can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Todo {
    LogIn,
    LogOut,
}

/// What is the matter, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Matter {
    /// The latest first.
    Over(Reverse<OffsetDateTime>, Over),
    Failing,
    /// The first to end first.
    EndsSoon(OffsetDateTime),
    /// The longest first.
    Unused(OffsetDateTime, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Over {
    Expired,
    Revoked,
    NotRenewed,
}

impl Attention {
    pub(super) fn of<'a>(
        connections: impl Iterator<Item = &'a Connection> + Clone,
        found: &Found<'_>,
    ) -> Self {
        let next = connections.clone().filter_map(Connection::ends_at);
        let until = next.min().map(|at| When::new(at, found.now).iso);
        let judged = connections.filter_map(|one| Some((found.judge(one)?, one)));
        let mut judged: Vec<(Matter, &Connection)> = judged.collect();
        judged.sort_by(|(one, a), (other, b)| {
            let place = |of: &Connection| (of.provider.clone(), of.name.clone());
            one.cmp(other).then_with(|| place(a).cmp(&place(b)))
        });
        let is_bad = matches!(judged.first(), Some((Matter::Over(..), _)));
        let more = judged.len().saturating_sub(MOST);
        let shown = judged.iter().take(MOST);
        Self {
            rows: shown.map(|(matter, one)| found.row(matter, one)).collect(),
            more,
            is_bad,
            until,
        }
    }
}

impl Found<'_> {
    fn judge(&self, one: &Connection) -> Option<Matter> {
        let expires_at = match &one.state {
            ConnectionState::Expired { since } => {
                return Some(Matter::Over(Reverse(*since), Over::Expired));
            }
            ConnectionState::Revoked { at } => {
                return Some(Matter::Over(Reverse(*at), Over::Revoked));
            }
            ConnectionState::Connected { expires_at } => *expires_at,
        };
        if self.troubles.of(one).is_some() {
            return Some(match expires_at.filter(|at| *at <= self.now) {
                Some(at) => Matter::Over(Reverse(at), Over::NotRenewed),
                None => Matter::Failing,
            });
        }
        if let Some(at) = one.ends_at().filter(|at| *at <= self.now + SOON) {
            return Some(Matter::EndsSoon(at));
        }
        let activity = self.activity.of(&one.provider, &one.name)?;
        let since = activity.idle_since();
        (since <= self.now - LONG).then(|| Matter::Unused(since, activity.last().is_some()))
    }

    fn row(&self, matter: &Matter, one: &Connection) -> Row {
        let when = |word, at| Some((word, When::new(at, self.now)));
        let reason = self.troubles.of(one).map(|trouble| trouble.reason.as_str());
        let reason = reason.filter(|reason| !reason.is_empty());
        let (tag, tone, when, text) = match *matter {
            Matter::Over(Reverse(at), Over::Expired) => {
                ("expired", "bad", when("", at), Some(told(reason, one)))
            }
            Matter::Over(Reverse(at), Over::Revoked) => {
                ("revoked", "bad", when("", at), Some(told(None, one)))
            }
            Matter::Over(Reverse(at), Over::NotRenewed) => (
                "not renewed",
                "bad",
                when("ended", at),
                Some(told(reason, one)),
            ),
            Matter::Failing => ("renewal fails", "wait", None, reason.map(sentence)),
            Matter::EndsSoon(at) => ("ends soon", "wait", when("ends", at), Some(told(None, one))),
            Matter::Unused(since, was_used) => {
                let word = if was_used { "last used" } else { "added" };
                ("unused", "", when(word, since), None)
            }
        };
        Row {
            service: self.names.get(&one.provider).to_owned(),
            provider: one.provider.to_string(),
            connection: one.name.to_string(),
            tag,
            tone,
            when,
            text,
            todo: match matter {
                Matter::Unused(..) => Todo::LogOut,
                _ => Todo::LogIn,
            },
        }
    }
}

/// Why, and the command that makes it good.
fn told(reason: Option<&str>, one: &Connection) -> Vec<Piece> {
    let mut command = format!("authsome login {}", one.provider);
    if one.name.as_str() != ConnectionName::DEFAULT {
        command = format!("{command} --connection {}", one.name);
    }
    let next = format!("in a terminal: `{command}`");
    match reason {
        Some(reason) => {
            let mut text = sentence(reason);
            text.push(Piece {
                text: " ".to_owned(),
                is_code: false,
            });
            text.extend(sentence(&next));
            text
        }
        None => sentence(&next),
    }
}
