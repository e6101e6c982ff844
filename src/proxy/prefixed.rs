//! A connection of which some bytes were read already.

use super::writes_through::writes_through;
use bytes::{Buf, Bytes};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};

/// Gives the prefix first, then the connection.
#[derive(Debug)]
pub(super) struct Prefixed<S> {
    prefix: Bytes,
    io: S,
}

impl<S> Prefixed<S> {
    pub(super) fn new(prefix: impl Into<Bytes>, io: S) -> Self {
        Self {
            prefix: prefix.into(),
            io,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let here = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix[..here]);
        self.prefix.advance(here);
        Poll::Ready(Ok(()))
    }
}

writes_through!(Prefixed);
