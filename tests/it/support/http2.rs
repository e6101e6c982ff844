//! One request over HTTP/2 without TLS, as a client with prior knowledge sends it.

use super::http::{Answer, PATIENCE};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;

/// `GET path` with this `:authority`, and a Host header beside it where one is given.
pub(crate) fn get(to: SocketAddr, authority: &str, path: &str, host: Option<&str>) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut request = http::Request::get(format!("http://{authority}{path}"));
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let exchange = async {
        let stream = tokio::net::TcpStream::connect(to).await.unwrap();
        let io = TokioIo::new(stream);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                .await
                .unwrap();
        let driver = tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        driver.abort();
        let headers = parts.headers.iter();
        Answer {
            status: parts.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body,
        }
    };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, exchange).await });
    answer.expect("the daemon did not answer over HTTP/2")
}
