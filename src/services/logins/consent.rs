//! The form before a provider's own page: what is asked for, and our client there while it is missing.

use super::answers::Answers;
use super::authorization::{self, origin};
use super::form;
use super::forms::{Consent, Field, Submitted, Visitor};
use super::service::Logins;
use super::{scopes, sites};
use crate::model::provider::{AuthorizationMethod, Flow};
use crate::model::{AuditEvent, EventName, LoginSession, Provider, ProviderClient, Role, SignedIn};
use crate::secret::ClientSecret;
use crate::services::endpoints::Endpoints;
use crate::services::{Error, clients};
use crate::store::LoginRecord;
use futures_util::FutureExt as _;

impl Logins {
    /// The fields that are still to be filled in, and what the person agrees to.
    pub(super) async fn consent(
        &self,
        visitor: &Visitor<'_>,
        session: &LoginSession,
        provider: &Provider,
    ) -> Result<(Vec<Field>, Consent), Error> {
        let site = session.base_url.as_deref();
        let endpoints = Endpoints::new(provider, site)?;
        let client = clients::find(&self.core, provider).await?;
        if let Some(client) = &client {
            clients::check_site(client, provider, site.or(client.base_url.as_deref()))?;
        } else if !self.may_begin(session, visitor.person).await? {
            return Err(clients::missing(provider));
        }
        let asks_client = client.is_none() && !registers_itself(session);
        let known = site.or(client
            .as_ref()
            .and_then(|client| client.base_url.as_deref()));
        let asks_site = sites::is_asked(provider, known);
        let at = Endpoints::new(provider, known)?.authorization();
        Ok((
            form::oauth_fields(provider, asks_client, asks_site),
            Consent {
                origin: at.ok().map(|url| origin(&url)),
                scopes: scopes::wanted(session, endpoints.settings()).to_vec(),
                redirect_uri: asks_client.then(|| self.redirect_uri()),
                site: known.map(str::to_owned),
            },
        ))
    }

    /// Keeps what was filled in and sends the person on; or says what is wrong with it.
    pub(super) async fn go_on(
        &self,
        visitor: &Visitor<'_>,
        record: &LoginRecord,
        provider: &Provider,
        answers: &Answers,
    ) -> Result<Result<Submitted, String>, Error> {
        // Only where the form has asked for it.
        let named = match sites::typed(provider, record.login.base_url.as_deref(), answers) {
            Ok(typed) => typed.map(str::to_owned),
            Err(problem) => return Ok(Err(problem.to_owned())),
        };
        let client = if let Some(client) = clients::find(&self.core, provider).await? {
            client
        } else if !self.may_begin(&record.login, visitor.person).await? {
            return Err(clients::missing(provider));
        } else if registers_itself(&record.login) {
            let client = self.registered(provider, &record.login).await?;
            self.keep_client(visitor, record, provider, client).await?
        } else {
            let site = record.login.base_url.clone().or(named.clone());
            if sites::is_asked(provider, site.as_deref()) {
                return Ok(Err("name the address of your installation".to_owned()));
            }
            match client_of(answers, site) {
                Ok(client) => self.keep_client(visitor, record, provider, client).await?,
                Err(problem) => return Ok(Err(problem.to_owned())),
            }
        };
        let login = &record.login;
        let site = login.base_url.clone().or(named).or(client.base_url.clone());
        if sites::is_asked(provider, site.as_deref()) {
            return Ok(Err("name the address of your installation".to_owned()));
        }
        clients::check_site(&client, provider, site.as_deref())?;
        if login.flow == Flow::DeviceCode {
            self.begin_device(record, provider, &client, site.as_deref())
                .await?;
            return Ok(Ok(Submitted::ShowCode));
        }
        let url = self
            .authorize(record, provider, &client, site.as_deref())
            .await?;
        Ok(Ok(Submitted::GoOn(url)))
    }

    /// Registers us at the provider (RFC 7591).
    async fn registered(
        &self,
        provider: &Provider,
        login: &LoginSession,
    ) -> Result<ProviderClient, Error> {
        let site = login.base_url.as_deref();
        let endpoints = Endpoints::new(provider, site)?;
        let settings = endpoints.settings();
        let method = match settings.authorization_method {
            None => "none",
            Some(AuthorizationMethod::Body) => "client_secret_post",
            Some(AuthorizationMethod::Basic) => "client_secret_basic",
        };
        let registered = self
            .core
            .config
            .transport
            .register(
                &endpoints.registration()?,
                &self.redirect_uri(),
                method,
                &settings.scopes.join(" "),
            )
            .await
            .map_err(|wrong| authorization::failed(provider, login, wrong))?;
        Ok(ProviderClient {
            client_id: registered.client_id,
            client_secret: registered.client_secret,
            base_url: site.map(str::to_owned),
        })
    }

    /// Whether a login may go on where we have no client yet: what it brings is for everybody, so it is an
    /// administrator's to give. A client that registers itself where the definition says is nobody's choice.
    async fn may_begin(
        &self,
        login: &LoginSession,
        person: Option<&SignedIn>,
    ) -> Result<bool, Error> {
        if registers_itself(login) && login.base_url.is_none() {
            return Ok(true);
        }
        if !self.core.is_local() {
            return Ok(person.is_some_and(|person| person.role == Role::Admin));
        }
        // At home nobody has to sign in; whose login it is decides.
        let mut reader = self.core.store.read().await?;
        let owner = reader.find_principal(&login.principal).await?;
        Ok(owner.is_some_and(|owner| owner.principal.role == Role::Admin))
    }

    async fn keep_client(
        &self,
        visitor: &Visitor<'_>,
        record: &LoginRecord,
        provider: &Provider,
        client: ProviderClient,
    ) -> Result<ProviderClient, Error> {
        let prepared = clients::prepare(&self.core, &provider.name, &client).await?;
        let event = AuditEvent::new(EventName::ProviderClientSet).on(&provider.name, None);
        let event = if let Some(person) = visitor.person {
            event.by_person(person)
        } else {
            // At home nobody has to sign in: the event names whom the login is for.
            event.for_login(&record.login)
        };
        let write = self.core.store.write(move |tx| {
            async move {
                let kept = clients::put(tx, &prepared).await?;
                if kept {
                    tx.audit(event).await?;
                }
                Ok::<_, Error>(kept)
            }
            .boxed()
        });
        if write.await? {
            return Ok(client);
        }
        // Somebody else was first; theirs counts for everybody.
        let stored = clients::find(&self.core, provider).await?;
        stored.ok_or_else(|| clients::missing(provider))
    }
}

fn registers_itself(login: &LoginSession) -> bool {
    login.flow == Flow::DcrPkce
}

fn client_of(answers: &Answers, site: Option<String>) -> Result<ProviderClient, &'static str> {
    let id = answers.text("client_id");
    let secret = answers.some("client_secret");
    clients::check_text(id, secret)?;
    Ok(ProviderClient {
        client_id: id.to_owned(),
        client_secret: secret.map(ClientSecret::new),
        base_url: site,
    })
}
