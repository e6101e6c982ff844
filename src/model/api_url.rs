//! Where a credential may go: one entry of a definition's `api_url`.
//!
//! A host (`api.x.com`), a URL with a path prefix (`https://api.x.com/v1`) or `regex:` and a pattern
//! for the whole host. Ports are exact: none means 443. The proxy and the definitions read it here.

use super::pattern::WholePattern;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::{Host, Url};

/// Which hosts an entry stands for.
#[derive(Debug, Clone)]
pub enum HostMatch {
    /// Lower case, without a trailing dot; an IPv6 address without brackets.
    Exact(String),
    Pattern(HostPattern),
}

/// A pattern for a whole host, whatever its case.
#[derive(Debug, Clone)]
pub struct HostPattern(WholePattern);

impl HostPattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Compiles the part after `regex:`; anchored at both ends whether or not it says so.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        WholePattern::compile(pattern, true).map(Self)
    }

    /// Takes time linear in the length of `host`.
    pub fn is_match(&self, host: &str) -> bool {
        self.0.is_match(host)
    }
}

/// One parsed entry of `api_url`.
#[derive(Debug, Clone)]
pub struct ApiUrl {
    pub host: HostMatch,
    pub port: u16,
    /// `http` is only ever parsed for a loopback host.
    pub tls: bool,
    /// Empty, or `/` and segments without a slash at the end; it ends at a segment boundary.
    pub path_prefix: String,
}

impl ApiUrl {
    /// Whether a request to `host`, lower case and canonical, is meant; port and path apart.
    pub fn matches_host(&self, host: &str) -> bool {
        match &self.host {
            HostMatch::Exact(own) => own == host,
            HostMatch::Pattern(pattern) => pattern.is_match(host),
        }
    }

    /// Whether `path`, as it will be sent and without a query, lies below the prefix.
    pub fn matches_path(&self, path: &str) -> bool {
        path.strip_prefix(self.path_prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The host, where there is just one.
    pub fn exact_host(&self) -> Option<&str> {
        match &self.host {
            HostMatch::Exact(host) => Some(host),
            HostMatch::Pattern(_) => None,
        }
    }

    /// Whether it is this machine: only such an entry may be `http`.
    pub fn is_loopback(&self) -> bool {
        self.exact_host().is_some_and(is_loopback_host)
    }
}

/// Whether `host` (no brackets) names this machine.
pub fn is_loopback_host(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Why an entry was refused, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiUrlError {
    #[error(
        "write a host such as api.example.com, a URL such as https://api.example.com/v1, or regex: and a pattern for the host"
    )]
    Shape,
    #[error("only https is allowed; http is for this machine (localhost) with a port")]
    Scheme,
    #[error("leave user name and password out")]
    UserInfo,
    #[error("leave out the query and what follows `#`")]
    Query,
    #[error("the path must be plain segments, without `..`, `//`, `%`, `\\` or `;`")]
    Path,
    #[error("name the port of a service on this machine, as in http://localhost:8080")]
    LoopbackPort,
    #[error("the address {0} can never be a service of a provider")]
    Address(String),
    #[error("the pattern does not work: {0}")]
    Pattern(String),
}

impl FromStr for ApiUrl {
    type Err = ApiUrlError;

    fn from_str(text: &str) -> Result<Self, ApiUrlError> {
        if text.len() > 2048 || !text.bytes().all(|c| matches!(c, 0x21..=0x7e)) {
            return Err(ApiUrlError::Shape);
        }
        if let Some(pattern) = text.strip_prefix("regex:") {
            return HostPattern::compile(pattern)
                .map(|pattern| Self {
                    host: HostMatch::Pattern(pattern),
                    port: 443,
                    tls: true,
                    path_prefix: String::new(),
                })
                .map_err(ApiUrlError::Pattern);
        }
        if text.contains("://") {
            return parse_url(text);
        }
        if text.contains(['/', '@', '?', '#']) {
            return Err(ApiUrlError::Shape);
        }
        parse_url(&format!("https://{text}"))
    }
}

fn parse_url(text: &str) -> Result<ApiUrl, ApiUrlError> {
    let (scheme, rest) = text.split_once("://").ok_or(ApiUrlError::Shape)?;
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err(ApiUrlError::Scheme),
    };
    let (authority, raw_path) =
        rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(ApiUrlError::UserInfo);
    }
    if raw_path.contains(['?', '#']) {
        return Err(ApiUrlError::Query);
    }
    // `%`, and anything else that needs decoding before it is a host, is somebody's trick.
    let plain = |c: u8| c.is_ascii_alphanumeric() || b".-_:[]".contains(&c);
    let url: Url = text.parse().map_err(|_| ApiUrlError::Shape)?;
    if authority.is_empty() || !authority.bytes().all(plain) {
        return Err(ApiUrlError::Shape);
    }
    let host = canonical_host(&url)?;
    let loopback = is_loopback_host(&host);
    if !tls && !loopback {
        return Err(ApiUrlError::Scheme);
    }
    let written_port = authority
        .rsplit(':')
        .next()
        .is_some_and(|p| p.parse::<u16>().is_ok())
        && !authority.ends_with(']')
        && authority.contains(':');
    if loopback && !written_port {
        return Err(ApiUrlError::LoopbackPort);
    }
    Ok(ApiUrl {
        port: url
            .port_or_known_default()
            .filter(|p| *p > 0)
            .ok_or(ApiUrlError::Shape)?,
        host: HostMatch::Exact(host),
        tls,
        path_prefix: path_prefix(raw_path)?,
    })
}

fn canonical_host(url: &Url) -> Result<String, ApiUrlError> {
    let address: IpAddr = match url.host().ok_or(ApiUrlError::Shape)? {
        Host::Domain(name) => return domain(name),
        Host::Ipv4(ip) => ip.into(),
        Host::Ipv6(ip) => ip.into(),
    };
    if is_never_a_service(address) {
        return Err(ApiUrlError::Address(address.to_string()));
    }
    Ok(address.to_string())
}

fn domain(name: &str) -> Result<String, ApiUrlError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |l: &str| (1..=63).contains(&l.len()) && !l.starts_with('-') && !l.ends_with('-');
    if name.len() > 253 || !name.split('.').all(label) {
        return Err(ApiUrlError::Shape);
    }
    Ok(name.to_ascii_lowercase())
}

/// Addresses that no definition may name: unspecified, link-local (the cloud's metadata services
/// are there), multicast, broadcast, and IPv6 spellings of IPv4 ones.
fn is_never_a_service(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            ip.is_unspecified() || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast()
        }
        IpAddr::V6(ip) => {
            let [first, second, .., seventh, eighth] = ip.segments();
            let mapped = ip.to_ipv4_mapped().is_some();
            let translated = first == 0x64 && second == 0xff9b;
            let metadata = first == 0xfd00 && second == 0xec2 && (seventh, eighth) == (0, 0x254);
            ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unicast_link_local()
                || mapped
                || translated
                || metadata
        }
    }
}

fn path_prefix(raw: &str) -> Result<String, ApiUrlError> {
    let path = raw.strip_suffix('/').unwrap_or(raw);
    let plain = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b"-_.~!$&'()*+,=:@".contains(&c))
    };
    match path.strip_prefix('/') {
        None if path.is_empty() => Ok(String::new()),
        Some(rest) if rest.split('/').all(plain) => Ok(path.to_owned()),
        _ => Err(ApiUrlError::Path),
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostMatch::Exact(host) if host.contains(':') => write!(f, "[{host}]")?,
            HostMatch::Exact(host) => f.write_str(host)?,
            HostMatch::Pattern(pattern) => write!(f, "regex:{}", pattern.as_str())?,
        }
        if self.port != 443 {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path_prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ApiUrl {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn the_three_spellings_are_read() {
        let host = parse("API.OpenAI.com.");
        assert_eq!(host.exact_host(), Some("api.openai.com"));
        assert_eq!(
            (host.port, host.tls, host.path_prefix.as_str()),
            (443, true, "")
        );
        let url = parse("https://api.x.com:8443/client/v4/");
        assert_eq!((url.port, url.path_prefix.as_str()), (8443, "/client/v4"));
        let pattern = parse(r"regex:.*\.linear\.app");
        assert!(pattern.matches_host("api.linear.app") && pattern.matches_host("API.Linear.App"));
        assert!(!pattern.matches_host("api.linear.app.evil.example"));
        assert!(!pattern.matches_host("linear.app"));
        assert_eq!(parse("https://api.x.com:443/").port, 443);
        assert_eq!(
            parse("[2606:4700::1]:8443").exact_host(),
            Some("2606:4700::1")
        );
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let url = parse("https://api.x.com/v1");
        for (path, is_below) in [
            ("/v1", true),
            ("/v1/a", true),
            ("/v10", false),
            ("/", false),
        ] {
            assert_eq!(url.matches_path(path), is_below, "{path}");
        }
        assert!(parse("api.x.com").matches_path("/anything"));
    }

    #[test]
    fn this_machine_needs_a_port_and_may_be_http() {
        assert!(!parse("http://localhost:8080").tls);
        assert!(parse("https://127.0.0.1:8443/x").is_loopback());
        assert!(parse("http://[::1]:1").is_loopback());
        assert!(parse("localhost:443").is_loopback());
        for bad in [
            "localhost",
            "127.0.0.1",
            "http://127.0.0.1",
            "https://[::1]",
            "127.1",
        ] {
            assert_eq!(
                bad.parse::<ApiUrl>().unwrap_err(),
                ApiUrlError::LoopbackPort,
                "{bad}"
            );
        }
    }

    #[test]
    fn what_is_not_a_plain_place_is_refused() {
        for bad in [
            "",
            " ",
            "https://",
            "http://api.x.com",
            "ftp://api.x.com",
            "javascript:alert(1)",
            "https://u:p@api.x.com",
            "https://u@api.x.com",
            "u@api.x.com",
            "api.x.com/v1",
            "https://api.x.com/v1?x=1",
            "https://api.x.com/#f",
            "https://api.x.com/a/../b",
            "https://api.x.com/%2e%2e/b",
            "https://api.x.com//b",
            "https://api.x.com/a;b",
            "https://api.x.com\\@evil.example",
            "https://api%2ex.com",
            "api.x.com:99999",
            "api.x.com:0",
            "api..x.com",
            "-api.x.com",
            "api.x.com\r\nX: y",
            "api.x.com\0",
            "https://api.x.com/a b",
            "exämple.com",
            "https://[::1",
            "https://api.x.com:443:1",
        ] {
            assert!(bad.parse::<ApiUrl>().is_err(), "{bad:?}");
        }
        let long = format!("https://api.x.com/{}", "a".repeat(5000));
        assert!(long.parse::<ApiUrl>().is_err());
    }

    #[test]
    fn metadata_and_other_impossible_addresses_are_refused_in_every_spelling() {
        for bad in [
            "169.254.169.254",
            "https://0xa9fea9fe",
            "https://2852039166",
            "https://0251.0376.0251.0376",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "https://[fe80::1]",
            "https://[::]",
            "https://[::ffff:10.0.0.1]",
            "https://[64:ff9b::a9fe:a9fe]",
            "https://[fd00:ec2::254]",
        ] {
            let error = bad.parse::<ApiUrl>().unwrap_err();
            assert!(matches!(error, ApiUrlError::Address(_)), "{bad}: {error}");
        }
    }
}
