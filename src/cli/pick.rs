//! Which connection is meant when none is named: the provider's default one.

use super::error::CliError;
use crate::client::Client;
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
    let list = client.connections().await?;
    let Some(at) = list.connections.into_iter().find(|at| at.name == *provider) else {
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

fn not_connected(provider: &ProviderName) -> CliError {
    CliError::new(
        ErrorCode::ConnectionNotFound,
        format!("you are not connected to `{provider}`"),
    )
    .provider(provider.as_str())
    .hint(format!("log in with `authsome login {provider}`"))
}
