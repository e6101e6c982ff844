//! Beginning, showing and cancelling logins.

use super::device::Watched;
use super::transient::Transient;
use crate::crypto::random;
use crate::model::export::ExportSource;
use crate::model::login::{Beginner, LOGIN_LIFETIME};
use crate::model::provider::{AuthType, Flow};
use crate::model::{
    AuditEvent, Caller, ConnectionName, ConnectionState, ErrorCode, EventName, LoginSession,
    LoginSessionId, LoginState, Outcome, Provider, ProviderName,
};
use crate::services::setup::Core;
use crate::services::{Actor, Error, ProviderClients, Providers, endpoints};
use crate::store::LoginRecord;
use futures_util::FutureExt as _;
use std::fmt;
use std::sync::Arc;

/// Logins one identity, or one person on pages, may have open at once.
const MOST_OPEN: i64 = 20;
/// Logins one of them may begin within the lifetime of one, also those that are over at once: each
/// is a row for an hour.
const MOST_BEGUN: i64 = 100;
const MOST_SCOPES: usize = 100;
/// In bytes.
const LONGEST_SCOPE: usize = 256;

/// What `POST /auth/sessions` asks for.
#[derive(Debug, Clone)]
pub struct BeginLogin {
    pub provider: ProviderName,
    pub connection: ConnectionName,
    pub flow: Option<Flow>,
    pub scopes: Option<Vec<String>>,
    pub base_url: Option<String>,
    pub force: bool,
    /// Bring another OAuth client of ours, in the place of the one that is forgotten meanwhile.
    pub new_client: bool,
}

/// A login and what its person has to do now.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginView {
    pub session: LoginSession,
    pub next_action: NextAction,
    /// Present while a device login waits for its person.
    pub to_type: Option<CodeToType>,
}

/// What a person types at the provider, and where (RFC 8628 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeToType {
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
}

#[derive(Clone, PartialEq)]
pub enum NextAction {
    None,
    OpenUrl(String),
    /// Log in with a browser at the provider, and give its cookies to the form at `url`.
    Browser {
        url: String,
        provider: Arc<Provider>,
    },
}

/// Without the link, which holds the ticket of the login.
impl fmt::Debug for NextAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::OpenUrl(_) => "OpenUrl(..)",
            Self::Browser { .. } => "Browser(..)",
        })
    }
}

/// Begins, shows and finishes logins.
#[derive(Debug, Clone)]
pub struct Logins {
    pub(super) core: Arc<Core>,
    pub(super) providers: Providers,
    pub(super) clients: ProviderClients,
    pub(super) watched: Watched,
}

impl Logins {
    pub(in crate::services) fn new(
        core: Arc<Core>,
        providers: Providers,
        clients: ProviderClients,
    ) -> Self {
        Self {
            core,
            providers,
            clients,
            watched: Watched::default(),
        }
    }

    /// Begins a login for an agent, or for a person who does it on a page.
    pub async fn begin<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        mut wish: BeginLogin,
    ) -> Result<LoginView, Error> {
        let actor = actor.into();
        let provider = self.providers.get(&wish.provider).await?;
        let flow = supported_flow(&provider, wish.flow)?;
        check_wish(&wish)?;
        check_use(&provider, &wish)?;
        if wish.new_client {
            self.clients.check_replaceable(actor, &provider, flow)?;
            // The connection that is there ends with the client that it is of.
            wish.force = true;
        }
        let knows_client = !wish.new_client;
        let state = if !wish.force && self.is_connected(actor, &wish).await? {
            LoginState::Completed {
                message: "Already connected".to_owned(),
            }
        } else {
            LoginState::WaitingForUser
        };
        let session = self.session(actor, wish, flow, state)?;
        let mut record = LoginRecord::new(session);
        if !record.login.state.is_final() {
            let transient = Transient::new();
            record.sealed = Some(transient.seal(&self.core, &record.login.id).await?);
        }
        let id = record.login.id.clone();
        self.insert(actor, record.clone()).await?;
        let is_open = !record.login.state.is_final();
        if flow == Flow::DeviceCode && is_open && knows_client {
            self.begin_device_if_known(&record, &provider).await?;
        }
        let begun = self.own(actor, &id).await?;
        self.view(begun).await
    }

    async fn insert(&self, actor: Actor<'_>, record: LoginRecord) -> Result<(), Error> {
        let event = actor
            .sign(AuditEvent::new(EventName::LoginStarted))
            .on(&record.login.provider, Some(&record.login.connection))
            .with("flow", record.login.flow.as_str());
        let write = self.core.store.write(move |tx| {
            async move {
                let is_open = !record.login.state.is_final();
                let (by, now) = (record.login.begun_by(), tx.now());
                if tx.count_logins_since(by, now - LOGIN_LIFETIME).await? >= MOST_BEGUN {
                    return Err(too_many_begun(by));
                }
                if is_open && tx.count_open_logins(by, now).await? >= MOST_OPEN {
                    return Err(too_many_open(by));
                }
                tx.insert_login(&record).await?;
                if is_open {
                    tx.audit(event).await?;
                }
                Ok(())
            }
            .boxed()
        });
        write.await
    }

    fn session(
        &self,
        actor: Actor<'_>,
        wish: BeginLogin,
        flow: Flow,
        state: LoginState,
    ) -> Result<LoginSession, Error> {
        let now = self.core.now();
        Ok(LoginSession {
            id: random::id("sess").parse()?,
            identity: actor.handle().cloned(),
            principal: actor.principal().clone(),
            vault: actor.vault().clone(),
            provider: wish.provider,
            connection: wish.connection,
            flow,
            state,
            scopes: wish.scopes,
            base_url: wish.base_url,
            force: wish.force,
            created_at: now,
            expires_at: now + LOGIN_LIFETIME,
        })
    }

    /// Whether there is a connection of that name that still works.
    async fn is_connected(&self, actor: Actor<'_>, wish: &BeginLogin) -> Result<bool, Error> {
        let mut reader = self.core.store.read().await?;
        let found = reader.find_connection(actor.vault(), &wish.provider, &wish.connection);
        let now = self.core.now();
        Ok(found.await?.is_some_and(|found| {
            let state = found.connection.state_at(now);
            matches!(state, ConnectionState::Connected { .. }) && found.sealed.is_some()
        }))
    }

    /// A login of this very identity; anybody else's is `NotFound`.
    pub async fn show(&self, caller: &Caller, id: &LoginSessionId) -> Result<LoginView, Error> {
        let record = self.own(caller.into(), id).await?;
        self.view(record).await
    }

    pub async fn cancel(&self, caller: &Caller, id: &LoginSessionId) -> Result<LoginView, Error> {
        let record = self.own(caller.into(), id).await?;
        let event = AuditEvent::new(EventName::LoginFailed).by(caller);
        self.end_cancelled(&record.login, event).await?;
        self.show(caller, id).await
    }

    /// Cancels a login that is still open; `Gone` when it is not.
    pub(super) async fn end_cancelled(
        &self,
        login: &LoginSession,
        event: AuditEvent,
    ) -> Result<(), Error> {
        let event = event
            .on(&login.provider, Some(&login.connection))
            .ended(Outcome::Refused)
            .with("reason", "cancelled");
        let id = login.id.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                tx.expire_logins().await?;
                if !tx.move_login(&id, &LoginState::Cancelled).await? {
                    return Err(over());
                }
                tx.audit(event).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }

    /// What this very identity, or this person on a page, began.
    pub(super) async fn own(
        &self,
        actor: Actor<'_>,
        id: &LoginSessionId,
    ) -> Result<LoginRecord, Error> {
        let found = self.core.store.read().await?.find_login(id).await?;
        let mut found = found
            .filter(|record| {
                record.login.identity.as_ref() == actor.handle()
                    && record.login.vault == *actor.vault()
            })
            .ok_or_else(not_found)?;
        self.let_expire(&mut found.login);
        Ok(found)
    }

    /// What the state has become by now, whether or not the schedule has written it down.
    pub(super) fn let_expire(&self, login: &mut LoginSession) {
        if !login.state.is_final() && login.expires_at <= self.core.now() {
            login.state = LoginState::Expired;
        }
    }

    /// The login with its next step. The ticket is in the URL until a browser has brought it back.
    pub(super) async fn view(&self, record: LoginRecord) -> Result<LoginView, Error> {
        let session = record.login;
        if session.state != LoginState::WaitingForUser {
            return Ok(LoginView {
                session,
                next_action: NextAction::None,
                to_type: None,
            });
        }
        let mut url = self
            .core
            .url(&format!("/auth/sessions/{}/input", session.id));
        let mut to_type = None;
        if let Some(sealed) = &record.sealed {
            let transient = Transient::open(&self.core, &session.id, sealed).await?;
            if self.core.is_local() && record.browser_hash.is_none() {
                url = format!("{url}?ticket={}", transient.ticket().reveal());
            }
            to_type = transient.device.map(|device| device.to_type);
        }
        Ok(LoginView {
            next_action: self.action(&session, url).await,
            session,
            to_type,
        })
    }
}

impl Logins {
    /// A definition that has gone meanwhile says nothing more than that there is a form.
    async fn action(&self, session: &LoginSession, url: String) -> NextAction {
        if session.flow != Flow::Browser {
            return NextAction::OpenUrl(url);
        }
        match self.providers.get(&session.provider).await {
            Ok(provider) => NextAction::Browser { url, provider },
            Err(_) => NextAction::OpenUrl(url),
        }
    }
}

/// The flow to use, of those the provider has.
pub(super) fn supported_flow(provider: &Provider, wanted: Option<Flow>) -> Result<Flow, Error> {
    let flow = wanted.unwrap_or(provider.flow);
    let refused = |message: String| {
        Error::new(ErrorCode::UnsupportedFlow, message)
            .provider(&provider.name)
            .operation("login")
    };
    let said = match (provider.auth_type, flow) {
        (AuthType::ApiKey, Flow::ApiKey)
        | (AuthType::OAuth2, Flow::Pkce)
        | (AuthType::Browser, Flow::Browser) => return Ok(flow),
        (AuthType::OAuth2, Flow::DeviceCode) if has_devices(provider) => return Ok(flow),
        (AuthType::OAuth2, Flow::DcrPkce) if can_register(provider) => return Ok(flow),
        (AuthType::OAuth2, Flow::ClientCredentials | Flow::JwtBearer | Flow::GithubApp)
            if has_grant(provider, flow) =>
        {
            return Ok(flow);
        }
        (AuthType::OAuth2, Flow::DcrPkce) => {
            let name = &provider.display_name;
            return Err(refused(format!(
                "the definition of {name} says of no place to register at"
            ))
            .hint("`authsome login --mcp URL` finds it"));
        }
        (AuthType::OAuth2, Flow::DeviceCode) => "has no login from another device",
        (AuthType::OAuth2, _) => "logs in by OAuth",
        (AuthType::ApiKey, _) => "takes an API key",
        (AuthType::Browser, _) => "takes the cookies of a browser session",
    };
    let message = format!(
        "{} {said}; flow `{}` is not for it",
        provider.display_name,
        flow.as_str()
    );
    Err(refused(message).hint("leave `--flow` out"))
}

/// Whether a program can log in by a key of that kind.
fn has_grant(provider: &Provider, flow: Flow) -> bool {
    let more = provider.oauth.as_ref().map(|oauth| &oauth.grants);
    provider.flow == flow || more.is_some_and(|grants| grants.contains(&flow))
}

fn has_devices(provider: &Provider) -> bool {
    let oauth = provider.oauth.as_ref();
    oauth.is_some_and(|oauth| oauth.device_authorization_url.is_some())
}

fn can_register(provider: &Provider) -> bool {
    let registration = provider.registration.as_ref();
    let has_endpoints = provider
        .oauth
        .as_ref()
        .is_some_and(|oauth| oauth.authorization_url.is_some() && oauth.token_url.is_some());
    has_endpoints && registration.is_some_and(|r| r.registration_endpoint.is_some())
}

fn check_wish(wish: &BeginLogin) -> Result<(), Error> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic());
    let scopes = wish.scopes.as_deref().unwrap_or_default();
    if scopes.len() > MOST_SCOPES
        || !scopes
            .iter()
            .all(|scope| scope.len() <= LONGEST_SCOPE && plain(scope))
    {
        return Err(Error::invalid(
            "scopes are at most 100 words of visible ASCII, 256 letters each",
        ));
    }
    match &wish.base_url {
        Some(text) if !is_base_url(text) => Err(Error::invalid(
            "the base URL is an https URL such as https://git.example.com, without a query",
        )),
        _ => Ok(()),
    }
}

/// Refuses what a provider has no use for: it would be stored as if it meant something.
fn check_use(provider: &Provider, wish: &BeginLogin) -> Result<(), Error> {
    let is_key = provider.auth_type == AuthType::ApiKey;
    let refused = |what: &str, flag: &str| {
        let name = &provider.display_name;
        let message = if is_key {
            format!("{name} takes an API key and has no use for {what}")
        } else {
            format!("{name} has no use for {what}")
        };
        Error::new(ErrorCode::OperationNotAllowed, message)
            .hint(format!("leave `{flag}` out"))
            .provider(&provider.name)
            .operation("login")
    };
    let asks_scopes = wish.scopes.as_ref().is_some_and(|list| !list.is_empty());
    if is_key && asks_scopes {
        return Err(refused("scopes", "--scopes"));
    }
    let variables = provider.variables();
    let uses_base = variables
        .values()
        .any(|from| *from == ExportSource::BaseUrl);
    let uses_base = uses_base || provider.has_sites();
    if wish.base_url.is_some() && !uses_base {
        let refusal = refused("a base URL", "--base-url");
        return Err(match &provider.self_hosted {
            Some(other) => refusal.hint(format!("an installation of your own is `{other}`")),
            None => refusal,
        });
    }
    endpoints::check_places(provider, wish.base_url.as_deref())
}

pub(in crate::services) fn is_base_url(text: &str) -> bool {
    text.len() <= 2048
        && text.bytes().all(|c| c.is_ascii_graphic())
        && url::Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        })
}

pub(super) fn not_found() -> Error {
    Error::not_found("no such login").hint("begin one with `authsome login`")
}

/// A login that ended while somebody was about to go on with it.
pub(super) fn over() -> Error {
    gone("this login is over: it was finished, cancelled, or is older than 10 minutes")
}

/// A login that is in its last state, which is said.
pub(super) fn ended(state: &LoginState) -> Error {
    gone(match state {
        LoginState::Completed { .. } => "this login is finished: its page works once",
        LoginState::Failed { .. } => "this login has failed",
        LoginState::Expired => "this login is older than 10 minutes",
        LoginState::Cancelled => "this login was cancelled",
        LoginState::Pending | LoginState::WaitingForUser | LoginState::Processing => return over(),
    })
}

fn gone(message: &str) -> Error {
    Error::new(ErrorCode::Gone, message).hint("begin another one with `authsome login`")
}

fn too_many_begun(by: Beginner<'_>) -> Error {
    let who = match by {
        Beginner::Agent(_) => "this identity has",
        Beginner::Person(_) => "you have",
    };
    Error::new(
        ErrorCode::TooManyRequests,
        format!("{who} begun too many logins in the last 10 minutes"),
    )
    .hint("ask `authsome list` whether a provider is connected; begin again in a few minutes")
    .retry_after(std::time::Duration::from_mins(1))
}

fn too_many_open(by: Beginner<'_>) -> Error {
    let whose = match by {
        Beginner::Agent(_) => "this identity",
        Beginner::Person(_) => "yours",
    };
    Error::new(
        ErrorCode::TooManyRequests,
        format!("too many logins of {whose} are open"),
    )
    .hint("finish or cancel one; each ends by itself after 10 minutes")
    .retry_after(std::time::Duration::from_mins(1))
}
