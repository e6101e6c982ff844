//! Whether a proof was made for this very daemon and request: the `htu` claim. Pure.
//!
//! A proof relayed from another daemon names another origin. The path-only form of 0.5 clients
//! names none, and is taken only where the operator says that nobody could relay it.

use crate::crypto::proof::Htu;
use url::{Origin, Url};

/// The origins this daemon answers for.
#[derive(Debug, Clone)]
pub(super) struct Origins {
    /// As they are usually written; most requests end here.
    texts: Vec<String>,
    parsed: Vec<Origin>,
    legacy: bool,
}

impl Origins {
    /// An origin that does not parse matches nothing.
    pub(super) fn new(origins: &[String], legacy: bool) -> Self {
        let texts: Vec<String> = origins
            .iter()
            .map(|origin| origin.trim_end_matches('/').to_owned())
            .collect();
        let parsed = texts
            .iter()
            .filter_map(|text| Url::parse(text).ok())
            .map(|url| url.origin())
            .filter(Origin::is_tuple)
            .collect();
        Self {
            texts,
            parsed,
            legacy,
        }
    }

    /// Whether `htu` is the URL of the request that came in for `path_and_query`.
    pub(super) fn accept(&self, htu: &Htu, path_and_query: &str) -> Result<(), &'static str> {
        let url = match htu {
            Htu::PathOnly(_) if !self.legacy => return Err(NO_ORIGIN),
            Htu::PathOnly(path) if path == path_and_query => return Ok(()),
            Htu::PathOnly(_) => return Err(OTHER_URL),
            Htu::Absolute(url) => url,
        };
        let (origin, rest) = split(url);
        if rest != path_and_query && !(rest.is_empty() && path_and_query == "/") {
            return Err(OTHER_URL);
        }
        if self.texts.iter().any(|text| text == origin) || self.is_ours(origin) {
            Ok(())
        } else {
            Err("the proof was signed for another daemon")
        }
    }

    fn is_ours(&self, origin: &str) -> bool {
        Url::parse(origin)
            .ok()
            .filter(|url| url.username().is_empty() && url.password().is_none())
            .is_some_and(|url| self.parsed.contains(&url.origin()))
    }
}

const NO_ORIGIN: &str = "the proof must name the full URL of the request in `htu`";
const OTHER_URL: &str = "the proof was signed for another URL";

/// Scheme and authority, and what follows them.
fn split(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..]
        .find(['/', '?', '#', '\\'])
        .map_or(url.len(), |at| authority + at);
    url.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(legacy: bool) -> Origins {
        Origins::new(
            &[
                "http://127.0.0.1:7998".to_owned(),
                "https://team.example".to_owned(),
            ],
            legacy,
        )
    }

    fn accepts(url: &str, path: &str) -> bool {
        origins(false)
            .accept(&Htu::Absolute(url.to_owned()), path)
            .is_ok()
    }

    #[test]
    fn the_full_url_of_this_daemon_is_accepted_in_any_spelling_of_its_origin() {
        assert!(accepts("http://127.0.0.1:7998/whoami?a=1", "/whoami?a=1"));
        assert!(accepts("https://team.example/x", "/x"));
        assert!(accepts("https://team.example:443/x", "/x"));
        assert!(accepts("https://TEAM.example/x", "/x"));
        assert!(accepts("https://team.example", "/"));
    }

    #[test]
    fn another_origin_or_path_or_query_is_refused() {
        for (url, path) in [
            ("http://127.0.0.1:7999/x", "/x"),
            ("https://127.0.0.1:7998/x", "/x"),
            ("http://team.example/x", "/x"),
            ("https://team.example.evil/x", "/x"),
            ("https://team.example@evil/x", "/x"),
            ("https://evil@team.example/x", "/x"),
            ("https://team.example\\@evil/x", "/x"),
            ("https://evil?https://team.example/x", "/x"),
            ("https://team.example/x", "/y"),
            ("https://team.example/x?a=1", "/x?a=2"),
            ("https://team.example/x", "/x?"),
            ("https://team.example/%78", "/x"),
            ("https://team.example", "/x"),
        ] {
            assert!(!accepts(url, path), "{url} for {path}");
        }
    }

    #[test]
    fn a_path_alone_is_for_loopback_only() {
        let path = Htu::PathOnly("/x".to_owned());
        assert!(origins(true).accept(&path, "/x").is_ok());
        assert!(origins(true).accept(&path, "/y").is_err());
        assert!(origins(false).accept(&path, "/x").is_err());
    }
}
