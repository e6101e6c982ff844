//! Headers that every answer carries, so that no page and no JSON can be framed, sniffed, cached or
//! read by another site. No answer ever carries `Access-Control-*`.

use http::header::{self, Entry, HeaderName};
use http::{HeaderMap, HeaderValue};

/// Nothing may be loaded at all: right for JSON, and the floor for everything else.
const CSP_NOTHING: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Our own style sheet, script and forms; nothing inline, nothing from elsewhere.
const CSP_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const NO_FEATURES: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()");

/// Room for what an answer carries; without it a map grows by doubling, for each of many answers.
const ROOM: usize = 12;

/// Adds what an answer does not say itself.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.reserve(ROOM);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    default(headers, header::CACHE_CONTROL, NO_STORE);
    default(headers, header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(CORP, SAME_ORIGIN);
    let is_page = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        default(headers, header::CONTENT_SECURITY_POLICY, CSP_PAGE);
        headers.insert(header::X_FRAME_OPTIONS, DENY);
        headers.insert(COOP, SAME_ORIGIN);
        headers.insert(PERMISSIONS, NO_FEATURES);
    } else {
        default(headers, header::CONTENT_SECURITY_POLICY, CSP_NOTHING);
    }
}

/// A page with a form says who sends it: under `no-referrer` browsers post `Origin: null`, which
/// could not be told from a foreign page (Fetch, "append a request `Origin` header").
pub(super) fn with_form(headers: &mut HeaderMap) {
    headers.insert(header::REFERRER_POLICY, SAME_ORIGIN);
}

/// The policy of a page whose form leads on to `origin`.
pub(super) fn allow_form_to(headers: &mut HeaderMap, origin: &str) {
    let plain = |c: u8| c.is_ascii_graphic() && !matches!(c, b';' | b',' | b'\'' | b'"');
    let wider = format!("form-action 'self' {origin};");
    let policy = CSP_PAGE
        .to_str()
        .map(|text| text.replace("form-action 'self';", &wider));
    if let (true, Ok(policy)) = (origin.bytes().all(plain), policy)
        && let Ok(policy) = HeaderValue::try_from(policy)
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if let Entry::Vacant(place) = headers.entry(name) {
        place.insert(value);
    }
}
