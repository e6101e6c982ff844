//! SQL, rows and transactions on `SQLite` and `PostgreSQL`; sees ciphertext only.
//!
//! [`Store`] has three doors: [`Store::read`], [`Store::write`] and [`Store::release`]. Rows come
//! out and go in as types of `model`. One SQL text serves both databases; where they differ
//! (opening, the file on disk, three words of the schema) is in here and nowhere else. It refuses
//! to hold a secret in the clear, and to touch a database it does not understand.

mod activity;
mod agents;
mod attempts;
mod audit;
mod audit_feed;
mod browser_sessions;
mod claims;
mod conn;
mod connections;
mod error;
mod identities;
mod keys;
mod leases;
mod lock;
mod logins;
mod migrations;
mod news;
mod one_time_tokens;
mod people;
mod principals;
mod proofs;
mod providers;
mod purge;
mod reader;
mod sql;
mod sqlite_file;
#[expect(
    clippy::module_inception,
    reason = "the type of the same name lives there"
)]
mod store;
mod trouble;
mod tx;
mod value;
mod writer;

use conn::LOCK_WAIT;
use value::Row;

pub use activity::ConnectionUse;
pub use agents::{AgentFilter, AgentRecord};
pub use attempts::Attempts;
pub use audit::{
    AuditCounts, AuditCursor, AuditFilter, AuditPage, BadCursor, CountFilter, EXAMINED, MAX_PAGE,
    Span,
};
pub use audit_feed::AuditSubscription;
pub use browser_sessions::BrowserSession;
pub use connections::SealedConnection;
pub use error::{Error, Unique};
pub use identities::IdentityRecord;
pub use keys::{DataKey, KekSlot, KeyOwner, KeyState};
pub use leases::{Held, RefreshLease};
pub use lock::{Holder, HomeLock, LockError, find_holder, wait_until_free};
pub use logins::LoginRecord;
pub use news::News;
pub use one_time_tokens::{OneTimeToken, Spent, TokenKind};
pub use people::PersonRecord;
pub use principals::PrincipalRecord;
pub use proofs::ProofUse;
pub use providers::{CustomProvider, ProviderClientRecord};
pub use purge::Purged;
pub use reader::{Reader, Reading};
pub use store::{Location, Store};
pub use tx::Tx;
