//! Every written form in which a secret is recognised, and a scanner for all of them at once.
//!
//! The forms: as it is; percent-encoded (RFC 3986, form, every byte), in JSON and HTML escapes, in
//! hexadecimal, and inside Base64 at each of the three alignments in both alphabets, so that
//! `Basic base64(user:secret)` is found whatever the user name (RFC 4648, RFC 7617).

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A secret shorter than this is not looked for: it would be found everywhere.
const SHORTEST_SECRET: usize = 4;
/// A derived form shorter than this is not looked for.
const SHORTEST_FORM: usize = 6;

/// Finds every form of every secret it was made from; also says which secret it was.
pub(super) struct Needles {
    automaton: AhoCorasick,
    forms: Vec<Vec<u8>>,
    /// The index of the secret each form came from.
    owners: Vec<usize>,
    longest: usize,
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
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&patterns)
            .ok()?;
        Some(Self {
            automaton,
            forms: patterns,
            owners,
            longest,
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

    /// Whether a form is in a text whose case was changed, as that of a header name is.
    pub(super) fn is_in_any_case(&self, text: &str) -> bool {
        let text = text.as_bytes();
        self.forms.iter().any(|form| {
            text.windows(form.len())
                .any(|window| window.eq_ignore_ascii_case(form))
        })
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

    /// Like [`mask`](Self::mask), for the copy of a text that must itself stay as it is.
    pub(super) fn mask_into(&self, text: &[u8], copy: &mut [u8]) {
        for found in self.automaton.find_overlapping_iter(text) {
            copy[found.range()].fill(b'*');
        }
    }

    /// How many bytes at the end of `bytes` could be the beginning of a form.
    pub(super) fn begun(&self, bytes: &[u8]) -> usize {
        let first = bytes.len().saturating_sub(self.longest - 1);
        (first..bytes.len())
            .find(|at| {
                let tail = &bytes[*at..];
                self.forms
                    .iter()
                    .any(|form| form.len() > tail.len() && form.starts_with(tail))
            })
            .map_or(0, |at| bytes.len() - at)
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
    }
}
