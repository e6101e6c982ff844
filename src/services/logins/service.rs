//! Logins in progress: begun by an agent, finished by a person in a browser or terminal.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use crate::model::provider::Flow;
use crate::model::{
    Caller, ConnectionName, ErrorCode, LoginSession, LoginSessionId, Provider, ProviderName,
    SignedIn,
};
use crate::secret::{ApiKey, Token};
use crate::services::Error;
use std::sync::Arc;
use time::OffsetDateTime;

/// What `POST /auth/sessions` asks for.
#[derive(Debug, Clone)]
pub struct BeginLogin {
    pub provider: ProviderName,
    pub connection: ConnectionName,
    pub flow: Option<Flow>,
    pub scopes: Option<Vec<String>>,
    pub base_url: Option<String>,
    pub force: bool,
}

/// A login and what its person has to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginView {
    pub session: LoginSession,
    pub next_action: NextAction,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextAction {
    None,
    OpenUrl(String),
}

/// What `POST /auth/sessions/{id}/resume` brings.
#[derive(Debug, Default)]
pub struct ResumeData {
    pub api_key: Option<ApiKey>,
}

/// Who opens the form of a login. Hosted, only the signed-in owner; local, the browser that brought
/// the ticket of the URL first, from then on by its cookie, or the signed-in owner.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visitor<'a> {
    pub person: Option<&'a SignedIn>,
    /// The `ticket` of the query.
    pub ticket: Option<&'a Token>,
    /// The cookie given by an earlier [`FormVisit::Bound`].
    pub cookie: Option<&'a Token>,
}

/// What opening the form led to.
#[derive(Debug)]
pub enum FormVisit {
    /// The ticket was right and is used up: set this cookie (for the path of this login only) and
    /// redirect to the same page without the ticket.
    Bound {
        cookie: Token,
        expires_at: OffsetDateTime,
    },
    Form(Box<LoginForm>),
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct LoginForm {
    pub session: LoginSession,
    pub provider: Arc<Provider>,
    pub fields: Vec<Field>,
    /// Must come back with the form.
    pub csrf: Token,
    /// What was wrong with the last try, for people; never repeats what was typed.
    pub problem: Option<String>,
}

/// One input of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub label: String,
    pub secret: bool,
    /// For the `pattern` attribute; only a convenience, the server checks.
    pub pattern: Option<String>,
    pub hint: Option<String>,
    pub required: bool,
}

/// The form as it came back.
#[derive(Debug, Default)]
pub struct FormInput {
    pub csrf: String,
    pub api_key: Option<ApiKey>,
}

#[derive(Debug)]
pub enum Submitted {
    /// Stored; show the result page.
    Done(Box<LoginSession>),
    /// Show the form again with its `problem` (status 400); nothing is used up.
    TryAgain(Box<LoginForm>),
}

/// Begins, shows and finishes logins.
#[derive(Debug, Clone)]
pub struct Logins {}

impl Logins {
    pub async fn begin(&self, caller: &Caller, wish: BeginLogin) -> Result<LoginView, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// A login of this very identity; anybody else's is `NotFound`.
    pub async fn show(&self, caller: &Caller, id: &LoginSessionId) -> Result<LoginView, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The terminal's way: the secret typed there. A key that does not fit is
    /// `AuthenticationFailed` and leaves the login open.
    pub async fn resume(
        &self,
        caller: &Caller,
        id: &LoginSessionId,
        data: ResumeData,
    ) -> Result<LoginView, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    pub async fn cancel(&self, caller: &Caller, id: &LoginSessionId) -> Result<LoginView, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// `GET …/input`. `Unauthenticated` for a visitor who is nobody, `NotFound` for the wrong one,
    /// `Gone` when the login is over.
    pub async fn open_form(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
    ) -> Result<FormVisit, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// `POST …/input`. `Forbidden` without the right `csrf`, `Gone` the second time and when expired.
    pub async fn submit_form(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
        input: FormInput,
    ) -> Result<Submitted, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// The person closes the form.
    pub async fn cancel_form(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
        csrf: &str,
    ) -> Result<LoginSession, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }
}
