//! What access tokens are good for, and their end (RFC 6750, RFC 7009).

use super::forms::{Fields, Presented, Refusal, bearer};
use super::server::Shared;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// The answer for whoever has no token that is alive.
#[derive(Debug)]
pub(super) struct Unadmitted {
    challenge: String,
}

impl IntoResponse for Unadmitted {
    fn into_response(self) -> Response {
        let headers = [(WWW_AUTHENTICATE, format!("Bearer {}", self.challenge))];
        let body = json!({"message": "Bad credentials"});
        (StatusCode::UNAUTHORIZED, headers, Json(body)).into_response()
    }
}

/// The number of the token.
fn admitted(server: &Shared, headers: &HeaderMap, challenge: &str) -> Result<usize, Unadmitted> {
    let store = server.store.lock().unwrap();
    let token = bearer(headers);
    let living = token.and_then(|token| store.living(token, Instant::now()));
    living.ok_or_else(|| Unadmitted {
        challenge: match token {
            Some(_) => format!("{challenge}, error=\"invalid_token\""),
            None => challenge.to_owned(),
        },
    })
}

/// `GET /userinfo`.
pub(super) async fn userinfo(
    State(server): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Json<Value>, Unadmitted> {
    admitted(&server, &headers, "realm=\"userinfo\"")?;
    Ok(Json(server.settings.lock().unwrap().user.clone()))
}

/// Any method at `/api/…`: what was asked, and the number of the token it was asked with.
pub(super) async fn api(
    State(server): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Unadmitted> {
    let number = admitted(&server, &headers, "realm=\"api\"")?;
    let echo = json!({"method": method.as_str(), "path": uri.path(), "token": number});
    Ok(Json(echo))
}

/// `/mcp`: says where its authorization server is to be found, and greets who comes with a token.
pub(super) async fn mcp(
    State(server): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Unadmitted> {
    let told = server.settings.lock().unwrap().challenge.clone();
    let metadata = told.unwrap_or_else(|| server.url("/.well-known/oauth-protected-resource/mcp"));
    let challenge = format!("resource_metadata=\"{metadata}\"");
    let number = admitted(&server, &headers, &challenge)?;
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Json(json!({
        "jsonrpc": "2.0",
        "id": call["id"],
        "result": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "serverInfo": {"name": "test", "version": "1"},
            "token": number,
        },
    })))
}

/// `POST /revoke`.
pub(super) async fn revoke(
    State(server): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let fields = Fields::from_body(&headers, &body)?;
    let presented = Presented::read(&headers, &fields)?;
    let mut store = server.store.lock().unwrap();
    let client = store.authenticate(&presented)?;
    store.revoke(fields.need("token")?, &client.id)?;
    Ok(StatusCode::OK)
}
