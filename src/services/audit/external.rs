//! What an agent may put into the audit log. Pure.

use super::ExternalEvent;
use crate::model::audit::EventSource;
use crate::model::{AuditEvent, Caller, ErrorCode, EventName};
use crate::services::Error;

/// The most an event may carry, in bytes of JSON.
const LONGEST: usize = 16 * 1024;

/// The event as it will be written: the actor is the caller whatever it says, and a name of the
/// daemon's own events stays the daemon's.
pub(super) fn checked(caller: &Caller, said: ExternalEvent) -> Result<AuditEvent, Error> {
    let size = serde_json::to_string(&said.metadata).map_or(usize::MAX, |json| json.len());
    if size > LONGEST {
        return Err(Error::new(
            ErrorCode::PayloadTooLarge,
            "the event is larger than 16 KiB",
        )
        .hint("put less into `metadata`"));
    }
    let name = EventName::external(&said.event).ok_or_else(|| {
        Error::invalid("not an event name: 1 to 64 lower-case letters, digits, `.`, `_` and `-`")
    })?;
    let mut event = AuditEvent::new(name).by(caller);
    event.source = EventSource::External;
    event.provider = said.provider;
    event.connection = said.connection;
    event.metadata = said.metadata;
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;
    use serde_json::json;

    fn caller() -> Caller {
        Caller {
            handle: "scout-01".parse().unwrap(),
            did: "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
                .parse()
                .unwrap(),
            principal: "principal_1".parse().unwrap(),
            vault: "vault_1".parse().unwrap(),
            role: Role::User,
        }
    }

    fn said(event: &str, note: &str) -> ExternalEvent {
        let metadata = json!({"note": note, "timestamp": "2001-01-01T00:00:00Z"});
        ExternalEvent {
            event: event.to_owned(),
            provider: None,
            connection: None,
            metadata: metadata.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn the_actor_and_the_source_are_not_the_agents_to_choose() {
        let event = checked(&caller(), said("deploy.done", "x")).unwrap();
        assert_eq!(event.source, EventSource::External);
        assert_eq!(event.identity, Some(caller().handle));
        let forged = checked(&caller(), said("credential.resolved", "x")).unwrap();
        assert_eq!(forged.source, EventSource::External);
    }

    #[test]
    fn a_large_event_and_a_strange_name_are_refused() {
        let large = checked(&caller(), said("a", &"x".repeat(LONGEST)));
        assert_eq!(large.unwrap_err().code(), ErrorCode::PayloadTooLarge);
        for name in ["", "A", "a b", "a\r\nb", "é", &"a".repeat(65)] {
            let strange = checked(&caller(), said(name, "x"));
            assert_eq!(
                strange.unwrap_err().code(),
                ErrorCode::InvalidInput,
                "{name:?}"
            );
        }
    }
}
