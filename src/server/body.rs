//! Request bodies: read once, never more than the limit, never for longer than a deadline, and never
//! more of them at a time than the machine can hold.
//!
//! The body waits outside the request in a [`Slot`], so that an extractor can check the header of a
//! proof before a byte of the body is read, and so that a refused upload can be read to its end and
//! thrown away: closing at once would reset the connection, and the client would never see why.

use super::error::ApiError;
use super::limits::BODY_TIME;
use super::state::App;
use crate::api::MAX_BODY_BYTES;
use crate::model::ErrorCode;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// Bodies up to this many bytes need no place in the common room of large ones. More is not read of
/// anybody who is not known.
pub(super) const SMALL: usize = 4 * 1_024;

const LINGER_TIME: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 256 * 1_024 * 1_024;

/// Holds the body until somebody wants it.
#[derive(Debug, Clone)]
pub(super) struct Slot(Arc<Mutex<Option<Incoming>>>);

impl Slot {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    pub(super) fn take(&self) -> Option<Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_over(&self) -> bool {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.as_ref().is_none_or(Incoming::is_end_stream)
    }
}

/// A body that was read, kept with its place in the common room.
#[derive(Debug, Clone)]
struct Read {
    bytes: Bytes,
    _room: Option<Arc<OwnedSemaphorePermit>>,
}

/// The length a request announces; `None` when it is chunked.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Whether a body is to come that may need a place in the common room.
pub(super) fn is_large(parts: &Parts) -> bool {
    match announced(&parts.headers) {
        Some(length) => length > SMALL as u64,
        None => parts
            .extensions
            .get::<Slot>()
            .is_some_and(|slot| !slot.is_over()),
    }
}

pub(super) fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        ErrorCode::PayloadTooLarge,
        format!("the body is larger than {} KiB", limit / 1_024),
    )
}

/// The whole body; the second reader gets the same bytes.
pub(super) async fn read(parts: &mut Parts, app: &App, limit: usize) -> Result<Bytes, ApiError> {
    if let Some(read) = parts.extensions.get::<Read>() {
        return Ok(read.bytes.clone());
    }
    let Some(mut body) = parts.extensions.get::<Slot>().and_then(Slot::take) else {
        return Ok(Bytes::new());
    };
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let length = announced(&parts.headers);
    if length.is_some_and(|length| length > limit as u64) {
        linger(app, body, parts.version);
        return Err(too_large(limit));
    }
    let mut room = Room::new(&app.body_room);
    let deadline = Instant::now() + BODY_TIME;
    let bytes = match timeout_at(deadline, collect(&mut body, limit, &mut room)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            linger(app, body, parts.version);
            return Err(error);
        }
        Err(_) => return Err(ApiError::malformed("the body did not arrive in time")),
    };
    parts.extensions.insert(Read {
        bytes: bytes.clone(),
        _room: room.taken.map(Arc::new),
    });
    Ok(bytes)
}

/// The place of one body in the common room. It grows with what has arrived and not with what was
/// announced, so that nobody holds room with words alone.
struct Room<'a> {
    common: &'a Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl<'a> Room<'a> {
    const fn new(common: &'a Arc<Semaphore>) -> Self {
        Self {
            common,
            taken: None,
        }
    }

    /// Makes sure that there is room for so many bytes.
    fn hold(&mut self, bytes: usize) -> Result<(), ApiError> {
        if bytes <= SMALL {
            return Ok(());
        }
        let held = self
            .taken
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.div_ceil(1_024).saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let more = Arc::clone(self.common).try_acquire_many_owned(missing);
        let more = more.map_err(|_| {
            let code = ErrorCode::StoreUnavailable;
            ApiError::new(code, "too many large requests at once").hint("try again in a moment")
        })?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        Ok(())
    }
}

async fn collect(
    body: &mut Incoming,
    limit: usize,
    room: &mut Room<'_>,
) -> Result<Bytes, ApiError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| ApiError::malformed("the body could not be read to its end"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let so_far = first.len() + rest.len() + data.len();
        if so_far > limit {
            return Err(too_large(limit));
        }
        room.hold(so_far)?;
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

/// Reads what is left of a refused body and throws it away, for a while. HTTP/2 needs none of it:
/// a stream can be refused without its connection.
pub(super) fn linger(app: &App, mut body: Incoming, version: Version) {
    if version == Version::HTTP_2 || body.is_end_stream() {
        return;
    }
    let Ok(permit) = Arc::clone(&app.lingering).try_acquire_owned() else {
        return;
    };
    tokio::spawn(async move {
        let _permit = permit;
        let mut left = LINGER_BYTES;
        let _ = timeout(LINGER_TIME, async {
            while let Some(Ok(frame)) = body.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                let Some(less) = left.checked_sub(length) else {
                    break;
                };
                left = less;
            }
        })
        .await;
    });
}

/// Whether a request announces more than any route takes.
pub(super) fn is_hopeless(headers: &HeaderMap) -> bool {
    announced(headers).is_some_and(|length| length > MAX_BODY_BYTES as u64)
}
