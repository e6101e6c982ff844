//! From text to types, one function for each kind of value.

use super::Error;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use url::{Host, Url};

/// Scheme, host and port of a URL, in the one spelling that browsers send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    pub fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A provider that an operator allows on a private address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateHost {
    /// A host name, lower case, without a trailing dot.
    Name(String),
    Network(IpNet),
}

impl PrivateHost {
    /// Whether this entry allows connecting to `address`, reached under the name `host`.
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        match self {
            Self::Name(name) => name.eq_ignore_ascii_case(host.trim_end_matches('.')),
            Self::Network(network) => network.contains(&address.to_canonical()),
        }
    }

    /// Whether `host`, as it is written, is this entry or in it.
    pub fn names(&self, host: &str) -> bool {
        match self {
            Self::Name(name) => name.eq_ignore_ascii_case(host.trim_end_matches('.')),
            Self::Network(network) => host
                .parse::<IpAddr>()
                .is_ok_and(|address| network.contains(&address.to_canonical())),
        }
    }
}

/// Whether `url` names this machine and no other.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

pub(super) fn flag(name: &'static str, text: Option<&str>) -> Result<bool, Error> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None | Some("0" | "false" | "no" | "off") => Ok(false),
        Some("1" | "true" | "yes" | "on") => Ok(true),
        Some(_) => Err(Error::invalid(name, "write 1 or 0")),
    }
}

pub(super) fn absolute_path(name: &'static str, text: &str) -> Result<PathBuf, Error> {
    let path = PathBuf::from(text);
    if path.is_absolute() && !text.contains('\0') {
        return Ok(path);
    }
    let fix = if text.starts_with('~') {
        "write the path out; `~` is only known to the shell"
    } else {
        "it must be an absolute path, one that starts with /"
    };
    Err(Error::invalid(name, fix))
}

pub(super) fn path(name: &'static str, value: Option<&str>) -> Result<Option<PathBuf>, Error> {
    value.map(|text| absolute_path(name, text)).transpose()
}

/// `127.0.0.1:7998`, `[::1]:7998` or `localhost:7998`.
pub(super) fn listen_address(name: &'static str, text: &str) -> Result<SocketAddr, Error> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|p| p.parse().ok()) {
        return Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
    }
    text.parse().map_err(|_| {
        Error::invalid(
            name,
            "write an IP address and a port, such as 127.0.0.1:7998 or [::1]:7998",
        )
    })
}

/// A URL that is only scheme, host and port; `https`, or `http` where that is allowed.
pub(super) fn site(name: &'static str, text: &str, insecure_http: bool) -> Result<Url, Error> {
    let wrong = |fix: &str| Error::invalid(name, fix);
    let url: Url = text
        .parse()
        .map_err(|_| wrong("write a URL such as https://authsome.example.com"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("write a URL such as https://authsome.example.com"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("leave user name and password out of the URL"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("write scheme, host and port only, without a path"));
    }
    if url.scheme() == "http" && !insecure_http && !is_loopback(&url) {
        return Err(wrong(
            "use https; over http every credential crosses the network readable. On a network that encrypts by itself (WireGuard, Tailscale) set AUTHSOME_INSECURE_HTTP=1",
        ));
    }
    Ok(url)
}

pub(super) fn list<T>(
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(parse)
        .collect()
}

pub(super) fn private_host(name: &'static str, text: &str) -> Result<PrivateHost, Error> {
    if let Ok(network) = text.parse::<IpNet>() {
        return Ok(PrivateHost::Network(network.trunc()));
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(PrivateHost::Network(address.into()));
    }
    match Host::parse(text.trim_end_matches('.')) {
        Ok(Host::Domain(host)) if !host.is_empty() && !text.contains(['/', '*', ':']) => {
            Ok(PrivateHost::Name(host))
        }
        _ => Err(Error::invalid(
            name,
            "write host names, IP addresses or blocks such as 10.0.0.0/8, separated by commas, without scheme or port",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_https_or_loopback_or_allowed() {
        for good in [
            "https://a.example",
            "https://a.example:8443/",
            "http://127.0.0.1:7998",
            "http://localhost",
            "http://[::1]:1",
        ] {
            assert!(site("X", good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example",
            "http://10.0.0.1",
            "ftp://a",
            "a.example",
            "https://u:p@a.example",
            "https://a.example/x",
            "https://a.example/?q",
            "https://",
            "http://localhost.evil.example",
        ] {
            assert!(site("X", bad, false).is_err(), "{bad}");
        }
        assert!(site("X", "http://10.0.0.1:7998", true).is_ok());
    }

    #[test]
    fn private_hosts_are_names_addresses_and_blocks() {
        let parse = |text| private_host("X", text);
        let name = parse("Git.Corp.example.").unwrap();
        assert!(name.allows("git.corp.example", [10, 0, 0, 1].into()));
        assert!(!name.allows("x.git.corp.example", [10, 0, 0, 1].into()));
        let block = parse("10.1.2.3/8").unwrap();
        assert!(block.allows("any", [10, 200, 0, 1].into()));
        assert!(block.allows("any", "::ffff:10.0.0.1".parse().unwrap()));
        assert!(!block.allows("any", [11, 0, 0, 1].into()));
        assert!(
            parse("[fd00::1]")
                .unwrap()
                .allows("x", "fd00::1".parse().unwrap())
        );
        for bad in ["http://a", "a:80", "*", "*.a", "10.0.0.0/33", "a b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn flags_and_addresses_have_few_spellings() {
        assert!(flag("X", Some("TRUE")).unwrap());
        assert!(!flag("X", None).unwrap());
        assert!(flag("X", Some("maybe")).is_err());
        assert_eq!(
            listen_address("X", "localhost:1").unwrap().to_string(),
            "127.0.0.1:1"
        );
        for bad in [
            "7998",
            "127.0.0.1",
            "localhost",
            "host:1",
            "127.0.0.1:99999",
            "::1:80",
        ] {
            assert!(listen_address("X", bad).is_err(), "{bad}");
        }
        assert!(
            absolute_path("X", "~/x")
                .unwrap_err()
                .to_string()
                .contains("shell")
        );
    }
}
