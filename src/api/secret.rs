//! A secret on the wire: the one edge where a secret may be serialised.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Text that goes over the wire as a plain string and never into a log: `Debug` shows nothing.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct WireSecret(Zeroizing<String>);

impl WireSecret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// What stands in the place of a secret nobody asked for.
    pub fn redacted() -> Self {
        Self::new(super::REDACTED)
    }

    /// The secret itself. Never log what this returns.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for WireSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WireSecret(..)")
    }
}

impl Serialize for WireSecret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WireSecret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_and_the_wire_shows_all() {
        let secret = WireSecret::new("sk-live");
        assert_eq!(format!("{secret:?}"), "WireSecret(..)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"sk-live\"");
    }
}
