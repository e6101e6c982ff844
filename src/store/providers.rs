//! Custom Providers, and our own OAuth clients at Providers (sealed).

use super::Error;
use super::reader::Reader;
use super::tx::Tx;
use super::value::{Row, args, to_json};
use crate::model::{PrincipalId, ProviderName};
use time::OffsetDateTime;

/// A custom Provider as it was registered: the checked definition as JSON text, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomProvider {
    pub name: ProviderName,
    pub sealed: Vec<u8>,
    pub created_by: Option<PrincipalId>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// Our OAuth client at a Provider; its id and secret are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderClientRecord {
    pub provider: ProviderName,
    /// Counts every change of the sealed part; belongs to its associated data.
    pub version: i64,
    /// Clear facts, such as scopes and base URL.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    pub sealed: Vec<u8>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

fn read_provider(row: &Row) -> Result<CustomProvider, Error> {
    let mut c = row.columns("custom provider");
    Ok(CustomProvider {
        name: c.name()?,
        sealed: c.blob()?,
        created_by: c.opt_name()?,
        created_at: c.time()?,
        updated_at: c.time()?,
    })
}

fn read_client(row: &Row) -> Result<ProviderClientRecord, Error> {
    let mut c = row.columns("provider client");
    Ok(ProviderClientRecord {
        provider: c.name()?,
        version: c.int()?,
        metadata: c.json()?,
        sealed: c.blob()?,
        created_at: c.time()?,
        updated_at: c.time()?,
    })
}

const PROVIDER: &str =
    "SELECT name, sealed, created_by, created_at, updated_at FROM custom_providers";
const CLIENT: &str =
    "SELECT provider, version, metadata, sealed, created_at, updated_at FROM provider_clients";

impl Reader {
    pub async fn find_custom_provider(
        &mut self,
        name: &ProviderName,
    ) -> Result<Option<CustomProvider>, Error> {
        let row = self
            .one(format!("{PROVIDER} WHERE name = $1"), args![name.as_str()])
            .await?;
        row.as_ref().map(read_provider).transpose()
    }

    pub async fn list_custom_providers(&mut self) -> Result<Vec<CustomProvider>, Error> {
        let rows = self
            .all(format!("{PROVIDER} ORDER BY name"), args![])
            .await?;
        rows.iter().map(read_provider).collect()
    }

    pub async fn find_provider_client(
        &mut self,
        provider: &ProviderName,
    ) -> Result<Option<ProviderClientRecord>, Error> {
        let row = self
            .one(
                format!("{CLIENT} WHERE provider = $1"),
                args![provider.as_str()],
            )
            .await?;
        row.as_ref().map(read_client).transpose()
    }

    pub async fn list_provider_clients(&mut self) -> Result<Vec<ProviderClientRecord>, Error> {
        let rows = self
            .all(format!("{CLIENT} ORDER BY provider"), args![])
            .await?;
        rows.iter().map(read_client).collect()
    }
}

impl Tx {
    /// Adds a definition or replaces the one of that name.
    pub async fn put_custom_provider(&mut self, provider: &CustomProvider) -> Result<(), Error> {
        self.run(
            "INSERT INTO custom_providers (name, sealed, created_by, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, \
             created_by = excluded.created_by, updated_at = excluded.updated_at",
            args![
                provider.name.as_str(),
                provider.sealed.as_slice(),
                provider.created_by.as_ref().map(PrincipalId::as_str),
                provider.created_at,
                provider.updated_at
            ],
        )
        .await?;
        Ok(())
    }

    pub async fn delete_custom_provider(&mut self, name: &ProviderName) -> Result<bool, Error> {
        let gone = self
            .run(
                "DELETE FROM custom_providers WHERE name = $1",
                args![name.as_str()],
            )
            .await?;
        Ok(gone > 0)
    }

    /// Adds a client; a Provider that has one already is a [`Error::UniqueViolation`].
    pub async fn insert_provider_client(
        &mut self,
        client: &ProviderClientRecord,
    ) -> Result<(), Error> {
        self.run(
            "INSERT INTO provider_clients (provider, version, metadata, sealed, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![
                client.provider.as_str(),
                client.version,
                to_json(&client.metadata)?,
                client.sealed.as_slice(),
                client.created_at,
                client.updated_at
            ],
        )
        .await?;
        Ok(())
    }

    /// Replaces a client, if the stored version is still `from_version`.
    pub async fn replace_provider_client(
        &mut self,
        client: &ProviderClientRecord,
        from_version: i64,
    ) -> Result<bool, Error> {
        let changed = self
            .run(
                "UPDATE provider_clients SET version = $2, metadata = $3, sealed = $4, updated_at = $5 \
                 WHERE provider = $1 AND version = $6",
                args![
                    client.provider.as_str(),
                    client.version,
                    to_json(&client.metadata)?,
                    client.sealed.as_slice(),
                    client.updated_at,
                    from_version
                ],
            )
            .await?;
        Ok(changed > 0)
    }

    pub async fn delete_provider_client(&mut self, provider: &ProviderName) -> Result<bool, Error> {
        let gone = self
            .run(
                "DELETE FROM provider_clients WHERE provider = $1",
                args![provider.as_str()],
            )
            .await?;
        Ok(gone > 0)
    }
}
