//! Associated data: what a ciphertext is bound to, in one unambiguous encoding.
//!
//! Each part is one tag byte (which kind of part), four bytes of length, big-endian, and the bytes.
//! The whole starts with a domain, so that no two uses can ever produce the same bytes: `("a", "bc")`
//! and `("ab", "c")` differ, an absent part differs from an empty one, and a number from its text.

/// A list of parts under construction.
#[derive(Debug, Clone)]
pub struct Associated(Vec<u8>);

const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const BYTES: u8 = 3;
const ABSENT: u8 = 4;

impl Associated {
    /// Starts a list for one use, for example `authsome record 1`.
    pub fn new(domain: &'static str) -> Self {
        let mut list = Self(Vec::with_capacity(256));
        list.part(TEXT, domain.as_bytes());
        list
    }

    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.part(TEXT, text.as_bytes());
        self
    }

    #[must_use]
    pub fn optional(mut self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.part(TEXT, text.as_bytes()),
            None => self.part(ABSENT, &[]),
        }
        self
    }

    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.part(NUMBER, &number.to_be_bytes());
        self
    }

    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.part(BYTES, bytes);
        self
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn part(&mut self, tag: u8, bytes: &[u8]) {
        // Names and headers are far below 4 GiB; a longer part would be cut off by its own length check.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.push(tag);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[Option<&str>]) -> Vec<u8> {
        parts
            .iter()
            .fold(Associated::new("test"), |list, part| list.optional(*part))
            .as_bytes()
            .to_vec()
    }

    #[test]
    fn no_two_lists_encode_alike() {
        let lists = [
            of(&[Some("a"), Some("bc")]),
            of(&[Some("ab"), Some("c")]),
            of(&[Some("abc")]),
            of(&[Some("abc"), Some("")]),
            of(&[Some("abc"), None]),
            of(&[None, Some("abc")]),
            Associated::new("test").number(5).as_bytes().to_vec(),
            Associated::new("test").text("5").as_bytes().to_vec(),
            Associated::new("test").bytes(b"5").as_bytes().to_vec(),
            Associated::new("other").text("5").as_bytes().to_vec(),
        ];
        for (at, one) in lists.iter().enumerate() {
            for other in &lists[at + 1..] {
                assert_ne!(one, other);
            }
        }
    }
}
