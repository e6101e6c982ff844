//! The trace id of a request (W3C Trace Context): the caller's where it sent one, else a fresh one.

use http::{HeaderMap, HeaderValue};
use std::fmt::Write;

/// Enough to name the trace later; costs nothing until somebody asks.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    parent: Option<HeaderValue>,
}

impl Trace {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            parent: headers.get(crate::api::TRACEPARENT).cloned(),
        }
    }

    /// 32 lower-case hexadecimal digits.
    pub(super) fn id(&self) -> String {
        self.parent
            .as_ref()
            .and_then(|value| trace_id(value.to_str().ok()?))
            .map_or_else(fresh, str::to_owned)
    }
}

/// The second part of `00-{32 hex}-{16 hex}-{2 hex}`, unless it is all zeros.
fn trace_id(parent: &str) -> Option<&str> {
    let mut parts = parent.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
            && text.bytes().any(|c| c != b'0')
    };
    let good = version.len() == 2 && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    good.then_some(trace)
}

fn fresh() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the id is all zeros, which is still an id; the request goes on.
    let _ = getrandom::fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", parent.parse().unwrap());
        Trace::of(&headers).id()
    }

    #[test]
    fn a_caller_that_names_its_trace_finds_it_again() {
        assert_eq!(
            of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
    }

    #[test]
    fn a_bad_trace_gets_a_fresh_id() {
        for parent in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-<script>-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "x",
        ] {
            let id = of(parent);
            assert_eq!(id.len(), 32);
            assert!(!parent.contains(&id));
        }
        assert_ne!(
            Trace::of(&HeaderMap::new()).id(),
            Trace::of(&HeaderMap::new()).id()
        );
    }
}
