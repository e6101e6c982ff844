//! Putting a credential where it belongs, sealed for its place, in the transaction that says so.

use super::setup::Core;
use super::{Error, login_command};
use crate::clock::to_unix_millis;
use crate::model::connection::Account;
use crate::model::{
    ClaimState, Connection, ConnectionName, ConnectionState, Credential, ErrorCode, Handle,
    PrincipalId, ProviderName, VaultId,
};
use crate::store::Tx;
use crate::vault::CredentialAddress;

/// How often storing is tried anew when the connection changed under it.
pub(super) const TRIES: u32 = 3;

/// Where a credential goes, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) vault: &'a VaultId,
    pub(super) provider: &'a ProviderName,
    pub(super) connection: &'a ConnectionName,
    pub(super) principal: &'a PrincipalId,
    pub(super) base_url: Option<&'a str>,
}

/// What is stored.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) credential: Credential,
    pub(super) scopes: Vec<String>,
    pub(super) account: Account,
    /// The version of our stored client that got it; `None` for what no such client got.
    pub(super) issued_to: Option<i64>,
}

/// A connection ready to be written.
#[derive(Debug)]
pub(super) struct Prepared {
    connection: Connection,
    sealed: Vec<u8>,
    /// The version that is replaced; `None` where there is none.
    from_version: Option<i64>,
    issued_to: Option<i64>,
}

/// Seals the credential for the place it will have.
pub(super) async fn prepare(
    core: &Core,
    place: Place<'_>,
    grant: &Grant,
) -> Result<Prepared, Error> {
    let credential = &grant.credential;
    let mut reader = core.store.read().await?;
    let found = reader.find_connection(place.vault, place.provider, place.connection);
    let from_version = found.await?.map(|found| found.connection.version);
    drop(reader);
    let now = core.now();
    let connection = Connection {
        vault: place.vault.clone(),
        provider: place.provider.clone(),
        name: place.connection.clone(),
        is_default: false,
        auth_type: credential.auth_type(),
        state: ConnectionState::Connected {
            expires_at: credential.expires_at(),
        },
        scopes: grant.scopes.clone(),
        base_url: place.base_url.map(str::to_owned),
        api_url: None,
        account: grant.account.clone(),
        principal: place.principal.clone(),
        obtained_at: now,
        refreshable: credential.is_refreshable(),
        // Never a number that a deleted connection of this name had: its old ciphertext stays
        // worthless in the new one's place.
        version: (from_version.unwrap_or(0) + 1).max(to_unix_millis(now)),
    };
    let at = CredentialAddress::of(&connection);
    let sealed = core.vaults.seal_credential(&at, credential).await?;
    Ok(Prepared {
        connection,
        sealed,
        from_version,
        issued_to: grant.issued_to,
    })
}

impl Prepared {
    pub(super) const fn replaces(&self) -> bool {
        self.from_version.is_some()
    }

    /// Whether the place is as it was when this was prepared; else nothing may be written. What a client
    /// got that was changed meanwhile has ended with it.
    pub(super) async fn is_current(&self, tx: &mut Tx) -> Result<bool, Error> {
        let Connection {
            vault,
            provider,
            name,
            ..
        } = &self.connection;
        if let Some(version) = self.issued_to {
            let client = tx.find_provider_client(provider).await?;
            if client.is_none_or(|client| client.version != version) {
                return Err(client_changed(provider));
            }
        }
        let found = tx.find_connection(vault, provider, name).await?;
        Ok(found.as_ref().map(|found| found.connection.version) == self.from_version)
    }

    /// Writes it; the first connection of a provider is its default.
    pub(super) async fn put(mut self, tx: &mut Tx) -> Result<(), Error> {
        if let Some(version) = self.from_version {
            tx.replace_connection(&self.connection, &self.sealed, version)
                .await?;
            return Ok(());
        }
        let Connection {
            vault, provider, ..
        } = &self.connection;
        let default = tx.find_default_connection(vault, provider).await?;
        self.connection.is_default = default.is_none();
        tx.insert_connection(&self.connection, &self.sealed).await?;
        Ok(())
    }
}

/// Whether a principal is there and not shut out.
pub(super) async fn still_stands(tx: &mut Tx, owner: &PrincipalId) -> Result<bool, Error> {
    let found = tx.find_principal(owner).await?;
    Ok(found.is_some_and(|record| !record.principal.disabled))
}

fn client_changed(provider: &ProviderName) -> Error {
    Error::new(
        ErrorCode::OperationNotAllowed,
        "the OAuth client of this daemon was changed during this login",
    )
    .hint(login_command(provider, None))
    .provider(provider)
    .operation("login")
}

/// Whether an identity still acts for its principal, and that one is not shut out.
pub(super) async fn still_acts_for(
    tx: &mut Tx,
    identity: &Handle,
    owner: &PrincipalId,
) -> Result<bool, Error> {
    let found = tx.find_identity(identity).await?;
    Ok(found.is_some_and(|record| {
        matches!(&record.claim, ClaimState::Accepted { principal, .. } if principal == owner)
            && record.principal.is_some_and(|owner| !owner.disabled)
    }))
}
