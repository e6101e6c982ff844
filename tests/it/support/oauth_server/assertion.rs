//! Assertions a client signs instead of sending a secret: RFC 7523, and GitHub Apps.

use super::forms::{Refusal, bearer, random, refuse};
use super::server::Shared;
use super::store::{Grant, Store, Terms};
use authsome::clock::{Clock as _, SystemClock};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use jsonwebtoken::{Validation, decode, get_current_timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::format_description::well_known::Rfc3339;

/// In seconds; Google's limit.
const LONGEST_LIFE: u64 = 3600;
/// In seconds; GitHub's limit for an App.
const LONGEST_LIFE_OF_APP: u64 = 600;
const INSTALLATION_LIFE: Duration = Duration::from_hours(1);

/// The issuer of a good assertion for one of `audiences`; an assertion with an id works once.
pub(super) fn verify(
    store: &mut Store,
    assertion: &str,
    audiences: &[String],
) -> Result<String, Refusal> {
    let (issuer, claims) = signed(store, assertion, Some(audiences), LONGEST_LIFE)?;
    if let Some(id) = claims["jti"].as_str()
        && !store.used_assertions.insert(format!("{issuer} {id}"))
    {
        return Err(refuse("invalid_grant", "the assertion was used before"));
    }
    Ok(issuer)
}

fn signed(
    store: &Store,
    assertion: &str,
    audiences: Option<&[String]>,
    longest_life: u64,
) -> Result<(String, Value), Refusal> {
    let found = store.keys.iter().find_map(|(issuer, algorithm, key)| {
        let mut rules = Validation::new(*algorithm);
        rules.validate_nbf = true;
        rules.set_issuer(&[issuer]);
        rules.validate_aud = audiences.is_some();
        if let Some(audiences) = audiences {
            rules.set_audience(audiences);
            rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        } else {
            rules.set_required_spec_claims(&["exp", "iss"]);
        }
        let decoded = decode::<Value>(assertion, key, &rules).ok()?;
        Some((issuer.clone(), decoded.claims))
    });
    let (issuer, claims) = found.ok_or(refuse("invalid_grant", "the assertion is not good"))?;
    let latest = get_current_timestamp() + longest_life + 60;
    if claims["exp"].as_u64().is_none_or(|until| until > latest) {
        return Err(refuse("invalid_grant", "the assertion lives too long"));
    }
    Ok((issuer, claims))
}

/// `POST /app/installations/{id}/access_tokens`.
pub(super) async fn installation(
    State(server): State<Arc<Shared>>,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let mut store = server.store.lock().unwrap();
    let signed = bearer(&headers)
        .ok_or(refuse("invalid_client", "a JSON web token is needed"))
        .and_then(|assertion| signed(&store, assertion, None, LONGEST_LIFE_OF_APP));
    let Ok((app, _)) = signed else {
        let message = json!({"message": "A JSON web token could not be decoded"});
        return (StatusCode::UNAUTHORIZED, Json(message)).into_response();
    };
    let grant = Grant::without_refresh(format!("{app}/{id}"), Vec::new());
    let until = Some(Instant::now() + INSTALLATION_LIFE);
    let rotate = false;
    let issued = store.issue(&grant, &Terms { until, rotate });
    let expires_at = (SystemClock.now() + INSTALLATION_LIFE).format(&Rfc3339);
    let answer = json!({
        "token": issued.access,
        "expires_at": expires_at.unwrap(),
        "permissions": {"contents": "read"},
        "repository_selection": "all",
        "node_id": random("node"),
    });
    (StatusCode::CREATED, Json(answer)).into_response()
}
