//! Whether anything happened, and to whom: what open pages ask of the audit log.

use super::Error;
use super::reader::Reader;
use super::value::{Row, args};
use crate::model::audit::EventSource;
use crate::model::{EventName, PrincipalId};

/// What the log says of one Principal since some place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// `None` for events about nobody's account.
    pub principal: Option<PrincipalId>,
    /// Where its last event stands.
    pub last: i64,
    /// Whether one of them may have ended somebody's browser session.
    pub ends_sessions: bool,
}

/// The events that may end a browser session, as a list for a statement; all are names of our own.
fn may_end_sessions() -> String {
    let ours = EventName::OURS.iter().copied();
    let ending = ours.filter(|name| EventName::from_stored(name).may_end_sessions());
    ending
        .map(|name| format!("'{name}'"))
        .collect::<Vec<_>>()
        .join(",")
}

impl Reader {
    /// Where the last event of a Principal stands in the log, or the last of all; 0 where there is none.
    pub async fn last_event(&mut self, of: Option<&PrincipalId>) -> Result<i64, Error> {
        let row = match of {
            Some(principal) => {
                self.one(
                    "SELECT seq FROM audit_events WHERE principal_id = $1 \
                     ORDER BY at DESC, seq DESC LIMIT 1",
                    args![principal.as_str()],
                )
                .await?
            }
            None => {
                self.one(
                    "SELECT seq FROM audit_events ORDER BY seq DESC LIMIT 1",
                    args![],
                )
                .await?
            }
        };
        row.map_or(Ok(0), |row| row.columns("audit event").int())
    }

    /// What came after a place in the log, a row for each Principal.
    pub async fn list_news(&mut self, after: i64) -> Result<Vec<News>, Error> {
        let rows = self
            .all(
                format!(
                    "SELECT principal_id, MAX(seq), CAST(MAX(CASE WHEN source <> '{}' AND event IN ({}) \
                     THEN 1 ELSE 0 END) AS BIGINT) \
                     FROM audit_events WHERE seq > $1 GROUP BY principal_id",
                    EventSource::External.as_str(),
                    may_end_sessions()
                ),
                args![after],
            )
            .await?;
        let read = |row: &Row| {
            let mut c = row.columns("audit event");
            Ok(News {
                principal: c.opt_name()?,
                last: c.int()?,
                ends_sessions: c.flag()?,
            })
        };
        rows.iter().map(read).collect()
    }
}
