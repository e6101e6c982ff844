//! Bytes both ways, each end closed on its own, until both are done or nothing moves for long.

use super::frames::Frames;
use super::writes_through::writes_through;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep, sleep_until};

/// A tunnel in which nothing moves for this long is closed: long enough for every keep-alive.
const IDLE_TIME: Duration = Duration::from_hours(2);
const BUFFER: usize = 16 * 1024;
const PAUSE: Duration = Duration::from_millis(20);

/// When something last moved, in milliseconds since the tunnel began.
#[derive(Debug)]
struct Activity {
    began: Instant,
    last: AtomicU64,
}

impl Activity {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
        })
    }

    fn note(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
    }

    /// Ends when nothing has moved for the idle time.
    async fn idle(&self) {
        loop {
            let seen = self.last.load(Ordering::Relaxed);
            sleep_until(self.began + Duration::from_millis(seen) + IDLE_TIME).await;
            if self.last.load(Ordering::Relaxed) == seen {
                return;
            }
        }
    }
}

/// Notes every read.
struct Watched<S> {
    io: S,
    activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.activity.note();
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

writes_through!(Watched);

/// Copies both ways, untouched. `early` is what the child sent before the upstream was there.
pub(super) async fn relay<C, U>(child: C, early: &[u8], mut upstream: U) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    upstream.write_all(early).await?;
    let activity = Activity::new();
    let mut child = Watched {
        io: child,
        activity: Arc::clone(&activity),
    };
    let mut upstream = Watched {
        io: upstream,
        activity: Arc::clone(&activity),
    };
    tokio::select! {
        done = tokio::io::copy_bidirectional_with_sizes(&mut child, &mut upstream, BUFFER, BUFFER) => {
            done.map(|_| ())
        }
        () = activity.idle() => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Like [`relay`], but the WebSocket frames that come from the upstream are masked on their way.
pub(super) async fn relay_scrubbed<C, U>(
    child: C,
    early: &[u8],
    upstream: U,
    frames: Frames,
) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let activity = Activity::new();
    let watched = |io| Watched {
        io,
        activity: Arc::clone(&activity),
    };
    let (child_read, mut child_write) = tokio::io::split(child);
    let (upstream_read, mut upstream_write) = tokio::io::split(upstream);
    let (mut child_read, upstream_read) = (
        watched(child_read),
        Watched {
            io: upstream_read,
            activity: Arc::clone(&activity),
        },
    );
    let up = async {
        upstream_write.write_all(early).await?;
        tokio::io::copy(&mut child_read, &mut upstream_write).await?;
        upstream_write.shutdown().await
    };
    let down = copy_scrubbed(upstream_read, &mut child_write, frames);
    tokio::select! {
        done = async { tokio::try_join!(up, down) } => done.map(|_| ()),
        () = activity.idle() => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn copy_scrubbed(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    mut frames: Frames,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let out = tokio::select! {
            read = from.read(&mut buffer) => match read? {
                0 => break,
                count => frames.push(&buffer[..count])?,
            },
            () = sleep(PAUSE), if frames.has_short_rest() => frames.pause(),
        };
        to.write_all(&out).await?;
        to.flush().await?;
    }
    to.write_all(&frames.finish()).await?;
    to.shutdown().await
}
