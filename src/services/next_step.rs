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
