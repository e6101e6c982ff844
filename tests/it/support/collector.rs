//! A real OTLP collector on loopback, over HTTP with protobuf bodies and over gRPC.
//!
//! It decodes what arrives with the types of the OTLP definition, so a body that another collector
//! could not read fails here too. It can also misbehave: refuse, ask for patience, or never answer.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How the collector answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// This many times "later", then well.
    Busy(usize),
    /// 400 to everything.
    Refusing,
    /// Reads and never answers.
    Stalled,
}

/// All that arrived and was taken.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) spans: Vec<Span>,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) resource: Vec<KeyValue>,
    pub(crate) authorization: Vec<String>,
    /// Requests of any outcome.
    pub(crate) requests: usize,
    /// Every byte of every body, unpacked, to search for what must not be there.
    pub(crate) raw: Vec<u8>,
}

impl std::fmt::Debug for Received {
    /// The names alone: what a failed test needs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let spans: Vec<_> = self.spans.iter().map(|span| &span.name).collect();
        let logs: Vec<_> = self.logs.iter().map(|log| &log.event_name).collect();
        let metrics: Vec<_> = self.metrics.iter().map(|metric| &metric.name).collect();
        write!(
            f,
            "{} requests, {spans:?} {logs:?} {metrics:?}",
            self.requests
        )
    }
}

impl Received {
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.raw
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    pub(crate) fn span(&self, name: &str) -> &Span {
        let found = self.spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("no span {name} among {self:?}"))
    }
}

struct Inner {
    received: Mutex<Received>,
    arrived: Condvar,
    mood: Mutex<Mood>,
}

pub(crate) struct Collector {
    pub(crate) addr: SocketAddr,
    inner: Arc<Inner>,
    /// Ends the server when dropped.
    _runtime: tokio::runtime::Runtime,
}

impl Collector {
    pub(crate) fn start(mood: Mood) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let addr = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            received: Mutex::default(),
            arrived: Condvar::new(),
            mood: Mutex::new(mood),
        });
        runtime.spawn(accept(listener, Arc::clone(&inner)));
        Self {
            addr,
            inner,
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        *self.inner.mood.lock().unwrap() = mood;
    }

    /// Waits until `enough` holds of what arrived; gives up loudly after half a minute.
    pub(crate) fn wait_for<T>(&self, enough: impl Fn(&Received) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut received = self.inner.received.lock().unwrap();
        loop {
            if let Some(found) = enough(&received) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "the collector did not get it: {received:?}"
            );
            received = self.inner.arrived.wait_timeout(received, left).unwrap().0;
        }
    }

    pub(crate) fn look<T>(&self, at: impl FnOnce(&Received) -> T) -> T {
        at(&self.inner.received.lock().unwrap())
    }
}

async fn accept(listener: tokio::net::TcpListener, inner: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        let service = service_fn(move |request| handle(Arc::clone(&inner), request));
        tokio::spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

async fn handle(
    inner: Arc<Inner>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let is_grpc = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|t| t == "application/grpc");
    let mood = {
        let mut mood = inner.mood.lock().unwrap();
        let now = *mood;
        if let Mood::Busy(times) = now {
            *mood = if times > 1 {
                Mood::Busy(times - 1)
            } else {
                Mood::Well
            };
        }
        now
    };
    if mood == Mood::Well {
        let message = unpack(&parts.headers, body, is_grpc);
        let authorization = parts.headers.get(AUTHORIZATION);
        let mut received = inner.received.lock().unwrap();
        received
            .authorization
            .extend(authorization.map(|v| v.to_str().unwrap().to_owned()));
        take(&mut received, parts.uri.path(), &message);
    }
    inner.received.lock().unwrap().requests += 1;
    inner.arrived.notify_all();
    if mood == Mood::Stalled {
        std::future::pending::<()>().await;
    }
    Ok(if is_grpc {
        grpc_answer(mood)
    } else {
        http_answer(mood)
    })
}

fn unpack(headers: &HeaderMap, body: Bytes, is_grpc: bool) -> Vec<u8> {
    let (packed, message) = if is_grpc {
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap());
        assert_eq!(length as usize, body.len() - 5, "one whole gRPC message");
        (body[0] == 1, body.slice(5..))
    } else {
        assert_eq!(headers[CONTENT_TYPE], "application/x-protobuf");
        (headers.contains_key(CONTENT_ENCODING), body)
    };
    if !packed {
        return message.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&message[..])
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

fn take(received: &mut Received, path: &str, message: &[u8]) {
    received.raw.extend_from_slice(message);
    match path {
        "/v1/traces" | "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => {
            for resource in ExportTraceServiceRequest::decode(message)
                .unwrap()
                .resource_spans
            {
                received.resource = resource.resource.unwrap().attributes;
                received
                    .spans
                    .extend(resource.scope_spans.into_iter().flat_map(|s| s.spans));
            }
        }
        "/v1/logs" | "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => {
            for resource in ExportLogsServiceRequest::decode(message)
                .unwrap()
                .resource_logs
            {
                received.resource = resource.resource.unwrap().attributes;
                received
                    .logs
                    .extend(resource.scope_logs.into_iter().flat_map(|s| s.log_records));
            }
        }
        "/v1/metrics" | "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => {
            for resource in ExportMetricsServiceRequest::decode(message)
                .unwrap()
                .resource_metrics
            {
                received.resource = resource.resource.unwrap().attributes;
                received
                    .metrics
                    .extend(resource.scope_metrics.into_iter().flat_map(|s| s.metrics));
            }
        }
        other => panic!("no collector listens at {other}"),
    }
}

fn http_answer(mood: Mood) -> Response<Body> {
    let mut answer = Response::new(Full::new(Bytes::new()).boxed());
    *answer.status_mut() = match mood {
        Mood::Well | Mood::Stalled => StatusCode::OK,
        Mood::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        Mood::Refusing => StatusCode::BAD_REQUEST,
    };
    answer
}

fn grpc_answer(mood: Mood) -> Response<Body> {
    let code = match mood {
        Mood::Well | Mood::Stalled => "0",
        Mood::Busy(_) => "14",
        Mood::Refusing => "3",
    };
    let mut empty_message = BytesMut::new();
    empty_message.put_bytes(0, 5);
    let trailers = async move {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static(code));
        Some(Ok(trailers))
    };
    let body = Full::new(empty_message.freeze()).with_trailers(trailers);
    let mut answer = Response::new(body.boxed());
    let kind = HeaderValue::from_static("application/grpc");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// The text of an attribute.
pub(crate) fn attribute<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}
