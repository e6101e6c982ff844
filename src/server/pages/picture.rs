//! A link as a picture that a phone reads (QR code), drawn in the page itself.

use qrcode::{Color, QrCode};
use std::fmt::Write as _;

/// The quiet zone around it, in dots (ISO/IEC 18004 section 9.1).
const MARGIN: usize = 4;

/// One path of dark dots on a light square.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) size: usize,
    pub(super) path: String,
}

impl Picture {
    /// `None` for what is too long for a picture; the link beside it is enough.
    pub(super) fn of(link: &str) -> Option<Self> {
        let code = QrCode::new(link).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (row, dots) in code.to_colors().chunks(width).enumerate() {
            let mut column = 0;
            for run in dots.chunk_by(|a, b| a == b) {
                if run.first() == Some(&Color::Dark) {
                    let (x, y, length) = (column + MARGIN, row + MARGIN, run.len());
                    // Writing to a String cannot fail.
                    let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
                }
                column += run.len();
            }
        }
        Some(Self {
            size: width + 2 * MARGIN,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_path_and_what_is_too_long_nothing() {
        let picture = Picture::of("https://acme.example/device?code=ABCD-EFGH").unwrap();
        assert!(picture.size > 2 * MARGIN + 20);
        // The finder pattern in the corner is seven dots wide.
        assert!(picture.path.starts_with("M4 4h7v1h-7z"), "{}", picture.path);
        assert!(Picture::of(&"x".repeat(5_000)).is_none());
    }
}
