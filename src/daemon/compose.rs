//! The parts of a daemon, put together in their order.

use super::Error;
use super::trails::Subscriptions;
use crate::catalog::Catalog;
use crate::clock::{SharedClock, SystemClock};
use crate::config::{Config, MasterKeySource};
use crate::secret::Token;
use crate::server::{Limits, Origins, ServerConfig, TraceHooks};
use crate::services::{Mode, Services, ServicesConfig};
use crate::store::{Location, Store};
use crate::telemetry;
use crate::vault::{MasterKeyInput, Vaults};
use std::net::SocketAddr;
use std::sync::Arc;

/// The longest setup token that is read from a file, in bytes.
const LONGEST_TOKEN: usize = 4096;

/// A daemon that is ready to serve.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) store: Store,
    pub(super) trails: Subscriptions,
    pub(super) services: Arc<Services>,
    pub(super) server: ServerConfig,
    /// Shown once: what opens the first account of a hosted daemon.
    pub(super) setup_token: Option<Token>,
}

pub(super) async fn compose(config: &Config, listen: SocketAddr) -> Result<Daemon, Error> {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open(location(config), clock.clone()).await?;
    let trails = Subscriptions::take(&store, config.otel.logs.is_some());
    let vaults = Vaults::unlock(&store, master_key(&config.master_key)).await?;
    let allowed = config
        .allowed_origins
        .iter()
        .filter_map(|origin| origin.as_str().parse().ok());
    let origins = Origins::new(listen, config.server_base_url.as_ref(), allowed);
    let services = Services::start(
        services_config(config, &origins),
        store.clone(),
        vaults,
        Catalog::with_custom(config.home.providers_dir()),
        clock,
    )
    .await?;
    let setup_token = if config.is_hosted() {
        services
            .accounts
            .prepare_setup(given_token(config)?)
            .await?
    } else {
        None
    };
    Ok(Daemon {
        store,
        trails,
        services: Arc::new(services),
        server: ServerConfig {
            origins,
            limits: Limits::default(),
            traces: TraceHooks {
                join: telemetry::adopt_parent,
                id: telemetry::trace_id,
            },
        },
        setup_token,
    })
}

fn location(config: &Config) -> Location {
    match &config.database_url {
        Some(url) => Location::Postgres(url.reveal().to_owned().into()),
        None => Location::Sqlite(config.home.store_db()),
    }
}

fn master_key(source: &MasterKeySource) -> MasterKeyInput {
    match source {
        MasterKeySource::Env(key) => MasterKeyInput::Env(key.clone()),
        MasterKeySource::File(path) => MasterKeyInput::File(path.clone()),
        MasterKeySource::HomeFile(path) => MasterKeyInput::HomeFile(path.clone()),
        MasterKeySource::Keyring => MasterKeyInput::Keyring,
        MasterKeySource::Passphrase(text) => MasterKeyInput::Passphrase(text.clone()),
    }
}

fn services_config(config: &Config, origins: &Origins) -> ServicesConfig {
    ServicesConfig {
        mode: if config.is_hosted() {
            Mode::Hosted
        } else {
            Mode::Local
        },
        base_url: origins.base().to_owned(),
        proof_origins: origins.all().to_vec(),
        legacy_proof: config.legacy_proof || !config.is_hosted(),
        home: config.home.path().to_owned(),
        providers_dir: config.home.providers_dir(),
        bind_secret: config.home.local_secret(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn given_token(config: &Config) -> Result<Option<Token>, Error> {
    let Some(path) = &config.setup_token_file else {
        return Ok(None);
    };
    let failed = |source| Error::SetupToken {
        path: path.clone(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST_TOKEN {
        return Err(failed(std::io::Error::other("it must hold one line")));
    }
    Ok(Some(Token::new(text)))
}
