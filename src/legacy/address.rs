//! What the name of an old record says. Pure.

use super::home::Owner;
use crate::model::{ConnectionName, ProviderName};

/// A record by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    Connection {
        owner: Owner,
        provider: ProviderName,
        name: ConnectionName,
    },
    /// Which connection of a provider is the default.
    Metadata {
        owner: Owner,
        provider: ProviderName,
    },
    Client {
        provider: ProviderName,
    },
    /// What the old program kept for itself: an index, the state of a refresh.
    Internal,
    /// A kind that is known, with a part that our rules refuse.
    Refused(&'static str),
    Unknown,
}

impl Address {
    /// Reads `vault:<id>:<provider>:…`, `server:provider:<provider>:client`, and `identity:<handle>:…`
    /// of the versions before 0.5.
    pub(super) fn read(name: &str) -> Self {
        if name == "__index__" {
            return Self::Internal;
        }
        let parts: Vec<&str> = name.splitn(5, ':').collect();
        match parts.as_slice() {
            ["server", "provider", provider, "client"] => match provider.parse() {
                Ok(provider) => Self::Client { provider },
                Err(_) => Self::Refused("the provider's name is not one we take"),
            },
            ["vault" | "identity", _, _, "state"] => Self::Internal,
            [kind @ ("vault" | "identity"), owner, provider, "metadata"] => {
                match (Self::owner(kind, owner), provider.parse()) {
                    (Some(owner), Ok(provider)) => Self::Metadata { owner, provider },
                    _ => Self::Refused("the owner's or the provider's name is not one we take"),
                }
            }
            [
                kind @ ("vault" | "identity"),
                owner,
                provider,
                "connection",
                name,
            ] => match (Self::owner(kind, owner), provider.parse(), name.parse()) {
                (Some(owner), Ok(provider), Ok(name)) => Self::Connection {
                    owner,
                    provider,
                    name,
                },
                (_, _, Err(_)) => Self::Refused("the connection's name is not one we take"),
                _ => Self::Refused("the owner's or the provider's name is not one we take"),
            },
            _ => Self::Unknown,
        }
    }

    fn owner(kind: &str, text: &str) -> Option<Owner> {
        if kind == "identity" {
            return text.parse().ok().map(Owner::Identity);
        }
        vault(text).map(Owner::Vault)
    }
}

/// A vault's id. The prefix keeps it apart from the names of our own keys.
pub(super) fn vault(text: &str) -> Option<crate::model::VaultId> {
    text.starts_with("vault_").then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_format_is_told_from_the_others() {
        let connection = |owner| Address::Connection {
            owner,
            provider: "openai".parse().unwrap(),
            name: "work".parse().unwrap(),
        };
        assert_eq!(
            Address::read("vault:vault_1:openai:connection:work"),
            connection(Owner::Vault("vault_1".parse().unwrap()))
        );
        assert_eq!(
            Address::read("identity:scout-1:openai:connection:work"),
            connection(Owner::Identity("scout-1".parse().unwrap()))
        );
        assert_eq!(
            Address::read("vault:vault_1:openai:metadata"),
            Address::Metadata {
                owner: Owner::Vault("vault_1".parse().unwrap()),
                provider: "openai".parse().unwrap(),
            }
        );
        assert_eq!(
            Address::read("server:provider:github:client"),
            Address::Client {
                provider: "github".parse().unwrap()
            }
        );
        for internal in ["__index__", "vault:vault_1:openai:state"] {
            assert_eq!(Address::read(internal), Address::Internal);
        }
    }

    #[test]
    fn what_our_rules_refuse_and_what_nobody_knows_is_neither() {
        for refused in [
            "vault:server:openai:connection:x",
            "vault:vault_1:../x:connection:x",
            "vault:vault_1:openai:connection:a:b",
            "vault:vault_1:openai:connection:",
            "identity:UPPER:openai:connection:x",
            "server:provider::client",
        ] {
            assert!(
                matches!(Address::read(refused), Address::Refused(_)),
                "{refused}"
            );
        }
        for unknown in [
            "",
            "x",
            "profile:a:openai:connection:x",
            "vault:vault_1",
            ":::::",
        ] {
            assert_eq!(Address::read(unknown), Address::Unknown, "{unknown}");
        }
    }
}
