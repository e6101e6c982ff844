//! Principals as administrators look at them: with what they have here, never with their secrets.

use super::Error;
use super::agents::containing;
use super::principals;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, args};
use crate::model::{Principal, PrincipalId, Role};
use time::OffsetDateTime;

/// A Principal with what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRecord {
    pub principal: Principal,
    /// The local Principal of a home, which nobody signs in to.
    pub is_local: bool,
    /// Without those that were revoked.
    pub connections: i64,
    /// That it has accepted and not ended.
    pub agents: i64,
    /// `None` where it never did since that is noted.
    pub signed_in_at: Option<OffsetDateTime>,
}

fn select(condition: &str) -> String {
    format!(
        "SELECT {}, p.is_local, \
         (SELECT COUNT(*) FROM connections n WHERE n.vault_id = p.vault_id AND n.status <> 'revoked'), \
         (SELECT COUNT(*) FROM claims c WHERE c.principal_id = p.id AND c.state = 'accepted'), \
         (SELECT s.at FROM sign_ins s WHERE s.principal_id = p.id) \
         FROM principals p WHERE {condition}",
        principals::COLUMNS
    )
}

fn read(row: &Row) -> Result<PersonRecord, Error> {
    let mut c = row.columns("principal");
    Ok(PersonRecord {
        principal: principals::read_principal(&mut c)?,
        is_local: c.flag()?,
        connections: c.int()?,
        agents: c.int()?,
        signed_in_at: c.opt_time()?,
    })
}

impl Reader {
    /// A page of everybody whose address holds `text`, oldest first.
    pub async fn list_people(
        &mut self,
        text: Option<&str>,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<PersonRecord>, Error> {
        let rows = self
            .all(
                format!(
                    "{} ORDER BY p.created_at, p.id LIMIT $2 OFFSET $3",
                    select("COALESCE(p.email, 'this computer') LIKE $1 ESCAPE '!'")
                ),
                args![containing(text), limit, offset],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    pub async fn find_person(&mut self, id: &PrincipalId) -> Result<Option<PersonRecord>, Error> {
        let row = self.one(select("p.id = $1"), args![id.as_str()]).await?;
        row.as_ref().map(read).transpose()
    }
}

impl Tx {
    /// Notes that the Principal signs in now.
    pub async fn put_sign_in(&mut self, id: &PrincipalId) -> Result<(), Error> {
        let now = self.now();
        self.run(
            "INSERT INTO sign_ins (principal_id, at) VALUES ($1, $2) \
             ON CONFLICT (principal_id) DO UPDATE SET at = excluded.at",
            args![id.as_str(), now],
        )
        .await?;
        Ok(())
    }

    pub async fn set_role(&mut self, id: &PrincipalId, role: Role) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE principals SET role = $2 WHERE id = $1",
                args![id.as_str(), role.as_str()],
            )
            .await?;
        Ok(changed > 0)
    }
}
