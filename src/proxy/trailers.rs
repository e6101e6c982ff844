//! Trailers of a request: what must not come in its head does not come after its body either.
//!
//! The child's own value of what is injected never wins, and a field that frames, routes or
//! authenticates a message has no place in a trailer (RFC 9110 section 6.5.1).

use super::headers::remove_header;
use super::problem::{Body, BoxError};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

const NEVER: [&str; 11] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Takes these names, and those that never belong there, out of the trailers.
pub(super) fn without(body: Body, names: Vec<String>) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Cleaned { body, names }.boxed_unsync()
}

struct Cleaned {
    body: Body,
    names: Vec<String>,
}

impl HttpBody for Cleaned {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(mut frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()? else {
            return Poll::Ready(None);
        };
        if let Some(trailers) = frame.trailers_mut() {
            for name in NEVER
                .into_iter()
                .chain(self.names.iter().map(String::as_str))
            {
                remove_header(trailers, name);
            }
            if trailers.is_empty() {
                return Poll::Ready(None);
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
