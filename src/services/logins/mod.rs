//! Logins in progress: begun by an agent, finished by a person in a browser or terminal.

mod answer;
mod complete;
mod form;
mod forms;
mod service;
mod transient;

pub use complete::ResumeData;
pub use forms::{Field, FormInput, FormVisit, LoginForm, Submitted, Visitor};
pub use service::{BeginLogin, LoginView, Logins, NextAction};
