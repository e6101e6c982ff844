//! Connections of a Vault: listed without opening anything, shown, exported, ended.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use crate::model::{
    Caller, Connection, ConnectionName, Credential, ErrorCode, Handle, ProviderName,
};
use crate::secret::ExportedText;
use crate::services::{Actor, Error};

/// The connections at one provider.
#[derive(Debug, Clone)]
pub struct ProviderConnections {
    pub provider: ProviderName,
    pub default: Option<ConnectionName>,
    pub connections: Vec<Connection>,
}

/// One connection in full.
#[derive(Debug, Clone)]
pub struct ConnectionRecord {
    pub connection: Connection,
    /// The identity that asked.
    pub identity: Option<Handle>,
    /// Only when it was asked for; the asking is audited.
    pub credential: Option<Credential>,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// `NAME=value` lines for `.env` files.
    Env,
    /// `export NAME='value'` lines, safe for `eval`.
    Shell,
    /// One JSON object.
    Json,
}

/// Lists, shows, exports and ends connections.
#[derive(Debug, Clone)]
pub struct Connections {}

impl Connections {
    /// Every connection of the actor's Vault by provider, in name order; opens nothing.
    pub async fn list<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
    ) -> Result<Vec<ProviderConnections>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// One connection; with `reveal` its credential too, audited in the same transaction.
    pub async fn show<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
        connection: &ConnectionName,
        reveal: bool,
    ) -> Result<ConnectionRecord, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Ends a connection. When it was the default, the oldest that is left becomes it.
    pub async fn logout<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Result<(), Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    pub async fn set_default<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Result<(), Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Ends every connection at the provider in every Vault (administrators only); how many.
    pub async fn revoke_provider<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        provider: &ProviderName,
    ) -> Result<u64, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The variables of one provider's connection, or of every provider's (`None`), as text.
    pub async fn export(
        &self,
        caller: &Caller,
        provider: Option<&ProviderName>,
        connection: &ConnectionName,
        format: ExportFormat,
    ) -> Result<ExportedText, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }
}
