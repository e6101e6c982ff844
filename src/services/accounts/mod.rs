//! Accounts of people: sign-up, sign-in, browser sessions, invitations.

mod backoff;
mod browsers;
mod coming;
mod hashing;
mod invitations;
mod people;
mod service;
mod sessions;
mod shown;
mod sign_in;
mod sign_up;
mod typed;

pub use browsers::SignedInBrowser;
pub use coming::ComingFrom;
pub use invitations::OpenInvitation;
pub use people::{Account, AccountsPage};
pub use service::{Accounts, BrowserSession, Invitation, NewSession};
pub use sign_up::SignUp;
