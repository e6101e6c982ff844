//! A run's proxy over real sockets, a vault a test can change, and a client whose bytes it chooses.

use crate::support::upstream::Upstream;
use authsome::clock::{Clock, SystemClock};
use authsome::model::target::InjectedPart;
use authsome::model::{ConnectionName, ErrorCode, Injection, ProviderName, Target};
use authsome::proxy::{self, Notice, ProxyConfig, Refusal, Resolve, Route, RunningProxy};
use authsome::secret::InjectedValue;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The secret that no child may ever see.
pub(crate) const SECRET: &str = "sk-real-Z9/q+W~secret=4711";
/// Long enough for a busy machine; a test that hangs must still end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn name(text: &str) -> ProviderName {
    text.parse().unwrap()
}

pub(crate) fn route(provider: &str, api_url: &str) -> Route {
    Route {
        provider: name(provider),
        connection: ConnectionName::default(),
        is_default: true,
        api_urls: vec![api_url.to_owned()],
        excluded_paths: Vec::new(),
    }
}

pub(crate) fn header(name: &str, value: &str) -> InjectedPart {
    InjectedPart::Header {
        name: name.to_owned(),
        value: InjectedValue::new(value),
    }
}

pub(crate) fn bearer() -> InjectedPart {
    header("Authorization", &format!("Bearer {SECRET}"))
}

#[derive(Debug)]
struct State {
    routes: Vec<Route>,
    parts: Mutex<Result<Vec<InjectedPart>, Refusal>>,
    asked: Mutex<Vec<Target>>,
    renewed: Mutex<Option<Result<Vec<InjectedPart>, Refusal>>>,
    renewals: Mutex<usize>,
}

/// Who holds the credentials in these stories.
#[derive(Debug, Clone)]
pub(crate) struct Vault(Arc<State>);

impl Vault {
    pub(crate) fn new(routes: Vec<Route>, parts: Vec<InjectedPart>) -> Self {
        let (parts, asked) = (Mutex::new(Ok(parts)), Mutex::default());
        Self(Arc::new(State {
            routes,
            parts,
            asked,
            renewed: Mutex::default(),
            renewals: Mutex::default(),
        }))
    }

    /// From now on the credential renews itself, and this is what comes of it.
    pub(crate) fn renews_to(&self, parts: Result<Vec<InjectedPart>, Refusal>) {
        *self.0.renewed.lock().unwrap() = Some(parts);
    }

    /// How often another credential than the last was asked for.
    pub(crate) fn renewals(&self) -> usize {
        *self.0.renewals.lock().unwrap()
    }

    /// From now on nothing is released.
    pub(crate) fn log_out(&self) {
        *self.0.parts.lock().unwrap() = Err(Refusal {
            code: ErrorCode::CredentialMissing,
            message: "you are not logged in to acme".to_owned(),
            hint: Some("authsome login acme".to_owned()),
        });
    }

    /// Every target a credential was asked for.
    pub(crate) fn asked(&self) -> Vec<Target> {
        self.0.asked.lock().unwrap().clone()
    }
}

impl Resolve for Vault {
    async fn routes(&self) -> Result<Vec<Route>, Refusal> {
        Ok(self.0.routes.clone())
    }

    async fn resolve(
        &self,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        target: &Target,
    ) -> Result<Injection, Refusal> {
        self.0.asked.lock().unwrap().push(target.clone());
        let parts = self.0.parts.lock().unwrap().clone()?;
        let bare = parts.iter().map(|part| match part {
            InjectedPart::Header { value, .. }
            | InjectedPart::Query { value, .. }
            | InjectedPart::Cookie { value, .. } => value.reveal().rsplit(' ').next().unwrap(),
        });
        Ok(Injection {
            provider: provider.clone(),
            connection: connection.cloned().unwrap_or_default(),
            secrets: bare.chain([SECRET]).map(InjectedValue::new).collect(),
            parts,
            lease_seconds: 0,
            refreshable: self.0.renewed.lock().unwrap().is_some(),
        })
    }

    async fn renew(
        &self,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        target: &Target,
    ) -> Result<Injection, Refusal> {
        *self.0.renewals.lock().unwrap() += 1;
        let renewed = self.0.renewed.lock().unwrap().clone();
        if let Some(parts) = renewed {
            *self.0.parts.lock().unwrap() = parts;
        }
        self.resolve(provider, connection, target).await
    }
}

/// A running proxy and what a child would know of it.
pub(crate) struct Run {
    pub(crate) proxy: RunningProxy,
    pub(crate) vault: Vault,
    pub(crate) notices: mpsc::Receiver<Notice>,
}

/// The plain story: provider `acme` at the whole upstream, with a bearer token.
pub(crate) async fn acme(upstream: &Upstream) -> Run {
    acme_with(vec![bearer()], upstream).await
}

/// The same with another credential.
pub(crate) async fn acme_with(parts: Vec<InjectedPart>, upstream: &Upstream) -> Run {
    let routes = vec![route("acme", &upstream.api_url())];
    run(routes, parts, upstream, |_| {}).await
}

pub(crate) async fn run(
    routes: Vec<Route>,
    parts: Vec<InjectedPart>,
    upstream: &Upstream,
    change: impl FnOnce(&mut ProxyConfig),
) -> Run {
    let vault = Vault::new(routes, parts);
    let (sender, notices) = mpsc::channel(16);
    let mut config = ProxyConfig::new(SystemClock.now());
    config.upstream_roots = vec![upstream.ca().to_owned()];
    config.notices = Some(sender);
    change(&mut config);
    let proxy = proxy::start(config, vault.clone()).await.unwrap();
    Run {
        proxy,
        vault,
        notices,
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The problem the proxy answered with; fails the test when it is not one.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> serde_json::Value {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}\n{}", self.head, self.text());
        self
    }
}

impl Run {
    pub(crate) async fn tcp(&self) -> TcpStream {
        let tcp = TcpStream::connect(self.proxy.addr()).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        tcp
    }

    /// `Proxy-Authorization: Basic …` and its line end.
    pub(crate) fn password_line(&self) -> String {
        let url = url::Url::parse(&self.proxy.url_with_secret()).unwrap();
        let both = format!("{}:{}", url.username(), url.password().unwrap());
        format!(
            "Proxy-Authorization: Basic {}\r\n",
            BASE64_STANDARD.encode(both)
        )
    }

    /// An open tunnel to `authority`.
    pub(crate) async fn tunnel(&self, authority: &str) -> TcpStream {
        let mut tcp = self.tcp().await;
        let reply = self.connect_on(&mut tcp, authority).await;
        assert_eq!(reply.status, 200, "{}\n{}", reply.head, reply.text());
        tcp
    }

    pub(crate) async fn connect_on(&self, tcp: &mut TcpStream, authority: &str) -> Reply {
        let password = self.password_line();
        let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{password}\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
        read_reply(tcp, true).await
    }

    /// TLS through a tunnel, trusting the CA of the run alone.
    pub(crate) async fn tls(&self, authority: &str, alpn: &[&str]) -> TlsStream<TcpStream> {
        let host = authority.rsplit_once(':').unwrap().0.to_owned();
        let tcp = self.tunnel(authority).await;
        self.handshake(tcp, &host, alpn).await.unwrap()
    }

    /// HTTP/2 through a tunnel; the connection lives as long as the runtime of the test.
    pub(crate) async fn http2<B>(&self, authority: &str) -> SendRequest<B>
    where
        B: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + Unpin
            + 'static,
    {
        let tls = self.tls(authority, &["h2"]).await;
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls))
            .await
            .unwrap();
        tokio::spawn(connection);
        sender
    }

    pub(crate) async fn handshake<S>(
        &self,
        io: S,
        sni: &str,
        alpn: &[&str],
    ) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = connector(self.proxy.ca_pem(), alpn);
        let name = ServerName::try_from(sni.to_owned()).unwrap();
        tokio::time::timeout(PATIENCE, connector.connect(name, io))
            .await
            .unwrap()
    }

    /// Sends one HTTP/1.1 request through a fresh tunnel. `head` lacks only its final empty line.
    pub(crate) async fn request(&self, authority: &str, head: &str, body: &[u8]) -> Reply {
        let mut tls = self.tls(authority, &["http/1.1"]).await;
        exchange(&mut tls, head, body).await
    }

    /// `GET path` at the upstream.
    pub(crate) async fn get(&self, upstream: &Upstream, path: &str, headers: &str) -> Reply {
        let authority = upstream.authority();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\n{headers}");
        self.request(&authority, &head, b"").await
    }

    /// A request in cleartext, in the form a proxy takes.
    pub(crate) async fn plain(&self, url: &str, headers: &str, body: &[u8]) -> Reply {
        let mut tcp = self.tcp().await;
        let host = url
            .strip_prefix("http://")
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        let password = self.password_line();
        let length = body.len();
        let head = format!(
            "POST {url} HTTP/1.1\r\nHost: {host}\r\n{password}Content-Length: {length}\r\n{headers}"
        );
        exchange(&mut tcp, &head, body).await
    }
}

pub(crate) fn connector(ca_pem: &str, alpn: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

pub(crate) async fn exchange<S>(io: &mut S, head: &str, body: &[u8]) -> Reply
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    io.write_all(format!("{head}\r\n").as_bytes())
        .await
        .unwrap();
    io.write_all(body).await.unwrap();
    io.flush().await.unwrap();
    read_reply(io, head.starts_with("HEAD ")).await
}

/// Reads one response; `bodiless` for those to `HEAD` and a `CONNECT` that worked.
pub(crate) async fn read_reply<S: AsyncRead + Unpin>(io: &mut S, bodiless: bool) -> Reply {
    let read = tokio::time::timeout(PATIENCE, read_reply_inner(io, bodiless));
    read.await.expect("an answer in time")
}

async fn read_reply_inner<S: AsyncRead + Unpin>(io: &mut S, bodiless: bool) -> Reply {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match io.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&head)),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut reply = Reply {
        status,
        head,
        body: Vec::new(),
    };
    if bodiless && (200..300).contains(&status) || matches!(status, 101 | 204 | 304) {
        return reply;
    }
    if let Some(length) = reply.header("content-length") {
        reply.body = vec![0; length.parse().unwrap()];
        io.read_exact(&mut reply.body).await.unwrap();
    } else if reply.header("transfer-encoding") == Some("chunked") {
        reply.body = read_chunks(io, &mut reply.head).await;
    } else {
        io.read_to_end(&mut reply.body).await.unwrap();
    }
    reply
}

/// The body; trailers are appended to the head.
async fn read_chunks<S: AsyncRead + Unpin>(io: &mut S, head: &mut String) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = read_line(io).await;
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        let start = body.len();
        body.resize(start + size, 0);
        io.read_exact(&mut body[start..]).await.unwrap();
        read_line(io).await;
    }
    loop {
        let line = read_line(io).await;
        if line == "\r\n" {
            return body;
        }
        head.push_str(&line);
    }
}

pub(crate) async fn read_line<S: AsyncRead + Unpin>(io: &mut S) -> String {
    let mut line = String::new();
    while !line.ends_with('\n') {
        line.push(char::from(io.read_u8().await.unwrap()));
    }
    line
}
