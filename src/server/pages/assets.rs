//! The style sheet, the script and the icon: embedded, and named by their content so that they may be cached for good.

use crate::server::gate::not_found;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

const STYLE: &str = include_str!("../assets/authsome.css");
const SCRIPT: &str = include_str!("../assets/authsome.js");
const ICON: &str = include_str!("../assets/authsome.svg");

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| named(STYLE, "css"));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| named(SCRIPT, "js"));
static ICON_PATH: LazyLock<String> = LazyLock::new(|| named(ICON, "svg"));

const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Where the style sheet is.
pub(in crate::server) fn style() -> &'static str {
    &STYLE_PATH
}

/// Where the script is.
pub(in crate::server) fn script() -> &'static str {
    &SCRIPT_PATH
}

/// Where the icon is.
pub(in crate::server) fn icon() -> &'static str {
    &ICON_PATH
}

fn named(content: &str, extension: &str) -> String {
    let mut path = String::from("/assets/authsome-");
    for byte in &Sha256::digest(content.as_bytes())[..8] {
        let _ = write!(path, "{byte:02x}");
    }
    path.push('.');
    path.push_str(extension);
    path
}

pub(super) async fn serve(Path(file): Path<String>) -> Response {
    let is = |path: &str| path.strip_prefix("/assets/") == Some(file.as_str());
    let (kind, content) = if is(style()) {
        ("text/css; charset=utf-8", STYLE)
    } else if is(script()) {
        ("text/javascript; charset=utf-8", SCRIPT)
    } else if is(icon()) {
        ("image/svg+xml", ICON)
    } else {
        return not_found().into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, FOREVER),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_what_is_in_it() {
        assert_ne!(named("a", "css"), named("b", "css"));
        assert!(style().starts_with("/assets/authsome-"));
    }
}
