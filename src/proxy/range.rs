//! Requests for a part of a body (RFC 9110 section 14), where the body is searched for secrets.
//!
//! The child chooses where a part begins and ends, so it could have a secret cut in two and put it
//! together again. So a little more is asked for at both ends than the child wants; the whole is
//! masked, and only what was wanted is handed on. Several ranges at once are not asked for: a
//! server may always answer with the whole, and so may this proxy.

use super::problem::{Body, BoxError, Problem, empty};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderName, RANGE};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// An old spelling of `Range` that some servers still obey.
const REQUEST_RANGE: HeaderName = HeaderName::from_static("request-range");
/// Digests of the part that was sent, which is not the part that arrives.
const DIGESTS: [HeaderName; 2] = [
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("content-digest"),
];

/// The part that the child wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    From { first: u64, last: Option<u64> },
    Suffix(u64),
}

/// The part that the child wants, where more than that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    part: Part,
    margin: u64,
}

/// Asks for `margin` more bytes at both ends. What is not one range of bytes is not sent on.
pub(super) fn widen(headers: &mut HeaderMap, margin: usize) -> Option<Wanted> {
    headers.remove(REQUEST_RANGE);
    let mut values = headers.get_all(RANGE).iter();
    let (first, more) = (values.next()?.to_str().ok(), values.next());
    let is_other_unit = |text: &str| {
        text.split_once('=')
            .is_some_and(|(unit, _)| !unit.trim().eq_ignore_ascii_case("bytes"))
    };
    if more.is_none() && first.is_some_and(is_other_unit) {
        return None;
    }
    let part = first.filter(|_| more.is_none()).and_then(parse);
    let margin = margin as u64;
    let wider = part.and_then(|part| HeaderValue::from_str(&wider(part, margin)).ok());
    headers.remove(RANGE);
    headers.insert(RANGE, wider?);
    part.map(|part| Wanted { part, margin })
}

fn wider(part: Part, margin: u64) -> String {
    match part {
        Part::From { first, last } => {
            let last = last.map_or(String::new(), |last| {
                last.saturating_add(margin).to_string()
            });
            format!("bytes={}-{last}", first.saturating_sub(margin))
        }
        Part::Suffix(length) => format!("bytes=-{}", length.saturating_add(margin)),
    }
}

fn parse(text: &str) -> Option<Part> {
    let (_, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Some(Part::From {
            first,
            last: Some(last),
        }),
        (Some(first), None) if last.is_empty() => Some(Part::From { first, last: None }),
        (None, Some(length)) if first.is_empty() => Some(Part::Suffix(length)),
        _ => None,
    }
}

fn number(text: &str) -> Option<u64> {
    let plain = (1..=18).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// First and last byte of a part, and of how many.
fn content_range(headers: &HeaderMap) -> Option<(u64, u64, Option<u64>)> {
    let mut values = headers.get_all(CONTENT_RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (unit, rest) = value.to_str().ok()?.trim().split_once(' ')?;
    let (range, total) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let total = match total {
        "*" => None,
        text => Some(number(text)?),
    };
    let fits = unit.eq_ignore_ascii_case("bytes")
        && first <= last
        && total.is_none_or(|total| last < total);
    fits.then_some((first, last, total))
}

/// Hands on what the child wanted of a partial response that is already masked.
pub(super) fn narrow(parts: &mut Parts, body: Body, wanted: Wanted) -> Result<Body, Problem> {
    if parts.status != StatusCode::PARTIAL_CONTENT {
        return Ok(body);
    }
    let refused = || Problem::malformed_response("it is not the range that was asked for");
    let (first, last, total) = content_range(&parts.headers).ok_or_else(refused)?;
    let end = total.map_or(last, |total| total - 1);
    let (from, mut to) = match wanted.part {
        Part::From { first, last: to } => (first, to.unwrap_or(last).min(last)),
        Part::Suffix(_) if last != end => return Err(refused()),
        Part::Suffix(length) => ((last + 1).saturating_sub(length), last),
    };
    for name in DIGESTS {
        parts.headers.remove(name);
    }
    if from > to {
        return Ok(not_satisfiable(parts, total));
    }
    if first > from.saturating_sub(wanted.margin) {
        return Err(refused());
    }
    if last < end {
        // A server may send less than was asked for; its last bytes were not checked to their end.
        to = to.min(last.saturating_sub(wanted.margin));
    }
    if from > to {
        return Err(refused());
    }
    let total = total.map_or("*".to_owned(), |total| total.to_string());
    let written = HeaderValue::from_str(&format!("bytes {from}-{to}/{total}"));
    parts
        .headers
        .insert(CONTENT_RANGE, written.map_err(|_| refused())?);
    let take = to - from + 1;
    parts.headers.insert(CONTENT_LENGTH, take.into());
    let skip = from - first;
    Ok(Narrowed { body, skip, take }.boxed_unsync())
}

fn not_satisfiable(parts: &mut Parts, total: Option<u64>) -> Body {
    parts.status = StatusCode::RANGE_NOT_SATISFIABLE;
    let total = total.map_or("*".to_owned(), |total| total.to_string());
    parts.headers.remove(CONTENT_RANGE);
    if let Ok(written) = HeaderValue::from_str(&format!("bytes */{total}")) {
        parts.headers.insert(CONTENT_RANGE, written);
    }
    parts.headers.insert(CONTENT_LENGTH, 0.into());
    empty()
}

/// A body without its first bytes, and only so many of the others.
struct Narrowed {
    body: Body,
    skip: u64,
    take: u64,
}

impl Narrowed {
    fn cut(&mut self, mut data: Bytes) -> Bytes {
        let at_most = |left: u64, here: usize| usize::try_from(left).map_or(here, |l| l.min(here));
        let skipped = data.split_to(at_most(self.skip, data.len()));
        self.skip -= skipped.len() as u64;
        data.truncate(at_most(self.take, data.len()));
        self.take -= data.len() as u64;
        data
    }
}

impl HttpBody for Narrowed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()? else {
                return Poll::Ready(None);
            };
            let frame = match frame.into_data() {
                Ok(data) => Frame::data(self.cut(data)),
                Err(other) => other,
            };
            if frame.data_ref().is_none_or(|data| !data.is_empty()) {
                return Poll::Ready(Some(Ok(frame)));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.body.is_end_stream() {
            return SizeHint::with_exact(0);
        }
        SizeHint::with_exact(self.take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(ranges: &[&'static str]) -> (String, Option<Wanted>) {
        let mut headers = HeaderMap::new();
        for range in ranges {
            headers.append(RANGE, HeaderValue::from_static(range));
        }
        let wanted = widen(&mut headers, 100);
        let sent = headers.get(RANGE).map(|v| v.to_str().unwrap().to_owned());
        (sent.unwrap_or_default(), wanted)
    }

    #[test]
    fn more_is_asked_for_at_both_ends() {
        for (range, wider) in [
            ("bytes=500-599", "bytes=400-699"),
            ("bytes=5-9", "bytes=0-109"),
            ("Bytes=500-", "bytes=400-"),
            ("bytes=-8", "bytes=-108"),
        ] {
            let (sent, wanted) = asked(&[range]);
            assert_eq!((sent.as_str(), wanted.is_some()), (wider, true));
        }
    }

    #[test]
    fn several_ranges_and_nonsense_are_not_asked_for() {
        for ranges in [
            &["bytes=0-1,5-6"][..],
            &["bytes=0-1", "bytes=5-6"],
            &["bytes=9-1"],
            &["bytes=+1-2"],
            &["bytes"],
            &["bytes=-"],
        ] {
            assert_eq!(asked(ranges), (String::new(), None), "{ranges:?}");
        }
        assert_eq!(asked(&["pages=1-2"]), ("pages=1-2".to_owned(), None));
    }

    fn narrowed(asked_for: &'static str, got: &str) -> (u16, Option<String>) {
        let (_, wanted) = asked(&[asked_for]);
        let response = http::Response::builder()
            .status(206)
            .header(CONTENT_RANGE, got);
        let (mut parts, ()) = response.body(()).unwrap().into_parts();
        if narrow(&mut parts, empty(), wanted.unwrap()).is_err() {
            return (502, None);
        }
        let range = parts.headers.get(CONTENT_RANGE);
        let range = range.map(|v| v.to_str().unwrap().to_owned());
        (parts.status.as_u16(), range)
    }

    #[test]
    fn what_was_wanted_is_handed_on() {
        for (asked_for, got, status, range) in [
            (
                "bytes=500-599",
                "bytes 400-699/2000",
                206,
                "bytes 500-599/2000",
            ),
            (
                "bytes=500-599",
                "bytes 400-549/550",
                206,
                "bytes 500-549/550",
            ),
            (
                "bytes=500-",
                "bytes 400-1999/2000",
                206,
                "bytes 500-1999/2000",
            ),
            (
                "bytes=500-",
                "bytes 400-999/2000",
                206,
                "bytes 500-899/2000",
            ),
            (
                "bytes=-8",
                "bytes 1892-1999/2000",
                206,
                "bytes 1992-1999/2000",
            ),
            ("bytes=-8", "bytes 0-3/4", 206, "bytes 0-3/4"),
            ("bytes=500-599", "bytes 400-449/450", 416, "bytes */450"),
        ] {
            assert_eq!(
                narrowed(asked_for, got),
                (status, Some(range.to_owned())),
                "{asked_for} {got}"
            );
        }
        for (asked_for, got) in [
            ("bytes=500-599", "bytes 500-599/2000"),
            ("bytes=500-599", "bytes 400-550/2000"),
            ("bytes=500-599", "pages 400-699/2000"),
            ("bytes=-8", "bytes 0-3/2000"),
        ] {
            assert_eq!(narrowed(asked_for, got), (502, None), "{asked_for} {got}");
        }
    }
}
