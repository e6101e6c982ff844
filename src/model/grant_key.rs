//! Keys for which a provider gives access tokens to a program by itself, without a person.

use crate::secret::{ClientSecret, SigningKey};

/// What is shown to the provider for each access token.
#[derive(Debug, Clone)]
pub enum GrantKey {
    /// RFC 6749 section 4.4.
    ClientCredentials {
        client_id: String,
        client_secret: ClientSecret,
    },
    /// RFC 7523 section 2.1, such as a service account's key.
    JwtBearer {
        issuer: String,
        /// Whom the program acts for; the issuer itself where it is absent.
        subject: Option<String>,
        key_id: Option<String>,
        signing_key: SigningKey,
    },
    /// A GitHub App's key, for one of its installations.
    GithubApp {
        app_id: String,
        installation_id: String,
        signing_key: SigningKey,
    },
}
