//! To a provider and back: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636).
//!
//! A `state` works once, within the time of its login, and only in the browser that opened the login:
//! a link that somebody else was sent leads nowhere (RFC 9700 section 4.7).

use super::complete::{Grant, Taken};
use super::forms::{Visitor, is_bound_to, opened_elsewhere};
use super::service::{Logins, ended, over};
use super::transient::Transient;
use super::{account, scopes};
use crate::crypto::random;
use crate::model::provider::OAuthSettings;
use crate::model::{
    AuditEvent, Credential, ErrorCode, EventName, LoginSession, LoginSessionId, LoginState,
    Outcome, Provider, ProviderClient,
};
use crate::oauth::{self, AuthorizationRequest, Callback, OAuthClient, PkceVerifier, Tokens};
use crate::secret::{AuthorizationCode, Token};
use crate::services::Error;
use crate::services::clients;
use crate::services::endpoints::Endpoints;
use crate::store::LoginRecord;
use futures_util::FutureExt as _;
use url::Url;

/// What a provider's redirect brought (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Debug)]
pub struct Returned {
    pub state: Token,
    pub code: Option<AuthorizationCode>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    pub issuer: Option<String>,
}

impl Logins {
    /// What a person gives a provider as the callback of our client there.
    pub(super) fn redirect_uri(&self) -> String {
        self.clients.redirect_uri()
    }

    /// Where the person goes on: the provider's own page. Asking again makes the first way worthless.
    pub(super) async fn authorize(
        &self,
        record: &LoginRecord,
        provider: &Provider,
        client: &ProviderClient,
        site: Option<&str>,
    ) -> Result<Url, Error> {
        let endpoints = Endpoints::new(provider, site)?;
        let settings = endpoints.settings();
        let state = random::token();
        let asked = AuthorizationRequest {
            authorization_url: &endpoints.authorization()?,
            client_id: &client.client_id,
            redirect_uri: &self.redirect_uri().parse().map_err(Error::internal)?,
            scopes: scopes::wanted(&record.login, settings),
            scope_separator: settings.scope_separator.as_deref().unwrap_or(" "),
            extra: &extra(settings),
            state: &state,
        };
        let authorization = asked
            .authorize()
            .map_err(|wrong| failed(provider, &record.login, wrong))?;
        let id = record.login.id.clone();
        let sealed = record.sealed.as_deref().ok_or_else(over)?;
        let mut transient = Transient::open(&self.core, &id, sealed).await?;
        transient.verifier = Some(authorization.verifier);
        let sealed = transient.seal(&self.core, &id).await?;
        let hash = random::hash_token(state.reveal());
        let site = site.map(str::to_owned);
        let write = self.core.store.write(move |tx| {
            async move {
                let kept = tx.set_login_transient(&id, Some(&hash), Some(&sealed));
                if !kept.await? {
                    return Err(over());
                }
                tx.set_login_site(&id, site.as_deref()).await?;
                Ok(())
            }
            .boxed()
        });
        write.await?;
        Ok(authorization.url)
    }

    /// The login that a `state` belongs to; takes nothing in.
    pub async fn find_by_state(&self, state: &Token) -> Result<LoginSessionId, Error> {
        let hash = random::hash_token(state.reveal());
        let mut reader = self.core.store.read().await?;
        let found = reader.find_login_by_state(&hash).await?;
        Ok(found.ok_or_else(no_such_state)?.login.id)
    }

    /// The person is back. Only in the login's own browser, once.
    pub async fn callback(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
        returned: Returned,
    ) -> Result<LoginSession, Error> {
        let found = self.core.store.read().await?.find_login(id).await?;
        // Another browser does not even learn whether there is such a login.
        let is_own = |found: &LoginRecord| visitor.cookie.is_some_and(|c| is_bound_to(found, c));
        found.filter(is_own).ok_or_else(opened_elsewhere)?;
        let record = self.visited(id, &visitor).await?;
        if record.login.state.is_final() {
            return Err(ended(&record.login.state));
        }
        let hash = random::hash_token(returned.state.reveal());
        if record.state_hash != Some(hash) {
            return Err(no_such_state());
        }
        let write = self.core.store.write(move |tx| {
            async move { Ok::<_, Error>(tx.take_login_by_state(&hash).await?) }.boxed()
        });
        let taken = write.await?.ok_or_else(over)?;
        let callback = Callback {
            code: returned.code,
            error: returned.error,
            error_description: returned.error_description,
            issuer: returned.issuer,
        };
        // The person may close the page; what the provider gave is not lost by that.
        let logins = self.clone();
        let done = tokio::spawn(async move { logins.finish_authorization(taken, callback).await });
        done.await.map_err(Error::internal)?
    }

    async fn finish_authorization(
        &self,
        taken: LoginRecord,
        callback: Callback,
    ) -> Result<LoginSession, Error> {
        let done = match self.exchange(&taken, callback).await {
            Ok(grant) => {
                let stored = self.complete(&taken.login, grant, Taken::Before, "browser");
                stored.await
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(done) => Ok(done),
            Err(error) => self.fail(taken.login, &error).await,
        }
    }

    /// The provider's code for its tokens, and whose they are.
    async fn exchange(&self, taken: &LoginRecord, callback: Callback) -> Result<Grant, Error> {
        let login = &taken.login;
        let provider = self.providers.get(&login.provider).await?;
        let refused = |wrong: oauth::Error| failed(&provider, login, wrong);
        let endpoints = Endpoints::new(&provider, login.base_url.as_deref())?;
        let settings = endpoints.settings();
        let issuer = settings.issuer.as_deref();
        let code = callback
            .accept(issuer, settings.names_issuer)
            .map_err(refused)?;
        let version = clients::version(&self.core, &provider.name).await?;
        let client = self
            .client_for(&provider, login.base_url.as_deref())
            .await?;
        let sealed = taken.sealed.as_deref().ok_or_else(over)?;
        let transient = Transient::open(&self.core, &login.id, sealed).await?;
        let verifier: PkceVerifier = transient.verifier.ok_or_else(over)?;
        let speaker: OAuthClient = clients::speaker(&client, &provider);
        let tokens = speaker
            .exchange_code(
                &self.core.config.transport,
                &endpoints.token()?,
                &code,
                &verifier,
                &self.redirect_uri().parse().map_err(Error::internal)?,
            )
            .await
            .map_err(refused)?;
        let grant = self.granted(login, &endpoints, tokens).await;
        Ok(Grant {
            issued_to: version,
            ..grant
        })
    }

    /// The tokens with what is known of them.
    pub(super) async fn granted(
        &self,
        login: &LoginSession,
        endpoints: &Endpoints<'_>,
        tokens: Tokens,
    ) -> Grant {
        let now = self.core.now();
        let account = account::look_up(&self.core.config.transport, endpoints, &tokens).await;
        let scopes = match tokens.scopes {
            Some(granted) => granted,
            None => scopes::wanted(login, endpoints.settings()).to_vec(),
        };
        Grant {
            scopes,
            account,
            issued_to: None,
            credential: Credential::OAuth2 {
                access_token: tokens.access_token,
                refresh_token: tokens.refresh_token,
                token_type: "Bearer".to_owned(),
                expires_at: tokens.expires_in.map(|life| now + life),
            },
        }
    }

    /// Our client at the provider, for that site.
    pub(super) async fn client_for(
        &self,
        provider: &Provider,
        site: Option<&str>,
    ) -> Result<ProviderClient, Error> {
        clients::at_site(&self.core, provider, site).await
    }

    /// Ends a login badly, and says why to the person and the log.
    pub(super) async fn fail(
        &self,
        login: LoginSession,
        error: &Error,
    ) -> Result<LoginSession, Error> {
        let said = match error.next_step() {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        };
        tracing::info!(
            provider.name = login.provider.as_str(),
            error.kind = error.code().class(),
            "a login failed"
        );
        let state = LoginState::Failed { error: said };
        let event = AuditEvent::new(EventName::LoginFailed)
            .for_login(&login)
            .on(&login.provider, Some(&login.connection))
            .ended(Outcome::Failure)
            .with("reason", error.code().class());
        let (id, to) = (login.id.clone(), state.clone());
        let write = self.core.store.write(move |tx| {
            async move {
                if tx.move_login(&id, &to).await? {
                    tx.audit(event).await?;
                }
                Ok::<_, Error>(())
            }
            .boxed()
        });
        write.await?;
        Ok(LoginSession { state, ..login })
    }
}

/// What is sent along to the provider's page.
fn extra(settings: &OAuthSettings) -> Vec<(String, String)> {
    let params = settings.authorization_params.clone().into_iter();
    let resource = settings.resource.clone();
    params
        .chain(resource.map(|resource| ("resource".to_owned(), resource)))
        .collect()
}

/// An answer that was brought before, or that nobody waits for.
fn no_such_state() -> Error {
    Error::new(
        ErrorCode::AuthenticationFailed,
        "this answer of a provider was used already, or belongs to no open login",
    )
    .hint("begin another one with `authsome login`")
}

/// The origin of an endpoint, as a content security policy names it.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A login that a provider, or the way to it, ended.
pub(super) fn failed(provider: &Provider, login: &LoginSession, wrong: oauth::Error) -> Error {
    Error::at_provider(provider, Some(&login.connection), wrong).operation("login")
}
