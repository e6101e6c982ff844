//! What every command starts from: the configuration, the output, and the way to the daemon.

use super::error::CliError;
use super::identities::Identities;
use super::output::Output;
use super::{claim, daemon, elsewhere};
use crate::api::Health;
use crate::client::{Client, Error};
use crate::config::{ClientConfig, Config};
use crate::daemon::check_roots;
use crate::model::ErrorCode;
use crate::telemetry;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What a command needs to know and to do its work.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) out: Output,
}

impl Context {
    pub(crate) const fn new(config: Config, out: Output) -> Self {
        Self { config, out }
    }

    /// `config.json`, or the defaults where there is none.
    pub(crate) fn settings(&self) -> Result<ClientConfig, CliError> {
        Ok(ClientConfig::load(&self.config.home)?)
    }

    /// The daemon that commands talk to.
    pub(crate) fn daemon_url(&self) -> Result<Url, CliError> {
        Ok(self.config.effective_daemon_url(&self.settings()?)?)
    }

    /// The same for people and scripts, without the slash at its end.
    pub(crate) fn daemon_address(&self) -> Result<String, CliError> {
        Ok(self.daemon_url()?.as_str().trim_end_matches('/').to_owned())
    }

    pub(crate) const fn identities(&self) -> Identities<'_> {
        Identities::of(&self.config)
    }

    /// A client that acts as the active identity, which is made, registered and claimed on the way
    /// where that needs nobody. An identity that a person must claim is an error with the link.
    pub(crate) async fn client(&self) -> Result<Client, CliError> {
        let identity = Arc::new(self.identities().active_or_new()?);
        let connected = self.connect().await?;
        let client = connected.client.acting_as(identity);
        claim::ensure(self, &client, &connected.instance_id).await?;
        Ok(client)
    }

    /// Reaches the daemon and says when its version is another.
    pub(crate) async fn connect(&self) -> Result<Connected, CliError> {
        let url = self.daemon_url()?;
        let mut client = Client::anonymous(&url).or_else(|error| {
            // A file that is named in place of the system's roots explains why there are none.
            check_roots(&self.config)?;
            Err(CliError::from(error))
        })?;
        if let Some(trace) = telemetry::current_traceparent() {
            client = client.with_trace(&trace);
        }
        let health = match client.health().await {
            Err(error)
                if error.code() == ErrorCode::DaemonUnavailable
                    && let Some(told) = elsewhere::daemon(self, &url) =>
            {
                return Err(told.caused_by(error));
            }
            Err(error) if error.is_unreachable() && Config::is_local_daemon(&url) => {
                daemon::ensure_running(self).await?;
                started(&client).await?
            }
            other => other?,
        };
        if health.version != env!("CARGO_PKG_VERSION") {
            self.out.note(&version_note(&client, &health.version));
        }
        Ok(Connected {
            client,
            instance_id: health.instance_id,
        })
    }
}

/// A daemon that answered.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) client: Client,
    pub(crate) instance_id: String,
}

/// Another command may have won the race to start it, and its daemon may need another moment.
async fn started(client: &Client) -> Result<Health, Error> {
    let mut pauses = std::iter::repeat_n(Duration::from_millis(50), 100);
    loop {
        match (client.health().await, pauses.next()) {
            (Err(error), Some(pause)) if error.is_unreachable() => tokio::time::sleep(pause).await,
            (answer, _) => return answer,
        }
    }
}

fn version_note(client: &Client, theirs: &str) -> String {
    let ours = env!("CARGO_PKG_VERSION");
    let next = if client.is_local() {
        "; `authsome daemon restart` brings them together"
    } else {
        ""
    };
    format!(
        "note: the daemon at {} is version {theirs}, this is {ours}{next}",
        client.address()
    )
}
