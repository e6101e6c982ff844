//! Accounts of people: sign-up, sign-in, browser sessions, invitations.

mod backoff;
mod hashing;
mod service;

pub use service::{Accounts, BrowserSession, Invitation, NewSession, SignUp};
