//! The way back: the secret that went out must not come in, in headers, body or trailers.
//!
//! The body streams: each piece is decoded if need be, masked and sent on at once. A content
//! coding we cannot read is refused, because the secret could hide in it.

use super::forms::Needles;
use super::headers::strip_hop_by_hop;
use super::problem::{Body, BoxError, Problem};
use super::range::{self, Wanted};
use super::scrub::Scrubber;
use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, RANGE, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How long a short beginning of a secret waits for what follows.
const PAUSE: Duration = Duration::from_millis(20);
/// Compressed bytes decoded at a time; gzip grows at most a thousandfold, so this bounds memory.
const GZIP_STEP: usize = 1024;
const ALT_SVC: HeaderName = HeaderName::from_static("alt-svc");

/// Asks the upstream only for codings that can be read here. A range of a compressed body could
/// not be decoded, so a range is asked for as it is.
fn limit_accept_encoding(headers: &mut HeaderMap) {
    let gzip = |value: &HeaderValue| {
        value.to_str().is_ok_and(|list| {
            list.split(',').any(|word| {
                let (name, weight) = word.split_once(';').unwrap_or((word, ""));
                let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
                matches!(name.trim(), "gzip" | "*") && !refused
            })
        })
    };
    let takes_gzip = headers.get_all(ACCEPT_ENCODING).iter().any(gzip);
    let coding = if takes_gzip && !headers.contains_key(RANGE) {
        "gzip"
    } else {
        "identity"
    };
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
}

/// Asks for a response that can be searched; gives the part of it that is wanted, if not all is.
pub(super) fn ask_readable(headers: &mut HeaderMap, needles: &Needles) -> Option<Wanted> {
    let wanted = range::widen(headers, needles.longest());
    limit_accept_encoding(headers);
    wanted
}

/// Refuses what says in two ways where it ends (RFC 9112 section 6.3), and, where it is to be
/// searched, any transfer coding that is not taken off on the way here.
fn check_framing(headers: &HeaderMap, is_searched: bool) -> Result<(), Problem> {
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(Problem::malformed_response(
            "both Content-Length and Transfer-Encoding say where it ends",
        ));
    }
    let codings = codings(headers, &TRANSFER_ENCODING);
    let is_plain = codings.is_empty() || codings == ["chunked"];
    if is_searched && !is_plain {
        return Err(unreadable(&codings));
    }
    Ok(())
}

fn codings(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect()
}

fn unreadable(codings: &[String]) -> Problem {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, ',' | '-');
    let named: String = codings
        .join(",")
        .chars()
        .filter(|c| known(*c))
        .take(40)
        .collect();
    Problem::unreadable_response(&named)
}

/// Passes a response on to the child; with `needles`, without what they find.
pub(super) fn pass<B>(
    response: Response<B>,
    method: &Method,
    needles: Option<&Arc<Needles>>,
) -> Result<Response<Body>, Problem>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let (mut parts, body) = response.into_parts();
    if *method != Method::HEAD {
        check_framing(&parts.headers, needles.is_some())?;
    }
    strip_hop_by_hop(&mut parts.headers);
    // An alternative service would lead the child past this proxy.
    parts.headers.remove(ALT_SVC);
    let Some(needles) = needles else {
        return Ok(Response::from_parts(
            parts,
            body.map_err(Into::into).boxed_unsync(),
        ));
    };
    parts.extensions.remove::<hyper::ext::ReasonPhrase>();
    mask_headers(&mut parts.headers, needles);
    let bodiless = *method == Method::HEAD
        || matches!(
            parts.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        )
        || body.is_end_stream();
    let decoder = if bodiless {
        None
    } else {
        decoder(&mut parts.headers, parts.status)?
    };
    let body = Scrubbed {
        body,
        decoder,
        scrubber: Scrubber::new(Arc::clone(needles)),
        input: Bytes::new(),
        pause: None,
        ended: false,
        trailers: None,
    };
    Ok(Response::from_parts(parts, body.boxed_unsync()))
}

fn decoder(headers: &mut HeaderMap, status: StatusCode) -> Result<Option<Gzip>, Problem> {
    let codings = codings(headers, &CONTENT_ENCODING);
    match codings.as_slice() {
        [] => Ok(None),
        [only]
            if matches!(only.as_str(), "gzip" | "x-gzip")
                && status != StatusCode::PARTIAL_CONTENT =>
        {
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
            Ok(Some(Gzip {
                decoder: MultiGzDecoder::new(Vec::new()),
                fed: false,
            }))
        }
        others => Err(unreadable(others)),
    }
}

/// Masks values; a name that holds the secret (in whatever case) takes its header with it.
pub(super) fn mask_headers(headers: &mut HeaderMap, needles: &Needles) {
    let named: Vec<HeaderName> = headers
        .keys()
        .filter(|name| needles.find_in_any_case(name.as_str()).next().is_some())
        .cloned()
        .collect();
    for name in named {
        headers.remove(name);
    }
    for value in headers.values_mut() {
        let mut bytes = value.as_bytes().to_vec();
        if needles.mask(&mut bytes)
            && let Ok(masked) = HeaderValue::from_bytes(&bytes)
        {
            *value = masked;
        }
    }
}

struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    fed: bool,
}

impl Gzip {
    fn feed(&mut self, input: &[u8]) -> std::io::Result<Vec<u8>> {
        self.fed = true;
        self.decoder.write_all(input)?;
        self.decoder.flush()?;
        Ok(std::mem::take(self.decoder.get_mut()))
    }

    fn finish(&mut self) -> std::io::Result<Vec<u8>> {
        if self.fed {
            self.decoder.try_finish()?;
        }
        Ok(std::mem::take(self.decoder.get_mut()))
    }
}

struct Scrubbed<B> {
    body: B,
    decoder: Option<Gzip>,
    scrubber: Scrubber,
    /// Received and not yet looked at.
    input: Bytes,
    pause: Option<Pin<Box<Sleep>>>,
    ended: bool,
    /// Held back until the rest of the body is given.
    trailers: Option<HeaderMap>,
}

impl<B> Scrubbed<B> {
    /// Takes a step over the input and gives what can be sent on.
    fn advance(&mut self) -> std::io::Result<Bytes> {
        match &mut self.decoder {
            None => {
                let all = std::mem::take(&mut self.input);
                Ok(self.scrubber.push(&all))
            }
            Some(gzip) => {
                let step = self.input.len().min(GZIP_STEP);
                let plain = gzip.feed(&self.input[..step])?;
                self.input.advance(step);
                Ok(self.scrubber.push(&plain))
            }
        }
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> std::io::Result<Bytes> {
        let mut out = Vec::new();
        if let Some(gzip) = &mut self.decoder {
            let plain = gzip.finish()?;
            out.extend_from_slice(&self.scrubber.push(&plain));
        }
        out.extend_from_slice(&self.scrubber.finish());
        self.ended = true;
        self.trailers = trailers.map(|mut trailers| {
            mask_headers(&mut trailers, self.scrubber.needles());
            trailers
        });
        Ok(out.into())
    }

    /// While nothing comes, a short rest goes on its way after a moment.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        if !self.scrubber.has_short_rest() {
            return Poll::Pending;
        }
        ready!(
            self.pause
                .get_or_insert_with(|| Box::pin(sleep(PAUSE)))
                .as_mut()
                .poll(cx)
        );
        self.pause = None;
        Poll::Ready(self.scrubber.pause())
    }
}

impl<B> HttpBody for Scrubbed<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            if !this.input.is_empty() {
                let out = this.advance()?;
                if !out.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(out))));
                }
                continue;
            }
            if this.ended {
                let trailers = this.trailers.take();
                return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
            }
            let frame = match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Ready(frame) => frame.transpose().map_err(Into::into)?,
                Poll::Pending => {
                    let out = ready!(this.poll_pause(cx));
                    return Poll::Ready(Some(Ok(Frame::data(out))));
                }
            };
            this.pause = None;
            let out = match frame.map(Frame::into_data) {
                Some(Ok(data)) => {
                    this.input = data;
                    continue;
                }
                Some(Err(other)) => this.finish(other.into_trailers().ok())?,
                None => this.finish(None)?,
            };
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        if self.ended {
            return self.trailers.is_none();
        }
        self.input.is_empty() && self.scrubber.is_idle() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Masking keeps every length, so before the first byte the length is the upstream's.
        if self.decoder.is_none() && self.input.is_empty() && self.scrubber.is_idle() {
            self.body.size_hint()
        } else {
            SizeHint::default()
        }
    }
}
