//! The least HTTP/1.1 a load generator needs: write a prepared request, read one answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("the daemon listens");
        stream.set_nodelay(true).expect("a socket takes options");
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a socket takes options");
        Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        }
    }

    /// Sends one request and returns the status and body of its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> (u16, &[u8]) {
        self.send(request);
        self.answer()
    }

    pub(crate) fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("the daemon reads");
    }

    /// For waiting until an answer begins to arrive.
    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Blocks until the answer to the last request is there; its status and body.
    pub(crate) fn answer(&mut self) -> (u16, &[u8]) {
        self.buffer.clear();
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some((head, length)) = self.head() {
                let whole = head + length;
                while self.buffer.len() < whole {
                    let read = self.stream.read(&mut chunk).expect("the daemon answers");
                    assert!(
                        read > 0,
                        "the daemon closed the connection within an answer"
                    );
                    self.buffer.extend_from_slice(&chunk[..read]);
                }
                let status = std::str::from_utf8(&self.buffer[9..12])
                    .ok()
                    .and_then(|s| s.parse().ok());
                return (status.unwrap_or(0), &self.buffer[head..whole]);
            }
            let read = self.stream.read(&mut chunk).expect("the daemon answers");
            assert!(read > 0, "the daemon closed the connection");
            self.buffer.extend_from_slice(&chunk[..read]);
        }
    }

    /// A header of the last answer.
    pub(crate) fn last_header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.buffer);
        let head = text.split("\r\n\r\n").next()?;
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = pairs.find(|(header, _)| header.eq_ignore_ascii_case(name))?;
        Some(value.to_owned())
    }

    /// Length of the head and of the body, once the head is whole.
    fn head(&self) -> Option<(usize, usize)> {
        let end = self
            .buffer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")?
            + 4;
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0);
        Some((end, length))
    }
}

/// The bytes of a request with a body of JSON or none.
pub(crate) fn request(
    method: &str,
    target: &str,
    host: &str,
    proof: Option<&str>,
    body: &str,
) -> Vec<u8> {
    let proof = proof
        .map(|p| format!("Authorization: PoP {p}\r\n"))
        .unwrap_or_default();
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/json\r\n"
    };
    format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{proof}{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
