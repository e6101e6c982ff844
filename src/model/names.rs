//! Names and ids that were checked once, at the edge, and are trusted from there on.
//!
//! Each type has a private field and `FromStr`; what does not fit is a [`NameError`] that says
//! what would. None of the accepted names can hold a path separator, a colon or a control character.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A name that was refused, and what would have been accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {expected}")]
pub struct NameError {
    /// What was being parsed, for example `connection name`.
    pub kind: &'static str,
    /// The rule, for people.
    pub expected: &'static str,
}

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $accepts:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                if $accepts(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { kind: $kind, expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_name!(
    /// The human-readable name of an Identity.
    Handle, "handle",
    "2 to 64 lower-case letters, digits and hyphens, starting and ending with a letter or digit",
    is_handle
);
checked_name!(
    /// The name of a Provider; also the name of its file.
    ProviderName, "provider name",
    "1 to 64 lower-case letters, digits, hyphens, underscores and single dots, starting and ending with a letter or digit",
    is_provider_name
);
checked_name!(
    /// The name of a Connection within its Vault and Provider.
    ConnectionName, "connection name",
    "1 to 64 letters, digits and the characters - _ . @ +, starting with a letter or digit, without two dots in a row",
    is_connection_name
);
checked_name!(
    /// An e-mail address, lower case; checked for shape, never written to.
    Email, "e-mail address",
    "a lower-case address such as you@example.com, at most 254 characters",
    is_email
);
checked_name!(
    /// The `did:key` of an Ed25519 public key (`did:key:z` and base58btc); the key itself is checked in `crypto`.
    Did, "DID",
    "did:key:z followed by 40 to 60 base58 characters",
    is_did
);
checked_name!(
    /// The id of a Principal: `principal_` and 32 hexadecimal digits.
    PrincipalId, "principal id", "letters, digits, hyphens and underscores, at most 80", is_opaque_id
);
checked_name!(
    /// The id of a Vault: `vault_` and 32 hexadecimal digits.
    VaultId, "vault id", "letters, digits, hyphens and underscores, at most 80", is_opaque_id
);
checked_name!(
    /// The id of a LoginSession: `sess_` and at least 128 random bits.
    LoginSessionId, "login session id", "letters, digits, hyphens and underscores, at most 80", is_opaque_id
);
checked_name!(
    /// Names what has no id of its own in pages and forms: derived from a digest that is not shown.
    ShownId, "id", "letters, digits, hyphens and underscores, at most 80", is_opaque_id
);
checked_name!(
    /// The id of an audit event.
    EventId, "event id", "letters, digits, hyphens and underscores, at most 80", is_opaque_id
);

checked_name!(
    /// What somebody searches the audit log for.
    SearchText, "search text", "1 to 200 characters, none of them a control character", is_search_text
);

impl ConnectionName {
    /// The name a connection gets when nobody chose one.
    pub const DEFAULT: &'static str = "default";
}

impl Default for ConnectionName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl Did {
    /// For `crypto::did`, which encodes real keys: 34 bytes are 47 or 48 characters.
    pub(crate) fn from_base58btc(encoded: &str) -> Self {
        Self(format!("did:key:z{encoded}"))
    }
}

impl Email {
    /// Trims and lower-cases what a person typed, then checks it.
    pub fn from_typed(text: &str) -> Result<Self, NameError> {
        text.trim().to_ascii_lowercase().parse()
    }
}

fn is_lower_alnum(c: u8) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn starts_and_ends(text: &str, accepts: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(&accepts) && bytes.last().copied().is_some_and(&accepts)
}

fn is_handle(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(|c| is_lower_alnum(c) || c == b'-')
        && starts_and_ends(text, is_lower_alnum)
}

fn is_provider_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|c| is_lower_alnum(c) || matches!(c, b'-' | b'_' | b'.'))
        && starts_and_ends(text, is_lower_alnum)
        && !text.contains("..")
}

fn is_connection_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'@' | b'+'))
        && text.as_bytes()[0].is_ascii_alphanumeric()
        && !text.contains("..")
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain = |c: u8| {
        c.is_ascii_graphic() && !matches!(c, b'<' | b'>' | b'"' | b'\\' | b'@' | b',' | b';' | b':')
    };
    text.len() <= 254
        && !local.is_empty()
        && local.len() <= 64
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && text.bytes().filter(|c| *c != b'@').all(plain)
        && !text.bytes().any(|c| c.is_ascii_uppercase())
        && text.bytes().filter(|c| *c == b'@').count() == 1
}

fn is_did(text: &str) -> bool {
    text.strip_prefix("did:key:z").is_some_and(|rest| {
        (40..=60).contains(&rest.len())
            && rest
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() && !matches!(c, b'0' | b'O' | b'I' | b'l'))
    })
}

fn is_opaque_id(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

fn is_search_text(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        let long = "a".repeat(100_000);
        for text in [
            "",
            "..",
            "a..b",
            "a:b",
            "a/b",
            "a\\b",
            "a\0",
            "a\r\n",
            " a",
            "é",
            long.as_str(),
        ] {
            assert!(text.parse::<ProviderName>().is_err(), "provider {text:?}");
            assert!(
                text.parse::<ConnectionName>().is_err(),
                "connection {text:?}"
            );
            assert!(text.parse::<Handle>().is_err(), "handle {text:?}");
        }
    }

    #[test]
    fn ordinary_names_are_taken() {
        for text in ["openai", "brave-search-mcp", "x2", "acme.internal"] {
            assert!(text.parse::<ProviderName>().is_ok(), "{text}");
        }
        for text in ["default", "work", "Me@Example.com", "team_2"] {
            assert!(text.parse::<ConnectionName>().is_ok(), "{text}");
        }
        assert!("brisk-kindly-clearly-0001".parse::<Handle>().is_ok());
        assert!("-a".parse::<Handle>().is_err());
        assert!(Email::from_typed(" Owner@Example.test ").is_ok());
        assert!("a@b@c".parse::<Email>().is_err());
    }
}
