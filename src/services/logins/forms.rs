//! The form of a login, for the one browser it is meant for.
//!
//! At home that is the first browser that brings the ticket of the URL; hosted it is the first
//! browser in which the owner is signed in. From then on it is known by a cookie of its own, and
//! no other browser gets in, with the URL or without.

use super::answers::Answers;
use super::complete::Taken;
use super::service::{Logins, ended, not_found, over};
use super::transient::Transient;
use super::{form, sites};
use crate::crypto::random;
use crate::model::provider::Flow;
use crate::model::{
    AuditEvent, ErrorCode, EventName, LoginSession, LoginSessionId, LoginState, Provider, SignedIn,
};
use crate::secret::Token;
use crate::services::{Error, csrf};
use crate::store::LoginRecord;
use futures_util::FutureExt as _;
use std::sync::Arc;
use time::OffsetDateTime;
use url::Url;

/// Who opens the form of a login.
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
    /// The login belongs to this browser now: set this cookie (for the path of this login only)
    /// and redirect to the same page without the ticket.
    Bound {
        cookie: Token,
        expires_at: OffsetDateTime,
    },
    Form(Box<LoginForm>),
    /// A device login has its code already: show that.
    ShowCode,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct LoginForm {
    pub session: LoginSession,
    pub provider: Arc<Provider>,
    pub fields: Vec<Field>,
    /// Where the credential will go, as far as it is known.
    pub hosts: Vec<String>,
    /// Present where the person goes on to the provider's own page.
    pub consent: Option<Consent>,
    /// Must come back with the form.
    pub csrf: Token,
    /// What was wrong with the last try, for people; never repeats what was typed.
    pub problem: Option<String>,
}

/// What a person agrees to before the provider asks them again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The origin that the form may lead to; absent until the site is named.
    pub origin: Option<String>,
    pub scopes: Vec<String>,
    /// The callback to register with the provider; present while our client there is missing.
    pub redirect_uri: Option<String>,
    /// Where the provider is installed, where that is known and not the usual place.
    pub site: Option<String>,
}

/// One input of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub label: String,
    pub kind: Kind,
    /// For the `pattern` attribute; only a convenience, the server checks.
    pub pattern: Option<String>,
    pub hint: Option<String>,
    pub required: bool,
}

/// How an input is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// Not shown while it is typed.
    Secret,
    /// A secret of several lines, such as a key file.
    LongSecret,
}

/// The form as it came back.
#[derive(Debug, Default)]
pub struct FormInput {
    pub csrf: String,
    pub answers: Answers,
}

#[derive(Debug)]
pub enum Submitted {
    /// Stored; show the result page.
    Done(Box<LoginSession>),
    /// Go on at the provider.
    GoOn(Url),
    /// Go on with the code of a device login.
    ShowCode,
    /// Show the form again with its `problem` (status 400); nothing is used up.
    TryAgain(Box<LoginForm>),
}

/// A visitor who is let in.
struct Admitted<'a> {
    record: LoginRecord,
    cookie: &'a Token,
}

impl Logins {
    /// `GET …/input`. `Unauthenticated` for a visitor who is nobody, `NotFound` for the wrong
    /// person, `Forbidden` for another browser, `Gone` when the login is over.
    pub async fn open_form(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
    ) -> Result<FormVisit, Error> {
        let record = self.visited(id, &visitor).await?;
        if let Some(cookie) = visitor.cookie
            && is_bound_to(&record, cookie)
        {
            check_open(&record.login)?;
            if self.has_code(&record).await? {
                return Ok(FormVisit::ShowCode);
            }
            let form = self.form(&visitor, Admitted { record, cookie }, None);
            let form = form.await?;
            return Ok(FormVisit::Form(Box::new(form)));
        }
        self.check_may_bind(&record, &visitor).await?;
        check_open(&record.login)?;
        self.bind(&record).await
    }

    /// `POST …/input`. `Forbidden` without the right `csrf`, `Gone` the second time and when expired.
    pub async fn submit_form(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
        input: FormInput,
    ) -> Result<Submitted, Error> {
        let admitted = self.admitted(id, &visitor, &input.csrf).await?;
        let login = &admitted.record.login;
        let provider = self.providers.get(&login.provider).await?;
        let answers = &input.answers;
        let tried = if leads_on(login.flow) {
            let record = &admitted.record;
            self.go_on(&visitor, record, &provider, answers).await?
        } else {
            self.take(login, &provider, answers).await?
        };
        match tried {
            Ok(submitted) => Ok(submitted),
            Err(problem) => {
                let form = self.form(&visitor, admitted, Some(problem)).await?;
                Ok(Submitted::TryAgain(Box::new(form)))
            }
        }
    }

    /// Stores what was answered, or says what is wrong with it.
    async fn take(
        &self,
        login: &LoginSession,
        provider: &Provider,
        answers: &Answers,
    ) -> Result<Result<Submitted, String>, Error> {
        let mut login = login.clone();
        match sites::typed(provider, login.base_url.as_deref(), answers) {
            Ok(None) if sites::is_asked(provider, login.base_url.as_deref()) => {
                return Ok(Err("name the address of your installation".to_owned()));
            }
            Ok(Some(site)) => login.base_url = Some(site.to_owned()),
            Ok(None) => {}
            Err(problem) => return Ok(Err(problem.to_owned())),
        }
        let grant = match self.grant(&login, provider, answers).await? {
            Ok(grant) => grant,
            Err(problem) => return Ok(Err(problem.text)),
        };
        let done = self.complete(&login, grant, Taken::Now, "form").await?;
        Ok(Ok(Submitted::Done(Box::new(done))))
    }

    /// The person closes the form.
    pub async fn cancel_form(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
        csrf: &str,
    ) -> Result<LoginSession, Error> {
        let admitted = self.admitted(id, &visitor, csrf).await?;
        let mut login = admitted.record.login;
        let event = AuditEvent::new(EventName::LoginFailed).for_login(&login);
        self.end_cancelled(&login, event).await?;
        login.state = LoginState::Cancelled;
        Ok(login)
    }

    async fn has_code(&self, record: &LoginRecord) -> Result<bool, Error> {
        let (Flow::DeviceCode, Some(sealed)) = (record.login.flow, &record.sealed) else {
            return Ok(false);
        };
        let transient = Transient::open(&self.core, &record.login.id, sealed).await?;
        Ok(transient.device.is_some())
    }

    /// The login, for a visitor who may know of it. Hosted, nobody learns anything unnamed.
    pub(super) async fn visited(
        &self,
        id: &LoginSessionId,
        visitor: &Visitor<'_>,
    ) -> Result<LoginRecord, Error> {
        if !self.core.is_local() && visitor.person.is_none() {
            return Err(Error::new(
                ErrorCode::Unauthenticated,
                "sign in to go on with this login",
            ));
        }
        let found = self.core.store.read().await?.find_login(id).await?;
        let mut record = found.ok_or_else(not_found)?;
        let is_stranger = |person: &SignedIn| person.principal != record.login.principal;
        if !self.core.is_local() && visitor.person.is_none_or(is_stranger) {
            return Err(not_found());
        }
        self.let_expire(&mut record.login);
        Ok(record)
    }

    /// A form came back: only from the browser it was shown in, with its token, and in time.
    async fn admitted<'a>(
        &self,
        id: &LoginSessionId,
        visitor: &Visitor<'a>,
        csrf_given: &str,
    ) -> Result<Admitted<'a>, Error> {
        let record = self.visited(id, visitor).await?;
        let Some(cookie) = visitor.cookie.filter(|cookie| is_bound_to(&record, cookie)) else {
            return Err(other_browser(visitor));
        };
        if !csrf::matches(cookie, &place(id), csrf_given) {
            return Err(Error::forbidden("the form is not the one that was shown")
                .hint("open the login page again and send the form from there"));
        }
        check_open(&record.login)?;
        Ok(Admitted { record, cookie })
    }

    /// Whether this browser may become the login's own.
    async fn check_may_bind(
        &self,
        record: &LoginRecord,
        visitor: &Visitor<'_>,
    ) -> Result<(), Error> {
        if record.login.state.is_final() {
            return Err(ended(&record.login.state));
        }
        if record.browser_hash.is_some() {
            return Err(other_browser(visitor));
        }
        let owner = visitor
            .person
            .is_some_and(|person| person.principal == record.login.principal);
        if owner {
            return Ok(());
        }
        if let (Some(given), Some(sealed)) = (visitor.ticket, &record.sealed) {
            let transient = Transient::open(&self.core, &record.login.id, sealed).await?;
            if transient.ticket().matches(given.reveal()) {
                return Ok(());
            }
        }
        Err(no_ticket())
    }

    async fn bind(&self, record: &LoginRecord) -> Result<FormVisit, Error> {
        let cookie = random::token();
        let hash = random::hash_token(cookie.reveal());
        let id = record.login.id.clone();
        let bound: Result<bool, Error> = self
            .core
            .store
            .write(move |tx| async move { Ok(tx.bind_login_browser(&id, &hash).await?) }.boxed())
            .await;
        if bound? {
            Ok(FormVisit::Bound {
                cookie,
                expires_at: record.login.expires_at,
            })
        } else {
            Err(other_browser(&Visitor::default()))
        }
    }

    async fn form(
        &self,
        visitor: &Visitor<'_>,
        admitted: Admitted<'_>,
        problem: Option<String>,
    ) -> Result<LoginForm, Error> {
        let session = admitted.record.login;
        let provider = self.providers.get(&session.provider).await?;
        let csrf = csrf::token(admitted.cookie, &place(&session.id));
        let (fields, consent) = if leads_on(session.flow) {
            let (fields, consent) = self.consent(visitor, &session, &provider).await?;
            (fields, Some(consent))
        } else {
            let asks_site = sites::is_asked(&provider, session.base_url.as_deref());
            let site = asks_site.then(|| form::site_field(&provider));
            let fields = site.into_iter();
            (
                fields
                    .chain(form::fields(session.flow, &provider))
                    .collect(),
                None,
            )
        };
        let site = consent.as_ref().and_then(|consent| consent.site.as_deref());
        let site = site.or(session.base_url.as_deref());
        Ok(LoginForm {
            hosts: sites::shown(&provider, session.flow, site),
            fields,
            consent,
            csrf: csrf.ok_or_else(|| Error::internal("no CSRF token could be made"))?,
            provider,
            session,
            problem,
        })
    }
}

/// Whether a person goes on at the provider's own page.
fn leads_on(flow: Flow) -> bool {
    match flow {
        Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce => true,
        Flow::ClientCredentials
        | Flow::JwtBearer
        | Flow::GithubApp
        | Flow::ApiKey
        | Flow::Browser => false,
    }
}

fn place(id: &LoginSessionId) -> String {
    format!("login {id}")
}

pub(super) fn is_bound_to(record: &LoginRecord, cookie: &Token) -> bool {
    use subtle::ConstantTimeEq as _;
    let given = random::hash_token(cookie.reveal());
    record
        .browser_hash
        .is_some_and(|bound| bound.ct_eq(&given).into())
}

fn check_open(login: &LoginSession) -> Result<(), Error> {
    match &login.state {
        LoginState::Pending | LoginState::WaitingForUser => Ok(()),
        LoginState::Processing => Err(over()),
        last => Err(ended(last)),
    }
}

/// A browser that is not the login's own.
fn other_browser(visitor: &Visitor<'_>) -> Error {
    if visitor.person.is_none() && visitor.ticket.is_none() && visitor.cookie.is_none() {
        return no_ticket();
    }
    opened_elsewhere()
}

pub(super) fn opened_elsewhere() -> Error {
    Error::forbidden("this login was opened in another browser")
        .hint("go on there, or begin another one with `authsome login`")
}

fn no_ticket() -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "open this page with the whole address that `authsome login` shows",
    )
}
