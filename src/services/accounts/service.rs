//! Accounts of people: sign-up, sign-in, browser sessions, invitations.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use crate::model::{Caller, Email, ErrorCode, Principal, PrincipalId, Role, SignedIn};
use crate::secret::{Password, Token};
use crate::services::{Actor, Error};
use std::net::IpAddr;
use time::OffsetDateTime;

/// What the sign-up form holds.
#[derive(Debug)]
pub struct SignUp {
    pub email: String,
    pub password: Password,
    /// The setup token or an invitation; needed when hosted.
    pub token: Option<Token>,
}

/// A browser session just opened; `token` goes into the cookie and is not kept.
#[derive(Debug)]
pub struct NewSession {
    pub token: Token,
    pub session: BrowserSession,
}

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    pub person: SignedIn,
    /// Must come back with every form of this session.
    pub csrf: Token,
    /// The session ends here at the latest (Max-Age of the cookie).
    pub expires_at: OffsetDateTime,
}

/// A one-time link that lets somebody open an account.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub url: String,
    /// Where only this address may use it.
    pub email: Option<Email>,
    pub role: Role,
    pub expires_at: OffsetDateTime,
}

/// Signs people up and in, and ends what they opened.
#[derive(Debug, Clone)]
pub struct Accounts {}

impl Accounts {
    /// Opens an account and signs it in. Hosted without a setup token or invitation: `Forbidden`.
    pub async fn sign_up(&self, form: SignUp, from: IpAddr) -> Result<NewSession, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// `AuthenticationFailed` for a wrong pair, alike for known and unknown accounts;
    /// `TooManyRequests` with a time to come back after too many. `previous` is the session cookie
    /// the browser had, which ends.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Password,
        from: IpAddr,
        previous: Option<&Token>,
    ) -> Result<NewSession, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The session of a cookie; `None` when it is unknown, ended or too old.
    pub async fn browser_session(&self, cookie: &Token) -> Result<Option<BrowserSession>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    pub async fn sign_out(&self, cookie: &Token) -> Result<(), Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Changes the password, ends every session of the person and opens a new one.
    pub async fn change_password(
        &self,
        person: &SignedIn,
        current: Password,
        new: Password,
        from: IpAddr,
    ) -> Result<NewSession, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Makes an invitation (administrators only); its link is shown once.
    pub async fn invite<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        role: Role,
        email: Option<Email>,
    ) -> Result<Invitation, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Whether sign-up with this token (or without one) is open, and which role it would give:
    /// for the form, before anything is typed.
    pub async fn sign_up_open(&self, token: Option<&Token>) -> Result<Option<Role>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Everybody with an account here (administrators only).
    pub async fn list<'a>(&self, actor: impl Into<Actor<'a>>) -> Result<Vec<Principal>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Shuts an account out, ends its sessions, refuses its identities (administrators only).
    pub async fn disable<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
    ) -> Result<(), Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Lets a disabled account back in (administrators only).
    pub async fn enable<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        principal: &PrincipalId,
    ) -> Result<(), Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// `POST /session`: the URL (`{base}/ui/?code=…`) that signs the caller's browser in, once, within 60 s.
    pub async fn sign_in_url(&self, caller: &Caller) -> Result<String, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Redeems the code of that URL; `Gone` when it was used or is too old.
    pub async fn redeem_sign_in_code(
        &self,
        code: &Token,
        previous: Option<&Token>,
    ) -> Result<NewSession, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Hosted, at start: makes sure the first administrator can be set up. Gives the token to print
    /// once, or `None` when there is an administrator, a token is out, or `given` was used.
    pub async fn prepare_setup(&self, given: Option<Token>) -> Result<Option<Token>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The address of an account, where it has one.
    pub async fn email(&self, principal: &PrincipalId) -> Result<Option<Email>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }
}
