//! Which headers belong to one connection only and never cross the proxy (RFC 9110 section 7.6.1).

use http::HeaderMap;
use http::header::{
    CONNECTION, EXPECT, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};

const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-authentication-info"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Removes what belongs to this connection, and whatever `Connection` names. `TE: trailers` stays:
/// it says that the far end of the whole chain may send trailers, which gRPC needs.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let wants_trailers = headers.get_all(TE).iter().any(|value| {
        value.to_str().is_ok_and(|list| {
            list.split(',')
                .any(|word| word.trim().eq_ignore_ascii_case("trailers"))
        })
    });
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
    headers.remove(EXPECT);
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Whether two names mean one header to a server that also reads `_` for `-`, as CGI does.
pub(super) fn same_header(one: &str, other: &str) -> bool {
    let plain = |c: u8| {
        if c == b'_' {
            b'-'
        } else {
            c.to_ascii_lowercase()
        }
    };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
}

/// Removes every spelling of a header.
pub(super) fn remove_header(headers: &mut HeaderMap, name: &str) {
    let found: Vec<_> = headers
        .keys()
        .filter(|key| same_header(key.as_str(), name))
        .cloned()
        .collect();
    for key in found {
        headers.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_names_is_dropped_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Api-Key"),
            ("x-api-key", "mine"),
            ("te", "gzip, Trailers"),
            ("proxy-authorization", "Basic x"),
            ("keep-alive", "5"),
            ("accept", "*/*"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        strip_hop_by_hop(&mut headers);
        let mut left: Vec<_> = headers.iter().map(|(n, v)| format!("{n}: {v:?}")).collect();
        left.sort();
        assert_eq!(left, ["accept: \"*/*\"", "te: \"trailers\""]);
    }

    #[test]
    fn an_underscore_is_a_hyphen_to_some_servers() {
        let mut headers = HeaderMap::new();
        for name in ["x_api_key", "x-api-key", "x-api_key", "x-api-keys"] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("v"));
        }
        remove_header(&mut headers, "X-Api-Key");
        assert_eq!(
            headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["x-api-keys"]
        );
    }
}
