//! Headers of key-encryption keys and wrapped data keys. `vault` writes what is in them; here they
//! are opaque bytes, and no key ever arrives in the clear.

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, args};
use crate::model::VaultId;
use time::OffsetDateTime;

/// Whether a key is the one to use or one that a rotation is moving away from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    Active,
    Retiring,
}

impl KeyState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retiring => "retiring",
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        match text {
            "active" => Some(Self::Active),
            "retiring" => Some(Self::Retiring),
            _ => None,
        }
    }
}

/// What is known of a key-encryption key without having it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KekSlot {
    /// The key id: tells one master key from another, and says nothing about it.
    pub id: String,
    /// KDF parameters and salt, in `vault`'s own format.
    pub header: Vec<u8>,
    /// Opens under the right key only.
    pub canary: Vec<u8>,
    pub state: KeyState,
    pub created_at: OffsetDateTime,
}

/// Whose records a data key seals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    Server,
    Vault(VaultId),
}

impl KeyOwner {
    const SERVER: &'static str = "server";

    fn as_str(&self) -> &str {
        match self {
            Self::Server => Self::SERVER,
            Self::Vault(vault) => vault.as_str(),
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        if text == Self::SERVER {
            return Some(Self::Server);
        }
        text.parse().ok().map(Self::Vault)
    }
}

/// A data key, wrapped by a key-encryption key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKey {
    pub owner: KeyOwner,
    /// Counts from 1; a rotation adds the next.
    pub version: i64,
    /// The [`KekSlot::id`] that wraps it.
    pub kek_id: String,
    pub wrapped: Vec<u8>,
    pub state: KeyState,
    pub created_at: OffsetDateTime,
}

const KEK: &str = "SELECT id, header, canary, state, created_at FROM kek_slots";
const DATA_KEY: &str = "SELECT owner, version, kek_id, wrapped, state, created_at FROM data_keys";

fn read_kek(row: &Row) -> Result<KekSlot, Error> {
    let mut c = row.columns("key header");
    Ok(KekSlot {
        id: c.text()?,
        header: c.blob()?,
        canary: c.blob()?,
        state: c.word(KeyState::from_stored)?,
        created_at: c.time()?,
    })
}

fn read_data_key(row: &Row) -> Result<DataKey, Error> {
    let mut c = row.columns("data key");
    Ok(DataKey {
        owner: c.word(KeyOwner::from_stored)?,
        version: c.int()?,
        kek_id: c.text()?,
        wrapped: c.blob()?,
        state: c.word(KeyState::from_stored)?,
        created_at: c.time()?,
    })
}

impl Reader {
    /// A value of the store's own small table of facts, such as the format of the vault.
    pub async fn find_meta(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let row = self
            .one("SELECT value FROM meta WHERE key = $1", args![key])
            .await?;
        row.map(|row| row.columns("fact").blob()).transpose()
    }

    /// The facts whose name begins so, by name.
    pub async fn list_meta(&mut self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let rows = self
            .all("SELECT key, value FROM meta ORDER BY key", args![])
            .await?;
        let mut facts = Vec::new();
        for row in &rows {
            let mut c = row.columns("fact");
            let (key, value) = (c.text()?, c.blob()?);
            if key.starts_with(prefix) {
                facts.push((key, value));
            }
        }
        Ok(facts)
    }

    /// Oldest first.
    pub async fn list_kek_slots(&mut self) -> Result<Vec<KekSlot>, Error> {
        let rows = self
            .all(format!("{KEK} ORDER BY created_at, id"), args![])
            .await?;
        rows.iter().map(read_kek).collect()
    }

    /// All versions of one owner's keys, newest first.
    pub async fn list_data_keys(&mut self, owner: &KeyOwner) -> Result<Vec<DataKey>, Error> {
        let rows = self
            .all(
                format!("{DATA_KEY} WHERE owner = $1 ORDER BY version DESC"),
                args![owner.as_str()],
            )
            .await?;
        rows.iter().map(read_data_key).collect()
    }

    /// Keys still wrapped by one key-encryption key, for a rotation to work through.
    pub async fn list_data_keys_of_kek(
        &mut self,
        kek_id: &str,
        limit: i64,
    ) -> Result<Vec<DataKey>, Error> {
        let rows = self
            .all(
                format!("{DATA_KEY} WHERE kek_id = $1 ORDER BY owner, version LIMIT $2"),
                args![kek_id, limit],
            )
            .await?;
        rows.iter().map(read_data_key).collect()
    }

    /// Whether anything is stored that only an existing master key can open. Where this is true a
    /// new key must never be made.
    pub async fn has_sealed_records(&mut self) -> Result<bool, Error> {
        let row = self
            .one(
                "SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM kek_slots) OR EXISTS (SELECT 1 FROM data_keys) \
                 OR EXISTS (SELECT 1 FROM connections WHERE sealed IS NOT NULL) \
                 OR EXISTS (SELECT 1 FROM provider_clients) OR EXISTS (SELECT 1 FROM custom_providers) \
                 OR EXISTS (SELECT 1 FROM login_sessions WHERE sealed IS NOT NULL) \
                 THEN 1 ELSE 0 END AS BIGINT)",
                args![],
            )
            .await?;
        row.map_or(Ok(false), |row| row.columns("count").flag())
    }
}

impl Tx {
    /// Writes a fact, replacing what it was.
    pub async fn put_meta(&mut self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.run(
            "INSERT INTO meta (key, value) VALUES ($1, $2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            args![key, value],
        )
        .await?;
        Ok(())
    }

    pub async fn delete_meta(&mut self, key: &str) -> Result<bool, Error> {
        let gone = self
            .run("DELETE FROM meta WHERE key = $1", args![key])
            .await?;
        Ok(gone > 0)
    }

    pub async fn insert_kek_slot(&mut self, slot: &KekSlot) -> Result<(), Error> {
        self.run(
            "INSERT INTO kek_slots (id, header, canary, state, created_at) VALUES ($1, $2, $3, $4, $5)",
            args![
                slot.id.as_str(),
                slot.header.as_slice(),
                slot.canary.as_slice(),
                slot.state.as_str(),
                slot.created_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Removes a key header that wraps nothing any more; [`Error::MissingParent`] while it does.
    pub async fn delete_kek_slot(&mut self, id: &str) -> Result<bool, Error> {
        let gone = self
            .run("DELETE FROM kek_slots WHERE id = $1", args![id])
            .await?;
        Ok(gone > 0)
    }

    pub async fn insert_data_key(&mut self, key: &DataKey) -> Result<(), Error> {
        self.run(
            "INSERT INTO data_keys (owner, version, kek_id, wrapped, state, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![
                key.owner.as_str(),
                key.version,
                key.kek_id.as_str(),
                key.wrapped.as_slice(),
                key.state.as_str(),
                key.created_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Puts a key under another key-encryption key, if it is still under `from_kek`.
    pub async fn rewrap_data_key(&mut self, key: &DataKey, from_kek: &str) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE data_keys SET kek_id = $3, wrapped = $4 \
                 WHERE owner = $1 AND version = $2 AND kek_id = $5",
                args![
                    key.owner.as_str(),
                    key.version,
                    key.kek_id.as_str(),
                    key.wrapped.as_slice(),
                    from_kek
                ],
            )
            .await?;
        Ok(changed > 0)
    }
}
