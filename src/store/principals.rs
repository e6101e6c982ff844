//! Principals and their Vaults. Password hashes arrive as PHC strings and leave only to be verified.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Columns, Row, args};
use crate::model::{Email, Principal, PrincipalId, Role};

/// A Principal with what its sign-in is checked against.
#[derive(Clone)]
pub struct PrincipalRecord {
    pub principal: Principal,
    /// An Argon2id PHC string; `None` for an account nobody signs in to.
    pub password_hash: Option<String>,
    /// The local Principal of a laptop's home.
    pub is_local: bool,
}

impl std::fmt::Debug for PrincipalRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrincipalRecord")
            .field("principal", &self.principal)
            .field("is_local", &self.is_local)
            .finish_non_exhaustive()
    }
}

pub(super) const COLUMNS: &str = "p.id, p.email, p.role, p.vault_id, p.disabled, p.created_at";

pub(super) fn read_principal(c: &mut Columns<'_>) -> Result<Principal, Error> {
    Ok(Principal {
        id: c.name()?,
        email: c.opt_name()?,
        role: c.word(Role::from_stored)?,
        vault: c.name()?,
        disabled: c.flag()?,
        created_at: c.time()?,
    })
}

fn read_record(row: &Row) -> Result<PrincipalRecord, Error> {
    let mut c = row.columns("principal");
    Ok(PrincipalRecord {
        principal: read_principal(&mut c)?,
        password_hash: c.opt_text()?,
        is_local: c.flag()?,
    })
}

impl Reader {
    pub async fn find_principal(
        &mut self,
        id: &PrincipalId,
    ) -> Result<Option<PrincipalRecord>, Error> {
        let row = self.one(select("p.id = $1"), args![id.as_str()]).await?;
        row.as_ref().map(read_record).transpose()
    }

    pub async fn find_principal_by_email(
        &mut self,
        email: &Email,
    ) -> Result<Option<PrincipalRecord>, Error> {
        let row = self
            .one(select("p.email = $1"), args![email.as_str()])
            .await?;
        row.as_ref().map(read_record).transpose()
    }

    /// The Principal of a laptop's home.
    pub async fn find_local_principal(&mut self) -> Result<Option<PrincipalRecord>, Error> {
        let row = self.one(select("p.is_local = 1"), args![]).await?;
        row.as_ref().map(read_record).transpose()
    }

    /// Everybody, oldest first.
    pub async fn list_principals(&mut self) -> Result<Vec<PrincipalRecord>, Error> {
        let rows = self
            .all(
                format!("{} ORDER BY p.created_at, p.id", select("1 = 1")),
                args![],
            )
            .await?;
        rows.iter().map(read_record).collect()
    }

    /// How many enabled admins somebody can sign in as (the local Principal not counted).
    pub async fn count_admin_accounts(&mut self) -> Result<i64, Error> {
        let row = self
            .one(
                "SELECT COUNT(*) FROM principals \
                 WHERE role = 'admin' AND disabled = 0 AND password_hash IS NOT NULL",
                args![],
            )
            .await?;
        row.map_or(Ok(0), |row| row.columns("count").int())
    }
}

fn select(condition: &str) -> String {
    format!("SELECT {COLUMNS}, p.password_hash, p.is_local FROM principals p WHERE {condition}")
}

impl Tx {
    /// Creates the Principal and its empty Vault. A taken e-mail address is a [`Error::UniqueViolation`].
    pub async fn create_principal(&mut self, record: &PrincipalRecord) -> Result<(), Error> {
        let principal = &record.principal;
        self.run(
            "INSERT INTO vaults (id, created_at) VALUES ($1, $2)",
            args![principal.vault.as_str(), principal.created_at],
        )
        .await?;
        self.run(
            "INSERT INTO principals (id, email, password_hash, role, vault_id, is_local, disabled, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![
                principal.id.as_str(),
                principal.email.as_ref().map(Email::as_str),
                record.password_hash.as_deref(),
                principal.role.as_str(),
                principal.vault.as_str(),
                record.is_local,
                principal.disabled,
                principal.created_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Sets or changes what the Principal signs in with.
    pub async fn set_sign_in(
        &mut self,
        id: &PrincipalId,
        email: &Email,
        password_hash: &str,
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE principals SET email = $2, password_hash = $3 WHERE id = $1",
                args![id.as_str(), email.as_str(), password_hash],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Replaces address, role and password hash of a Principal by those of `record`.
    pub async fn replace_principal(&mut self, record: &PrincipalRecord) -> Result<bool, Error> {
        let principal = &record.principal;
        let changed = self
            .run(
                "UPDATE principals SET email = $2, password_hash = $3, role = $4 WHERE id = $1",
                args![
                    principal.id.as_str(),
                    principal.email.as_ref().map(Email::as_str),
                    record.password_hash.as_deref(),
                    principal.role.as_str()
                ],
            )
            .await?;
        Ok(changed > 0)
    }

    /// Replaces the hash, if it is still `old`: a slow re-hash must not undo a change of password.
    pub async fn replace_password_hash(
        &mut self,
        id: &PrincipalId,
        old: &str,
        new: &str,
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE principals SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
                args![id.as_str(), old, new],
            )
            .await?;
        Ok(changed > 0)
    }

    pub async fn set_disabled(&mut self, id: &PrincipalId, disabled: bool) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE principals SET disabled = $2 WHERE id = $1",
                args![id.as_str(), disabled],
            )
            .await?;
        Ok(changed > 0)
    }
}
