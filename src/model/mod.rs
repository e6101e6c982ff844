//! Pure data: names, states, ids and [`ErrorCode`]. No I/O, no async, no clock.

pub mod api_url;
pub mod audit;
pub mod browser_name;
pub mod connection;
pub mod error_code;
pub mod export;
pub mod grant_key;
pub mod identity;
pub mod injection;
pub mod key;
pub mod login;
pub mod master_key;
pub mod names;
pub mod pattern;
pub mod placeholder;
pub mod provider;
pub mod provider_client;
pub mod site;
pub mod target;

pub use audit::{AuditEvent, AuditRecord, EventName, Outcome};
pub use browser_name::BrowserName;
pub use connection::{Connection, ConnectionKey, ConnectionState, Credential};
pub use error_code::ErrorCode;
pub use grant_key::GrantKey;
pub use identity::{Caller, ClaimState, Identity, IdentityClaim, Principal, Role, SignedIn};
pub use login::{LoginSession, LoginState};
pub use master_key::MasterKeySource;
pub use names::{
    ConnectionName, Did, Email, EventId, Handle, LoginSessionId, NameError, PrincipalId,
    ProviderName, SearchText, ShownId, VaultId,
};
pub use provider::Provider;
pub use provider_client::ProviderClient;
pub use target::{Injection, Target};
