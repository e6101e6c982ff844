//! Colours for people, and text from elsewhere made harmless for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

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
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON with every control and format character written as its number, which reads back the same.
/// Such characters stand inside strings alone, and those below U+0020 are escaped by whoever writes
/// JSON; line ends between the members stay.
pub(crate) fn escaped(json: String) -> String {
    if !json.contains(is_unseen) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for letter in json.chars() {
        if !is_unseen(letter) {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Characters without a shape of their own, which steer a terminal or the order of letters or are
/// there to hide: DEL, C1, marks of direction, joiners, line separators, tags (Unicode Cc, Cf, Zl, Zp).
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
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

    #[test]
    fn json_shows_no_character_that_is_not_seen_and_reads_back() {
        let hostile = "\u{7f}\u{9b}31m\u{200f}\u{202e}\u{2066}\u{2028}\u{feff}\u{e0041}";
        for text in [hostile, "é 漢字 😀"] {
            let json = escaped(serde_json::json!({ "k": text }).to_string());
            assert!(!json.contains(is_unseen), "{json}");
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(read["k"], text);
        }
        assert_eq!(escaped("\"é\u{9b}\"".to_owned()), "\"é\\u009b\"");
        assert_eq!(escaped("{\n  \"é\": 1\n}".to_owned()), "{\n  \"é\": 1\n}");
    }
}
