//! Accounts of people: sign-up, sign-in, browser sessions, invitations.

mod backoff;
mod hashing;
mod service;
mod sessions;
mod sign_in;
mod sign_up;
mod typed;

pub use service::{Accounts, BrowserSession, Invitation, NewSession};
pub use sign_up::SignUp;
