//! The JSON routes of `docs/http-api.md`: each extracts, makes one service call and converts.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod clients;
pub(super) mod connections;
mod convert;
pub(super) mod credentials;
pub(super) mod identities;
pub(super) mod logins;
pub(super) mod people;
pub(super) mod providers;
pub(super) mod status;

use super::error::{ApiError, JSON};
use crate::model::ErrorCode;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;

/// What a JSON route gives back.
pub(super) type Answer<T> = Result<Json<T>, ApiError>;

/// A JSON answer with status 200.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => ([(header::CONTENT_TYPE, JSON)], text).into_response(),
            Err(_) => ApiError::new(ErrorCode::Internal, "the answer could not be written")
                .into_response(),
        }
    }
}
