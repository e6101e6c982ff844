//! A small blocking HTTP/1.1 client whose every byte a test can choose.

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Long enough for a busy machine; a test that hangs must still end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first header of that name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, v)| v.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; fails the test when it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("not JSON ({e}), status {}: {}", self.status, self.text()))
    }

    /// Fails the test, showing the body, unless the status is `status`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.text());
        self
    }
}

/// A request to be written byte for byte.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    #[must_use]
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    #[must_use]
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", encoded)
    }

    fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// The request as bytes; adds Host, Content-Length and Connection: close where they are not given.
    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.has("Host") {
            let _ = write!(head, "Host: {host}\r\n");
        }
        if !self.has("Content-Length") && !self.has("Transfer-Encoding") {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        if !self.has("Connection") {
            head.push_str("Connection: close\r\n");
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it on a connection of its own.
    pub(crate) fn send(&self, to: SocketAddr) -> Answer {
        exchange(to, &self.bytes(&to.to_string()))
    }
}

/// Opens a connection with time-outs that end a hanging test.
pub(crate) fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&to, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Writes raw bytes on a fresh connection and reads one answer.
pub(crate) fn exchange(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = connect(to);
    // The server may answer and close before it has read everything; the answer still counts.
    let _ = stream.write_all(bytes);
    let mut stream = BufReader::new(stream);
    if bytes.starts_with(b"HEAD ") {
        // It tells the length of a body that does not come.
        return read_head(&mut stream);
    }
    read_answer(&mut stream)
}

/// Reads one answer from a stream that may carry more.
pub(crate) fn read_answer(from: &mut impl BufRead) -> Answer {
    loop {
        let answer = read_one(from);
        if answer.status >= 200 {
            super::seen::keep_answer(&answer);
            return answer;
        }
    }
}

fn read_one(from: &mut impl BufRead) -> Answer {
    let mut answer = read_head(from);
    if answer.status >= 200 && answer.status != 204 && answer.status != 304 {
        answer.body = read_body(from, &answer);
    }
    answer
}

pub(crate) fn read_head(from: &mut impl BufRead) -> Answer {
    let status_line = read_line(from);
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("not an HTTP answer: {status_line:?}"));
    let mut headers = Vec::new();
    loop {
        let line = read_line(from);
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap();
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Answer {
        status,
        headers,
        body: Vec::new(),
    }
}

fn read_body(from: &mut impl BufRead, head: &Answer) -> Vec<u8> {
    let mut body = Vec::new();
    if head.header("transfer-encoding").is_some() {
        loop {
            let size = usize::from_str_radix(read_line(from).trim(), 16).unwrap();
            let mut chunk = vec![0; size];
            from.read_exact(&mut chunk).unwrap();
            read_line(from);
            if size == 0 {
                return body;
            }
            body.extend(chunk);
        }
    }
    match head.header("content-length") {
        Some(length) => {
            body.resize(length.parse().unwrap(), 0);
            from.read_exact(&mut body).unwrap();
        }
        None => drop(from.read_to_end(&mut body)),
    }
    body
}

pub(crate) fn read_line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim_end_matches(['\r', '\n']).to_owned()
}
