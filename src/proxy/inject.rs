//! Puts a credential into a request: the child's own value never wins.
//!
//! Pure, over the request's head. Every header, query parameter and cookie of an injected name is
//! removed first, whatever its case or encoding.

use super::headers::remove_header;
use crate::model::Injection;
use crate::model::target::InjectedPart;
use http::header::COOKIE;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A credential that does not fit into a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InjectError {
    #[error("the stored credential cannot be sent as a header")]
    Header,
    #[error("the stored credential cannot be sent in the query")]
    Query,
    #[error("the stored credential cannot be sent as a cookie")]
    Cookie,
}

const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Adds every part of `injection`; on an error the request must not be sent.
pub(super) fn apply<B>(request: &mut Request<B>, injection: &Injection) -> Result<(), InjectError> {
    for part in &injection.parts {
        match part {
            InjectedPart::Header { name, value } => {
                set_header(request.headers_mut(), name, value.reveal())?;
            }
            InjectedPart::Query { name, value } => {
                let with = format!("{}={}", encode(name), encode(value.reveal()));
                *request.uri_mut() = edit_query(request.uri(), |key| key == name, Some(&with))?;
            }
            InjectedPart::Cookie { name, value } => {
                set_cookie(request.headers_mut(), name, value.reveal())?;
            }
        }
    }
    Ok(())
}

/// The headers that an injection sets.
pub(super) fn header_names(injection: &Injection) -> Vec<String> {
    let names = injection.parts.iter().filter_map(|part| match part {
        InjectedPart::Header { name, .. } => Some(name.clone()),
        InjectedPart::Query { .. } | InjectedPart::Cookie { .. } => None,
    });
    names.collect()
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

fn set_header(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), InjectError> {
    let key: HeaderName = name.parse().map_err(|_| InjectError::Header)?;
    let mut value = HeaderValue::from_str(value).map_err(|_| InjectError::Header)?;
    value.set_sensitive(true);
    remove_header(headers, name);
    headers.insert(key, value);
    Ok(())
}

/// Rebuilds the query without the parameters whose decoded name `drops`, and with one more.
pub(super) fn edit_query(
    uri: &Uri,
    drops: impl Fn(&str) -> bool,
    with: Option<&str>,
) -> Result<Uri, InjectError> {
    let kept = uri
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or(pair).replace('+', " ");
            !pair.is_empty() && !drops(&percent_decode_str(&name).decode_utf8_lossy())
        });
    let query = kept.chain(with).collect::<Vec<_>>().join("&");
    let text = if query.is_empty() {
        uri.path().to_owned()
    } else {
        format!("{}?{query}", uri.path())
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).map_err(|_| InjectError::Query)?);
    Uri::from_parts(parts).map_err(|_| InjectError::Query)
}

fn set_cookie(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), InjectError> {
    let plain = |c: u8| c.is_ascii_graphic() && !matches!(c, b';' | b',' | b'"' | b'\\');
    if name.is_empty()
        || !name.bytes().all(|c| plain(c) && c != b'=')
        || !value.bytes().all(|c| plain(c) || c == b'"')
    {
        return Err(InjectError::Cookie);
    }
    let mut pairs = edit_cookies(headers, |key| key == name);
    pairs.push(format!("{name}={value}"));
    let mut joined = HeaderValue::from_str(&pairs.join("; ")).map_err(|_| InjectError::Cookie)?;
    joined.set_sensitive(true);
    headers.insert(COOKIE, joined);
    Ok(())
}

/// The cookies of a request without those whose name `drops`; a cookie that is not text goes too.
fn edit_cookies(headers: &HeaderMap, drops: impl Fn(&str) -> bool) -> Vec<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .map(str::trim)
        .filter(|pair| !pair.is_empty() && !drops(pair.split('=').next().unwrap_or(pair).trim()))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::InjectedValue;

    fn injected(
        request: http::request::Builder,
        parts: Vec<InjectedPart>,
    ) -> Result<Request<()>, InjectError> {
        let mut head = request.body(()).unwrap();
        let injection = Injection {
            provider: "x".parse().unwrap(),
            connection: "default".parse().unwrap(),
            parts,
            secrets: Vec::new(),
            lease_seconds: 0,
            refreshable: false,
        };
        apply(&mut head, &injection).map(|()| head)
    }

    fn value(text: &str) -> InjectedValue {
        InjectedValue::new(text)
    }

    #[test]
    fn the_childs_own_header_never_wins() {
        let request = http::Request::get("https://x/")
            .header("AUTHORIZATION", "mine")
            .header("authorization", "also mine");
        let part = InjectedPart::Header {
            name: "Authorization".to_owned(),
            value: value("Bearer real"),
        };
        let head = injected(request, vec![part]).unwrap();
        let all: Vec<_> = head.headers().get_all("authorization").iter().collect();
        assert_eq!(all, ["Bearer real"]);
        assert!(all[0].is_sensitive());
    }

    #[test]
    fn the_childs_own_query_never_wins_however_it_is_spelled() {
        let request = http::Request::get("https://x/p?a=1&k%65y=mine&key=mine&KEY=other&&b=%26");
        let part = InjectedPart::Query {
            name: "key".to_owned(),
            value: value("r/e&l"),
        };
        let head = injected(request, vec![part]).unwrap();
        assert_eq!(
            head.uri().to_string(),
            "https://x/p?a=1&KEY=other&b=%26&key=r%2Fe%26l"
        );
    }

    #[test]
    fn other_cookies_stay() {
        let request = http::Request::get("https://x/")
            .header("cookie", "a=1; sid=mine")
            .header("cookie", "b=2;sid=x");
        let part = InjectedPart::Cookie {
            name: "sid".to_owned(),
            value: value("real"),
        };
        let head = injected(request, vec![part]).unwrap();
        assert_eq!(
            head.headers().get_all("cookie").iter().collect::<Vec<_>>(),
            ["a=1; b=2; sid=real"]
        );
    }

    #[test]
    fn a_value_that_would_split_the_request_is_refused() {
        let header = |text: &str| InjectedPart::Header {
            name: "a".to_owned(),
            value: value(text),
        };
        for text in ["a\r\nb: c", "a\0"] {
            let result = injected(http::Request::get("https://x/"), vec![header(text)]);
            assert_eq!(result.err(), Some(InjectError::Header));
        }
        let cookie = InjectedPart::Cookie {
            name: "a".to_owned(),
            value: value("x; admin=1"),
        };
        assert_eq!(
            injected(http::Request::get("https://x/"), vec![cookie]).err(),
            Some(InjectError::Cookie)
        );
    }
}
