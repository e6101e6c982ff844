//! One spelling per host: what a route, a `CONNECT`, an SNI and an authority are compared by.
//!
//! ASCII only (an international name comes as `xn--`), lower case, IP literals in their one
//! canonical form (`127.1` and `0x7f000001` are `127.0.0.1`). A trailing dot is refused rather than
//! removed, so that no two spellings of a name ever reach the same route (RFC 9110 section 4.2.3).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host in its canonical form and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Authority {
    host: String,
    port: u16,
}

impl Authority {
    /// Reads `host`, `host:port` or `[v6]:port`; `None` for anything else, user information included.
    pub(super) fn parse(text: &str, default_port: u16) -> Option<Self> {
        let (host, port) = split_port(text)?;
        let port = match port {
            None => default_port,
            Some(digits) => parse_port(digits)?,
        };
        Some(Self {
            host: canonical_host(host)?,
            port,
        })
    }

    /// Like [`parse`](Self::parse), but the port must be there: the form `CONNECT` takes.
    pub(super) fn parse_with_port(text: &str) -> Option<Self> {
        split_port(text)?.1?;
        Self::parse(text, 0)
    }

    /// From a host without brackets, as models have it.
    pub(super) fn of_host(host: &str, port: u16) -> Option<Self> {
        Some(Self {
            host: canonical_host(&bracketed(host))?,
            port,
        })
    }

    /// Lower case, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// The address, where the host is one.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The form a URI takes: brackets around IPv6, no port where it is the default.
    pub(super) fn for_uri(&self, default_port: u16) -> String {
        if self.port == default_port {
            bracketed(&self.host)
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", bracketed(&self.host), self.port)
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if text.contains('@') {
        return None;
    }
    if text.starts_with('[') {
        let end = text.find(']')? + 1;
        return match &text[end..] {
            "" => Some((text, None)),
            rest => Some((&text[..end], Some(rest.strip_prefix(':')?))),
        };
    }
    match text.split_once(':') {
        None => Some((text, None)),
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let plain = (1..=5).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    plain
        .then(|| digits.parse().ok())?
        .filter(|port| *port != 0)
}

/// The canonical form of a host, or `None` where it is not one or has a spelling of its own.
pub(super) fn canonical_host(text: &str) -> Option<String> {
    let odd = |c: u8| !c.is_ascii_graphic() || c == b'%';
    if text.is_empty() || text.len() > 255 || text.ends_with('.') || text.bytes().any(odd) {
        return None;
    }
    match url::Host::parse(text).ok()? {
        url::Host::Domain(name) if is_dns_name(&name) => Some(name),
        url::Host::Domain(_) => None,
        url::Host::Ipv4(ip) => Some(ip.to_string()),
        url::Host::Ipv6(ip) => Some(ip.to_string()),
    }
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Whether a canonical host is this machine, in any of its spellings.
pub(super) fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => is_loopback_v6(ip),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn is_loopback_v6(ip: Ipv6Addr) -> bool {
    ip.is_loopback()
        || ip.is_unspecified()
        || ip
            .to_ipv4_mapped()
            .is_some_and(|v4| v4.is_loopback() || v4.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_host_is_one_text() {
        for (text, canonical) in [
            ("API.Example.COM", "api.example.com"),
            ("127.1", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("[0:0::1]", "::1"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ] {
            assert_eq!(canonical_host(text).as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        let long = "a".repeat(300);
        for text in [
            "",
            ".",
            "a..b",
            "api.example.com.",
            "münchen.example",
            "a%2eb",
            "a b",
            "a\0b",
            "a/b",
            "a@b",
            "::1",
            "[::1",
            "1.2.3.4.5",
            "a,b",
            "a\\b",
            &long,
        ] {
            assert_eq!(canonical_host(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_authority_has_one_host_and_one_port() {
        let parsed = Authority::parse("API.example.com", 443).unwrap();
        assert_eq!(parsed.to_string(), "api.example.com:443");
        assert_eq!(parsed.for_uri(443), "api.example.com");
        assert_eq!(
            Authority::parse("[::1]:8443", 443).unwrap().to_string(),
            "[::1]:8443"
        );
        for text in [
            "a:b",
            "a:",
            "a:0",
            "a:65536",
            "a:+80",
            "u@a:80",
            "a:80:80",
            "[::1]x:80",
        ] {
            assert_eq!(Authority::parse(text, 443), None, "{text:?}");
        }
        assert_eq!(Authority::parse_with_port("a"), None);
    }

    #[test]
    fn loopback_is_known_in_every_spelling() {
        for host in [
            "localhost",
            "x.localhost",
            "127.9.9.9",
            "0.0.0.0",
            "::1",
            "::ffff:127.0.0.1",
        ] {
            let canonical = if host.contains("::") {
                format!("[{host}]")
            } else {
                host.to_owned()
            };
            assert!(is_loopback(&canonical_host(&canonical).unwrap()), "{host}");
        }
        assert!(!is_loopback("localhost.example"));
    }
}
