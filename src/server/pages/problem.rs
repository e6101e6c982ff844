//! Failures that are told on the page they came from.

use crate::model::ErrorCode;
use crate::server::error::ApiError;
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::PageError;
use crate::services;
use http::StatusCode;

/// What went wrong, and what to do now.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) text: Vec<Piece>,
}

/// Of a failure; what is nobody's business here is a page of its own.
pub(super) fn told(error: services::Error) -> Result<Problem, PageError> {
    let error = ApiError::from(error);
    match error.code() {
        ErrorCode::ProviderNotFound
        | ErrorCode::ConnectionNotFound
        | ErrorCode::NotFound
        | ErrorCode::Unauthenticated
        | ErrorCode::Forbidden
        | ErrorCode::Internal => Err(error.into()),
        _ => {
            let text = match error.next_step() {
                Some(hint) => format!("{}; {hint}", error.message()),
                None => error.message().to_owned(),
            };
            Ok(Problem {
                status: error.status(),
                text: sentence(&text),
            })
        }
    }
}
