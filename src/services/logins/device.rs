//! Logging in from another device (RFC 8628): the code, and a task that asks until somebody has typed it.
//!
//! What is under way is in the store, so that it goes on after a restart. Before each poll its time is
//! moved on there by a conditional write, so that replicas together poll no faster than they may.

use super::complete::{Grant, Taken};
use super::forms::{Visitor, is_bound_to, opened_elsewhere};
use super::service::{CodeToType, Logins, over};
use super::transient::{Device, Transient};
use super::{authorization, scopes};
use crate::model::provider::{DeviceTokenRequest, Flow, OAuthSettings};
use crate::model::{LoginSession, LoginSessionId, Provider, ProviderClient};
use crate::oauth::{self, Encoding, Polled};
use crate::services::endpoints::Endpoints;
use crate::services::{Error, clients};
use crate::store::LoginRecord;
use futures_util::FutureExt as _;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What `slow_down` adds to the interval (section 3.5), and a provider that does not answer.
const SLOWER: Duration = Duration::from_secs(5);
/// How long a poll may take until another may begin.
const POLL_TIME: Duration = Duration::from_secs(25);
/// Two polls are never closer.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

/// What the page of a device login has to show.
#[derive(Debug)]
pub enum CodeVisit {
    Code {
        session: Box<LoginSession>,
        provider: Arc<Provider>,
        to_type: CodeToType,
    },
    /// The form has to be sent first.
    NotYet,
    Over(Box<LoginSession>),
}

/// The logins that a task of this process polls for.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched(Arc<Mutex<HashSet<LoginSessionId>>>);

impl Watched {
    fn add(&self, id: &LoginSessionId) -> bool {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.insert(id.clone())
    }

    fn remove(&self, id: &LoginSessionId) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.remove(id);
    }
}

impl Logins {
    /// Asks the provider for a code at once where it knows us; else the form asks for our client, or for
    /// the site, first.
    pub(super) async fn begin_device_if_known(
        &self,
        record: &LoginRecord,
        provider: &Provider,
    ) -> Result<(), Error> {
        let Some(client) = clients::find(&self.core, provider).await? else {
            return Ok(());
        };
        let site = record.login.base_url.clone().or(client.base_url.clone());
        if site.is_none() && provider.needs_site() {
            return Ok(());
        }
        let begun = self
            .begin_device(record, provider, &client, site.as_deref())
            .await;
        if let Err(error) = &begun {
            self.fail(record.login.clone(), error).await?;
        }
        begun
    }

    /// Asks the provider for a code at a site, keeps both, and begins to poll there.
    pub(super) async fn begin_device(
        &self,
        record: &LoginRecord,
        provider: &Provider,
        client: &ProviderClient,
        site: Option<&str>,
    ) -> Result<(), Error> {
        let login = &record.login;
        clients::check_site(client, provider, site)?;
        let endpoints = Endpoints::new(provider, site)?;
        let settings = endpoints.settings();
        let separator = settings.scope_separator.as_deref().unwrap_or(" ");
        let scope = scopes::wanted(login, settings).join(separator);
        let speaker = clients::speaker(client, provider);
        let url = endpoints.device_authorization()?;
        let encoding = encoding(settings);
        let asked = speaker.begin_device(&self.core.config.transport, &url, encoding, &scope);
        let begun = asked
            .await
            .map_err(|wrong| authorization::failed(provider, login, wrong))?;
        let interval = begun.interval.max(LEAST_INTERVAL);
        let now = self.core.now();
        let sealed = record.sealed.as_deref().ok_or_else(over)?;
        let mut transient = Transient::open(&self.core, &login.id, sealed).await?;
        transient.device = Some(Device {
            code: begun.device_code,
            to_type: CodeToType {
                user_code: begun.user_code,
                verification_uri: begun.verification_uri.to_string(),
                verification_uri_complete: begun.verification_uri_complete.map(String::from),
            },
            interval,
            next_poll: now + interval,
            until: begun.expires_in.map(|life| now + life),
        });
        let code = transient.seal(&self.core, &login.id).await?;
        self.keep_code(&login.id, sealed, &code, site).await?;
        self.watch(login.id.clone());
        Ok(())
    }

    /// The code and the site it is of, in one commit: whoever polls finds both.
    async fn keep_code(
        &self,
        id: &LoginSessionId,
        from: &[u8],
        to: &[u8],
        site: Option<&str>,
    ) -> Result<(), Error> {
        let (id, from, to) = (id.clone(), from.to_vec(), to.to_vec());
        let site = site.map(str::to_owned);
        let write = self.core.store.write(move |tx| {
            async move {
                if !tx.replace_login_transient(&id, &from, &to).await? {
                    return Err(over());
                }
                tx.set_login_site(&id, site.as_deref()).await?;
                Ok::<_, Error>(())
            }
            .boxed()
        });
        write.await
    }

    /// Goes on with the device logins that nobody of this process polls for: after a restart, and those
    /// of a replica that has gone.
    pub(in crate::services) async fn resume_devices(&self) -> Result<(), Error> {
        let mut reader = self.core.store.read().await?;
        let open = reader.list_open_logins(Flow::DeviceCode, self.core.now());
        for id in open.await? {
            self.watch(id);
        }
        Ok(())
    }

    /// The code of a login and whether it is over, for the browser that the login is open in.
    pub async fn open_code(
        &self,
        id: &LoginSessionId,
        visitor: Visitor<'_>,
    ) -> Result<CodeVisit, Error> {
        let record = self.visited(id, &visitor).await?;
        if !visitor
            .cookie
            .is_some_and(|cookie| is_bound_to(&record, cookie))
        {
            return Err(opened_elsewhere());
        }
        if record.login.state.is_final() {
            return Ok(CodeVisit::Over(Box::new(record.login)));
        }
        let sealed = record.sealed.as_deref().ok_or_else(over)?;
        let transient = Transient::open(&self.core, id, sealed).await?;
        let provider = self.providers.get(&record.login.provider).await?;
        Ok(match transient.device {
            Some(device) => CodeVisit::Code {
                session: Box::new(record.login),
                provider,
                to_type: device.to_type,
            },
            None => CodeVisit::NotYet,
        })
    }

    fn watch(&self, id: LoginSessionId) {
        if !self.watched.add(&id) {
            return;
        }
        let logins = self.clone();
        tokio::spawn(async move {
            if let Err(error) = logins.poll_until_over(&id).boxed().await {
                tracing::warn!(login.id = id.as_str(), error.cause = %error, "a device login is not polled for any more");
            }
            logins.watched.remove(&id);
        });
    }

    async fn poll_until_over(&self, id: &LoginSessionId) -> Result<(), Error> {
        loop {
            let found = self.core.store.read().await?.find_login(id).await?;
            let Some(mut record) = found else {
                return Ok(());
            };
            self.let_expire(&mut record.login);
            let (false, Some(sealed)) = (record.login.state.is_final(), record.sealed.clone())
            else {
                return Ok(());
            };
            let mut transient = Transient::open(&self.core, id, &sealed).await?;
            let Some(device) = &mut transient.device else {
                return Ok(());
            };
            let now = self.core.now();
            if device.until.is_some_and(|until| until <= now) {
                let provider = self.providers.get(&record.login.provider).await?;
                let error = ran_out(&provider, &record.login);
                self.fail(record.login, &error).await?;
                return Ok(());
            }
            let next = device
                .until
                .map_or(device.next_poll, |until| until.min(device.next_poll));
            if let Ok(wait) = Duration::try_from(next - now)
                && !wait.is_zero()
            {
                tokio::time::sleep(wait).await;
                continue;
            }
            device.next_poll = now + POLL_TIME;
            let claimed = transient.seal(&self.core, id).await?;
            // Another replica may have been first; its poll is as good as ours.
            if self.replace_sealed(id, &sealed, &claimed).await?
                && self.poll(&record, transient, &claimed).await?
            {
                return Ok(());
            }
        }
    }

    /// One poll; whether the login is over.
    async fn poll(
        &self,
        record: &LoginRecord,
        mut transient: Transient,
        claimed: &[u8],
    ) -> Result<bool, Error> {
        let login = &record.login;
        let Some(device) = &mut transient.device else {
            return Ok(true);
        };
        let version = clients::version(&self.core, &login.provider).await?;
        match self.ask_once(record, device).boxed().await {
            Ok(Polled::Pending) => {}
            Ok(Polled::SlowDown) => device.interval += SLOWER,
            Ok(Polled::Granted(tokens)) => {
                let provider = self.providers.get(&login.provider).await?;
                let endpoints = Endpoints::new(&provider, login.base_url.as_deref())?;
                let grant = Grant {
                    issued_to: version,
                    ..self.granted(login, &endpoints, *tokens).await
                };
                let stored = self.complete(login, grant, Taken::Now, "device").boxed();
                if let Err(error) = stored.await {
                    self.fail(login.clone(), &error).await?;
                }
                return Ok(true);
            }
            Err(failed) if failed.is_passing => device.interval += SLOWER,
            Err(failed) => {
                self.fail(login.clone(), &failed.error).await?;
                return Ok(true);
            }
        }
        device.next_poll = self.core.now() + device.interval;
        self.replace(&login.id, claimed, &transient).await?;
        Ok(false)
    }

    async fn ask_once(&self, record: &LoginRecord, device: &Device) -> Result<Polled, PollFailed> {
        let login = &record.login;
        let provider = self.providers.get(&login.provider).await?;
        let site = login.base_url.as_deref();
        let client = self.client_for(&provider, site).await?;
        let endpoints = Endpoints::new(&provider, site)?;
        let encoding = encoding(endpoints.settings());
        let speaker = clients::speaker(&client, &provider);
        let token = endpoints.token()?;
        let polled =
            speaker.poll_device(&self.core.config.transport, &token, encoding, &device.code);
        polled.await.map_err(|wrong| PollFailed {
            is_passing: is_passing(&wrong),
            error: authorization::failed(&provider, login, wrong),
        })
    }

    /// Writes what a login keeps, if it is still `from`.
    async fn replace(
        &self,
        id: &LoginSessionId,
        from: &[u8],
        to: &Transient,
    ) -> Result<bool, Error> {
        let to = to.seal(&self.core, id).await?;
        self.replace_sealed(id, from, &to).await
    }

    async fn replace_sealed(
        &self,
        id: &LoginSessionId,
        from: &[u8],
        to: &[u8],
    ) -> Result<bool, Error> {
        let (id, from, to) = (id.clone(), from.to_vec(), to.to_vec());
        let write = self.core.store.write(move |tx| {
            async move { Ok::<_, Error>(tx.replace_login_transient(&id, &from, &to).await?) }
                .boxed()
        });
        write.await
    }
}

/// How both requests are written.
fn encoding(settings: &OAuthSettings) -> Encoding {
    match settings.device_token_request {
        Some(DeviceTokenRequest::Json) => Encoding::Json,
        Some(DeviceTokenRequest::OAuth2Form) | None => Encoding::Form,
    }
}

/// A poll without an answer that counts.
struct PollFailed {
    error: Error,
    /// Whether the next poll may go better: RFC 8628 section 3.5 goes on after a time-out.
    is_passing: bool,
}

impl From<Error> for PollFailed {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_passing: false,
        }
    }
}

/// Nobody typed the code while it was worth something (section 3.2, `expires_in`).
fn ran_out(provider: &Provider, login: &LoginSession) -> Error {
    let wrong = oauth::Error::Unusable {
        step: oauth::Step::DevicePoll,
        reason: "nobody typed the code in time".to_owned(),
    };
    authorization::failed(provider, login, wrong)
}

fn is_passing(wrong: &oauth::Error) -> bool {
    match wrong {
        oauth::Error::Transport { source, .. } => source.is_transient(),
        oauth::Error::Status { status, .. } => *status == 429 || *status >= 500,
        oauth::Error::Refused { .. }
        | oauth::Error::Malformed { .. }
        | oauth::Error::Unusable { .. } => false,
    }
}
