//! `/authorize`: the consent page, and the way back with a code (RFC 6749 section 4.1).

use super::forms::{Fields, Refusal, escaped, page, refuse};
use super::server::Shared;
use super::settings::Issuer;
use super::store::{Asked, Store};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use std::time::Instant;
use url::Url;

/// Where a refusal can be sent to: a redirect URI that is known to be the client's.
struct Back {
    redirect_uri: String,
    state: Option<String>,
}

/// `GET /authorize`.
pub(super) async fn consent(
    State(server): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut store = server.store.lock().unwrap();
    let known = Fields::from_query(&query.unwrap_or_default())
        .and_then(|fields| Ok((client_of(&store, &fields)?, fields)));
    let (back, fields) = match known {
        Ok(known) => known,
        // Whoever asks wrongly gets nobody redirected (RFC 6749 section 4.1.2.1).
        Err(refusal) => return page(StatusCode::BAD_REQUEST, refusal.why, ""),
    };
    match asked(&back, &fields) {
        Ok(asked) => consent_page(&mut store, asked),
        Err(refusal) => {
            let error = ("error", refusal.code);
            let why = ("error_description", refusal.why);
            redirect(&server, &back, &[error, why])
        }
    }
}

fn client_of(store: &Store, fields: &Fields) -> Result<Back, Refusal> {
    let client = store.client(fields.need("client_id")?);
    let client = client.ok_or(refuse("invalid_request", "There is no such client"))?;
    let redirect_uri = fields.get("redirect_uri").unwrap_or_default();
    if !client
        .redirect_uris
        .iter()
        .any(|known| known == redirect_uri)
    {
        let not_registered = "The redirect URI is not the client's";
        return Err(refuse("invalid_request", not_registered));
    }
    Ok(Back {
        redirect_uri: redirect_uri.to_owned(),
        state: fields.get("state").map(str::to_owned),
    })
}

fn asked(back: &Back, fields: &Fields) -> Result<Asked, Refusal> {
    if fields.need("response_type")? != "code" {
        let only_code = "only codes are given here";
        return Err(refuse("unsupported_response_type", only_code));
    }
    let challenge = fields.need("code_challenge")?;
    if fields.get("code_challenge_method") != Some("S256") || challenge.len() != 43 {
        let only_s256 = "a challenge of S256 is needed";
        return Err(refuse("invalid_request", only_s256));
    }
    Ok(Asked {
        client: fields.need("client_id")?.to_owned(),
        redirect_uri: back.redirect_uri.clone(),
        state: fields.need("state")?.to_owned(),
        challenge: challenge.to_owned(),
        scopes: fields.scopes(),
    })
}

fn consent_page(store: &mut Store, asked: Asked) -> Response {
    let scopes = escaped(&asked.scopes.join(", "));
    let client = escaped(&asked.client);
    let request = store.ask(asked);
    let form = format!(
        "<p><strong>{client}</strong> wants to act for you: {scopes}.</p>\
         <form method=\"post\" action=\"/authorize\">\
         <input type=\"hidden\" name=\"request\" value=\"{request}\">\
         <button name=\"decision\" value=\"allow\">Allow</button> \
         <button name=\"decision\" value=\"deny\">Deny</button></form>"
    );
    page(StatusCode::OK, "Allow access?", &form)
}

/// `POST /authorize`.
pub(super) async fn decision(
    State(server): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let fields = Fields::from_body(&headers, &body)?;
    let is_allowed = fields.need("decision")? == "allow";
    let mut store = server.store.lock().unwrap();
    let Some(asked) = store.decide(fields.need("request")?) else {
        return Ok(page(StatusCode::BAD_REQUEST, "This was decided before", ""));
    };
    let back = Back {
        redirect_uri: asked.redirect_uri.clone(),
        state: Some(asked.state.clone()),
    };
    if !is_allowed {
        let error = ("error", "access_denied");
        let why = ("error_description", "the person said no");
        return Ok(redirect(&server, &back, &[error, why]));
    }
    let code = store.allow(asked, Instant::now());
    Ok(redirect(&server, &back, &[("code", &code)]))
}

fn redirect(server: &Shared, back: &Back, fields: &[(&str, &str)]) -> Response {
    let mut to: Url = back.redirect_uri.parse().unwrap();
    to.query_pairs_mut().extend_pairs(fields);
    if let Some(state) = &back.state {
        to.query_pairs_mut().append_pair("state", state);
    }
    let settings = server.settings.lock().unwrap();
    let issuer = match &settings.issuer {
        Issuer::Unnamed => None,
        Issuer::Named => Some(server.issuer(&settings)),
        Issuer::Other(other) => Some(other.clone()),
    };
    if let Some(issuer) = issuer {
        to.query_pairs_mut().append_pair("iss", &issuer);
    }
    Redirect::to(to.as_str()).into_response()
}
