//! Judges one HTTP/1 request head byte by byte, before any lenient parser sees it.
//!
//! Refused: two readings of where a request ends (Content-Length with Transfer-Encoding, either of
//! them twice, a transfer coding that is not `chunked`), folded lines, bare CR or LF, NUL and other
//! control characters, white space before a colon, `h2c` (RFC 9112 sections 2.2, 5.1, 5.2, 6.3, 11.2).

/// Bytes a request head may take.
pub(super) const MAX_HEAD: usize = 64 * 1024;
const MAX_FIELDS: usize = 128;
/// Bytes of a chunk-size line, and of all trailer fields together.
pub(super) const MAX_CHUNK_LINE: usize = 256;
pub(super) const MAX_TRAILERS: usize = 16 * 1024;

/// What was wrong with the bytes of a request; `Display` is the sentence the child reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Defect {
    #[error("a line does not end in CR LF")]
    BareLineEnd,
    #[error("a control character or a byte outside ASCII where none may be")]
    ControlCharacter,
    #[error("the request line is not `METHOD TARGET HTTP/1.1`")]
    RequestLine,
    #[error("a header line is folded onto the next one")]
    ObsoleteFold,
    #[error("a header line has no name that ends at its colon")]
    HeaderName,
    #[error("there is not exactly one Host header")]
    Host,
    #[error("there is more than one Content-Length, or it is not a number")]
    ContentLength,
    #[error("the Transfer-Encoding is not exactly `chunked`, or comes twice")]
    TransferEncoding,
    #[error("both Content-Length and Transfer-Encoding say where the request ends")]
    TwoLengths,
    #[error("an upgrade to HTTP/2 in cleartext, or one with a body")]
    Upgrade,
    #[error("the request head is larger than 64 KiB or has more than 128 fields")]
    TooLarge,
    #[error("a chunk of the body is not framed as RFC 9112 says")]
    Chunk,
}

/// What follows a head that is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next head: no body.
    Head,
    Fixed(u64),
    Chunked,
    /// `CONNECT` or an upgrade: nothing is read until it is decided.
    Held,
}

/// Finds the end of the head in `bytes`, whose first `from` bytes were looked at before. The error
/// comes as soon as a line end or NUL is wrong, not only when the head is complete.
pub(super) fn find_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Defect> {
    for at in from..bytes.len() {
        match bytes[at] {
            0 => return Err(Defect::ControlCharacter),
            b'\n' if at == 0 || bytes[at - 1] != b'\r' => return Err(Defect::BareLineEnd),
            b'\n' if at >= 3 && &bytes[at - 3..at] == b"\r\n\r" => return Ok(Some(at + 1)),
            other if other != b'\n' && at > 0 && bytes[at - 1] == b'\r' => {
                return Err(Defect::BareLineEnd);
            }
            _ => {}
        }
    }
    if bytes.len() > MAX_HEAD {
        Err(Defect::TooLarge)
    } else {
        Ok(None)
    }
}

#[derive(Default)]
struct Fields {
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
}

/// Checks a whole head, its final empty line included, and says what follows it.
pub(super) fn check(head: &[u8]) -> Result<Next, Defect> {
    let text = head.strip_suffix(b"\r\n\r\n").ok_or(Defect::BareLineEnd)?;
    if head.len() > MAX_HEAD {
        return Err(Defect::TooLarge);
    }
    let mut lines = Lines(Some(text));
    let (method, is_11) = request_line(lines.next().ok_or(Defect::RequestLine)?)?;
    let mut fields = Fields::default();
    for (count, line) in lines.enumerate() {
        if count >= MAX_FIELDS {
            return Err(Defect::TooLarge);
        }
        let (name, value) = field(line)?;
        note(&mut fields, name, value)?;
    }
    if fields.hosts > 1 || (is_11 && fields.hosts == 0) {
        return Err(Defect::Host);
    }
    if fields.chunked && fields.length.is_some() {
        return Err(Defect::TwoLengths);
    }
    if fields.chunked && !is_11 {
        return Err(Defect::TransferEncoding);
    }
    let has_body = fields.chunked || fields.length.is_some_and(|length| length > 0);
    if fields.upgrade || method == b"CONNECT" {
        return if has_body {
            Err(Defect::Upgrade)
        } else {
            Ok(Next::Held)
        };
    }
    Ok(match fields.length {
        _ if fields.chunked => Next::Chunked,
        None | Some(0) => Next::Head,
        Some(length) => Next::Fixed(length),
    })
}

/// The lines between CR LF pairs.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0?;
        match rest.windows(2).position(|pair| pair == b"\r\n") {
            Some(at) => {
                self.0 = Some(&rest[at + 2..]);
                Some(&rest[..at])
            }
            None => self.0.take(),
        }
    }
}

/// The method, and whether it is HTTP/1.1 rather than 1.0.
fn request_line(line: &[u8]) -> Result<(&[u8], bool), Defect> {
    let mut words = line.split(|c| *c == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Defect::RequestLine);
    };
    let visible = |c: &u8| c.is_ascii_graphic() && *c != b'#';
    if method.is_empty() || !method.iter().copied().all(is_token) || target.is_empty() {
        return Err(Defect::RequestLine);
    }
    if !target.iter().all(visible) {
        return Err(Defect::ControlCharacter);
    }
    match version {
        b"HTTP/1.1" => Ok((method, true)),
        b"HTTP/1.0" => Ok((method, false)),
        _ => Err(Defect::RequestLine),
    }
}

/// Splits `name: value`; used for trailers too.
pub(super) fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Defect> {
    if line.first().is_some_and(|c| matches!(c, b' ' | b'\t')) {
        return Err(Defect::ObsoleteFold);
    }
    let colon = line
        .iter()
        .position(|c| *c == b':')
        .ok_or(Defect::HeaderName)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(Defect::HeaderName);
    }
    let fits = |c: &u8| *c == b'\t' || (*c >= b' ' && *c != 0x7f);
    if !value.iter().all(fits) {
        return Err(Defect::ControlCharacter);
    }
    Ok((name, value.trim_ascii()))
}

/// Whether a line of a trailer section is a field that may come there (RFC 9110 section 6.5.1).
pub(super) fn is_trailer(line: &[u8]) -> bool {
    const NEVER: [&[u8]; 7] = [
        b"content-length",
        b"transfer-encoding",
        b"host",
        b"authorization",
        b"cookie",
        b"connection",
        b"upgrade",
    ];
    let never = |name: &[u8]| NEVER.iter().any(|bad| name.eq_ignore_ascii_case(bad));
    field(line).is_ok_and(|(name, _)| !never(name))
}

fn note(fields: &mut Fields, name: &[u8], value: &[u8]) -> Result<(), Defect> {
    if name.eq_ignore_ascii_case(b"host") {
        fields.hosts += 1;
    } else if name.eq_ignore_ascii_case(b"content-length") {
        if fields.length.is_some() {
            return Err(Defect::ContentLength);
        }
        fields.length = Some(decimal(value).ok_or(Defect::ContentLength)?);
    } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
        if fields.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Defect::TransferEncoding);
        }
        fields.chunked = true;
    } else if name.eq_ignore_ascii_case(b"http2-settings") {
        return Err(Defect::Upgrade);
    } else if name.eq_ignore_ascii_case(b"upgrade") {
        let protocol = |word: &[u8]| word.trim_ascii().to_ascii_lowercase();
        if value
            .split(|c| *c == b',')
            .map(protocol)
            .any(|word| word.starts_with(b"h2"))
        {
            return Err(Defect::Upgrade);
        }
        fields.upgrade = true;
    }
    Ok(())
}

fn decimal(text: &[u8]) -> Option<u64> {
    let plain = (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    plain.then(|| {
        text.iter()
            .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    })
}

/// The size in a chunk-size line (without its CR LF); extensions are let through but not read.
pub(super) fn chunk_size(line: &[u8]) -> Option<u64> {
    let (digits, extension) = match line.iter().position(|c| *c == b';') {
        Some(at) => line.split_at(at),
        None => (line, &b""[..]),
    };
    let plain = (1..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let visible = |c: &u8| *c == b'\t' || (b' '..0x7f).contains(c);
    if !plain || !extension.iter().all(visible) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// RFC 9110 section 5.6.2.
fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(head: &str) -> Result<Next, Defect> {
        let bytes = head.as_bytes();
        let end = find_end(bytes, 0)?.expect("a whole head");
        assert_eq!(end, bytes.len());
        check(bytes)
    }

    #[test]
    fn an_ordinary_head_says_what_follows() {
        for (head, next) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", Next::Head),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
                Next::Fixed(5),
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
                Next::Head,
            ),
            (
                "POST / HTTP/1.1\r\nhost:x\r\ntransfer-encoding:\tChunked \r\n\r\n",
                Next::Chunked,
            ),
            ("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", Next::Held),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
                Next::Held,
            ),
            ("GET / HTTP/1.0\r\n\r\n", Next::Head),
        ] {
            assert_eq!(judge(head), Ok(next), "{head:?}");
        }
    }

    #[test]
    fn every_way_to_smuggle_is_refused() {
        for (fields, defect) in [
            (
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                Defect::TwoLengths,
            ),
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                Defect::TwoLengths,
            ),
            (
                "Content-Length: 5\r\nContent-Length: 5\r\n",
                Defect::ContentLength,
            ),
            (
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                Defect::ContentLength,
            ),
            ("Content-Length: 5, 5\r\n", Defect::ContentLength),
            ("Content-Length: +5\r\n", Defect::ContentLength),
            ("Content-Length: \r\n", Defect::ContentLength),
            (
                "Content-Length: 99999999999999999999\r\n",
                Defect::ContentLength,
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                Defect::TransferEncoding,
            ),
            (
                "Transfer-Encoding: gzip, chunked\r\n",
                Defect::TransferEncoding,
            ),
            ("Transfer-Encoding: xchunked\r\n", Defect::TransferEncoding),
            ("Transfer-Encoding: identity\r\n", Defect::TransferEncoding),
            ("X: a\r\n b\r\n", Defect::ObsoleteFold),
            ("X: a\r\n\tContent-Length: 5\r\n", Defect::ObsoleteFold),
            ("Content-Length : 5\r\n", Defect::HeaderName),
            (": 5\r\n", Defect::HeaderName),
            ("nocolon\r\n", Defect::HeaderName),
            ("X: a\nY: b\r\n", Defect::BareLineEnd),
            ("X: a\rY: b\r\n", Defect::BareLineEnd),
            ("X: a\0\r\n", Defect::ControlCharacter),
            ("X: a\x0b\r\n", Defect::ControlCharacter),
            ("Host: y\r\n", Defect::Host),
            ("Upgrade: h2c\r\n", Defect::Upgrade),
            ("Upgrade: websocket, H2C\r\n", Defect::Upgrade),
            ("HTTP2-Settings: AAMAAABkAAQAAP__\r\n", Defect::Upgrade),
            (
                "Upgrade: websocket\r\nContent-Length: 5\r\n",
                Defect::Upgrade,
            ),
        ] {
            let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
            let found = find_end(head.as_bytes(), 0).and_then(|_| check(head.as_bytes()));
            assert_eq!(found, Err(defect), "{fields:?}");
        }
    }

    #[test]
    fn a_request_line_has_three_words() {
        for line in [
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "G@T / HTTP/1.1",
            "GET / HTTP/2.0",
            "PRI * HTTP/2.0",
            " GET / HTTP/1.1",
            "GET /\x01 HTTP/1.1",
            "GET /é HTTP/1.1",
            "GET /#a HTTP/1.1",
            "",
        ] {
            assert!(
                check(format!("{line}\r\nHost: x\r\n\r\n").as_bytes()).is_err(),
                "{line:?}"
            );
        }
        assert_eq!(check(b"GET / HTTP/1.1\r\n\r\n"), Err(Defect::Host));
    }

    #[test]
    fn a_head_without_end_is_refused_when_it_grows_too_large() {
        let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(MAX_HEAD));
        assert_eq!(find_end(long.as_bytes(), 0), Err(Defect::TooLarge));
        let many = format!(
            "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "X: a\r\n".repeat(200)
        );
        assert_eq!(check(many.as_bytes()), Err(Defect::TooLarge));
    }

    #[test]
    fn a_chunk_size_is_hexadecimal_and_bounded() {
        assert_eq!(chunk_size(b"1aF"), Some(0x1af));
        assert_eq!(chunk_size(b"0;ext=\"v\""), Some(0));
        for line in [
            &b""[..],
            b"-1",
            b"0x1",
            b" 1",
            b"1 ",
            b"1;\x01",
            b"ffffffffffffffff",
        ] {
            assert_eq!(chunk_size(line), None, "{line:?}");
        }
    }
}
