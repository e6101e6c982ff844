//! One entry of a definition's `api_url`, parsed: an exact host with a path prefix, or a `regex:`.
//!
//! A pattern matches the whole host, without regard to case, never this machine, and its size is
//! capped, so that no definition makes a request slow.

use super::host::{self, Authority};
use super::path;
use regex::{Regex, RegexBuilder};

/// The compiled size a pattern may take, in bytes.
const PATTERN_SIZE: usize = 256 * 1024;
/// The written length a pattern may have, in bytes.
const PATTERN_LENGTH: usize = 1024;

/// Where a credential may go.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Exact {
        authority: Authority,
        prefix: String,
    },
    /// Port 443 only.
    Pattern(Regex),
}

impl Place {
    /// Reads one entry; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix("regex:") {
            Some(pattern) => parse_pattern(pattern).map(Self::Pattern),
            None => parse_exact(text),
        }
    }
}

fn parse_pattern(pattern: &str) -> Result<Regex, &'static str> {
    if pattern.len() > PATTERN_LENGTH {
        return Err("the pattern is longer than 1024 characters");
    }
    // Compiled alone first: `a)|(?:b` is balanced only inside our group, and would escape it.
    build(pattern).and_then(|_| build(&format!("^(?:{pattern})$")))
}

fn build(pattern: &str) -> Result<Regex, &'static str> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .nest_limit(32)
        .build()
        .map_err(|_| "the pattern is not a regular expression of a sensible size")
}

fn parse_exact(text: &str) -> Result<Place, &'static str> {
    if text.contains('{') {
        return Err("its base_url is not set");
    }
    let rest = match text.split_once("://") {
        None => text,
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return Err("only https is ever given a credential"),
    };
    let (authority, prefix) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let names_port = Authority::parse_with_port(authority).is_some();
    let authority = Authority::parse(authority, 443).ok_or("it names no host")?;
    if host::is_loopback(authority.host()) && !names_port {
        return Err("this machine is matched only where the port is named");
    }
    let prefix = path::normal_prefix(prefix).ok_or("its path could be read in two ways")?;
    Ok(Place::Exact { authority, prefix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_a_url_and_a_pattern_are_places() {
        for (text, authority, expected) in [
            ("api.x.com", "api.x.com:443", ""),
            ("https://API.x.com/v1/", "api.x.com:443", "/v1"),
            ("api.x.com:8443/v1", "api.x.com:8443", "/v1"),
            ("https://localhost:9443", "localhost:9443", ""),
        ] {
            let Ok(Place::Exact {
                authority: found,
                prefix,
            }) = Place::parse(text)
            else {
                panic!("{text} is no exact place")
            };
            assert_eq!(
                (found.to_string().as_str(), prefix.as_str()),
                (authority, expected)
            );
        }
        assert!(matches!(
            Place::parse("regex:.*\\.x\\.com"),
            Ok(Place::Pattern(_))
        ));
    }

    #[test]
    fn what_is_no_place_says_why() {
        let long = format!("regex:{}", "a".repeat(2000));
        for text in [
            "http://api.x.com",
            "https://{base_url}/api",
            "",
            "localhost",
            "https://127.0.0.1/",
            "regex:(",
            "regex:a)|(?:b",
            "regex:(a{1000}){1000}",
            "https://api.x.com/v1/../",
            "user@api.x.com",
            &long,
        ] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_anchored_whatever_it_says() {
        let Ok(Place::Pattern(regex)) = Place::parse("regex:a\\.x|b\\.x") else {
            panic!("no pattern")
        };
        assert!(regex.is_match("A.X"));
        assert!(!regex.is_match("a.x.evil"));
        assert!(!regex.is_match("evil.b.x"));
        assert!(!regex.is_match("a.x\n"));
    }
}
