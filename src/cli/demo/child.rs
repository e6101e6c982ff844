//! The agent of the demo: says what its environment holds and calls the API with it.
//!
//! It runs under `authsome run` like any other program, and knows only what such a program knows:
//! `DEMO_API_KEY` and the proxy and certificate variables. The call is `curl`'s where there is one.

use crate::config::ChildEnvironment;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// Why the agent could not call.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the environment has no {0}; the demo's agent runs under `authsome run` only")]
    Missing(&'static str),
    #[error("curl ended with {0}")]
    Curl(std::process::ExitStatus),
    #[error("{step} failed")]
    Io {
        step: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("the answer was not what the demo API sends: {0}")]
    Answer(String),
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
}

/// What a call was made with, and what came back.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) tool: &'static str,
    pub(super) body: String,
}

/// Calls `https://{authority}/hello` with the key of the environment.
pub(super) async fn call(authority: &str, environment: &ChildEnvironment) -> Result<Call, Error> {
    let key = text(environment, "DEMO_API_KEY").ok_or(Error::Missing("DEMO_API_KEY"))?;
    match with_curl(authority, key).await {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            let body = by_hand(authority, key, environment).await?;
            Ok(Call {
                tool: "the demo's own client",
                body,
            })
        }
        other => other.map(|body| Call { tool: "curl", body }),
    }
}

fn text<'a>(environment: &'a ChildEnvironment, name: &str) -> Option<&'a str> {
    environment.get(name)?.to_str()
}

async fn with_curl(authority: &str, key: &str) -> Result<String, Error> {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--max-time",
            "20",
            "--config",
            "-",
        ])
        .arg(format!("https://{authority}/hello"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = output.map_err(|source| Error::Io {
        step: "starting curl",
        source,
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        let header = format!("header = \"Authorization: Bearer {key}\"\n");
        let written = stdin.write_all(header.as_bytes()).await;
        written.map_err(|source| Error::Io {
            step: "writing to curl",
            source,
        })?;
    }
    let output = child.wait_with_output().await;
    let output = output.map_err(|source| Error::Io {
        step: "waiting for curl",
        source,
    })?;
    if !output.status.success() {
        return Err(Error::Curl(output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The same request without curl: CONNECT through the proxy, TLS with the run's bundle, one GET.
async fn by_hand(
    authority: &str,
    key: &str,
    environment: &ChildEnvironment,
) -> Result<String, Error> {
    let proxy = text(environment, "HTTPS_PROXY").ok_or(Error::Missing("HTTPS_PROXY"))?;
    let bundle = text(environment, "SSL_CERT_FILE").ok_or(Error::Missing("SSL_CERT_FILE"))?;
    let proxy = url::Url::parse(proxy).map_err(|_| Error::Missing("usable HTTPS_PROXY"))?;
    let address = format!(
        "{}:{}",
        proxy.host_str().unwrap_or("127.0.0.1"),
        proxy.port_or_known_default().unwrap_or(80)
    );
    let connected = TcpStream::connect(address).await;
    let mut stream = connected.map_err(|source| Error::Io {
        step: "reaching the proxy",
        source,
    })?;
    open_tunnel(&mut stream, authority, &proxy).await?;
    let tls = tls_config(Path::new(bundle))?;
    let name = rustls_pki_types::ServerName::try_from("localhost")
        .map_err(|_| Error::Missing("usable server name"))?;
    let connected = tokio_rustls::TlsConnector::from(tls)
        .connect(name, stream)
        .await;
    let mut stream = connected.map_err(|source| Error::Io {
        step: "the TLS handshake",
        source,
    })?;
    let request = format!(
        "GET /hello HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    );
    let io = |source| Error::Io {
        step: "the request",
        source,
    };
    stream.write_all(request.as_bytes()).await.map_err(io)?;
    let mut answer = Vec::new();
    // The far side may end without a TLS close; what was read still counts.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.trim().to_owned()),
        _ => Err(Error::Answer(
            answer.lines().next().unwrap_or_default().to_owned(),
        )),
    }
}

async fn open_tunnel(
    stream: &mut TcpStream,
    authority: &str,
    proxy: &url::Url,
) -> Result<(), Error> {
    use base64::Engine as _;
    let login = format!(
        "{}:{}",
        proxy.username(),
        proxy.password().unwrap_or_default()
    );
    let login = base64::engine::general_purpose::STANDARD.encode(login);
    let request = format!(
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: Basic {login}\r\n\r\n"
    );
    let io = |source| Error::Io {
        step: "opening the tunnel",
        source,
    };
    stream.write_all(request.as_bytes()).await.map_err(io)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(stream.read_u8().await.map_err(io)?);
    }
    if head.starts_with(b"HTTP/1.1 200") {
        return Ok(());
    }
    Err(Error::Answer(
        String::from_utf8_lossy(&head)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    ))
}

fn tls_config(bundle: &Path) -> Result<Arc<rustls::ClientConfig>, Error> {
    use rustls_pki_types::pem::PemObject as _;
    let io = |source| Error::Io {
        step: "reading the certificate bundle",
        source,
    };
    let pem = std::fs::read(bundle).map_err(io)?;
    let mut roots = rustls::RootCertStore::empty();
    let certificates = rustls_pki_types::CertificateDer::pem_slice_iter(&pem).flatten();
    roots.add_parsable_certificates(certificates);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
