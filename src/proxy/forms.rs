//! Every written form in which a secret is recognised, and a scanner for all of them at once.
//!
//! The forms: as it is; percent-encoded (RFC 3986, form, every byte), in JSON and HTML escapes (of
//! what needs them, and of every character), in hexadecimal, and inside Base64 at each of the three
//! alignments in both alphabets, so that `Basic base64(user:secret)` is found whatever the user name
//! (RFC 4648, RFC 7617).

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A secret shorter than this is not looked for: it would be found everywhere.
const SHORTEST_SECRET: usize = 4;
/// A derived form shorter than this is not looked for.
const SHORTEST_FORM: usize = 6;
/// A beginning of a form with a line break in it waits for the rest only from this length on, so
/// that a line that happens to end in the first letter of a form is not held back.
const BROKEN_BEGINNING: usize = 4;

/// From so many bytes of forms on the scanner is a compact one: the fastest takes about half a KiB
/// for each, which for the long tokens of some logins would be tens of MiB.
const MOST_IN_TABLE: usize = 16 * 1024;

/// Finds every form of every secret it was made from; also says which secret it was.
pub(super) struct Needles {
    automaton: AhoCorasick,
    forms: Vec<Vec<u8>>,
    /// The index of the secret each form came from.
    owners: Vec<usize>,
    longest: usize,
    /// The bytes with which a form begins.
    first: [bool; 256],
}

impl std::fmt::Debug for Needles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Needles")
            .field("forms", &self.forms.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Needles {
    fn drop(&mut self) {
        self.forms.iter_mut().for_each(zeroize::Zeroize::zeroize);
    }
}

impl Needles {
    /// `None` where there is nothing to look for.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut seen = BTreeSet::new();
        let (mut patterns, mut owners) = (Vec::new(), Vec::new());
        for (owner, secret) in secrets.into_iter().enumerate() {
            for form in forms_of(secret) {
                if seen.insert(form.clone()) {
                    patterns.push(form);
                    owners.push(owner);
                }
            }
        }
        let longest = patterns.iter().map(Vec::len).max()?;
        let size: usize = patterns.iter().map(Vec::len).sum();
        let compact = (size > MOST_IN_TABLE).then_some(AhoCorasickKind::ContiguousNFA);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(compact)
            .build(&patterns)
            .ok()?;
        let mut first = [false; 256];
        for byte in patterns.iter().filter_map(|form| form.first()) {
            first[usize::from(*byte)] = true;
        }
        Some(Self {
            automaton,
            forms: patterns,
            owners,
            longest,
            first,
        })
    }

    /// The length of the longest form.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// The secrets found in `bytes`, by their index; one may come several times.
    pub(super) fn find(&self, bytes: &[u8]) -> impl Iterator<Item = usize> {
        self.automaton
            .find_overlapping_iter(bytes)
            .map(|m| self.owners[m.pattern().as_usize()])
    }

    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.automaton.is_match(bytes)
    }

    /// Like [`find`](Self::find), in a text whose case was changed, as that of a header name is.
    pub(super) fn find_in_any_case(&self, text: &str) -> impl Iterator<Item = usize> {
        let text = text.as_bytes();
        let is_in = move |form: &[u8]| {
            text.windows(form.len())
                .any(|window| window.eq_ignore_ascii_case(form))
        };
        self.forms
            .iter()
            .zip(&self.owners)
            .filter(move |(form, _)| is_in(form))
            .map(|(_, owner)| *owner)
    }

    /// Overwrites every form in `bytes` with asterisks, so that no length changes.
    pub(super) fn mask(&self, bytes: &mut [u8]) -> bool {
        let found: Vec<_> = self
            .automaton
            .find_overlapping_iter(&*bytes)
            .map(|m| m.range())
            .collect();
        for range in &found {
            bytes[range.clone()].fill(b'*');
        }
        !found.is_empty()
    }

    /// Like [`mask`](Self::mask), for the copy of a text that must itself stay as it is, and also
    /// where line breaks stand in a form; they stay.
    pub(super) fn mask_into(&self, text: &[u8], copy: &mut [u8]) {
        let unbroken = Unbroken::of(text);
        for found in self.automaton.find_overlapping_iter(&*unbroken.bytes) {
            if unbroken.breaks.is_empty() {
                copy[found.range()].fill(b'*');
                continue;
            }
            for at in found.range() {
                copy[unbroken.place(at)] = b'*';
            }
        }
    }

    /// How many bytes at the end of `bytes` could be the beginning of a form.
    pub(super) fn begun(&self, bytes: &[u8]) -> usize {
        let end = &bytes[bytes.len().saturating_sub(self.longest - 1)..];
        let unbroken = Unbroken::of(end);
        let length = unbroken.bytes.len();
        let is_begun = |at: &usize| {
            let tail = &unbroken.bytes[*at..];
            if !self.first[usize::from(tail[0])] {
                return false;
            }
            let is_whole = end.len() - unbroken.place(*at) == tail.len();
            (is_whole || tail.len() >= BROKEN_BEGINNING)
                && self
                    .forms
                    .iter()
                    .any(|form| form.len() > tail.len() && form.starts_with(tail))
        };
        (0..length)
            .find(is_begun)
            .map_or(0, |at| end.len() - unbroken.place(at))
    }
}

/// A text without its line breaks, and where they stood. No form holds one, but Base64 is often
/// written in lines.
struct Unbroken<'a> {
    bytes: Cow<'a, [u8]>,
    /// For each break, how many bytes were kept before it.
    breaks: Vec<usize>,
}

impl<'a> Unbroken<'a> {
    fn of(text: &'a [u8]) -> Self {
        let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
        if !text.iter().any(is_break) {
            return Self {
                bytes: Cow::Borrowed(text),
                breaks: Vec::new(),
            };
        }
        let (mut bytes, mut breaks) = (Vec::with_capacity(text.len()), Vec::new());
        for byte in text {
            if is_break(byte) {
                breaks.push(bytes.len());
            } else {
                bytes.push(*byte);
            }
        }
        Self {
            bytes: Cow::Owned(bytes),
            breaks,
        }
    }

    /// Where the kept byte `at` stands in the text.
    fn place(&self, at: usize) -> usize {
        at + self.breaks.partition_point(|kept| *kept <= at)
    }
}

impl Drop for Unbroken<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(bytes) = &mut self.bytes {
            zeroize::Zeroize::zeroize(bytes);
        }
    }
}

fn forms_of(secret: &str) -> BTreeSet<Vec<u8>> {
    if secret.len() < SHORTEST_SECRET {
        return BTreeSet::new();
    }
    let mut forms = escaped(secret);
    for inner in base64_inner(secret.as_bytes()) {
        forms.extend(
            escaped(&inner)
                .into_iter()
                .filter(|form| form.len() >= SHORTEST_FORM),
        );
    }
    let hex = secret.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    forms.extend(every_character_escaped(secret));
    forms.insert(hex.to_ascii_uppercase().into_bytes());
    forms.insert(hex.into_bytes());
    forms.insert(percent(secret, |_| false, true).into_bytes());
    forms.insert(percent(secret, |_| false, false).into_bytes());
    forms
}

/// The text itself and its escapes in URLs, forms, JSON and HTML.
fn escaped(text: &str) -> BTreeSet<Vec<u8>> {
    let unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    let in_path = |c: u8| unreserved(c) || b"!$&'()*+,;=:@/".contains(&c);
    let in_form = |c: u8| c.is_ascii_alphanumeric() || b"*-._".contains(&c);
    let in_javascript = |c: u8| unreserved(c) || b"!'()*".contains(&c);
    let mut forms = BTreeSet::from([text.to_owned()]);
    for upper in [true, false] {
        forms.insert(percent(text, unreserved, upper));
        forms.insert(percent(text, unreserved, upper).replace("%20", "+"));
        forms.insert(percent(text, in_form, upper).replace("%20", "+"));
        forms.insert(percent(text, in_path, upper));
        forms.insert(percent(text, in_javascript, upper));
        forms.insert(unicode_escapes(text, upper));
    }
    let json = serde_json::Value::from(text).to_string();
    let json = json[1..json.len() - 1].to_owned();
    forms.insert(json.replace('/', "\\/"));
    forms.insert(json);
    let html = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    for (quote, apostrophe) in [("&quot;", "&#39;"), ("&#34;", "&#x27;"), ("&quot;", "'")] {
        forms.insert(html.replace('"', quote).replace('\'', apostrophe));
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn percent(text: &str, keep: impl Fn(u8) -> bool, upper: bool) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = match (keep(byte), upper) {
            (true, _) => write!(out, "{}", char::from(byte)),
            (false, true) => write!(out, "%{byte:02X}"),
            (false, false) => write!(out, "%{byte:02x}"),
        };
        out
    })
}

/// JSON as written by encoders that escape what HTML would read.
fn unicode_escapes(text: &str, upper: bool) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_graphic() && !"<>&'\"\\+/=".contains(c) || c == ' ' {
            out.push(c);
            return out;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = if upper {
                write!(out, "\\u{unit:04X}")
            } else {
                write!(out, "\\u{unit:04x}")
            };
        }
        out
    })
}

/// JSON and HTML that write every character as its number, in lower and in upper case.
fn every_character_escaped(text: &str) -> [Vec<u8>; 5] {
    let mut forms = [const { String::new() }; 5];
    let [json, json_upper, html, html_hex, html_hex_upper] = &mut forms;
    for c in text.chars() {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(json, "\\u{unit:04x}");
            let _ = write!(json_upper, "\\u{unit:04X}");
        }
        let number = u32::from(c);
        let _ = write!(html, "&#{number};");
        let _ = write!(html_hex, "&#x{number:x};");
        let _ = write!(html_hex_upper, "&#x{number:X};");
    }
    forms.map(String::into_bytes)
}

/// The characters of Base64 that the secret alone decides, for each place it can start at.
fn base64_inner(secret: &[u8]) -> Vec<String> {
    let mut inner = Vec::new();
    for before in 0..3 {
        let padded = [vec![0; before], secret.to_vec()].concat();
        let (first, last) = ((8 * before).div_ceil(6), 8 * padded.len() / 6);
        for text in [
            STANDARD_NO_PAD.encode(&padded),
            URL_SAFE_NO_PAD.encode(&padded),
        ] {
            inner.push(text[first..last].to_owned());
        }
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    const SECRET: &str = "sk-p\"r/j+Zz9<&~ é\\end";

    fn masked(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        Needles::new([SECRET]).unwrap().mask(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn base64_of_the_secret_is_found_whatever_comes_before_and_after() {
        for before in ["", "u", "us", "user:", "some-user:"] {
            for after in ["", ":", "::", ":::", "tail"] {
                let whole = format!("{before}{SECRET}{after}");
                for text in [STANDARD.encode(&whole), URL_SAFE.encode(&whole)] {
                    let masked = masked(&text);
                    assert_eq!(masked.len(), text.len());
                    assert!(
                        masked.matches('*').count() >= SECRET.len() * 8 / 6 - 2,
                        "{masked}"
                    );
                }
            }
        }
    }

    #[test]
    fn escapes_are_found() {
        let json = serde_json::to_string(&serde_json::json!({ "k": SECRET })).unwrap();
        assert_eq!(
            masked(&json),
            format!("{{\"k\":\"{}\"}}", "*".repeat(json.len() - 8))
        );
        let url: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        assert_eq!(masked(&url), "*".repeat(url.len()));
        let html = "sk-p&quot;r/j+Zz9&lt;&amp;~ é\\end";
        assert_eq!(masked(html), "*".repeat(html.len()));
        let hex = SECRET
            .bytes()
            .fold(String::new(), |text, b| text + format!("{b:02X}").as_str());
        assert_eq!(masked(&hex), "*".repeat(hex.len()));
    }

    #[test]
    fn a_text_of_escapes_alone_is_found() {
        let numbers = |before: &str, number: &dyn Fn(u32) -> String, after: &str| {
            let one = |c: char| format!("{before}{}{after}", number(u32::from(c)));
            SECRET.chars().map(one).collect::<String>()
        };
        for text in [
            numbers("\\u", &|n| format!("{n:04x}"), ""),
            numbers("\\u", &|n| format!("{n:04X}"), ""),
            numbers("&#", &|n| n.to_string(), ";"),
            numbers("&#x", &|n| format!("{n:x}"), ";"),
            numbers("&#x", &|n| format!("{n:X}"), ";"),
        ] {
            assert_eq!(masked(&text), "*".repeat(text.len()), "{text}");
        }
    }

    #[test]
    fn a_secret_too_long_for_a_table_is_found_all_the_same() {
        let secret = "Long-Token.".repeat(100);
        let needles = Needles::new([secret.as_str()]).unwrap();
        let mut text = format!("<{}>", STANDARD.encode(format!("u:{secret}"))).into_bytes();
        assert!(needles.mask(&mut text));
        let masked: Vec<u8> = text.into_iter().filter(|byte| *byte == b'*').collect();
        assert!(masked.len() > secret.len());
    }

    #[test]
    fn other_text_stays() {
        assert_eq!(masked("sk-p is where it starts"), "sk-p is where it starts");
        assert!(Needles::new(["abc"]).is_none());
    }

    #[test]
    fn a_beginning_at_the_end_is_told() {
        let needles = Needles::new(["secret-one"]).unwrap();
        assert_eq!(needles.begun(b"xx secret-"), 7);
        assert_eq!(needles.begun(b"xx secret-one"), 0);
        assert_eq!(needles.begun(b"nothing!"), 0);
        assert_eq!(needles.begun(b"xx sec\r\nret-"), 9);
        assert_eq!(needles.begun(b"xx se\n\n"), 0);
        assert_eq!(needles.begun(b"xx\nse"), 2);
    }

    #[test]
    fn a_form_written_in_lines_is_found() {
        let encoded = STANDARD.encode(format!("user and more:{SECRET}"));
        for (columns, end) in [(1, "\n"), (3, "\r\n"), (19, "\r\n"), (40, "\n")] {
            let lines: Vec<_> = encoded.as_bytes().chunks(columns).collect();
            let text = lines.join(end.as_bytes());
            let mut masked = text.clone();
            Needles::new([SECRET])
                .unwrap()
                .mask_into(&text, &mut masked);
            let kept = String::from_utf8(masked).unwrap();
            assert_eq!(kept.matches('\n').count(), lines.len() - 1);
            assert!(
                kept.matches('*').count() >= SECRET.len() * 8 / 6 - 2,
                "{kept}"
            );
        }
    }
}
