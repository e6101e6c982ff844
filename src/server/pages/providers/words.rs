//! What the kinds of providers and the ways to log in are called on pages.

use crate::model::provider::{AuthType, Flow};

pub(super) const fn kind(auth_type: AuthType) -> &'static str {
    match auth_type {
        AuthType::ApiKey => "API key",
        AuthType::OAuth2 => "OAuth",
        AuthType::Browser => "Browser session",
    }
}

/// A way to log in, as an answer to "how?".
pub(super) const fn way(flow: Flow) -> &'static str {
    match flow {
        Flow::ApiKey => "With an API key",
        Flow::Pkce => "In this browser",
        Flow::DcrPkce => "In this browser, and register by itself",
        Flow::DeviceCode => "With a code, also on another device",
        Flow::ClientCredentials => "As a program, with a client ID and secret",
        Flow::JwtBearer => "As a program, with a private key",
        Flow::GithubApp => "As a GitHub App",
        Flow::Browser => "With the cookies of a session",
    }
}
