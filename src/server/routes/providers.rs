//! Provider definitions.

use super::{Answer, Json, convert};
use crate::api::{self, paths};
use crate::model::ProviderName;
use crate::server::error::ApiError;
use crate::server::extract::{self, Admin, Path, SignedBy};
use crate::server::state::App;
use crate::services::Removed;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Every definition in use.
#[utoipa::path(get, path = paths::PROVIDERS, tag = "providers",
    responses((status = 200, body = api::ProvidersBySource)))]
pub(in crate::server) async fn list(
    State(app): State<App>,
    SignedBy(_): SignedBy,
) -> Answer<convert::BySource> {
    let found = app.services.providers.list().await?;
    Ok(Json(convert::providers(&app, found)?))
}

/// One definition.
#[utoipa::path(get, path = paths::PROVIDER, tag = "providers",
    params(("name" = String, Path, description = "The provider")),
    responses((status = 200, body = api::Definition), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn show(
    State(app): State<App>,
    SignedBy(_): SignedBy,
    Path((name,)): Path<(ProviderName,)>,
) -> Answer<api::Definition> {
    let provider = app.services.providers.get(&name).await?;
    Ok(Json(api::Definition(provider)))
}

/// `{"definition": …, "force": …}`, or the definition itself.
#[derive(Debug, Deserialize)]
pub(in crate::server) struct Registration(Map<String, Value>);

impl Registration {
    fn into_parts(mut self) -> Result<(Value, bool), ApiError> {
        let force = match self.0.get("force") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(force)) => *force,
            Some(_) => {
                let text = "write true or false";
                return Err(ApiError::field(&["body", "force"], "value_error", text));
            }
        };
        match self.0.remove("definition") {
            Some(definition @ Value::Object(_)) => Ok((definition, force)),
            Some(_) => Err(ApiError::field(
                &["body", "definition"],
                "value_error",
                "is not an object",
            )),
            None => Ok((Value::Object(self.0), false)),
        }
    }
}

/// Takes a definition.
#[utoipa::path(post, path = paths::PROVIDERS, tag = "providers", request_body = api::RegisterProvider,
    responses((status = 200, body = api::ProviderChanged), (status = 400, body = api::ErrorBody)))]
pub(in crate::server) async fn register(
    State(app): State<App>,
    Admin(caller): Admin,
    extract::Json(body): extract::Json<Registration>,
) -> Answer<api::ProviderChanged> {
    let (definition, force) = body.into_parts()?;
    let providers = &app.services.providers;
    let registered = providers.register(&caller, definition, force).await?;
    Ok(Json(api::ProviderChanged {
        status: "ok".to_owned(),
        provider: registered.provider.name.clone(),
        change: None,
        warnings: registered.warnings,
        connections_ended: None,
    }))
}

/// A definition for a URL, from what the server behind it says of itself; registers nothing.
#[utoipa::path(post, path = paths::DISCOVER_PROVIDER, tag = "providers",
    request_body = api::DiscoverProvider,
    responses((status = 200, body = api::DiscoveredProvider), (status = 400, body = api::ErrorBody)))]
pub(in crate::server) async fn discover(
    State(app): State<App>,
    Admin(caller): Admin,
    extract::Json(body): extract::Json<api::DiscoverProvider>,
) -> Answer<api::DiscoveredProvider> {
    let found = app.services.providers.for_url(&caller, &body.url).await?;
    Ok(Json(api::DiscoveredProvider {
        provider: found.name,
        definition: found
            .definition
            .map(|definition| api::Definition(Arc::from(definition))),
    }))
}

/// Removes a custom definition, or resets a bundled one; its connections are revoked.
#[utoipa::path(delete, path = paths::PROVIDER, tag = "providers",
    params(("name" = String, Path, description = "The provider")),
    responses((status = 200, body = api::ProviderChanged), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn remove(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((name,)): Path<(ProviderName,)>,
) -> Answer<api::ProviderChanged> {
    let (removed, ended) = app.services.providers.remove(&caller, &name).await?;
    Ok(Json(api::ProviderChanged {
        status: "ok".to_owned(),
        provider: name,
        change: Some(match removed {
            Removed::Removed => api::ProviderChange::Removed,
            Removed::Reset => api::ProviderChange::Reset,
        }),
        warnings: Vec::new(),
        connections_ended: Some(ended),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parts(body: Value) -> Result<(Value, bool), ApiError> {
        serde_json::from_value::<Registration>(body)
            .unwrap()
            .into_parts()
    }

    #[test]
    fn a_definition_comes_wrapped_or_bare() {
        let wrapped = json!({"definition": {"name": "x"}, "force": true});
        assert_eq!(parts(wrapped).unwrap(), (json!({"name": "x"}), true));
        let bare = json!({"name": "x"});
        assert_eq!(parts(bare).unwrap(), (json!({"name": "x"}), false));
        assert!(parts(json!({"definition": "x"})).is_err());
        assert!(parts(json!({"definition": {}, "force": "yes"})).is_err());
    }
}
