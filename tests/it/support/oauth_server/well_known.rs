//! What the server says of itself (RFC 8414, `openid-configuration`, RFC 9728), and registration
//! (RFC 7591).

use super::forms::{Auth, Refusal, random, refuse};
use super::server::Shared;
use super::settings::{Document, Issuer, Settings};
use super::store::Client;
use super::token::{DEVICE, JWT_BEARER};
use authsome::clock::{Clock as _, SystemClock};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use url::Url;

const GRANTS: [&str; 5] = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    DEVICE,
    JWT_BEARER,
];

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn authorization_server(server: &Shared, settings: &Settings) -> Map<String, Value> {
    object(json!({
        "issuer": server.issuer(settings),
        "authorization_endpoint": server.url("/authorize"),
        "token_endpoint": server.url("/token"),
        "device_authorization_endpoint": server.url("/device/authorize"),
        "registration_endpoint": server.url("/register"),
        "revocation_endpoint": server.url("/revoke"),
        "userinfo_endpoint": server.url("/userinfo"),
        "response_types_supported": ["code"],
        "grant_types_supported": GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "scopes_supported": ["read", "write"],
        "authorization_response_iss_parameter_supported": settings.issuer != Issuer::Unnamed,
    }))
}

/// Every `/.well-known/` path; a document is only where its issuer or resource puts it.
pub(super) async fn documents(State(server): State<Arc<Shared>>, uri: Uri) -> Response {
    let settings = server.settings.lock().unwrap();
    let issuer = &settings.issuer_path;
    let path = uri.path();
    let is = |document: &str, of: &str| path == format!("/.well-known/{document}{of}");
    if is("oauth-authorization-server", issuer) {
        let fields = authorization_server(&server, &settings);
        return Json(settings.changed(Document::AuthorizationServer, fields)).into_response();
    }
    // OpenID appends where RFC 8414 inserts; both are in use.
    let appended = format!("{issuer}/.well-known/openid-configuration");
    if path == appended || is("openid-configuration", issuer) {
        let mut fields = authorization_server(&server, &settings);
        fields.extend(object(json!({
            "jwks_uri": server.url("/jwks"),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })));
        return Json(settings.changed(Document::AuthorizationServer, fields)).into_response();
    }
    let resource = ["", "/mcp"].into_iter();
    let mut resource = resource.filter(|of| is("oauth-protected-resource", of));
    if let Some(of) = resource.next() {
        let fields = object(json!({
            "resource": server.url(of),
            "authorization_servers": [server.issuer(&settings)],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["read"],
        }));
        return Json(settings.changed(Document::ProtectedResource, fields)).into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

#[derive(Debug, Deserialize)]
struct Wish {
    #[serde(default)]
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    client_name: Option<String>,
}

/// `POST /register`.
pub(super) async fn register(
    State(server): State<Arc<Shared>>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wrong = |why| refuse("invalid_client_metadata", why);
    let wish: Wish = { serde_json::from_slice(&body) }
        .map_err(|_| wrong("the body is not the JSON of a client"))?;
    let grants = wish.grant_types.unwrap_or(vec![GRANTS[0].to_owned()]);
    if !grants.iter().all(|grant| GRANTS.contains(&&**grant)) {
        return Err(wrong("a grant is not known here"));
    }
    let needs_redirect = grants.iter().any(|grant| grant == GRANTS[0]);
    let is_missing = needs_redirect && wish.redirect_uris.is_empty();
    if is_missing || !wish.redirect_uris.iter().all(|uri| is_fit(uri)) {
        let unfit = "a redirect URI is needed: https, or http on this machine";
        return Err(refuse("invalid_redirect_uri", unfit));
    }
    let method = wish.token_endpoint_auth_method;
    let method = method.as_deref().unwrap_or("client_secret_basic");
    let auth = Auth::named(method).ok_or(wrong("the authentication method is not known here"))?;
    let client = Client {
        id: random("client"),
        secret: (auth != Auth::None).then(|| random("secret")),
        auth,
        redirect_uris: wish.redirect_uris,
    };
    let mut answer = object(json!({
        "client_id": client.id,
        "client_id_issued_at": SystemClock.now().unix_timestamp(),
        "client_name": wish.client_name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": method,
        "grant_types": grants,
        "response_types": ["code"],
    }));
    if let Some(secret) = &client.secret {
        answer.insert("client_secret".to_owned(), json!(secret));
        answer.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    server.store.lock().unwrap().register(client);
    Ok((StatusCode::CREATED, Json(Value::Object(answer))).into_response())
}

fn is_fit(redirect_uri: &str) -> bool {
    redirect_uri.parse::<Url>().is_ok_and(|url| {
        let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_local);
        is_safe && url.fragment().is_none()
    })
}
