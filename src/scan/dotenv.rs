//! `.env` files, with the place of every value.
//!
//! The format has no standard. This reads what the common loaders agree on: `NAME=value` with
//! `export` before it or not, single, double and back quotes around values that may go over several
//! lines, ` #` before a comment, any line end, a byte order mark. A line that is none of this is
//! passed over, as they do.

use std::ops::Range;
use zeroize::Zeroizing;

/// What stands around a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    None,
    Single,
    Double,
    Back,
}

/// One variable of the file.
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: Zeroizing<String>,
    /// From 1.
    pub(super) line: usize,
    /// The bytes of the value in the text, within the quotes.
    pub(super) span: Range<usize>,
    pub(super) quote: Quote,
}

/// Every assignment of `text`, in order.
pub(super) fn parse(text: &str) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut line = 1;
    while at < text.len() {
        let assignment = assignment(text, at, line);
        let from = assignment.as_ref().map_or(at, |found| found.span.end);
        let end = text[from..].find('\n').map_or(text.len(), |n| from + n + 1);
        line += text[at..end].matches('\n').count();
        at = end;
        found.extend(assignment);
    }
    found
}

/// The assignment that begins in the line at `start`.
fn assignment(text: &str, start: usize, line: usize) -> Option<Assignment> {
    let mut at = skip_blanks(text, start);
    if let Some(rest) = text[at..].strip_prefix("export")
        && rest.starts_with([' ', '\t'])
    {
        at = skip_blanks(text, at + "export".len());
    }
    let name = name(&text[at..])?;
    at = skip_blanks(text, at + name.len());
    if !text[at..].starts_with('=') {
        return None;
    }
    at = skip_blanks(text, at + 1);
    let (span, quote) = quoted(text, at).unwrap_or_else(|| (bare(text, at), Quote::None));
    let raw = &text[span.clone()];
    let value = match quote {
        Quote::Double => unescaped(raw),
        Quote::None | Quote::Single | Quote::Back => raw.to_owned(),
    };
    Some(Assignment {
        name: name.to_owned(),
        value: Zeroizing::new(value),
        line,
        span,
        quote,
    })
}

fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    at + rest.len() - rest.trim_start_matches([' ', '\t']).len()
}

fn name(text: &str) -> Option<&str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    let name = &text[..end];
    let first = name.chars().next()?;
    (first.is_ascii_alphabetic() || first == '_').then_some(name)
}

/// A value in quotes, on one line or several. Quotes that do not end, or with more behind them, are
/// letters like others.
fn quoted(text: &str, at: usize) -> Option<(Range<usize>, Quote)> {
    let (mark, quote) = match text[at..].chars().next()? {
        '\'' => ('\'', Quote::Single),
        '"' => ('"', Quote::Double),
        '`' => ('`', Quote::Back),
        _ => return None,
    };
    let from = at + 1;
    let mut is_escaped = false;
    let length = text[from..].find(|c| {
        let ends = c == mark && !is_escaped;
        is_escaped = quote == Quote::Double && c == '\\' && !is_escaped;
        ends
    })?;
    let span = from..from + length;
    let behind = text[span.end + 1..].trim_start_matches([' ', '\t']);
    let ends = behind.is_empty() || behind.starts_with(['\n', '\r', '#']);
    ends.then_some((span, quote))
}

/// A value to the end of its line, or to ` #`.
fn bare(text: &str, at: usize) -> Range<usize> {
    let rest = &text[at..];
    let line = rest.split('\n').next().unwrap_or_default();
    let comment = [" #", "\t#"]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min();
    let line = match comment {
        _ if line.starts_with('#') => "",
        Some(end) => &line[..end],
        None => line,
    };
    at..at + line.trim_end().len()
}

fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        let next = if c == '\\' { chars.next() } else { None };
        match (c, next) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some(same @ ('"' | '\\' | '$' | '\''))) => text.push(same),
            ('\\', Some(other)) => text.extend(['\\', other]),
            (c, _) => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String, usize)> {
        parse(text)
            .into_iter()
            .map(|one| (one.name, one.value.to_string(), one.line))
            .collect()
    }

    fn one(text: &str) -> String {
        let all = read(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].1.clone()
    }

    #[test]
    fn values_are_read_as_loaders_read_them() {
        for (text, value) in [
            ("A=b", "b"),
            ("A=", ""),
            ("  export A = b  ", "b"),
            ("\texport\tA=b", "b"),
            ("A=b # why", "b"),
            ("A=b\t# why", "b"),
            ("A=b#c", "b#c"),
            ("A= # nothing", ""),
            ("A='b c'", "b c"),
            ("A='b # c' # why", "b # c"),
            (r#"A="b\"c\\\n\q""#, "b\"c\\\n\\q"),
            (r"A='b\n'", r"b\n"),
            ("A=`b'\"c`", "b'\"c"),
            ("A='b\nc'", "b\nc"),
            ("A=b=c==", "b=c=="),
            ("A=b\r", "b"),
            ("\u{feff}A=b", "b"),
            ("A.B-c=b", "b"),
            ("A=é", "é"),
        ] {
            assert_eq!(one(text), value, "{text:?}");
        }
    }

    #[test]
    fn quotes_that_do_not_end_swallow_nothing() {
        assert_eq!(
            read("A='b\nC='d'\nE=f"),
            [
                ("A".into(), "'b".into(), 1),
                ("C".into(), "d".into(), 2),
                ("E".into(), "f".into(), 3)
            ]
        );
        assert_eq!(one("A=\"b\"c"), "\"b\"c");
    }

    #[test]
    fn what_is_no_assignment_is_passed_over() {
        for text in [
            "",
            "\n\n",
            "# A=b",
            "A",
            "=b",
            "1A=b",
            "A b=c",
            "- A=b",
            "exportA b",
            "\u{feff}",
        ] {
            assert!(read(text).is_empty(), "{text:?}");
        }
        assert_eq!(one("junk\n\n# A=c\nA=b\nmore junk"), "b");
    }

    #[test]
    fn lines_are_counted_over_long_values_and_any_line_end() {
        let text = "A=1\r\n\r\nB=\"x\r\ny\"\r\nC=3";
        let lines: Vec<_> = read(text).into_iter().map(|(n, _, l)| (n, l)).collect();
        assert_eq!(
            lines,
            [("A".into(), 1), ("B".into(), 3), ("C".into(), 5)] as [(String, usize); 3]
        );
    }

    #[test]
    fn a_span_is_the_value_and_nothing_else() {
        let text = "export A = \"b\\\"c\" # d\r\nB=e #f";
        let spans: Vec<_> = parse(text)
            .into_iter()
            .map(|one| &text[one.span])
            .collect::<Vec<_>>();
        assert_eq!(spans, ["b\\\"c", "e"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[ -~\\n\\r\\t'\"`#=\\\\é\u{feff}]{0,200}") {
            let mut end = 0;
            for one in parse(&text) {
                prop_assert!(one.span.start >= end && text.get(one.span.clone()).is_some());
                prop_assert!(one.line <= text.matches('\n').count() + 1);
                end = one.span.end;
            }
        }
    }
}
