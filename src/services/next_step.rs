//! The commands that put things right, as hints name them.

use crate::model::{ConnectionName, ProviderName};

/// `authsome login openai`, or `authsome login openai --connection work`.
pub(super) fn login_command(
    provider: &ProviderName,
    connection: Option<&ConnectionName>,
) -> String {
    match connection {
        Some(name) if name.as_str() != ConnectionName::DEFAULT => {
            format!("log in with `authsome login {provider} --connection {name}`")
        }
        _ => format!("log in with `authsome login {provider}`"),
    }
}

/// `authsome login github --new-client`: what the provider says of our client is for an administrator.
pub(super) fn new_client_command(provider: &ProviderName) -> String {
    format!(
        "an administrator enters another OAuth client with `authsome login {provider} --new-client`"
    )
}
