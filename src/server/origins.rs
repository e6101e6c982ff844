//! Which names this daemon answers to (RFC 9110 section 7.2), and under which it shows itself.
//!
//! A browser that was lured to `http://evil.example` and then told that the name means 127.0.0.1
//! still says `Host: evil.example`; answering only to our own names ends that attack. Nothing else
//! a request says about hosts (`Forwarded`, `X-Forwarded-Host` and the like) is ever read.

use std::net::SocketAddr;
use url::Url;

/// The origins this daemon answers for.
#[derive(Debug, Clone)]
pub struct Origins {
    /// Where people reach our pages; no slash at the end.
    base: String,
    /// Every origin as browsers spell it, the base first.
    all: Vec<String>,
    /// Those a proof may be signed for.
    provable: Vec<String>,
    /// The same as a Host header may name them: with the port, and without when it is the default.
    hosts: Vec<String>,
    port: u16,
    hosted: bool,
}

impl Origins {
    /// `listen` is the address in use (its port known), `base_url` what the operator told, `allowed`
    /// further origins such as `https://authsome.internal`.
    pub fn new(
        listen: SocketAddr,
        base_url: Option<&Url>,
        allowed: impl IntoIterator<Item = Url>,
    ) -> Self {
        let port = listen.port();
        let base = base_url.map(|url| url.origin().ascii_serialization());
        let mut found = Self {
            base: String::new(),
            all: Vec::new(),
            provable: Vec::new(),
            hosts: Vec::new(),
            port: base_url
                .and_then(Url::port_or_known_default)
                .unwrap_or(port),
            hosted: base_url.is_some() || !listen.ip().is_loopback(),
        };
        let allowed: Vec<Url> = allowed.into_iter().collect();
        found.extend(base_url.cloned());
        found.extend(allowed.iter().cloned());
        found.provable.clone_from(&found.all);
        if listen.ip().is_loopback() {
            found.extend(Url::parse(&format!("http://{listen}")));
        }
        for name in ["127.0.0.1", "localhost", "[::1]"] {
            found.extend(Url::parse(&format!("http://{name}:{port}")));
        }
        if !found.hosted {
            found.provable.clone_from(&found.all);
        }
        let at_home = Url::parse(&format!("http://{listen}")).ok();
        let at_home = at_home.map(|url| url.origin().ascii_serialization());
        found.base = base.or(at_home).unwrap_or_default();
        found
    }

    fn extend(&mut self, urls: impl IntoIterator<Item = Url>) {
        for url in urls {
            let origin = url.origin().ascii_serialization();
            let Some((_, authority)) = origin.split_once("://") else {
                continue;
            };
            let mut hosts = vec![authority.to_owned()];
            if let (None, Some(port)) = (url.port(), url.port_or_known_default()) {
                hosts.push(format!("{authority}:{port}"));
            }
            for host in hosts {
                if !self.hosts.contains(&host) {
                    self.hosts.push(host);
                }
            }
            if !self.all.contains(&origin) {
                self.all.push(origin);
            }
        }
    }

    /// The origin of our own pages, without a slash at the end: `http://127.0.0.1:7998`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Every origin we answer for, as browsers spell them.
    pub fn all(&self) -> &[String] {
        &self.all
    }

    /// The origins a proof may be signed for. Hosted, those of loopback are not among them: every
    /// machine has them, and a program at the port on a laptop would be given proofs it could use here.
    pub fn provable(&self) -> &[String] {
        &self.provable
    }

    /// The host part of the base, for people: `127.0.0.1:7998`.
    pub(super) fn host(&self) -> &str {
        self.base
            .split_once("://")
            .map_or(self.base.as_str(), |(_, host)| host)
    }

    /// Whether others than the person at this keyboard reach us.
    pub fn is_hosted(&self) -> bool {
        self.hosted
    }

    /// The port people reach us at.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether people reach us over TLS, so that cookies can be bound to it.
    pub fn is_https(&self) -> bool {
        self.base.starts_with("https://")
    }

    /// Whether `host` (the text of a Host header or `:authority`) is one of ours.
    pub(super) fn answers_to(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// Whether the text of an Origin header is one of ours.
    pub(super) fn are_ours(&self, origin: &str) -> bool {
        self.all.iter().any(|own| own == origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Origins {
        Origins::new("127.0.0.1:7998".parse().unwrap(), None, [])
    }

    fn hosted() -> Origins {
        Origins::new(
            "0.0.0.0:7998".parse().unwrap(),
            Some(&"https://authsome.example/".parse().unwrap()),
            ["http://vpn-host:8080".parse().unwrap()],
        )
    }

    #[test]
    fn a_laptop_answers_to_its_loopback_names_and_port_alone() {
        let ours = local();
        for host in [
            "127.0.0.1:7998",
            "localhost:7998",
            "[::1]:7998",
            "LocalHost:7998",
        ] {
            assert!(ours.answers_to(host), "{host}");
        }
        for host in [
            "",
            "localhost",
            "localhost:80",
            "localhost.:7998",
            "evil.example:7998",
            "127.0.0.1.evil.example:7998",
            "127.0.0.1:7998@evil.example",
            "127.0.0.1:07998",
            "127.1:7998",
            "[::1]",
            "0.0.0.0:7998",
        ] {
            assert!(!ours.answers_to(host), "{host}");
        }
        assert_eq!(ours.base(), "http://127.0.0.1:7998");
        assert!(!ours.is_https());
    }

    #[test]
    fn a_hosted_daemon_answers_to_its_public_name_with_and_without_the_default_port() {
        let ours = hosted();
        for host in [
            "authsome.example",
            "authsome.example:443",
            "vpn-host:8080",
            "127.0.0.1:7998",
        ] {
            assert!(ours.answers_to(host), "{host}");
        }
        for host in ["authsome.example:80", "vpn-host", "authsome.example.evil"] {
            assert!(!ours.answers_to(host), "{host}");
        }
        assert_eq!(ours.base(), "https://authsome.example");
        assert!(ours.is_https());
        assert_eq!(
            ours.provable(),
            ["https://authsome.example", "http://vpn-host:8080"]
        );
        assert_eq!(local().provable(), local().all());
    }

    #[test]
    fn an_origin_is_compared_whole() {
        let ours = hosted();
        assert!(ours.are_ours("https://authsome.example"));
        for origin in [
            "null",
            "http://authsome.example",
            "https://authsome.example:8443",
            "https://authsome.example.evil",
            "http://127.0.0.1:3000",
            "",
        ] {
            assert!(!ours.are_ours(origin), "{origin}");
        }
    }
}
