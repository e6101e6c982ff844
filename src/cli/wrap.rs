//! Long lines broken between words, for a terminal that would break them inside.
//!
//! What stands between back quotes is a command to copy: it is one word, and so is a link. A word
//! that is wider than the terminal is left to it, since a copy of it then is still whole.

use std::borrow::Cow;

/// The text in lines of at most `width` characters where that can be had; each line that goes on
/// begins like its first, with the same blanks.
pub(super) fn wrapped(text: &str, width: Option<u16>) -> Cow<'_, str> {
    let Some(width) = width.map(usize::from) else {
        return Cow::Borrowed(text);
    };
    if text.split('\n').all(|line| letters(line) <= width) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| in_lines(line, width).join("\n"))
        .collect();
    Cow::Owned(lines.join("\n"))
}

/// One line as several.
pub(super) fn in_lines(line: &str, width: usize) -> Vec<String> {
    if letters(line) <= width {
        return vec![line.to_owned()];
    }
    let rest = line.trim_start_matches(' ');
    let indent = &line[..line.len() - rest.len()];
    let mut lines = Vec::new();
    let mut now = indent.to_owned();
    for word in words(rest) {
        let is_first = now.len() == indent.len();
        if !is_first && letters(&now) + 1 + letters(word) > width {
            lines.push(std::mem::replace(&mut now, indent.to_owned()));
        } else if !is_first {
            now.push(' ');
        }
        now.push_str(word);
    }
    lines.push(now);
    lines
}

/// The words between blanks; a pair of back quotes holds its words together.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_paired = text.matches('`').count().is_multiple_of(2);
    let mut is_quoted = false;
    text.split(move |c: char| {
        is_quoted ^= c == '`' && is_paired;
        c == ' ' && !is_quoted
    })
    .filter(|word| !word.is_empty())
}

/// What of a text takes room: its characters without the colours.
pub(super) fn letters(text: &str) -> usize {
    let mut is_colour = false;
    text.chars()
        .filter(|c| {
            is_colour |= *c == '\u{1b}';
            let is_seen = !is_colour;
            is_colour &= *c != 'm';
            is_seen
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_never_inside_a_command() {
        assert_eq!(
            wrapped("  one two three\nfour", Some(9)),
            "  one two\n  three\nfour"
        );
        assert_eq!(
            wrapped("log in: `authsome login x` now", Some(20)),
            "log in:\n`authsome login x`\nnow"
        );
        assert_eq!(wrapped("it's 5` wide", Some(8)), "it's 5`\nwide");
    }

    #[test]
    fn what_fits_and_what_cannot_be_broken_stays() {
        for text in [
            "short  and   spaced",
            "",
            "\n",
            "https://a.example/a-long-one",
        ] {
            assert_eq!(wrapped(text, Some(20)), text);
            assert_eq!(wrapped(text, None), text);
        }
        let painted = "\u{1b}[33mwarning:\u{1b}[0m no";
        assert_eq!(letters(painted), 11);
        assert_eq!(wrapped(painted, Some(11)), painted);
    }
}
