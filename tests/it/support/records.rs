//! Records as a store holds them, with what no story looks at filled in.

use authsome::model::connection::Account;
use authsome::model::provider::AuthType;
use authsome::model::{Connection, ConnectionState};
use time::OffsetDateTime;

/// A connection by API key in `vault_OWNER`, made by `principal_OWNER`.
pub(crate) fn connection(
    owner: &str,
    provider: &str,
    name: &str,
    at: OffsetDateTime,
) -> Connection {
    Connection {
        vault: format!("vault_{owner}").parse().unwrap(),
        provider: provider.parse().unwrap(),
        name: name.parse().unwrap(),
        is_default: false,
        auth_type: AuthType::ApiKey,
        state: ConnectionState::Connected { expires_at: None },
        scopes: Vec::new(),
        base_url: None,
        api_url: None,
        account: Account::default(),
        principal: format!("principal_{owner}").parse().unwrap(),
        obtained_at: at,
        refreshable: false,
        version: 1,
    }
}
