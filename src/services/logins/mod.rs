//! Logins in progress: begun by an agent, finished by a person in a browser or terminal.

mod answer;
mod service;

pub use service::{
    BeginLogin, Field, FormInput, FormVisit, LoginForm, LoginView, Logins, NextAction, ResumeData,
    Submitted, Visitor,
};
