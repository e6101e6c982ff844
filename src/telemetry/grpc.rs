//! OTLP over gRPC, as far as OTLP needs it: one unary call, one message each way.
//!
//! Requests come in as OTLP over HTTP and leave as gRPC over HTTP/2; answers are turned back, so
//! that one rule about statuses and retries serves both. gRPC over HTTP/2, "Requests" and "Responses".

use super::transport::Signal;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TE};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Collected;

/// Flag and length before a message, in bytes.
const PREFIX: usize = 5;

const fn service(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

/// The same message as a call of the signal's service.
pub(super) fn call(signal: Signal, request: Request<Bytes>) -> Request<Bytes> {
    let (mut parts, message) = request.into_parts();
    let packed = parts.headers.remove(CONTENT_ENCODING);
    if let Some(encoding) = &packed {
        parts.headers.insert("grpc-encoding", encoding.clone());
    }
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    parts
        .headers
        .insert(TE, HeaderValue::from_static("trailers"));
    let mut target = parts.uri.clone().into_parts();
    target.path_and_query = Some(http::uri::PathAndQuery::from_static(service(signal)));
    parts.uri = Uri::from_parts(target).unwrap_or(parts.uri);
    let mut body = BytesMut::with_capacity(message.len() + PREFIX);
    body.put_u8(u8::from(packed.is_some()));
    body.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    body.put(message);
    Request::from_parts(parts, body.freeze())
}

/// The answer as OTLP over HTTP would give it.
pub(super) fn answer(parts: &Parts, body: Collected<Bytes>) -> Response<Bytes> {
    let code = status(&parts.headers)
        .or_else(|| body.trailers().and_then(status))
        .unwrap_or(2);
    let mut message = body.to_bytes();
    let message = if message.len() >= PREFIX {
        message.split_off(PREFIX)
    } else {
        Bytes::new()
    };
    let mut answer = Response::new(message);
    *answer.status_mut() = match code {
        _ if !parts.status.is_success() => parts.status,
        0 => StatusCode::OK,
        // The codes of the OTLP specification that ask for another try.
        1 | 4 | 8 | 10 | 11 | 14 | 15 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    answer
}

fn status(headers: &HeaderMap) -> Option<u8> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}
