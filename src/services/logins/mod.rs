//! Logins in progress: begun by an agent, finished by a person in a browser or terminal.

mod account;
mod answer;
mod authorization;
mod complete;
mod consent;
mod device;
mod form;
mod forms;
mod scopes;
mod service;
mod transient;

pub use authorization::Returned;
pub use complete::ResumeData;
pub use device::CodeVisit;
pub use forms::{Consent, Field, FormInput, FormVisit, LoginForm, Submitted, Visitor};
pub use service::{BeginLogin, CodeToType, LoginView, Logins, NextAction};
