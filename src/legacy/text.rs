//! Small readers of hostile text. Pure.

use crate::clock::{from_unix_millis, to_unix_millis};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

/// Longest name that is shown of something that was left out, in characters.
const LONGEST_SHOWN: usize = 120;
/// Longest URL, label or scope that is kept, in bytes.
const LONGEST: usize = 2048;

/// A name from elsewhere, short and without control characters.
pub(super) fn shown(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(LONGEST_SHOWN)
        .collect()
}

/// A time of the old home, to the millisecond as ours are kept; `None` for what is no time since 1970.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    if text.len() > 64 {
        return None;
    }
    let at = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    let at = at.checked_to_offset(time::UtcOffset::UTC)?;
    (1970..=9999)
        .contains(&at.year())
        .then(|| from_unix_millis(to_unix_millis(at)))
}

/// The URL of a site, as it was written; `None` for anything a credential must not be sent to.
pub(super) fn site(text: &str) -> Option<String> {
    let url: Url = text.parse().ok()?;
    let fits = text.len() <= LONGEST
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && matches!(url.scheme(), "https" | "http")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    fits.then(|| text.to_owned())
}

/// Plain words without control characters; `None` where nothing or too much is left.
pub(super) fn label(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// What can stand in a header: visible ASCII, blanks inside.
pub(super) fn sendable(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.len() <= longest && text.bytes().all(|c| matches!(c, 0x20..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_both_spellings_are_read_and_others_refused() {
        let python = moment("2026-11-21T01:20:16.011145+00:00").unwrap();
        assert_eq!(python, moment("2026-11-21T01:20:16.011Z").unwrap());
        assert_eq!(
            moment("2026-11-21T03:20:16+02:00"),
            moment("2026-11-21T01:20:16Z")
        );
        for bad in [
            "",
            "yesterday",
            "2026-11-21",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "99999-01-01T00:00:00Z",
            &"2".repeat(100_000),
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_site_is_a_plain_web_address() {
        assert!(site("https://git.acme.example/sub").is_some());
        for bad in [
            "javascript:alert(1)",
            "https://a:b@x.example",
            "https://x.example/?q",
            "https://x.example/#f",
            "file:///etc/passwd",
            "https://x.example/\n",
            "",
        ] {
            assert_eq!(site(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_shown_cannot_move_a_cursor_or_fill_a_screen() {
        assert_eq!(shown("a\u{1b}[2J"), "a\u{fffd}[2J");
        assert_eq!(shown(&"é".repeat(10_000)).chars().count(), LONGEST_SHOWN);
    }
}
