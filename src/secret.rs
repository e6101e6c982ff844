//! Secrets as types: revealing one is a visible word.
//!
//! Every secret that passes through the program has its own type here. None of them prints
//! itself, none serialises itself, and all of them are wiped from memory when dropped. The only
//! way to the text is [`reveal`](ApiKey::reveal), which a reviewer can search for.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

macro_rules! secret_text {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes ownership of the text; the caller keeps no copy.
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// The secret itself. Never log, print or store what this returns.
            pub fn reveal(&self) -> &str {
                self.0.expose_secret()
            }

            /// Compares in time that depends on the length alone.
            pub fn matches(&self, other: &str) -> bool {
                self.reveal().as_bytes().ct_eq(other.as_bytes()).into()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

secret_text! {
    /// An OAuth2 access token (RFC 6749 section 1.4).
    AccessToken,
    /// An OAuth2 refresh token (RFC 6749 section 1.5).
    RefreshToken,
    /// The code a provider gives for tokens (RFC 6749 section 1.3.1).
    AuthorizationCode,
    /// What a device polls with (RFC 8628).
    DeviceCode,
    /// A long-lived key that a person pasted.
    ApiKey,
    /// The secret of our OAuth client at a provider.
    ClientSecret,
    /// The private key that a program signs assertions with, as PEM (RFC 7523).
    SigningKey,
    /// One answer of a person in a login form, before anybody knows what it is.
    Typed,
    /// The text the key-encryption key is derived from; any UTF-8 text, surrounding white space removed.
    MasterKey,
    /// The text of an export: variables with their secrets.
    ExportedText,
    /// A password a person typed to sign in to the daemon.
    Password,
    /// One value of a browser cookie at a provider.
    CookieValue,
    /// A one-time or session token of our own: claim, set-up, invitation, browser session, local binding.
    Token,
    /// The finished value of an injected header, query parameter or cookie.
    InjectedValue,
    /// The URL of a database, which holds its password.
    DatabaseUrl,
    /// The private key of an Identity as 64 hexadecimal digits.
    IdentityKey,
    /// The password of one run's proxy.
    ProxySecret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_secret() {
        let key = ApiKey::new("sk-very-secret");
        assert_eq!(format!("{key:?}"), "ApiKey(..)");
    }

    #[test]
    fn matches_compares_the_whole_text() {
        let token = Token::new("abc");
        assert!(token.matches("abc"));
        assert!(!token.matches("abd"));
        assert!(!token.matches("abcd"));
    }
}
