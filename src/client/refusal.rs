//! What the daemon answered instead of doing it.

use crate::api::{Detail, ErrorBody};
use crate::model::ErrorCode;
use time::{Duration, OffsetDateTime};

/// Clocks further apart than this make every proof fail.
const SKEW: Duration = Duration::seconds(60);

/// A refusal of the daemon, read from its body and headers.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    pub code: ErrorCode,
    pub message: String,
    pub hint: Option<String>,
    pub provider: Option<String>,
    pub operation: Option<String>,
    pub trace_id: Option<String>,
    /// Seconds to wait before it makes sense to come back.
    pub retry_after: Option<u64>,
}

/// The parts of an answer that a refusal is read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a http::HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) now: OffsetDateTime,
}

impl Refusal {
    /// Whether a body is a refusal of a daemon of ours, and not of whatever else speaks HTTP.
    pub(super) fn is_ours(body: &[u8]) -> bool {
        serde_json::from_slice::<ErrorBody>(body)
            .is_ok_and(|body| ErrorCode::from_class(&body.error).is_some())
    }

    pub(super) fn read(answer: Answered<'_>) -> Self {
        let body: ErrorBody = serde_json::from_slice(answer.body).unwrap_or_default();
        let code = ErrorCode::from_class(&body.error).unwrap_or_else(|| by_status(answer.status));
        let message = message_of(&body)
            .unwrap_or_else(|| format!("the daemon answered with status {}", answer.status));
        let skew = (code == ErrorCode::Unauthenticated)
            .then(|| skew(answer.headers, answer.now))
            .flatten()
            .filter(|ahead| ahead.abs() > SKEW);
        let retry_after = header(answer.headers, "retry-after").and_then(|text| text.parse().ok());
        Self {
            status: answer.status,
            code,
            message,
            hint: skew
                .map(skew_hint)
                .or(body.hint)
                .or_else(|| next_step(code, body.provider.as_deref(), retry_after)),
            provider: body.provider,
            operation: body.operation,
            trace_id: body.trace_id,
            retry_after,
        }
    }
}

fn message_of(body: &ErrorBody) -> Option<String> {
    if !body.message.is_empty() {
        return Some(body.message.clone());
    }
    match body.detail.as_ref()? {
        Detail::Text(text) => Some(text.clone()),
        Detail::Fields(fields) => Some(
            fields
                .iter()
                .map(|field| format!("{}: {}", field.loc.join("."), field.msg))
                .collect::<Vec<_>>()
                .join("; "),
        ),
    }
}

const fn by_status(status: u16) -> ErrorCode {
    match status {
        400 | 422 => ErrorCode::InvalidInput,
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        405 => ErrorCode::MethodNotAllowed,
        409 => ErrorCode::Conflict,
        410 => ErrorCode::Gone,
        413 => ErrorCode::PayloadTooLarge,
        415 => ErrorCode::UnsupportedMediaType,
        421 => ErrorCode::MisdirectedRequest,
        429 => ErrorCode::TooManyRequests,
        503 => ErrorCode::StoreUnavailable,
        _ => ErrorCode::Internal,
    }
}

fn next_step(code: ErrorCode, provider: Option<&str>, retry_after: Option<u64>) -> Option<String> {
    let provider = provider.unwrap_or("PROVIDER");
    match code {
        ErrorCode::ConnectionNotFound
        | ErrorCode::CredentialMissing
        | ErrorCode::TokenExpired
        | ErrorCode::RefreshFailed => Some(format!("log in with `authsome login {provider}`")),
        ErrorCode::ProviderNotFound => Some("see what there is with `authsome list`".to_owned()),
        ErrorCode::Forbidden => {
            Some("see where this identity stands with `authsome init`".to_owned())
        }
        ErrorCode::StoreUnavailable | ErrorCode::TooManyRequests => {
            retry_after.map(|seconds| format!("try again in {seconds} seconds"))
        }
        ErrorCode::Internal => Some("see why with `authsome daemon logs`".to_owned()),
        _ => None,
    }
}

/// How far our clock is ahead of the daemon's, to the second.
pub(super) fn skew(headers: &http::HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let theirs = header(headers, "date")?;
    let format = time::format_description::well_known::Rfc2822;
    let theirs = OffsetDateTime::parse(&theirs.replace("GMT", "+0000"), &format).ok()?;
    Some(now - theirs)
}

fn skew_hint(ahead: Duration) -> String {
    let side = if ahead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    format!(
        "this machine's clock is {} seconds {side} the daemon's; set it right and try again",
        ahead.abs().whole_seconds()
    )
}

fn header<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn read(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Refusal {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        Refusal::read(Answered {
            status,
            headers: &headers,
            body: body.as_bytes(),
            now: datetime!(2026-03-01 12:10:00 UTC),
        })
    }

    #[test]
    fn a_class_wins_over_the_status() {
        let body = r#"{"error":"CredentialMissingError","message":"no key","provider":"openai"}"#;
        let refusal = read(401, &[], body);
        assert_eq!(refusal.code, ErrorCode::CredentialMissing);
        assert_eq!(refusal.hint.unwrap(), "log in with `authsome login openai`");
    }

    #[test]
    fn a_detail_is_read_in_both_its_shapes() {
        let text = read(403, &[], r#"{"detail":"claim first"}"#);
        assert_eq!(
            (text.code, text.message.as_str()),
            (ErrorCode::Forbidden, "claim first")
        );
        let fields = r#"{"detail":[{"loc":["body","provider"],"msg":"too long","type":"value"}]}"#;
        assert_eq!(read(422, &[], fields).message, "body.provider: too long");
    }

    #[test]
    fn a_wrong_clock_is_named() {
        let headers = [("date", "Sun, 01 Mar 2026 12:00:00 GMT")];
        let refusal = read(401, &headers, r#"{"detail":"expired"}"#);
        assert!(refusal.hint.unwrap().contains("600 seconds ahead"));
        let close = [("date", "Sun, 01 Mar 2026 12:09:30 GMT")];
        assert_eq!(read(401, &close, r#"{"detail":"expired"}"#).hint, None);
    }

    #[test]
    fn rubbish_is_an_internal_error_with_its_status() {
        let refusal = read(500, &[], "<html>");
        assert_eq!(refusal.message, "the daemon answered with status 500");
    }
}
