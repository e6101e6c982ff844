//! Which connection is meant, and what to say where there is none of that name.

use super::error::CliError;
use crate::api::ProviderConnections;
use crate::client::{self, Client};
use crate::model::{ConnectionName, ErrorCode, ProviderName};

/// The named connection, or the provider's default one.
pub(crate) async fn connection(
    client: &Client,
    provider: &ProviderName,
    named: Option<ConnectionName>,
) -> Result<ConnectionName, CliError> {
    if let Some(named) = named {
        return Ok(named);
    }
    let Some(at) = all_at(client, provider).await? else {
        // The daemon says whether it is the provider or the login that is missing.
        client.provider(provider).await?;
        return Err(not_connected(provider));
    };
    at.default_connection
        .or_else(|| {
            at.connections
                .into_iter()
                .next()
                .map(|one| one.connection_name)
        })
        .ok_or_else(|| not_connected(provider))
}

/// The connections at a provider; `None` where there are none.
pub(crate) async fn all_at(
    client: &Client,
    provider: &ProviderName,
) -> Result<Option<ProviderConnections>, client::Error> {
    let list = client.connections().await?;
    Ok(list.connections.into_iter().find(|at| at.name == *provider))
}

/// The same refusal with what helps: a connection that is not there may be one of a provider that
/// is not there either, or be called otherwise.
pub(crate) async fn explained(
    client: &Client,
    provider: &ProviderName,
    refused: client::Error,
) -> CliError {
    if refused.code() != ErrorCode::ConnectionNotFound {
        return refused.into();
    }
    if let Err(unknown) = client.provider(provider).await
        && unknown.code() == ErrorCode::ProviderNotFound
    {
        return unknown.into();
    }
    match all_at(client, provider).await {
        Ok(Some(at)) => CliError::from(refused).hint(format!(
            "your connections to `{provider}`: {}",
            at.connections
                .iter()
                .map(|one| one.connection_name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        )),
        Ok(None) | Err(_) => refused.into(),
    }
}

fn not_connected(provider: &ProviderName) -> CliError {
    CliError::new(
        ErrorCode::ConnectionNotFound,
        format!("you are not connected to `{provider}`"),
    )
    .provider(provider.as_str())
    .hint(format!("log in with `authsome login {provider}`"))
}
