//! Opening a stored credential; one that does not open is told to the audit log.

use super::Error;
use super::setup::Core;
use crate::model::{AuditEvent, Connection, Credential, ErrorCode, EventName, Outcome};
use crate::store::SealedConnection;
use crate::vault::{self, CredentialAddress};

/// Tells the audit log of a record that did not open, because it was changed or moved. `asked` names
/// who wanted it.
pub(super) async fn witness<T>(
    core: &Core,
    asked: AuditEvent,
    opened: Result<T, Error>,
) -> Result<T, Error> {
    if let Err(failed) = &opened
        && is_integrity(failed)
    {
        core.store.audit(vec![integrity_event(asked)]).await?;
    }
    opened
}

/// Opens it and writes nothing.
pub(super) async fn try_open(core: &Core, found: &SealedConnection) -> Result<Credential, Error> {
    let connection = &found.connection;
    let Some(sealed) = &found.sealed else {
        return Err(ended(connection));
    };
    let at = CredentialAddress::of(connection);
    Ok(core.vaults.open_credential(&at, sealed).await?)
}

/// The event of a record that does not open, in the place of `asked`, which names the connection.
fn integrity_event(asked: AuditEvent) -> AuditEvent {
    let mut event = asked.ended(Outcome::Failure);
    event.event = EventName::IntegrityFailed;
    event
}

/// Whether stored data was changed, moved, or lost its key.
pub(super) fn is_integrity(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<vault::Error>())
        .is_some_and(vault::Error::is_integrity)
}

/// A connection whose credential was wiped.
pub(super) fn ended(connection: &Connection) -> Error {
    let (provider, name) = (&connection.provider, &connection.name);
    Error::new(
        ErrorCode::CredentialMissing,
        format!("connection `{name}` of `{provider}` was revoked"),
    )
    .hint(login_command(connection))
    .provider(provider)
}

/// The command that makes the connection anew.
pub(super) fn login_command(connection: &Connection) -> String {
    super::next_step::login_command(&connection.provider, Some(&connection.name))
}
