//! Where a sealed record belongs. Every kind of record has its own address form here, so that
//! nothing is sealed without one.

use crate::crypto::envelope::Address;
use crate::model::{Connection, ConnectionName, LoginSessionId, ProviderName, VaultId};

/// The place of a Connection's Credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialAddress<'a> {
    pub vault: &'a VaultId,
    pub provider: &'a ProviderName,
    pub connection: &'a ConnectionName,
    /// The version the row has, or will have, in the same transaction.
    pub version: i64,
}

impl<'a> CredentialAddress<'a> {
    /// Where the credential of `connection` is, at the version it has now.
    pub const fn of(connection: &'a Connection) -> Self {
        Self {
            vault: &connection.vault,
            provider: &connection.provider,
            connection: &connection.name,
            version: connection.version,
        }
    }
}

/// The place of any record: what the associated data is made of, but for the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordAddress<'a> {
    pub table: &'static str,
    /// The kind of record: in effect, the column.
    pub kind: &'static str,
    /// `None` for a record of the server's own, sealed under the server's key.
    pub vault: Option<&'a VaultId>,
    pub provider: Option<&'a ProviderName>,
    /// The connection's name or the row's id.
    pub name: Option<&'a str>,
    /// Counts the changes of the row; 1 for a record that never changes.
    pub version: i64,
}

impl<'a> RecordAddress<'a> {
    /// Our OAuth client at a Provider.
    pub const fn client(provider: &'a ProviderName, version: i64) -> Self {
        Self {
            table: "provider_clients",
            kind: "client_secret",
            vault: None,
            provider: Some(provider),
            name: None,
            version,
        }
    }

    /// A registered definition; `version` is when it was written, in Unix milliseconds.
    pub const fn definition(provider: &'a ProviderName, version: i64) -> Self {
        Self {
            table: "custom_providers",
            kind: "definition",
            vault: None,
            provider: Some(provider),
            name: None,
            version,
        }
    }

    /// What a login keeps between its steps: PKCE verifier, device code, entered client secret.
    pub fn login(session: &'a LoginSessionId) -> Self {
        Self {
            table: "login_sessions",
            kind: "transient",
            vault: None,
            provider: None,
            name: Some(session.as_str()),
            version: 1,
        }
    }

    pub(super) fn full(&self, instance: &'a str) -> Address<'a> {
        Address {
            instance,
            table: self.table,
            vault: self.vault.map(VaultId::as_str),
            kind: self.kind,
            provider: self.provider.map(ProviderName::as_str),
            name: self.name,
            version: self.version,
        }
    }
}

impl<'a> From<&CredentialAddress<'a>> for RecordAddress<'a> {
    fn from(at: &CredentialAddress<'a>) -> Self {
        Self {
            table: "connections",
            kind: "credential",
            vault: Some(at.vault),
            provider: Some(at.provider),
            name: Some(at.connection.as_str()),
            version: at.version,
        }
    }
}
