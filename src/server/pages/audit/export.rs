//! What the filter shows, as a file. Written as it is read from the store, a batch at a time.

use super::filter::{Asked, Filter};
use crate::server::activity::LongAnswer;
use crate::server::error::ApiError;
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::render::{Page, PageError, moment};
use crate::server::state::App;
use crate::services::{AuditExport, AuditFormat};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::IntoResponse;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use http::{HeaderValue, Method, header};

pub(in crate::server::pages) async fn export(
    State(app): State<App>,
    person: Person,
    method: Method,
    ForPerson(Query(asked)): ForPerson<Query<Asked>>,
) -> Page {
    let format = AuditFormat::from_word(&asked.format)
        .ok_or_else(|| wrong("format", "write jsonl or csv"))?;
    let now = app.services.now();
    let filter = Filter::read(asked, now);
    if let Some((field, problem)) = filter.first_problem() {
        return Err(wrong(field, problem));
    }
    let (kind, ending) = match format {
        AuditFormat::JsonLines => ("application/jsonl; charset=utf-8", "jsonl"),
        AuditFormat::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
    };
    let time: String = moment(now).chars().filter(char::is_ascii_digit).collect();
    let name = format!("attachment; filename=\"authsome-audit-{time}.{ending}\"");
    // Looking ahead with HEAD takes nothing away, and is no export.
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let export = app
            .services
            .audit
            .export(person.actor(), filter.query, format);
        Body::from_stream(pieces(export.await?))
    };
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    let mut response = body.into_response();
    response.extensions_mut().insert(LongAnswer);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// A failure half-way ends the connection: a file that is not whole must not look as if it were.
fn pieces(export: AuditExport) -> impl Stream<Item = Result<Bytes, crate::services::Error>> {
    try_unfold(export, |mut export| async move {
        let piece = export.next().await.inspect_err(|error| {
            tracing::warn!(error.cause = %error, "an export of the audit log broke off");
        })?;
        Ok(piece.map(|text| (Bytes::from(text), export)))
    })
}

fn wrong(field: &str, problem: &str) -> PageError {
    ApiError::field(
        &["query", field],
        "value_error",
        format!("{field}: {problem}"),
    )
    .into()
}
