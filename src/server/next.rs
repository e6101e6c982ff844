//! Where a form may send the browser afterwards: a page of ours and nothing else.
//!
//! Browsers read `//e`, `/\e`, and paths with tabs or newlines in them as other hosts, and some
//! servers in between decode before they compare. So a target is taken only when it is plain in
//! every reading; anything else becomes `/`.

use percent_encoding::percent_decode_str;
use std::fmt;

const LONGEST: usize = 2_048;

/// A path on our own origin, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next(String);

impl Next {
    /// Takes `text` when it is surely a path of ours, and `/` when not.
    pub fn parse(text: &str) -> Self {
        Self(if is_own_path(text) { text } else { "/" }.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leads anywhere in particular.
    pub(super) fn is_home(&self) -> bool {
        self.0 == "/"
    }
}

impl Default for Next {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_own_path(text: &str) -> bool {
    text.len() <= LONGEST && is_plain(text) && is_plain_when_decoded(text)
}

/// Starts with one slash, has no empty, `.` or `..` segment, and only visible ASCII.
fn is_plain(text: &str) -> bool {
    let (path, _) = text.split_once('?').unwrap_or((text, ""));
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    text.bytes().all(|c| c.is_ascii_graphic())
        && !text.contains(['\\', '#', '"', '<', '>'])
        && rest
            .trim_end_matches(is_last_slash(rest))
            .split('/')
            .all(|segment| {
                !matches!(segment, "." | "..") && (!segment.is_empty() || rest.is_empty())
            })
}

/// One slash at the very end is fine (`/ui/`); two are not.
fn is_last_slash(rest: &str) -> &'static [char] {
    if rest.ends_with('/') && !rest.ends_with("//") {
        &['/']
    } else {
        &[]
    }
}

/// The same after the percent signs are resolved, twice: in the path nothing may turn up that was
/// not there before, save spaces and letters.
fn is_plain_when_decoded(text: &str) -> bool {
    let (path, _) = text.split_once('?').unwrap_or((text, ""));
    let Ok(once) = percent_decode_str(path).decode_utf8() else {
        return false;
    };
    let Ok(twice) = percent_decode_str(&once).decode_utf8() else {
        return false;
    };
    [&once, &twice].iter().all(|decoded| {
        !decoded.contains(['\\', '?', '#'])
            && !decoded.chars().any(char::is_control)
            && decoded.matches('/').count() == path.matches('/').count()
            && !decoded.split('/').any(|s| matches!(s, "." | ".."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Url;

    #[test]
    fn own_pages_are_kept() {
        for path in [
            "/",
            "/ui/",
            "/ui/connections",
            "/claim/abc_DEF-123",
            "/auth/sessions/sess_1/input?ticket=abc",
            "/audit?limit=50&event=a%20b",
            "/ui/a%20b",
        ] {
            assert_eq!(Next::parse(path).as_str(), path);
        }
    }

    #[test]
    fn everything_that_might_lead_elsewhere_goes_home() {
        let long = format!("/{}", "a".repeat(LONGEST));
        for text in [
            "",
            "//e",
            "///e",
            "/\\e",
            "/%09/e",
            "/%0a/e",
            "/%5ce",
            "/%5Ce",
            "/%2fe",
            "/%2F%2Fe",
            "/%252fe",
            "/%255ce",
            "https:e",
            "https://e/",
            "http:/e",
            "javascript:alert(1)",
            "\\e",
            " /ui/",
            "/\t/e",
            "/\r\nSet-Cookie: a=b",
            "/ui/../..//e",
            "/./e",
            "/%2e%2e/e",
            "/ui//e",
            "/ui/#//e",
            "/é",
            "/%ff",
            "ui",
            long.as_str(),
        ] {
            assert_eq!(Next::parse(text).as_str(), "/", "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_stays_on_our_origin(text in r"[/\\%a-f0-9.:@?#\t é]{0,40}") {
            let base = Url::parse("https://authsome.example/auth/login").unwrap();
            let next = Next::parse(&text);
            let went = base.join(next.as_str()).unwrap();
            prop_assert_eq!(went.origin(), base.origin());
            prop_assert!(went.username().is_empty());
        }
    }
}
