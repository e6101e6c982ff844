//! Which client is ours at a provider, and how it is written.

use crate::clock::to_unix_millis;
use crate::model::provider::{AuthorizationMethod, ClientKind};
use crate::model::{ErrorCode, Provider, ProviderClient, ProviderName};
use crate::oauth::{ClientAuth, OAuthClient};
use crate::secret::ClientSecret;
use crate::services::Error;
use crate::services::opening::is_integrity;
use crate::services::setup::Core;
use crate::store::{ProviderClientRecord, Tx};

/// Longest client id or secret, in bytes.
const LONGEST: usize = 2_048;

/// The client as the protocol takes it.
pub(in crate::services) fn speaker(client: &ProviderClient, provider: &Provider) -> OAuthClient {
    named(
        client.client_id.clone(),
        client.client_secret.clone(),
        provider,
    )
}

/// A client as a provider's definition wants it to speak.
pub(in crate::services) fn named(
    id: String,
    secret: Option<ClientSecret>,
    provider: &Provider,
) -> OAuthClient {
    let oauth = provider.oauth.as_ref();
    let method = oauth.and_then(|oauth| oauth.authorization_method);
    OAuthClient {
        id,
        secret,
        auth: match method {
            _ if is_nameless(provider) => ClientAuth::Nobody,
            Some(AuthorizationMethod::Basic) => ClientAuth::Basic,
            Some(AuthorizationMethod::Body) | None => ClientAuth::Body,
        },
        resource: oauth.and_then(|oauth| oauth.resource.clone()),
    }
}

/// Whether a provider takes logins from anybody: there is nothing to register, and nothing to say.
fn is_nameless(provider: &Provider) -> bool {
    let oauth = provider.oauth.as_ref();
    oauth.is_some_and(|oauth| oauth.client == Some(ClientKind::None))
}

/// Our client at a provider: the operator's of the environment, else the stored one.
pub(in crate::services) async fn find(
    core: &Core,
    provider: &Provider,
) -> Result<Option<ProviderClient>, Error> {
    if is_nameless(provider) {
        return Ok(Some(ProviderClient {
            client_id: String::new(),
            client_secret: None,
            base_url: None,
        }));
    }
    if let Some(client) = of_environment(core, provider) {
        return Ok(Some(client));
    }
    stored(core, &provider.name).await
}

/// The one that the store has, whatever the environment says.
pub(super) async fn stored(
    core: &Core,
    provider: &ProviderName,
) -> Result<Option<ProviderClient>, Error> {
    let mut reader = core.store.read().await?;
    let found = reader.find_provider_client(provider).await?;
    drop(reader);
    let Some(record) = found else {
        return Ok(None);
    };
    let opened = core
        .vaults
        .open_client(&record.provider, record.version, &record.sealed);
    Ok(Some(opened.await?))
}

/// The same; one that does not open is none.
pub(super) async fn stored_readable(
    core: &Core,
    provider: &ProviderName,
) -> Result<Option<ProviderClient>, Error> {
    match stored(core, provider).await {
        Err(error) if is_integrity(&error) => Ok(None),
        stored => stored,
    }
}

pub(super) fn of_environment(core: &Core, provider: &Provider) -> Option<ProviderClient> {
    let variables = &core.config.client_variables;
    let read = |name: String| variables.get(&name);
    let id = read(id_variable(core, provider)?)?;
    let named = provider.client.as_ref();
    let named = named.and_then(|settings| settings.client_secret_env.clone());
    let secret = read(usual(provider, "CLIENT_SECRET")).or_else(|| read(named?));
    Some(ProviderClient {
        client_id: id.reveal().to_owned(),
        client_secret: secret.map(|secret| ClientSecret::new(secret.reveal())),
        base_url: None,
    })
}

/// The variable of the daemon that names our client, where one does.
pub(super) fn id_variable(core: &Core, provider: &Provider) -> Option<String> {
    let named = provider.client.as_ref();
    let named = named.and_then(|settings| settings.client_id_env.clone());
    [Some(usual(provider, "CLIENT_ID")), named]
        .into_iter()
        .flatten()
        .find(|name| core.config.client_variables.contains_key(name))
}

fn usual(provider: &Provider, end: &str) -> String {
    let name = provider.name.as_str().replace(['-', '.'], "_");
    format!("AUTHSOME_{}_{end}", name.to_ascii_uppercase())
}

/// The version of the client that the store has; a login that began with another one comes to nothing.
pub(in crate::services) async fn version(
    core: &Core,
    provider: &ProviderName,
) -> Result<Option<i64>, Error> {
    let mut reader = core.store.read().await?;
    let found = reader.find_provider_client(provider).await?;
    Ok(found.map(|record| record.version))
}

/// What a client id and secret look like; says what is wrong.
pub(in crate::services) fn check_text(id: &str, secret: Option<&str>) -> Result<(), &'static str> {
    let plain =
        |text: &str| text.len() <= LONGEST && text.bytes().all(|c| (0x20..0x7f).contains(&c));
    if id.is_empty() {
        return Err("the client id is missing");
    }
    if !plain(id) || !secret.is_none_or(plain) {
        return Err("a client id or secret is visible ASCII, at most 2,048 characters");
    }
    Ok(())
}

/// Our client at the provider, for that site.
pub(in crate::services) async fn at_site(
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
pub(in crate::services) fn missing(provider: &Provider) -> Error {
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
pub(in crate::services) fn check_site(
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
    if own == trimmed(site) || is_nameless(provider) {
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
pub(in crate::services) struct Prepared {
    record: ProviderClientRecord,
    from_version: Option<i64>,
}

/// Seals a client for the place it will have.
pub(in crate::services) async fn prepare(
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

/// Whether nobody has changed the client since it was prepared.
pub(super) async fn is_current(tx: &mut Tx, prepared: &Prepared) -> Result<bool, Error> {
    let stored = tx.find_provider_client(&prepared.record.provider).await?;
    Ok(stored.map(|stored| stored.version) == prepared.from_version)
}

/// Writes it; false when somebody else changed the client since it was prepared.
pub(in crate::services) async fn put(tx: &mut Tx, prepared: &Prepared) -> Result<bool, Error> {
    if !is_current(tx, prepared).await? {
        return Ok(false);
    }
    let Prepared {
        record,
        from_version,
    } = prepared;
    if let Some(version) = from_version {
        return Ok(tx.replace_provider_client(record, *version).await?);
    }
    tx.insert_provider_client(record).await?;
    Ok(true)
}
