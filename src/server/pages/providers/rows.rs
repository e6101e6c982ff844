//! The connections of one provider, each as a row: what it is, how it is, and what can be done.

use crate::model::{Connection, ConnectionState};
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::When;
use crate::services::{ConnectionActivity, Trouble, Troubles, VaultActivity};
use time::OffsetDateTime;

#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) is_default: bool,
    pub(super) account: Option<String>,
    pub(super) site: Option<String>,
    pub(super) scopes: String,
    pub(super) status: &'static str,
    pub(super) tone: &'static str,
    /// Why it does not work, and what to do.
    pub(super) problem: Option<Vec<Piece>>,
    pub(super) since: When,
    /// When last, and by which agent.
    pub(super) last_use: Option<(When, Option<String>)>,
    /// What comes at the time: `renews itself`, `expires`.
    pub(super) ends: Option<(&'static str, When)>,
    pub(super) can_be_renewed: bool,
    /// Whether it has to be logged in to before it is of use.
    pub(super) is_over: bool,
}

impl Row {
    pub(super) fn of(
        connection: &Connection,
        troubles: &Troubles,
        activity: &VaultActivity,
        now: OffsetDateTime,
    ) -> Self {
        let used = activity.of(&connection.provider, &connection.name);
        let last = used.and_then(ConnectionActivity::last);
        let trouble = troubles.of(connection);
        let State {
            status,
            tone,
            problem,
            is_over,
        } = State::of(connection, trouble, now);
        let ends = match connection.state {
            ConnectionState::Connected {
                expires_at: Some(at),
            } if at > now => {
                let word = if connection.refreshable {
                    "renews itself"
                } else {
                    "expires"
                };
                Some((word, When::new(at, now)))
            }
            ConnectionState::Expired { since } => Some(("expired", When::new(since, now))),
            ConnectionState::Revoked { at } => Some(("revoked", When::new(at, now))),
            ConnectionState::Connected { .. } => None,
        };
        Self {
            name: connection.name.to_string(),
            is_default: connection.is_default,
            account: connection.account.label.clone(),
            site: connection.base_url.clone(),
            scopes: connection.scopes.join(" "),
            status,
            tone,
            problem,
            last_use: last.map(|last| {
                let by = last.by.as_ref().map(ToString::to_string);
                (When::new(last.at, now), by)
            }),
            since: When::new(
                used.map_or(connection.obtained_at, |used| used.added_at),
                now,
            ),
            ends,
            can_be_renewed: connection.refreshable && !is_over,
            is_over,
        }
    }
}

/// How a connection is, for its person.
struct State {
    status: &'static str,
    tone: &'static str,
    problem: Option<Vec<Piece>>,
    is_over: bool,
}

impl State {
    fn of(connection: &Connection, trouble: Option<&Trouble>, now: OffsetDateTime) -> Self {
        let reason = trouble.map(|trouble| trouble.reason.as_str());
        let reason = reason.filter(|reason| !reason.is_empty());
        match (&connection.state, trouble) {
            (ConnectionState::Connected { .. }, None) => Self {
                status: "connected",
                tone: "good",
                problem: None,
                is_over: false,
            },
            (ConnectionState::Connected { expires_at }, Some(trouble)) => {
                let is_over = expires_at.is_some_and(|at| at <= now);
                let again = trouble.again_at.filter(|at| *at > now);
                let again = again.map(|at| When::new(at, now).relative);
                let next = match again {
                    Some(when) => format!("It is tried again {when}"),
                    None => "It is tried again when it is used".to_owned(),
                };
                let why = reason.unwrap_or("its provider did not answer as it should");
                Self {
                    status: if is_over {
                        "not renewed"
                    } else {
                        "renewal fails"
                    },
                    tone: if is_over { "bad" } else { "wait" },
                    problem: Some(sentence(&format!(
                        "{why}. {next}; if that does not help, log in again"
                    ))),
                    is_over: false,
                }
            }
            (ConnectionState::Expired { .. }, _) => Self {
                status: "expired",
                tone: "bad",
                problem: Some(sentence(&match reason {
                    Some(why) => format!("{why}. Log in again to use it"),
                    None => "Log in again to use it".to_owned(),
                })),
                is_over: true,
            },
            (ConnectionState::Revoked { .. }, _) => Self {
                status: "revoked",
                tone: "bad",
                problem: Some(sentence(
                    "Its secret is gone. Log in again, or log out of it",
                )),
                is_over: true,
            },
        }
    }
}
