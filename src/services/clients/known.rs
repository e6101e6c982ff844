//! Our own OAuth clients at providers: one for each, for everybody on this daemon.

use super::Error;
use super::setup::Core;
use crate::clock::to_unix_millis;
use crate::model::provider::AuthorizationMethod;
use crate::model::{ErrorCode, Provider, ProviderClient, ProviderName};
use crate::oauth::{ClientAuth, OAuthClient};
use crate::secret::ClientSecret;
use crate::store::{ProviderClientRecord, Tx};

/// The client as the protocol takes it.
pub(super) fn speaker(client: &ProviderClient, provider: &Provider) -> OAuthClient {
    named(
        client.client_id.clone(),
        client.client_secret.clone(),
        provider,
    )
}

/// A client as a provider's definition wants it to speak.
pub(super) fn named(id: String, secret: Option<ClientSecret>, provider: &Provider) -> OAuthClient {
    let oauth = provider.oauth.as_ref();
    let method = oauth.and_then(|oauth| oauth.authorization_method);
    OAuthClient {
        id,
        secret,
        auth: match method {
            Some(AuthorizationMethod::Basic) => ClientAuth::Basic,
            Some(AuthorizationMethod::Body) | None => ClientAuth::Body,
        },
        resource: oauth.and_then(|oauth| oauth.resource.clone()),
    }
}

/// Our client at a provider: the operator's of the environment, else the stored one.
pub(super) async fn find(
    core: &Core,
    provider: &Provider,
) -> Result<Option<ProviderClient>, Error> {
    if let Some(client) = of_environment(core, provider) {
        return Ok(Some(client));
    }
    let mut reader = core.store.read().await?;
    let found = reader.find_provider_client(&provider.name).await?;
    drop(reader);
    let Some(record) = found else {
        return Ok(None);
    };
    let opened = core
        .vaults
        .open_client(&record.provider, record.version, &record.sealed);
    Ok(Some(opened.await?))
}

fn of_environment(core: &Core, provider: &Provider) -> Option<ProviderClient> {
    let settings = provider.client.as_ref();
    let usual = |end: &str| {
        let name = provider.name.as_str().replace(['-', '.'], "_");
        format!("AUTHSOME_{}_{end}", name.to_ascii_uppercase())
    };
    let read = |named: Option<&String>, end: &str| {
        let all = &core.config.client_variables;
        all.get(&usual(end)).or_else(|| all.get(named?))
    };
    let id = read(settings.and_then(|s| s.client_id_env.as_ref()), "CLIENT_ID")?;
    let named = settings.and_then(|s| s.client_secret_env.as_ref());
    let secret = read(named, "CLIENT_SECRET");
    Some(ProviderClient {
        client_id: id.reveal().to_owned(),
        client_secret: secret.map(|secret| ClientSecret::new(secret.reveal())),
        base_url: None,
    })
}

/// Our client at the provider, for that site.
pub(super) async fn at_site(
    core: &Core,
    provider: &Provider,
    site: Option<&str>,
) -> Result<ProviderClient, Error> {
    let client = find(core, provider).await?;
    let client = client.ok_or_else(|| missing(provider))?;
    check_site(&client, provider, site)?;
    Ok(client)
}

/// Nobody has told this daemon yet who it is at the provider.
pub(super) fn missing(provider: &Provider) -> Error {
    Error::new(
        ErrorCode::OperationNotAllowed,
        format!(
            "this daemon has no OAuth client at {} yet",
            provider.display_name
        ),
    )
    .hint(format!(
        "an administrator enters its client id: `authsome login {}`",
        provider.name
    ))
    .provider(&provider.name)
    .operation("login")
}

/// A client and its secret belong to one site: whoever could name another would be sent them.
pub(super) fn check_site(
    client: &ProviderClient,
    provider: &Provider,
    site: Option<&str>,
) -> Result<(), Error> {
    let usual = provider.oauth.as_ref().and_then(|o| o.base_url.as_deref());
    let trimmed = |site: Option<&str>| {
        let site = site.or(usual)?;
        Some(site.trim_end_matches('/').to_ascii_lowercase())
    };
    let own = trimmed(client.base_url.as_deref());
    if own == trimmed(site) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::OperationNotAllowed,
        format!(
            "the OAuth client of this daemon for {} is registered at {}",
            provider.display_name,
            own.as_deref().unwrap_or("another site")
        ),
    )
    .hint("log in there, or register a provider of your own for the other site")
    .provider(&provider.name)
    .operation("login"))
}

/// A client ready to be written.
#[derive(Debug)]
pub(super) struct Prepared {
    record: ProviderClientRecord,
    from_version: Option<i64>,
}

/// Seals a client for the place it will have.
pub(super) async fn prepare(
    core: &Core,
    provider: &ProviderName,
    client: &ProviderClient,
) -> Result<Prepared, Error> {
    let mut reader = core.store.read().await?;
    let stored = reader.find_provider_client(provider).await?;
    drop(reader);
    let now = core.now();
    let from_version = stored.as_ref().map(|record| record.version);
    // Never a number that a removed client had.
    let version = (from_version.unwrap_or(0) + 1).max(to_unix_millis(now));
    let sealed = core.vaults.seal_client(provider, version, client).await?;
    Ok(Prepared {
        record: ProviderClientRecord {
            provider: provider.clone(),
            version,
            metadata: serde_json::Map::new(),
            sealed,
            created_at: stored.map_or(now, |record| record.created_at),
            updated_at: now,
        },
        from_version,
    })
}

/// Writes it; false when somebody else changed the client since it was prepared.
pub(super) async fn put(tx: &mut Tx, prepared: &Prepared) -> Result<bool, Error> {
    let Prepared {
        record,
        from_version,
    } = prepared;
    let stored = tx.find_provider_client(&record.provider).await?;
    if stored.map(|stored| stored.version) != *from_version {
        return Ok(false);
    }
    if let Some(version) = from_version {
        return Ok(tx.replace_provider_client(record, *version).await?);
    }
    tx.insert_provider_client(record).await?;
    Ok(true)
}
