//! What a login asks a provider for. Pure.

use crate::model::LoginSession;
use crate::model::provider::OAuthSettings;

/// The scopes of the login, else those of the definition.
pub(super) fn wanted<'a>(login: &'a LoginSession, settings: &'a OAuthSettings) -> &'a [String] {
    match &login.scopes {
        Some(scopes) if !scopes.is_empty() => scopes,
        _ => &settings.scopes,
    }
}
