//! Which prefix a path lies under, decided on the very bytes that will be sent upstream.
//!
//! Servers disagree on what `..`, `%2e`, `%2f`, `//`, `;` and `\` mean. Nothing here tries to
//! resolve them: where a prefix decides who gets a credential, a path that has any is refused.

use percent_encoding::percent_decode_str;

/// How often a path is decoded to see what it hides.
const ROUNDS: usize = 3;

/// Whether `path` lies under `prefix`, which ends at a segment boundary. The empty prefix holds all.
pub(super) fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Like [`is_under`], without regard to case: for paths that must never get a credential.
pub(super) fn is_under_any_case(path: &str, prefix: &str) -> bool {
    is_under(&path.to_ascii_lowercase(), &prefix.to_ascii_lowercase())
}

/// Whether two servers could read this path as two different places.
pub(super) fn is_ambiguous(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let odd_byte = |c: u8| !c.is_ascii_graphic() || matches!(c, b'\\' | b';' | b'?' | b'#');
    !lower.starts_with('/')
        || lower.bytes().any(odd_byte)
        || lower.contains("//")
        || has_encoded_separator(&lower)
        || lower
            .replace("%2e", ".")
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
        || has_hidden_dots(path)
}

/// Whether some server could see `.` or `..` where none is written: behind escapes that are not
/// UTF-8 (an overlong dot), control characters, or blanks that are cut off.
fn has_hidden_dots(path: &str) -> bool {
    let mut text = path.to_owned();
    for _ in 0..ROUNDS {
        let Ok(decoded) = percent_decode_str(&text).decode_utf8() else {
            return true;
        };
        let hidden = |segment: &str| {
            let seen = segment.chars().filter(|c| !c.is_whitespace());
            matches!(seen.collect::<String>().as_str(), "." | "..")
        };
        if decoded.chars().any(char::is_control) || decoded.split('/').any(hidden) {
            return true;
        }
        if decoded == text {
            return false;
        }
        text = decoded.into_owned();
    }
    false
}

/// An encoded separator, dot or NUL, also behind further rounds of encoding (`%252f`).
fn has_encoded_separator(lower: &str) -> bool {
    let mut rest = lower;
    while let Some(at) = rest.find('%') {
        let code = rest[at + 1..].trim_start_matches("25");
        if ["2e", "2f", "5c", "3b", "00", "0a", "0d"]
            .iter()
            .any(|bad| code.starts_with(bad))
        {
            return true;
        }
        if !is_percent_code(&rest[at + 1..]) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

fn is_percent_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && bytes[..2].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_segment() {
        assert!(is_under("/v1", "/v1"));
        assert!(is_under("/v1/", "/v1"));
        assert!(is_under("/v1/chat", "/v1"));
        assert!(is_under("/anything", ""));
        assert!(!is_under("/v10", "/v1"));
        assert!(!is_under("/V1/chat", "/v1"));
        assert!(is_under_any_case("/OAuth/Token", "/oauth/token"));
    }

    #[test]
    fn every_trick_is_ambiguous() {
        for path in [
            "/v1/../admin",
            "/v1/./x",
            "/v1/%2e%2e/x",
            "/v1/%2E./x",
            "/v1%2fx",
            "/v1/%5cx",
            "/v1//x",
            "//v1",
            "/v1;a=b/x",
            "/v1\\..\\x",
            "/v1/%252e%252e/x",
            "/v1/%25252fx",
            "/v1/%00",
            "*",
            "",
            "v1",
            "/v1/é",
            "/v1/%zz",
            "/v1/%",
            "/v1/..",
            "/v1/a%2eb",
            "/v1/%c0%ae%c0%ae/x",
            "/v1/%e0%80%ae./x",
            "/v1/%25c0%25ae/x",
            "/v1/%09../x",
            "/v1/..%20/x",
            "/v1/%20../x",
            "/v1/%c2%a0../x",
            "/v1/%2520../x",
            "/v1/a%0bb",
            "/v1/%7f",
            "/v1/%c2%85",
            "/v1/%ff",
        ] {
            assert!(is_ambiguous(path), "{path:?}");
        }
        for path in [
            "/",
            "/v1/chat",
            "/v1/a.b/..c/...",
            "/v1/%20x",
            "/v1/%20..x",
            "/v1/%c3%a9%e2%82%ac",
            "/v1/100%25",
            "/v1/a:b@c,d",
            "/v1/",
        ] {
            assert!(!is_ambiguous(path), "{path:?}");
        }
    }
}
