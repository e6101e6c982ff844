//! Every page of ours that a test has seen, kept for a validator of HTML: `AUTHSOME_PAGES` names the
//! folder. Pages that differ in their words alone are kept once.

use super::http::Answer;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What the title of every page of ours ends in; the other servers of the tests have pages, too.
const OURS: &str = "Authsome</title>";

/// Keeps an answer that is a page of ours.
pub(crate) fn keep_answer(answer: &Answer) {
    let kind = answer.header("content-type").unwrap_or_default();
    if kind.starts_with("text/html") && answer.header("content-encoding").is_none() {
        keep(&answer.text());
    }
}

/// Keeps a page of ours as it came.
pub(crate) fn keep(page: &str) {
    let Some(folder) = folder().filter(|_| page.contains(OURS)) else {
        return;
    };
    let mut name = String::new();
    for byte in &Sha256::digest(shape(page))[..8] {
        let _ = write!(name, "{byte:02x}");
    }
    let file = folder.join(format!("{name}.html"));
    if !file.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(file, page).unwrap();
    }
}

/// The page without its words: the elements with the names of their attributes, in order.
fn shape(page: &str) -> String {
    let mut shape = String::new();
    for element in page.split('<').skip(1) {
        let inside = element.split('>').next().unwrap_or_default();
        for (at, part) in inside.split('"').enumerate() {
            if at % 2 == 0 {
                shape.push_str(part);
            }
        }
        shape.push('\n');
    }
    shape
}

fn folder() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the tests, not of the program"
    )]
    let folder = std::env::var_os("AUTHSOME_PAGES");
    folder.map(PathBuf::from)
}
