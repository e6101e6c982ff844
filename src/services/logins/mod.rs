//! Logins in progress: begun by an agent, finished by a person in a browser or terminal.

mod account;
pub(in crate::services) mod answer;
mod answers;
mod authorization;
mod complete;
mod consent;
mod cookies;
mod device;
mod form;
mod forms;
mod keys;
mod offers;
mod scopes;
mod service;
mod sites;
mod take;
mod transient;
mod waiting;

pub use answers::Answers;
pub use authorization::Returned;
pub use device::CodeVisit;
pub use forms::{Consent, Field, FormInput, FormVisit, Kind, LoginForm, Submitted, Visitor};
pub use offers::{flows, hosts, takes_site};
pub(in crate::services) use service::is_base_url;
pub use service::{BeginLogin, CodeToType, LoginView, Logins, NextAction};
