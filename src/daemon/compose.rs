//! The parts of a daemon, put together in their order.

use super::{Error, outbound};
use crate::catalog::Catalog;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::files;
use crate::secret::Token;
use crate::server::{Limits, Origins, ServerConfig, TraceHooks};
use crate::services::{Mode, RefreshStops, Services, ServicesConfig};
use crate::store::{Location, Store};
use crate::telemetry;
use crate::vault::Vaults;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The longest setup token that is read from a file, in bytes.
const LONGEST_TOKEN: u64 = 4096;

/// A daemon that is ready to serve.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) services: Arc<Services>,
    pub(super) server: ServerConfig,
    /// Shown once: what opens the first account of a hosted daemon.
    pub(super) setup_token: Option<Token>,
}

/// Everything above the store, which the caller opens and closes.
pub(super) async fn compose(
    config: &Config,
    store: &Store,
    listen: SocketAddr,
) -> Result<Daemon, Error> {
    let vaults = Vaults::unlock(store, config.master_key.clone()).await?;
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
        Arc::new(SystemClock),
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

pub(super) async fn open_store(config: &Config) -> Result<Store, Error> {
    Ok(Store::open(location(config), Arc::new(SystemClock)).await?)
}

/// Why a daemon could not open its store, as far as it shows without starting one.
pub fn examine_store(config: &Config) -> Result<(), Error> {
    Ok(Store::examine(&location(config))?)
}

fn location(config: &Config) -> Location {
    match &config.database_url {
        Some(url) => Location::Postgres(url.reveal().to_owned().into()),
        None => Location::Sqlite(config.home.store_db()),
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
        proof_origins: origins.provable().to_vec(),
        legacy_proof: config.legacy_proof || !config.is_hosted(),
        home: config.home.path().to_owned(),
        providers_dir: config.home.providers_dir(),
        bind_secret: config.home.local_secret(),
        version: env!("CARGO_PKG_VERSION"),
        transport: outbound::transport(config),
        client_variables: config.client_variables.clone(),
        refresh_stops: RefreshStops::default(),
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
    let content = files::read_operators(path, LONGEST_TOKEN).map_err(failed)?;
    let content = Zeroizing::new(content);
    let text = std::str::from_utf8(&content).map_err(|e| failed(io::Error::other(e)))?;
    let text = text.trim();
    if text.is_empty() || text.lines().count() > 1 {
        return Err(failed(io::Error::other("it must hold one line")));
    }
    Ok(Some(Token::new(text)))
}
