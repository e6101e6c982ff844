//! Takes secrets out of a stream of bytes as it passes, without changing its length.
//!
//! A form that is cut in two by a chunk border is still found: bytes that could be the beginning
//! of one wait for what follows. A short beginning is let go after a moment's silence, so that a
//! stream that pauses there does not stand still; what has been let go still counts as context.

use super::forms::Needles;
use bytes::Bytes;
use std::sync::Arc;

/// The longest beginning of a form that a pause sets free, in bytes.
const SHORT: usize = 8;

/// The state of one stream.
#[derive(Debug)]
pub(super) struct Scrubber {
    needles: Arc<Needles>,
    /// What came in last: already emitted context, then what waits.
    original: Vec<u8>,
    masked: Vec<u8>,
    emitted: usize,
    /// How many of the last bytes could be the beginning of a form, emitted or not.
    begun: usize,
}

impl Scrubber {
    pub(super) const fn new(needles: Arc<Needles>) -> Self {
        Self {
            needles,
            original: Vec::new(),
            masked: Vec::new(),
            emitted: 0,
            begun: 0,
        }
    }

    /// Takes the next bytes and gives those that are safe to send on.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Bytes {
        self.original.extend_from_slice(chunk);
        self.masked.extend_from_slice(chunk);
        self.needles.mask_into(&self.original, &mut self.masked);
        self.begun = self.needles.begun(&self.original);
        let ready = (self.original.len() - self.begun).max(self.emitted);
        self.emit(ready)
    }

    /// Whether a pause would set something free: never more than a short beginning in all,
    /// however often the stream pauses within one form.
    pub(super) const fn has_short_rest(&self) -> bool {
        self.rest() > 0 && self.begun <= SHORT
    }

    /// The stream pauses: gives a short beginning, which then no longer waits.
    pub(super) fn pause(&mut self) -> Bytes {
        if self.has_short_rest() {
            self.emit(self.original.len())
        } else {
            Bytes::new()
        }
    }

    /// The stream ends: gives all that waits.
    pub(super) fn finish(&mut self) -> Bytes {
        self.emit(self.original.len())
    }

    /// Whether nothing waits.
    pub(super) const fn is_idle(&self) -> bool {
        self.rest() == 0
    }

    pub(super) fn needles(&self) -> &Needles {
        &self.needles
    }

    const fn rest(&self) -> usize {
        self.original.len() - self.emitted
    }

    fn emit(&mut self, until: usize) -> Bytes {
        let out = Bytes::copy_from_slice(&self.masked[self.emitted..until]);
        self.emitted = until;
        let context = self.needles.longest() - 1;
        let drop = self
            .original
            .len()
            .saturating_sub(context)
            .min(self.emitted);
        self.original.drain(..drop);
        self.masked.drain(..drop);
        self.emitted -= drop;
        out
    }
}

impl Drop for Scrubber {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.original);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scrubber(secret: &str) -> Scrubber {
        Scrubber::new(Arc::new(Needles::new([secret]).unwrap()))
    }

    fn through(scrubber: &mut Scrubber, chunks: &[&[u8]]) -> Vec<u8> {
        let mut out: Vec<u8> = chunks
            .iter()
            .flat_map(|chunk| scrubber.push(chunk))
            .collect();
        out.extend(scrubber.finish());
        out
    }

    #[test]
    fn a_secret_cut_at_every_place_is_masked() {
        let text = b"before the-secret-value after";
        for cut in 0..text.len() {
            let out = through(
                &mut scrubber("the-secret-value"),
                &[&text[..cut], &text[cut..]],
            );
            assert_eq!(out, b"before **************** after");
        }
    }

    #[test]
    fn a_pause_lets_a_short_beginning_go_and_still_hides_the_rest() {
        let mut scrubber = scrubber("the-secret-value");
        assert_eq!(scrubber.push(b"yes th"), "yes ");
        assert_eq!(scrubber.pause(), "th");
        assert_eq!(scrubber.push(b"e-secret-value!"), "**************!");
        assert_eq!(scrubber.push(b"the-secret-v"), "");
        assert_eq!(scrubber.pause(), "");
        assert_eq!(scrubber.push(b"ault!"), "the-secret-vault!");
    }

    #[test]
    fn a_pause_after_every_byte_tells_no_more_than_a_short_beginning() {
        let mut scrubber = scrubber("the-secret-value");
        let mut out = Vec::new();
        for byte in b"<the-secret-value>" {
            out.extend(scrubber.push(&[*byte]));
            out.extend(scrubber.pause());
        }
        assert_eq!(out, b"<the-secr********>");
    }

    #[test]
    fn what_ends_in_a_beginning_is_not_kept() {
        assert_eq!(
            through(&mut scrubber("the-secret-value"), &[b"so the-secret"]),
            b"so the-secret"
        );
    }

    proptest! {
        #[test]
        fn no_chunking_changes_what_comes_out(
            before in "[a-e ]{0,40}", middle in "[a-e]{0,6}", after in "[a-e ]{0,40}",
            cuts in proptest::collection::vec(0_usize..200, 0..8),
        ) {
            let secret = "abcdeabcda";
            let text = format!("{before}{secret}{middle}{secret}{after}");
            let whole = through(&mut scrubber(secret), &[text.as_bytes()]);
            let mut places: Vec<_> = cuts.iter().map(|cut| cut % text.len()).collect();
            places.extend([0, text.len()]);
            places.sort_unstable();
            let chunks: Vec<_> = places.windows(2).map(|p| &text.as_bytes()[p[0]..p[1]]).collect();
            let cut = through(&mut scrubber(secret), &chunks);
            prop_assert_eq!(&whole, &cut);
            prop_assert_eq!(whole.len(), text.len());
            prop_assert!(!String::from_utf8(whole).unwrap().contains(secret));
        }
    }
}
