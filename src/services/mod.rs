//! The use cases: what people and agents can do, each one method, each authenticated by its
//! first argument.
//!
//! Knows no HTTP, reads no environment and asks no clock but the shared one. What a caller may not
//! know exists answers exactly as what does not exist.

mod accounts;
mod activity;
mod actor;
mod audit;
mod clients;
mod connections;
mod csrf;
mod endpoints;
mod error;
mod failure;
mod farewell;
mod identities;
mod import;
mod live;
mod logins;
mod minting;
mod next_step;
mod opening;
mod providers;
mod refresh;
mod resolver;
mod scans;
mod search;
mod setup;
mod snapshot;
mod status;
mod storing;

pub use accounts::{
    Account, Accounts, AccountsPage, BrowserSession, ComingFrom, Invitation, NewSession,
    OpenInvitation, SignUp, SignedInBrowser,
};
pub use activity::{Activity, AgentUse, ConnectionActivity, UsedBy, VaultActivity};
pub use actor::Actor;
pub use audit::{
    Audit, AuditBar, AuditChart, AuditExport, AuditFormat, AuditLogFile, AuditPage, AuditQuery,
    ExternalEvent,
};
pub use clients::{ClientSource, ClientView, NewClient, ProviderClients};
pub use connections::{
    ConnectionRecord, Connections, ExportFormat, ProviderConnections, Renewal, Trouble, Troubles,
};
pub use error::Error;
pub use identities::{
    Agent, AgentEvents, AgentsPage, ClaimPage, Identities, IdentityStatus, SignedRequest, Unspent,
};
pub use import::{
    Adopted, Counts as ImportCounts, Import, Options as ImportOptions, Outcome as ImportOutcome,
    Remark as ImportRemark, Report as ImportReport, adopt_master_key,
};
pub use live::{Live, Seat, Word};
pub use logins::{
    Answers, BeginLogin, CodeToType, CodeVisit, Consent, Field, FormInput, FormVisit, Kind,
    LoginForm, LoginView, Logins, NextAction, Returned, Submitted, Visitor, flows, hosts,
    takes_site,
};
use next_step::login_command;
pub use providers::{
    DefinitionProblem, ForUrl, Origin, ProviderList, Providers, Registered, Removed, Review,
    Standing,
};
pub use refresh::{RefreshMoment, RefreshStops};
pub use resolver::{Destination, Release, Resolver, Route, RouteScope};
pub use scans::{
    Compared, Comparison, FindingState, FoundSecret, PlaintextFinding, ScanWish, Scans,
};
pub use search::Search;
pub use setup::{Mode, Services, ServicesConfig};
pub use status::{About, Check, Encryption, Health, Inside, Readiness, Status, Whoami};
