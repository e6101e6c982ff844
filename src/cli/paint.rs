//! Colours for people, and text from elsewhere made harmless for a terminal.

use std::borrow::Cow;

/// Paints words, or leaves them plain where colours are off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) on: bool,
}

impl Paint {
    pub(crate) fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        let text = clean(text);
        if self.on {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.into_owned()
        }
    }
}

/// Replaces every control character but line feed and tab, so that nothing a daemon, a definition
/// or an argument says can move the cursor, hide a line or write to the clipboard.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| (c.is_control() && c != '\n' && c != '\t') || is_reordering(c);
    if text.contains(harmful) {
        Cow::Owned(text.replace(harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The characters that reverse what a reader sees (Unicode bidirectional controls).
const fn is_reordering(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_from_elsewhere_do_not_reach_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2Jb\r\u{9b}\u{202e}"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(clean("two\nlines\tand é"), "two\nlines\tand é");
        assert_eq!(
            Paint { on: true }.good("\u{1b}"),
            "\u{1b}[32m\u{fffd}\u{1b}[0m"
        );
        assert_eq!(Paint { on: false }.good("ok"), "ok");
    }
}
