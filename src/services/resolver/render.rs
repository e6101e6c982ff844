//! From a definition and a credential to what goes into a request.
//!
//! The rules are the model's ([`Provider::render`]); here they meet the connection and the lease.

use crate::model::injection::RenderError;
use crate::model::{ConnectionName, Credential, Injection, Provider};

/// What to add to a request for `credential` at `host` of `provider` (its first for `None`).
pub(super) fn injection(
    provider: &Provider,
    connection: &ConnectionName,
    credential: &Credential,
    host: Option<&str>,
    lease_seconds: u32,
) -> Result<Injection, RenderError> {
    let rendered = provider.render(credential, host)?;
    Ok(Injection {
        provider: provider.name.clone(),
        connection: connection.clone(),
        parts: rendered.parts,
        secrets: rendered.secrets,
        lease_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ApiKey;
    use serde_json::json;

    #[test]
    fn an_injection_names_its_connection_and_its_lease() {
        let provider = serde_json::from_value(json!({"name": "acme", "display_name": "Acme",
            "auth_type": "api_key", "flow": "api_key", "api_url": "api.acme.example"}))
        .unwrap();
        let key = Credential::ApiKey {
            key: ApiKey::new("k"),
        };
        let injection = injection(&provider, &ConnectionName::default(), &key, None, 7).unwrap();
        assert_eq!(injection.provider.as_str(), "acme");
        assert_eq!((injection.parts.len(), injection.lease_seconds), (1, 7));
    }
}
