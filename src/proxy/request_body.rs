//! Looks for foreign placeholders in what the child uploads, as it streams.
//!
//! A small body whose length is known is read whole first, so that nothing of it goes out; a large
//! or open-ended one is watched, and the upload breaks off with the frame that completes the
//! placeholder: of one that is cut in two by a frame's border, the first part has left by then.
//! Trailers are looked at like the rest.

use super::placeholders::Placeholders;
use super::problem::{Body, BoxError, empty, full};
use crate::model::ProviderName;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

/// The largest body that is read before it is sent, in bytes.
const SMALL: u64 = 64 * 1024;

/// The upload broke off because of what it held.
#[derive(Debug, thiserror::Error)]
#[error("the upload carries the placeholder of another provider")]
struct Stopped;

/// What became of the check.
pub(super) enum Checked {
    /// All of it is here, and may be sent again.
    Whole(Kept),
    /// Send this; if the upload breaks off, the cell names the provider whose placeholder it was.
    Stream(Body, Arc<OnceLock<ProviderName>>),
    /// Do not send anything.
    Foreign(ProviderName),
    /// The child broke off.
    Broken,
}

/// A small body as it came.
#[derive(Debug)]
pub(super) struct Kept {
    bytes: Bytes,
    trailers: Option<HeaderMap>,
}

impl Kept {
    pub(super) fn body(&self) -> Body {
        let bytes = self.bytes.clone();
        match self.trailers.clone() {
            None if bytes.is_empty() => empty(),
            None => full(bytes),
            Some(trailers) => full(bytes)
                .with_trailers(std::future::ready(Some(Ok(trailers))))
                .boxed_unsync(),
        }
    }
}

/// Checks a body bound for a place where the placeholders of the providers in `here` may go. With
/// `keep` a small one is read whole even where there is nothing to look for.
pub(super) async fn check(
    body: Incoming,
    placeholders: &Arc<Placeholders>,
    here: BTreeSet<ProviderName>,
    keep: bool,
) -> Checked {
    if body.is_end_stream() {
        return Checked::Whole(Kept {
            bytes: Bytes::new(),
            trailers: None,
        });
    }
    let stopped = Arc::new(OnceLock::new());
    let length = body.size_hint().upper();
    let is_small = length.is_some_and(|length| length <= SMALL);
    if placeholders.needles().is_none() && !(keep && is_small) {
        return Checked::Stream(body.map_err(Into::into).boxed_unsync(), stopped);
    }
    if is_small {
        let Ok(whole) = body.collect().await else {
            return Checked::Broken;
        };
        let trailers = whole.trailers().cloned();
        let bytes = whole.to_bytes();
        let at_home = |provider: &ProviderName| here.contains(provider);
        let in_trailers = |trailers| placeholders.foreign_in_fields(trailers, &at_home);
        let found = placeholders
            .foreign(&bytes, &at_home)
            .or_else(|| trailers.as_ref().and_then(in_trailers));
        if let Some(provider) = found {
            return Checked::Foreign(provider.clone());
        }
        return Checked::Whole(Kept { bytes, trailers });
    }
    let watched = Watched {
        body,
        placeholders: Arc::clone(placeholders),
        here,
        context: BytesMut::new(),
        stopped: Arc::clone(&stopped),
    };
    Checked::Stream(watched.boxed_unsync(), stopped)
}

struct Watched {
    body: Incoming,
    placeholders: Arc<Placeholders>,
    here: BTreeSet<ProviderName>,
    /// The end of what went before, so that a placeholder cut in two is found.
    context: BytesMut,
    stopped: Arc<OnceLock<ProviderName>>,
}

impl Watched {
    fn look(&mut self, data: &Bytes) -> Result<(), Stopped> {
        self.context.extend_from_slice(data);
        let here = |provider: &ProviderName| self.here.contains(provider);
        if let Some(provider) = self.placeholders.foreign(&self.context, &here) {
            let _ = self.stopped.set(provider.clone());
            return Err(Stopped);
        }
        let keep = self
            .placeholders
            .needles()
            .map_or(0, |needles| needles.longest() - 1);
        let drop = self.context.len().saturating_sub(keep);
        let _ = self.context.split_to(drop);
        Ok(())
    }

    fn look_at_trailers(&self, trailers: &HeaderMap) -> Result<(), Stopped> {
        let here = |provider: &ProviderName| self.here.contains(provider);
        match self.placeholders.foreign_in_fields(trailers, &here) {
            None => Ok(()),
            Some(provider) => {
                let _ = self.stopped.set(provider.clone());
                Err(Stopped)
            }
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?;
        if let Some(data) = frame.as_ref().and_then(Frame::data_ref) {
            let data = data.clone();
            self.look(&data)?;
        }
        if let Some(trailers) = frame.as_ref().and_then(Frame::trailers_ref) {
            self.look_at_trailers(trailers)?;
        }
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
