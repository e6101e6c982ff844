//! Stands between a connection and hyper and lets through only well-framed HTTP/1 requests.
//!
//! hyper takes a Content-Length beside a Transfer-Encoding and drops it in silence; here such a
//! request ends the connection with a 400. A head reaches hyper only when it is whole and in
//! order, a body only as far as its framing goes, and after a `CONNECT` or an upgrade nothing at
//! all until the service has decided. The rules themselves are in [`super::head`].

use super::head::{self, Defect, Next};
use super::writes_through::writes_through;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::task::AtomicWaker;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Sleep, sleep};

const READ: usize = 16 * 1024;
/// How long a head may take from its first byte to its last.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// What hyper is given in place of a bad head, so that the refusal is answered in its turn.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nHost: refused.invalid\r\nConnection: close\r\n\r\n";

/// What the service of a connection and its guard tell each other.
#[derive(Debug, Default)]
pub(super) struct GuardControl {
    defect: Mutex<Option<Defect>>,
    resumed: AtomicBool,
    waker: AtomicWaker,
}

impl GuardControl {
    /// What was wrong with the request that now arrives as the stand-in, if it is one.
    pub(super) fn take_defect(&self) -> Option<Defect> {
        self.defect
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The upgrade was not taken: go on with the next request.
    pub(super) fn resume(&self) {
        self.resumed.store(true, Ordering::Release);
        self.waker.wake();
    }
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Head {
        looked_at: usize,
        /// An empty line before it was passed over; a second one is not.
        skipped: bool,
    },
    Fixed(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers {
        taken: usize,
    },
    Held,
    /// A body broke its framing: nothing more is read.
    Closed,
    /// The refusal is on its way: what still comes is thrown away, and hyper ends the connection.
    Refused,
}

/// The guarded connection.
#[derive(Debug)]
pub(super) struct Guard<S> {
    io: S,
    unjudged: BytesMut,
    passed: BytesMut,
    framing: Framing,
    control: Arc<GuardControl>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Guard<S> {
    pub(super) fn new(io: S) -> (Self, Arc<GuardControl>) {
        let control = Arc::new(GuardControl::default());
        let guard = Self {
            io,
            unjudged: BytesMut::new(),
            passed: BytesMut::new(),
            framing: first_byte(),
            control: Arc::clone(&control),
            deadline: None,
        };
        (guard, control)
    }

    /// The connection after an upgrade, and what the peer has already sent on it.
    pub(super) fn into_parts(self) -> (S, Bytes) {
        (self.io, self.unjudged.freeze())
    }

    /// Moves what is in order from `unjudged` to `passed`; without progress it needs more bytes.
    fn judge(&mut self) -> io::Result<()> {
        match self.framing {
            Framing::Head { looked_at, skipped } => self.judge_head(looked_at, skipped),
            Framing::Fixed(left) => {
                let rest = self.pass_data(left);
                self.framing = if rest == 0 {
                    first_byte()
                } else {
                    Framing::Fixed(rest)
                };
            }
            Framing::ChunkData(left) => {
                let rest = self.pass_data(left);
                self.framing = if rest == 0 {
                    Framing::ChunkEnd
                } else {
                    Framing::ChunkData(rest)
                };
            }
            Framing::ChunkSize => self.judge_chunk_size()?,
            Framing::ChunkEnd => match self.unjudged.get(..2) {
                Some(b"\r\n") => {
                    self.passed = self.unjudged.split_to(2);
                    self.framing = Framing::ChunkSize;
                }
                Some(_) => return Err(broken()),
                None => {}
            },
            Framing::Trailers { taken } => self.judge_trailer(taken)?,
            Framing::Held | Framing::Closed | Framing::Refused => {}
        }
        Ok(())
    }

    fn judge_head(&mut self, mut looked_at: usize, mut skipped: bool) {
        // RFC 9112 section 2.2: one empty line before a request is ignored.
        if !skipped && self.unjudged.starts_with(b"\r\n") {
            self.unjudged.advance(2);
            (looked_at, skipped) = (0, true);
        }
        match head::find_end(&self.unjudged, looked_at) {
            Ok(None) => {
                self.framing = Framing::Head {
                    looked_at: self.unjudged.len(),
                    skipped,
                }
            }
            Ok(Some(end)) => match head::check(&self.unjudged[..end]) {
                Ok(next) => self.pass_head(end, next),
                Err(defect) => self.refuse(defect),
            },
            Err(defect) => self.refuse(defect),
        }
    }

    fn pass_head(&mut self, end: usize, next: Next) {
        self.deadline = None;
        self.passed = self.unjudged.split_to(end);
        self.framing = match next {
            Next::Head => first_byte(),
            Next::Fixed(length) => Framing::Fixed(length),
            Next::Chunked => Framing::ChunkSize,
            Next::Held => {
                self.control.resumed.store(false, Ordering::Release);
                Framing::Held
            }
        };
    }

    fn refuse(&mut self, defect: Defect) {
        *self
            .control
            .defect
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(defect);
        self.deadline = None;
        self.unjudged.clear();
        self.passed = BytesMut::from(STAND_IN);
        self.framing = Framing::Refused;
    }

    /// Passes at most `left` bytes of data and says how many are still to come.
    fn pass_data(&mut self, left: u64) -> u64 {
        let here =
            usize::try_from(left).map_or(self.unjudged.len(), |l| l.min(self.unjudged.len()));
        self.passed = self.unjudged.split_to(here);
        left - here as u64
    }

    fn judge_chunk_size(&mut self) -> io::Result<()> {
        let Some(line) = self.line(head::MAX_CHUNK_LINE)? else {
            return Ok(());
        };
        let size = head::chunk_size(&self.unjudged[..line]).ok_or_else(broken)?;
        self.passed = self.unjudged.split_to(line + 2);
        self.framing = match size {
            0 => Framing::Trailers { taken: 0 },
            size => Framing::ChunkData(size),
        };
        Ok(())
    }

    fn judge_trailer(&mut self, taken: usize) -> io::Result<()> {
        let Some(line) = self.line(head::MAX_TRAILERS.saturating_sub(taken))? else {
            return Ok(());
        };
        if line > 0 && !head::is_trailer(&self.unjudged[..line]) {
            return Err(broken());
        }
        self.passed = self.unjudged.split_to(line + 2);
        self.framing = match line {
            0 => first_byte(),
            line => Framing::Trailers {
                taken: taken + line + 2,
            },
        };
        Ok(())
    }

    /// The length of the line at the front without its CR LF; `None` if it is not whole yet.
    fn line(&self, most: usize) -> io::Result<Option<usize>> {
        match self.unjudged.iter().position(|c| *c == b'\n') {
            Some(at) if at <= most && at > 0 && self.unjudged[at - 1] == b'\r' => Ok(Some(at - 1)),
            None if self.unjudged.len() <= most => Ok(None),
            _ => Err(broken()),
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waits = matches!(self.framing, Framing::Head { .. }) && !self.unjudged.is_empty();
        if !waits {
            return Poll::Pending;
        }
        self.deadline
            .get_or_insert_with(|| Box::pin(sleep(HEAD_TIME)))
            .as_mut()
            .poll(cx)
    }

    fn poll_held(&self, cx: &Context<'_>) -> Poll<()> {
        self.control.waker.register(cx.waker());
        if self.control.resumed.swap(false, Ordering::AcqRel) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

const fn first_byte() -> Framing {
    Framing::Head {
        looked_at: 0,
        skipped: false,
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Defect::Chunk)
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.passed.is_empty() {
                let here = this.passed.len().min(buf.remaining());
                buf.put_slice(&this.passed.split_to(here));
                return Poll::Ready(Ok(()));
            }
            match this.framing {
                Framing::Closed => return Poll::Ready(Ok(())),
                Framing::Refused => return this.poll_discard(cx),
                Framing::Held => {
                    ready!(this.poll_held(cx));
                    this.framing = first_byte();
                }
                _ => {}
            }
            if let Err(error) = this.judge() {
                this.framing = Framing::Closed;
                return Poll::Ready(Err(error));
            }
            if !this.passed.is_empty() {
                continue;
            }
            match this.poll_fill(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    ready!(this.poll_deadline(cx));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Throws away what still comes. The end is not told: hyper would give up before it answered.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(Ok(1..)) = self.poll_fill(cx) {
            self.unjudged.clear();
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [0_u8; READ];
        let mut read = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        self.unjudged.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }
}

writes_through!(Guard);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// What passes when the bytes come in pieces, and whether the guard said no.
    fn through(pieces: &[&[u8]]) -> (Vec<u8>, Option<Defect>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (mut near, far) = tokio::io::duplex(1 << 20);
            let (mut guard, control) = Guard::new(far);
            let mut out = Vec::new();
            for piece in pieces {
                near.write_all(piece).await.unwrap();
                // Nothing more can come until the next piece: an empty wait means all was read.
                let _ = drain(&mut guard, &mut out).await;
            }
            (out, control.take_defect())
        })
    }

    async fn drain(
        guard: &mut Guard<tokio::io::DuplexStream>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            tokio::select! {
                biased;
                read = guard.read(&mut buffer) => match read? {
                    0 => return Ok(()),
                    count => out.extend_from_slice(&buffer[..count]),
                },
                () = tokio::task::yield_now() => return Ok(()),
            }
        }
    }

    #[test]
    fn requests_in_order_pass_as_they_are() {
        let text = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
            POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n\
            GET /c HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(through(&[text]), (text.to_vec(), None));
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(through(&bytes), (text.to_vec(), None));
    }

    #[test]
    fn nothing_passes_after_an_upgrade_or_a_defect() {
        let connect = b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n";
        let (out, _) = through(&[connect, b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"]);
        assert_eq!(out, connect);
        let bad = b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(through(&[bad]), (STAND_IN.to_vec(), Some(Defect::Host)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_no_cut_changes_what_passes(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "GET / HTTP/1.1\r\n", "POST /a HTTP/1.1\r\n", "Host: x\r\n", "Content-Length: 3\r\n",
                "Transfer-Encoding: chunked\r\n", "\r\n", "abc", "3\r\nabc\r\n", "0\r\n\r\n", "X: y\r\n",
                " fold\r\n", "\n", "\r", "\0", "Upgrade: websocket\r\n",
            ]), 0..14),
            cut in 0_usize..400,
        ) {
            let text = words.concat().into_bytes();
            let cut = cut.min(text.len());
            let whole = through(&[&text]);
            let pieces = through(&[&text[..cut], &text[cut..]]);
            prop_assert_eq!(whole, pieces);
        }
    }
}
