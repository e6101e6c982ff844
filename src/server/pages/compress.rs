//! Pages travel compressed, but only where no other site has a hand in the request.
//!
//! Compressed pages give their content away by their length to whoever can have them fetched with
//! words of his own choice in them and watches the wire (BREACH). Browsers say whether another site
//! made a request (Fetch Metadata, `Sec-Fetch-Site`); such a page is sent as it is, and so is one that
//! a browser says nothing about.

use crate::server::state::App;
use axum::Router;
use axum::extract::Request;
use http::{HeaderValue, header};
use tower::util::MapRequestLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

/// Shorter answers are not worth it, in bytes.
const SMALLEST: u64 = 600;

pub(super) fn compressed(pages: Router<App>) -> Router<App> {
    // A stream of events is sent as it comes.
    let worth = SizeAbove::new(SMALLEST).and(NotForContentType::SSE);
    pages
        .layer(CompressionLayer::new().compress_when(worth))
        .layer(MapRequestLayer::new(only_our_own))
}

fn only_our_own(mut request: Request) -> Request {
    let site = request.headers().get("sec-fetch-site");
    let is_own = matches!(
        site.map(HeaderValue::as_bytes),
        Some(b"same-origin" | b"none")
    );
    if !is_own {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn accepts(site: Option<&str>) -> bool {
        let mut request = Request::builder().header("accept-encoding", "gzip");
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        let request = only_our_own(request.body(Body::empty()).unwrap());
        request.headers().contains_key("accept-encoding")
    }

    #[test]
    fn a_page_that_another_site_has_asked_for_is_not_compressed() {
        assert!(accepts(Some("same-origin")) && accepts(Some("none")));
        for site in [None, Some("cross-site"), Some("same-site"), Some("x")] {
            assert!(!accepts(site), "{site:?}");
        }
    }
}
