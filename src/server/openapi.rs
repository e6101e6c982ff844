//! `GET /openapi.json`: OpenAPI 3.1 of every JSON route, made from the handlers themselves.

use super::error::{ApiError, JSON};
use super::router;
use crate::api;
use crate::services::Error;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header;
use std::sync::OnceLock;
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

/// The document, written once: the routes do not change.
static TEXT: OnceLock<Bytes> = OnceLock::new();

pub(super) async fn show() -> Result<Response, ApiError> {
    let text = if let Some(text) = TEXT.get() {
        text.clone()
    } else {
        let text = serde_json::to_vec(&router::document()).map_err(Error::internal)?;
        TEXT.get_or_init(|| text.into()).clone()
    };
    Ok(([(header::CONTENT_TYPE, JSON)], text).into_response())
}
