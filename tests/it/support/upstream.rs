//! A real HTTPS API on loopback with a CA of its own, which remembers what it saw.

use super::tls_server::{Certificate, TlsPort, TlsServer};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// One request as the API received it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) authority: Option<String>,
    pub(crate) version: http::Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

impl Seen {
    /// Every value of a header, joined by `|`.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        values
            .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
            .collect::<Vec<_>>()
            .join("|")
    }

    /// Whether `text` is anywhere in the request.
    pub(crate) fn holds(&self, text: &str) -> bool {
        format!("{self:?}{}", String::from_utf8_lossy(&self.body)).contains(text)
    }
}

#[derive(Debug, Default)]
struct State {
    raw: Option<Raw>,
    seen: Mutex<Vec<Seen>>,
    connections: Mutex<usize>,
    gate: Notify,
}

/// Makes the bytes of a response from the head of a request.
pub(crate) type Raw = fn(&str) -> Vec<u8>;

/// The API; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Upstream {
    server: TlsServer,
    state: Arc<State>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        Self::with(Certificate::Good)
    }

    /// Speaks HTTP/1.1 and answers one request on each connection with these bytes, then closes.
    pub(crate) fn raw(answer: Raw) -> Self {
        Self::make(Certificate::Good, Some(answer))
    }

    pub(crate) fn with(kind: Certificate) -> Self {
        Self::make(kind, None)
    }

    fn make(kind: Certificate, raw: Option<Raw>) -> Self {
        let mut port = TlsPort::bind(kind);
        if raw.is_some() {
            port.config.alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        let state = Arc::new(State {
            raw,
            ..State::default()
        });
        let shared = Arc::clone(&state);
        let server = port.serve(|listener, acceptor| serve(listener, acceptor, shared));
        Self { server, state }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.server.addr().port()
    }

    /// `localhost:PORT`.
    pub(crate) fn authority(&self) -> String {
        format!("localhost:{}", self.port())
    }

    /// What a definition would say.
    pub(crate) fn api_url(&self) -> String {
        format!("https://{}", self.authority())
    }

    /// The PEM file of its CA.
    pub(crate) fn ca(&self) -> &Path {
        self.server.ca()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// The only request it received.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen.into_iter().next().unwrap()
    }

    /// TCP connections so far, finished handshakes or not.
    pub(crate) fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }

    /// Lets `/sse` and `/pause` send the rest.
    pub(crate) fn release(&self) {
        self.state.gate.notify_one();
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            return;
        };
        tcp.set_nodelay(true).unwrap();
        *state.connections.lock().unwrap() += 1;
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let Ok(mut tls) = acceptor.accept(tcp).await else {
                return;
            };
            if let Some(raw) = state.raw {
                let head = read_head(&mut tls).await;
                let _ = tls.write_all(&raw(&head)).await;
                let _ = tls.shutdown().await;
                return;
            }
            let service = service_fn(move |request| answer(request, Arc::clone(&state)));
            let builder = auto::Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection_with_upgrades(TokioIo::new(tls), service)
                .await;
        });
    }
}

async fn read_head(io: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = io.read_u8().await else { break };
        head.push(byte);
    }
    String::from_utf8_lossy(&head).into_owned()
}

async fn answer(
    mut request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<Body>, Infallible> {
    let upgrade = request
        .headers()
        .contains_key("upgrade")
        .then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let whole = body.collect().await.unwrap_or_default();
    let fields = whole.trailers().cloned().unwrap_or_default();
    let body = whole.to_bytes().to_vec();
    let seen = Seen {
        method: parts.method.to_string(),
        target: parts
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        authority: parts.uri.authority().map(ToString::to_string),
        version: parts.version,
        headers: parts.headers.clone(),
        body,
        trailers: fields,
    };
    let before = state.seen.lock().unwrap().last().map(secret_of);
    let last_secret = before.unwrap_or_default();
    state.seen.lock().unwrap().push(seen.clone());
    let secret = secret_of(&seen);
    let response = match parts.uri.path() {
        "/headers" => headers_with(&secret),
        "/gzip" => coded("gzip", gzip(&echo(&seen))),
        "/br" => coded("br", b"not brotli at all".to_vec()),
        "/sse" => sse(&secret, state),
        "/pause" => pause(state),
        "/chunks" => chunks(&secret),
        "/trailers" => trailers(&secret),
        "/reflect-name" => reflect_name(&secret),
        "/needs-basic" if secret.is_empty() => needs_basic(),
        "/fresh-only" if secret.starts_with("stale") => needs_basic(),
        "/ws" => web_socket(
            &seen,
            upgrade,
            &greeting(&[seen.header("authorization").as_bytes()]),
        ),
        "/ws-pieces" => {
            let (first, second) = secret.split_at(secret.len() / 2);
            let pieces = [first.as_bytes(), second.as_bytes()];
            web_socket(&seen, upgrade, &greeting(&pieces))
        }
        "/part" => part(&seen, &secret),
        "/lines" => lines(&secret),
        "/leftover" => plain(StatusCode::OK, last_secret.into_bytes()),
        _ => plain(StatusCode::OK, echo(&seen).into_bytes()),
    };
    Ok(response)
}

/// The last word of the first header that can hold a credential.
fn secret_of(seen: &Seen) -> String {
    let mut values = ["authorization", "x-api-key"]
        .iter()
        .map(|name| seen.header(name));
    let value = values.find(|value| !value.is_empty()).unwrap_or_default();
    value.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// Everything that was received, headers and body, as text.
fn echo(seen: &Seen) -> String {
    let mut text = format!("{} {}\n", seen.method, seen.target);
    for (name, value) in &seen.headers {
        let _ = writeln!(
            text,
            "{name}: {}",
            String::from_utf8_lossy(value.as_bytes())
        );
    }
    text.push_str(&String::from_utf8_lossy(&seen.body));
    text
}

fn plain(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Full::new(Bytes::from(body)).boxed_unsync())
        .unwrap()
}

fn coded(coding: &str, body: Vec<u8>) -> Response<Body> {
    let mut response = plain(StatusCode::OK, body);
    response
        .headers_mut()
        .insert("content-encoding", HeaderValue::from_str(coding).unwrap());
    response
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn headers_with(secret: &str) -> Response<Body> {
    Response::builder()
        .status(StatusCode::FOUND)
        .header(
            "location",
            format!("https://elsewhere.example/?token={secret}"),
        )
        .header("set-cookie", format!("sid={secret}; HttpOnly"))
        .header("set-cookie", "theme=dark")
        .header("alt-svc", "h3=\":443\"")
        .header("keep-alive", "timeout=5")
        .body(Full::default().boxed_unsync())
        .unwrap()
}

fn reflect_name(secret: &str) -> Response<Body> {
    Response::builder()
        .header(format!("x-{}", secret.to_ascii_lowercase()), "1")
        .header("x-plain", "1")
        .body(Full::default().boxed_unsync())
        .unwrap()
}

fn needs_basic() -> Response<Body> {
    let mut response = plain(StatusCode::UNAUTHORIZED, b"who are you?".to_vec());
    let challenge = HeaderValue::from_static("Basic realm=\"upstream\"");
    response.headers_mut().insert("www-authenticate", challenge);
    response
}

fn stream(frames: impl futures_util::Stream<Item = Frame<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(frames.map(Ok)).boxed_unsync()
}

fn data(text: impl Into<String>) -> Frame<Bytes> {
    Frame::data(Bytes::from(text.into()))
}

/// One event with the secret, and after [`Upstream::release`] another.
fn sse(secret: &str, state: Arc<State>) -> Response<Body> {
    let first = data(format!("data: first {secret}\n\n"));
    let second = futures_util::stream::once(async move {
        state.gate.notified().await;
        data("data: second\n\n")
    });
    let body = stream(futures_util::stream::iter([first]).chain(second));
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(body)
        .unwrap()
}

/// Half a line, and after [`Upstream::release`] the rest.
fn pause(state: Arc<State>) -> Response<Body> {
    let rest = futures_util::stream::once(async move {
        state.gate.notified().await;
        data("the rest")
    });
    Response::new(stream(
        futures_util::stream::iter([data("it is r")]).chain(rest),
    ))
}

/// The secret in pieces of one byte each, between other text.
fn chunks(secret: &str) -> Response<Body> {
    let pieces: Vec<_> = format!("<{secret}>")
        .chars()
        .map(|c| data(c.to_string()))
        .collect();
    Response::new(stream(futures_util::stream::iter(pieces)))
}

fn trailers(secret: &str) -> Response<Body> {
    let mut fields = HeaderMap::new();
    fields.insert("grpc-status", HeaderValue::from_static("0"));
    fields.insert("x-secret", HeaderValue::from_str(secret).unwrap());
    let frames = [data("body"), Frame::trailers(fields)];
    Response::builder()
        .header("trailer", "grpc-status, x-secret")
        .body(stream(futures_util::stream::iter(frames)))
        .unwrap()
}

/// A long text with the secret in it, or the one part of it that was asked for.
fn part(seen: &Seen, secret: &str) -> Response<Body> {
    let text = format!("{:=<5000}{secret}{:=<5000}", "", "").into_bytes();
    let range = seen.header("range");
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return plain(StatusCode::OK, text);
    };
    let end = text.len() - 1;
    let (first, last) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), last) => (first, last.unwrap_or(end).min(end)),
        (_, length) => (text.len().saturating_sub(length.unwrap()), end),
    };
    let mut response = plain(StatusCode::PARTIAL_CONTENT, text[first..=last].to_vec());
    let range = format!("bytes {first}-{last}/{}", text.len());
    let range = HeaderValue::from_str(&range).unwrap();
    response.headers_mut().insert("content-range", range);
    response
}

/// The secret in Base64, in lines as MIME has them.
fn lines(secret: &str) -> Response<Body> {
    let encoded = BASE64_STANDARD.encode(format!("user:{secret}"));
    let lines: Vec<_> = encoded.as_bytes().chunks(19).collect();
    plain(StatusCode::OK, lines.join(&b"\r\n"[..]))
}

/// One message in as many frames as there are pieces, with a ping after each but the last.
fn greeting(pieces: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let is_last = at + 1 == pieces.len();
        bytes.push(u8::from(at == 0) | if is_last { 0x80 } else { 0 });
        bytes.push(u8::try_from(piece.len()).unwrap());
        bytes.extend_from_slice(piece);
        if !is_last {
            bytes.extend_from_slice(b"\x89\x02hi");
        }
    }
    bytes
}

/// Accepts every WebSocket, says the greeting, and then gives back each byte.
fn web_socket(
    seen: &Seen,
    upgrade: Option<hyper::upgrade::OnUpgrade>,
    greeting: &[u8],
) -> Response<Body> {
    let Some(upgrade) = upgrade else {
        return plain(StatusCode::UPGRADE_REQUIRED, Vec::new());
    };
    let greeting = greeting.to_vec();
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let mut io = TokioIo::new(upgraded);
        io.write_all(&greeting).await.unwrap();
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = io.read(&mut buffer).await {
            io.write_all(&buffer[..count]).await.unwrap();
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("x-echo", seen.header("authorization"))
        .header("set-cookie", format!("sid={}", secret_of(seen)))
        .header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        .header(
            "sec-websocket-protocol",
            seen.header("sec-websocket-protocol"),
        )
        .body(Full::default().boxed_unsync())
        .unwrap()
}
