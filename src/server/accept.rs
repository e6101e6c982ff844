//! The accept loop: our own, because nothing else here puts an end to clients that only connect.
//!
//! HTTP/1.1 and HTTP/2 on one port. A connection that sends no whole request head within its time,
//! idles too long, or is one too many, is closed; one that is being answered is not, unless its last
//! request began longer ago than any answer takes ([`Limits::answer_time`]), or the last piece of a long
//! one was taken so long ago. Running out of descriptors slows accepting down for a moment and ends nothing.

use super::activity::{Answering, Entry, LongAnswer, Registry, Watched};
use super::gate::Gate;
use super::limits::{Limits, MAX_HEAD_BYTES};
use super::origins::Origins;
use super::router;
use super::state::App;
use super::trace::TraceHooks;
use crate::services::Services;
use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often overdue connections are looked for.
const TICK: Duration = Duration::from_millis(500);
/// For a connection that is told to close.
const CLOSING_TIME: Duration = Duration::from_secs(1);
/// After the system had no descriptor left.
const BREATH: Duration = Duration::from_millis(50);
/// Between two log lines about the same trouble.
const QUIET: Duration = Duration::from_secs(5);

/// What the server is told.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    pub origins: Origins,
    pub limits: Limits,
    pub traces: TraceHooks,
}

/// Serves until `shutdown` is cancelled, then finishes what is under way, within a deadline.
pub async fn serve(
    config: ServerConfig,
    services: Arc<Services>,
    listener: TcpListener,
    shutdown: CancellationToken,
) {
    let app = App::new(services, config.origins, config.traces, shutdown.clone());
    let router = router::build().with_state(app.clone());
    let limits = config.limits.within_descriptors();
    let house = House {
        gate: Gate::new(app, router),
        protocol: protocol(),
        registry: Arc::new(Registry::default()),
        limits,
        stop: shutdown.clone(),
        tasks: TaskTracker::new(),
    };
    house.accept_until(listener, shutdown).await;
    house.drain().await;
}

fn protocol() -> Arc<auto::Builder<TokioExecutor>> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(128)
        .initial_stream_window_size(256 * 1_024)
        .initial_connection_window_size(1_024 * 1_024);
    Arc::new(builder)
}

struct House {
    gate: Gate,
    protocol: Arc<auto::Builder<TokioExecutor>>,
    registry: Arc<Registry>,
    limits: Limits,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl House {
    async fn accept_until(&self, listener: TcpListener, shutdown: CancellationToken) {
        let start = Instant::now();
        let mut trouble = Trouble::default();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => self.registry.tick(start.elapsed(), &self.limits.patience()),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.enter(stream, peer, &mut trouble),
                    Err(error) => self.recover(&error, &mut trouble).await,
                },
            }
        }
    }

    /// Starts a connection, making room for it first where there is none.
    fn enter(&self, stream: TcpStream, peer: SocketAddr, trouble: &mut Trouble) {
        let open = self.registry.len();
        let crowded =
            open >= self.limits.half_open && self.registry.half_open() >= self.limits.half_open;
        if (open >= self.limits.connections || crowded) && !self.registry.evict() {
            trouble.tell("every connection is busy; refused one more", open);
            return;
        }
        let _ = stream.set_nodelay(true);
        let conversation = Conversation {
            peer,
            entry: Arc::new(self.registry.enter()),
            gate: self.gate.clone(),
            stop: self.stop.clone(),
            drain_time: self.limits.drain_time,
        };
        self.tasks
            .spawn(conversation.run(stream, Arc::clone(&self.protocol)));
    }

    /// A failed accept: the peer was gone already, or the process is out of descriptors.
    async fn recover(&self, error: &io::Error, trouble: &mut Trouble) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
        ) {
            return;
        }
        self.registry.evict();
        trouble.tell(&error.to_string(), self.registry.len());
        sleep(BREATH).await;
    }

    async fn drain(&self) {
        self.tasks.close();
        let waited = timeout(self.limits.drain_time + CLOSING_TIME, self.tasks.wait()).await;
        if waited.is_err() {
            tracing::warn!("requests were still under way when the daemon stopped");
        }
    }
}

/// Tells the operator that accepting goes badly, but not thousands of times.
#[derive(Default)]
struct Trouble {
    told: Option<Instant>,
}

impl Trouble {
    fn tell(&mut self, error: &str, open: usize) {
        let now = Instant::now();
        if self.told.is_none_or(|last| now - last >= QUIET) {
            self.told = Some(now);
            tracing::warn!(
                connections.open = open,
                error,
                "connections are not accepted as they come"
            );
        }
    }
}

/// One connection, from its first byte to its end.
struct Conversation {
    peer: SocketAddr,
    entry: Arc<Entry>,
    gate: Gate,
    stop: CancellationToken,
    drain_time: Duration,
}

impl Conversation {
    async fn run(self, stream: TcpStream, protocol: Arc<auto::Builder<TokioExecutor>>) {
        let Self {
            peer,
            entry,
            gate,
            stop,
            drain_time,
        } = self;
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&entry)));
        let answering = Arc::clone(&entry);
        let service = service_fn(move |request: Request<Incoming>| {
            let gate = gate.clone();
            let begun = answering.begin(request.version() == Version::HTTP_2);
            async move {
                let response = gate.answer(request, peer).await;
                Ok::<_, Infallible>(long_or_done(response, begun))
            }
        });
        let mut connection = pin!(protocol.serve_connection(io, service));
        let grace = tokio::select! {
            _ = connection.as_mut() => return,
            () = entry.activity().asked_to_close() => CLOSING_TIME,
            () = stop.cancelled() => drain_time,
        };
        connection.as_mut().graceful_shutdown();
        let _ = timeout(grace, connection).await;
    }
}

/// A long answer counts as being given until its last piece was taken; any other is done for here.
fn long_or_done(mut response: Response, begun: Answering) -> Response {
    if response.extensions_mut().remove::<LongAnswer>().is_none() {
        return response;
    }
    response.map(|body| {
        let pieces = body.into_data_stream();
        Body::from_stream(pieces.inspect(move |_| begun.goes_on()))
    })
}
