//! `GET /openapi.json`: OpenAPI 3.1 of every JSON route, made from the handlers themselves.

use super::error::JSON;
use super::state::App;
use crate::api;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

/// What no single handler knows.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Authsome",
        description = "A credential broker for AI agents: people log in once, agents never hold the secret.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(api::ErrorBody)),
    security(("proof" = [])),
    modifiers(&ProofScheme)
)]
pub(super) struct Document;

/// How callers prove who they are.
struct ProofScheme;

impl utoipa::Modify for ProofScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = ApiKey::Header(ApiKeyValue::with_description(
            "Authorization",
            "`PoP <jwt>`: an EdDSA JWT over method, URL and body, used once (docs/http-api.md)",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("proof", SecurityScheme::ApiKey(scheme));
    }
}

/// Adds the route that serves `document`.
pub(super) fn publish(
    router: Router<App>,
    document: &utoipa::openapi::OpenApi,
) -> Result<Router<App>, serde_json::Error> {
    let text = Bytes::from(serde_json::to_vec(document)?);
    let serve = move || async move { ([(header::CONTENT_TYPE, JSON)], text) };
    Ok(router.route(api::paths::OPENAPI, get(serve)))
}
