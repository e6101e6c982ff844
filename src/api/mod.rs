//! Wire types and paths, shared by server and client (`docs/http-api.md`).
//!
//! Only data: every JSON body has one struct here, in the file of its topic. Nothing in this module
//! decides anything; it refuses to hold a name that does not parse and to print a secret.

pub mod admin;
pub mod audit;
pub mod clients;
pub mod connections;
pub mod credentials;
mod digest;
pub mod error;
pub mod health;
pub mod identities;
pub mod logins;
pub mod paths;
pub mod people;
pub mod providers;
pub mod routes;
mod secret;

pub use admin::{CreateInvitation, Invitation, OpenDashboard};
pub use audit::{
    AuditEntries, AuditEntry, AuditQuery, ReportEvent, ReportedEvent, ReportedEventId,
};
pub use clients::{
    ClientSource, ProviderClient, ProviderClientChanged, ProviderClients, SetProviderClient,
};
pub use connections::{
    AccountBody, ConnectionList, ConnectionRecord, ConnectionSummary, DefaultSet, Done,
    ProviderConnections, ShowConnection,
};
pub use credentials::{
    Compare, ComparedFind, Comparison, ConnectedProvider, Export, ExportFormat, Exported, Find,
    FindState, InjectedPartBody, Resolve, Resolved,
};
pub use digest::WireDigest;
pub use error::{Detail, ErrorBody, FieldError};
pub use health::{Encryption, Health, Readiness, ReadinessChecks, WhoAmI};
pub use identities::{BindLocal, IdentityStatus, RegisterIdentity};
pub use logins::{LoginAnswer, LoginSession, NextAction, ResumeLogin, StartLogin};
pub use people::{People, PersonAccount, SetRole};
pub use providers::{
    Definition, DiscoverProvider, DiscoveredProvider, ProviderChange, ProviderChanged,
    ProviderRevoked, ProvidersBySource, RegisterProvider,
};
pub use routes::{ProxyRoute, ProxyRoutes, RouteScope, RoutesQuery};
pub use secret::WireSecret;

/// What stands in the place of a secret that was not asked for.
pub const REDACTED: &str = "***REDACTED***";

/// The most bytes a JSON body may have, in either direction.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The header that carries the trace of one command into the daemon (W3C Trace Context).
pub const TRACEPARENT: &str = "traceparent";
