//! `POST /token`: who asks, for which grant, and the answer in the style that was set.

use super::assertion;
use super::forms::{Auth, Fields, Presented, Refusal, content_type, refuse};
use super::server::Shared;
use super::settings::{Settings, TokenStyle};
use super::store::{Client, Grant, Issued, Store, Terms};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Instant;

pub(super) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// One request to `/token` that was decided.
#[derive(Debug, Clone)]
pub(crate) struct TokenCall {
    pub(crate) grant: String,
    pub(crate) client_id: String,
    pub(crate) auth: Auth,
    /// RFC 8707.
    pub(crate) resource: Option<String>,
    /// The content type of the request.
    pub(crate) kind: String,
    pub(crate) at: Instant,
    pub(crate) ok: bool,
}

pub(super) async fn token(
    State(server): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = Instant::now();
    let outcome = Fields::from_body(&headers, &body)
        .and_then(|fields| Ok((Presented::read(&headers, &fields)?, fields)));
    let outcome = outcome.and_then(|(presented, fields)| {
        let decided = decide(&server, &presented, &fields, now);
        server.calls.lock().unwrap().push(TokenCall {
            grant: grant_type(&fields).to_owned(),
            client_id: presented.id,
            auth: presented.auth,
            resource: fields.get("resource").map(str::to_owned),
            kind: content_type(&headers).to_owned(),
            at: now,
            ok: decided.is_ok(),
        });
        decided
    });
    written(&server.settings.lock().unwrap(), outcome)
}

/// A device that speaks JSON may leave the grant out.
fn grant_type(fields: &Fields) -> &str {
    let implied = fields.get("device_code").map_or("", |_| DEVICE);
    fields.get("grant_type").unwrap_or(implied)
}

fn decide(
    server: &Shared,
    presented: &Presented,
    fields: &Fields,
    now: Instant,
) -> Result<Issued, Refusal> {
    let mut store = server.store.lock().unwrap();
    let mut settings = server.settings.lock().unwrap();
    let terms = Terms {
        until: settings.end_of_life(now),
        rotate: settings.rotate,
    };
    let grant = grant_type(fields);
    // An assertion says itself who asks (RFC 7523 section 3.1).
    if grant == JWT_BEARER {
        let audiences = [server.url("/token"), server.issuer(&settings)];
        let client = assertion::verify(&mut store, fields.need("assertion")?, &audiences)?;
        let grant = Grant::without_refresh(client, fields.scopes());
        return Ok(store.issue(&grant, &terms));
    }
    let client = store.authenticate(presented)?;
    match grant {
        "authorization_code" => by_code(&mut store, &client, fields, &settings, &terms),
        "refresh_token" => {
            let token = fields.need("refresh_token")?;
            store.refresh(token, &client.id, &fields.scopes(), &terms)
        }
        "client_credentials" if client.secret.is_none() => Err(refuse(
            "unauthorized_client",
            "a public client cannot act for itself",
        )),
        "client_credentials" => {
            let grant = Grant::without_refresh(client.id, fields.scopes());
            Ok(store.issue(&grant, &terms))
        }
        DEVICE => {
            if settings.slow_downs > 0 {
                settings.slow_downs -= 1;
                store.devices.slow_down(fields.need("device_code")?, now);
                return Err(refuse("slow_down", "poll less often"));
            }
            let code = fields.need("device_code")?;
            let mut grant = store.devices.poll(code, &client.id, now)?;
            grant.refreshable = settings.refreshable;
            Ok(store.issue(&grant, &terms))
        }
        _ => Err(refuse(
            "unsupported_grant_type",
            "this grant is not known here",
        )),
    }
}

fn by_code(
    store: &mut Store,
    client: &Client,
    fields: &Fields,
    settings: &Settings,
    terms: &Terms,
) -> Result<Issued, Refusal> {
    let (code, verifier) = (fields.need("code")?, fields.need("code_verifier")?);
    let redirect_uri = fields.get("redirect_uri");
    let mut grant = store.redeem(code, &client.id, redirect_uri, verifier)?;
    grant.refreshable = settings.refreshable;
    let issued = store.issue(&grant, terms);
    store.used(code, &issued);
    Ok(issued)
}

fn written(settings: &Settings, outcome: Result<Issued, Refusal>) -> Response {
    let (status, fields) = match outcome {
        Ok(issued) => (StatusCode::OK, answer(settings, issued)),
        Err(refusal) => (refusal.status(), refusal.fields()),
    };
    let (status, kind, text) = match settings.style {
        TokenStyle::Json => (status, "application/json", fields.to_string()),
        TokenStyle::ErrorsWith200 => (StatusCode::OK, "application/json", fields.to_string()),
        TokenStyle::Form => (
            StatusCode::OK,
            "application/x-www-form-urlencoded",
            form(&fields),
        ),
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"oauth\"");
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn answer(settings: &Settings, issued: Issued) -> Value {
    let mut fields = Map::new();
    fields.insert("access_token".to_owned(), json!(issued.access));
    fields.insert("token_type".to_owned(), json!("Bearer"));
    if !settings.expires_in.is_null() {
        fields.insert("expires_in".to_owned(), settings.expires_in.clone());
    }
    if let Some(refresh) = issued.refresh {
        fields.insert("refresh_token".to_owned(), json!(refresh));
    }
    let scope = if settings.scopes_as_list {
        json!(issued.scopes)
    } else {
        json!(issued.scopes.join(" "))
    };
    fields.insert("scope".to_owned(), scope);
    Value::Object(fields)
}

fn form(fields: &Value) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().into_iter().flatten() {
        let value = match value {
            Value::String(value) => value.clone(),
            Value::Array(list) => {
                let words: Vec<_> = list.iter().filter_map(Value::as_str).collect();
                words.join(",")
            }
            other => other.to_string(),
        };
        text.append_pair(name, &value);
    }
    text.finish()
}
