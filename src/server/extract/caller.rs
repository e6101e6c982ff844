//! Agents: `Authorization: PoP <jwt>`, verified over this very request.
//!
//! The header is judged before the body is read, and a key nobody knows costs nothing more than
//! that; a body that takes up room is read for those alone whose signature holds. RFC 9110 section 11.6.2 allows one Authorization header; two are refused, not chosen from.

use crate::model::{Caller, ErrorCode};
use crate::server::body;
use crate::server::error::ApiError;
use crate::server::state::App;
use crate::services::{SignedRequest, Unspent};
use axum::extract::FromRequestParts;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

const SCHEME: &str = "PoP ";

/// A verified caller whose proof this request has used up.
#[derive(Debug)]
pub(in crate::server) struct SignedBy(pub(in crate::server) Caller);

/// A verified caller whose proof is used up by the use case itself, in its own commit.
#[derive(Debug)]
pub(in crate::server) struct UnspentCaller(pub(in crate::server) Unspent);

/// A verified caller with the role `admin`.
#[derive(Debug)]
pub(in crate::server) struct Admin(pub(in crate::server) Caller);

/// What a proof would have to cover, for routes that are open to callers without one.
#[derive(Debug)]
pub(in crate::server) struct Signature {
    proof: Option<String>,
    method: String,
    path_and_query: String,
    body_sha256: [u8; 32],
}

impl Signature {
    pub(in crate::server) fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            proof: self.proof.as_deref(),
            method: &self.method,
            path_and_query: &self.path_and_query,
            body_sha256: self.body_sha256,
        }
    }
}

impl FromRequestParts<App> for UnspentCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // The header's own bytes, shared: reading the body needs the parts for itself.
        let Some(header) = authorization(&parts.headers)?.cloned() else {
            return Err(no_proof());
        };
        let proof = proof(&header)?;
        let identities = &app.services.identities;
        let recognized = if body::is_large(parts) {
            identities.vouch(proof, parts.method.as_str()).await?
        } else {
            identities.recognize(proof).await?
        };
        let body = body::read(parts, app, crate::api::MAX_BODY_BYTES).await?;
        let request = SignedRequest {
            proof: Some(proof),
            method: parts.method.as_str(),
            path_and_query: path_and_query(parts),
            body_sha256: digest(&body),
        };
        Ok(Self(identities.admit(recognized, &request).await?))
    }
}

impl FromRequestParts<App> for SignedBy {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let UnspentCaller(unspent) = UnspentCaller::from_request_parts(parts, app).await?;
        Ok(Self(app.services.identities.spend(unspent).await?))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let SignedBy(caller) = SignedBy::from_request_parts(parts, app).await?;
        if caller.is_admin() {
            return Ok(Self(caller));
        }
        Err(ApiError::forbidden("only an administrator may do this")
            .hint("ask an administrator of this daemon"))
    }
}

impl FromRequestParts<App> for Signature {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let proof = match authorization(&parts.headers)? {
            Some(header) => Some(proof(header)?.to_owned()),
            None => None,
        };
        let body = body::read(parts, app, body::SMALL).await?;
        Ok(Self {
            proof,
            method: parts.method.as_str().to_owned(),
            path_and_query: path_and_query(parts).to_owned(),
            body_sha256: digest(&body),
        })
    }
}

fn path_and_query(parts: &Parts) -> &str {
    parts
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str)
}

fn digest(body: &Bytes) -> [u8; 32] {
    Sha256::digest(body).into()
}

fn no_proof() -> ApiError {
    ApiError::unauthenticated("this request carries no proof of an identity")
        .hint("send `Authorization: PoP <jwt>`; the authsome command line does it for you")
}

/// The one Authorization header of a request; `None` when there is none at all.
fn authorization(headers: &HeaderMap) -> Result<Option<&HeaderValue>, ApiError> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(ApiError::new(
            ErrorCode::AuthenticationFailed,
            "send exactly one Authorization header",
        ));
    }
    Ok(first)
}

/// The proof in an Authorization header.
fn proof(header: &HeaderValue) -> Result<&str, ApiError> {
    let text = header.to_str().unwrap_or_default();
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, proof)) if scheme.eq_ignore_ascii_case(SCHEME) => Ok(proof),
        _ => Err(no_proof()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn read(values: &[&str]) -> Result<Option<String>, ApiError> {
        let headers = headers(values);
        let header = authorization(&headers)?;
        header
            .map(|header| proof(header).map(str::to_owned))
            .transpose()
    }

    #[test]
    fn one_proof_is_taken_in_any_case_of_its_scheme() {
        assert_eq!(read(&["PoP a.b.c"]).unwrap().unwrap(), "a.b.c");
        assert_eq!(read(&["pop a.b.c"]).unwrap().unwrap(), "a.b.c");
        assert_eq!(read(&[]).unwrap(), None);
    }

    #[test]
    fn other_schemes_and_second_headers_are_refused() {
        for (values, status) in [
            (vec!["Bearer a.b.c"], 401),
            (vec!["PoP"], 401),
            (vec![""], 401),
            (vec!["PoP a.b.c", "PoP a.b.c"], 400),
            (vec!["PoP a.b.c", "Bearer x"], 400),
        ] {
            let refused = read(&values).unwrap_err();
            assert_eq!(refused.status().as_u16(), status, "{values:?}");
        }
    }
}
