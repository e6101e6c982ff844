//! Identities as people look at them: whose each is, or was until it was revoked.

use super::Error;
use super::claims::read_state;
use super::reader::Reader;
use super::value::{Row, args};
use crate::model::{ClaimState, Email, Handle, Identity, PrincipalId};
use time::OffsetDateTime;

/// An Identity with the Principal that accepted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    pub identity: Identity,
    pub claim: ClaimState,
    /// Still known of a revoked one; nobody's while nobody has accepted it.
    pub owner: Option<PrincipalId>,
    /// `None` for nobody and for the local Principal of a home.
    pub owner_email: Option<Email>,
    /// As far as it is written down.
    pub seen_at: Option<OffsetDateTime>,
    /// How many Connections it has used, as far as that is written down.
    pub used: i64,
}

/// Which of them to list. Everything that is set must match.
#[derive(Debug, Clone, Default)]
pub struct AgentFilter {
    pub owner: Option<PrincipalId>,
    /// A part of the handle or of the owner's address.
    pub text: Option<String>,
    pub limit: i64,
    pub offset: i64,
}

const SELECT: &str = "SELECT i.handle, i.did, i.created_at, c.state, c.principal_id, c.expires_at, \
     c.decided_at, c.principal_id, p.email, s.seen_at, \
     (SELECT COUNT(*) FROM connection_uses u WHERE u.identity = i.handle) \
     FROM identities i JOIN claims c ON c.handle = i.handle \
     LEFT JOIN principals p ON p.id = c.principal_id \
     LEFT JOIN identity_seen s ON s.handle = i.handle";

/// What may act first, then what waits for an answer, then what is over.
const ORDER: &str = "ORDER BY CASE c.state WHEN 'accepted' THEN 0 WHEN 'pending' THEN 1 \
     WHEN 'required' THEN 1 ELSE 2 END, i.created_at DESC, i.handle";

fn read(row: &Row) -> Result<AgentRecord, Error> {
    let mut c = row.columns("identity");
    Ok(AgentRecord {
        identity: Identity {
            handle: c.name()?,
            did: c.name()?,
            created_at: c.time()?,
        },
        claim: read_state(&mut c)?,
        owner: c.opt_name()?,
        owner_email: c.opt_name()?,
        seen_at: c.opt_time()?,
        used: c.int()?,
    })
}

impl Reader {
    /// A page of the Identities: accepted ones first, the newest first among equals.
    pub async fn list_agents(&mut self, filter: &AgentFilter) -> Result<Vec<AgentRecord>, Error> {
        let rows = self
            .all(
                format!(
                    "{SELECT} WHERE ($1 = '' OR c.principal_id = $1) \
                     AND (i.handle LIKE $2 ESCAPE '!' OR p.email LIKE $2 ESCAPE '!') \
                     {ORDER} LIMIT $3 OFFSET $4"
                ),
                args![
                    filter.owner.as_ref().map_or("", PrincipalId::as_str),
                    containing(filter.text.as_deref()),
                    filter.limit,
                    filter.offset
                ],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    pub async fn find_agent(&mut self, handle: &Handle) -> Result<Option<AgentRecord>, Error> {
        let row = self
            .one(
                format!("{SELECT} WHERE i.handle = $1"),
                args![handle.as_str()],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }
}

/// A pattern for what holds `text`, whose own letters mean themselves; all of it without one.
pub(super) fn containing(text: Option<&str>) -> String {
    let mut pattern = String::from("%");
    for letter in text.unwrap_or_default().to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        // PostgreSQL takes no NUL in a text, and no name holds one.
        if letter != '\0' {
            pattern.push(letter);
        }
    }
    if pattern.len() > 1 {
        pattern.push('%');
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_letters_for_what_they_are() {
        assert_eq!(containing(None), "%");
        assert_eq!(containing(Some("")), "%");
        assert_eq!(containing(Some("Ab")), "%ab%");
        assert_eq!(containing(Some("5%_!\0")), "%5!%!_!!%");
    }
}
