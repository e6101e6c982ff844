//! Our cookies: what they are called, how they are read and how they are set.
//!
//! Cookies know no ports: two daemons on one host would overwrite each other's, and any other local
//! server could plant one of ours. So the port is in the name, and a name that comes twice with two
//! values counts as absent. Over TLS the `__Host-` prefix shuts out planting altogether (RFC 6265bis
//! section 4.1.3). `SameSite=Lax`, not `Strict`: a claim link that is followed from a chat must find
//! the person signed in; every form has a token of its own anyway.

use super::origins::Origins;
use crate::secret::Token;
use http::{HeaderMap, HeaderValue, header};
use time::OffsetDateTime;
use time::macros::format_description;

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// A signed-in browser.
    Session,
    /// Binds the sign-in and sign-up forms to the browser that opened them.
    Form,
    /// Binds the form of one login to the browser that opened it; lives on that form's path alone.
    Login,
}

impl Cookie {
    fn name(self, origins: &Origins) -> String {
        let word = match self {
            Self::Session => "session",
            Self::Form => "form",
            Self::Login => "login",
        };
        match (self, origins.is_https()) {
            (Self::Login, true) => format!("__Secure-authsome_{word}"),
            (_, true) => format!("__Host-authsome_{word}"),
            (_, false) => format!("authsome_{word}_{}", origins.port()),
        }
    }

    /// The value the browser sent, when it sent exactly one.
    pub(super) fn find(self, headers: &HeaderMap, origins: &Origins) -> Option<Token> {
        let name = self.name(origins);
        let mut found: Option<&str> = None;
        let values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim_ascii().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        for value in values {
            if found.is_some_and(|first| first != value) {
                return None;
            }
            found = Some(value);
        }
        found
            .filter(|value| (1..=256).contains(&value.len()))
            .map(Token::new)
    }

    /// The header that sets it until `ends`.
    pub(super) fn set(
        self,
        origins: &Origins,
        value: &Token,
        path: &str,
        ends: OffsetDateTime,
    ) -> Option<HeaderValue> {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let ends = ends.to_offset(time::UtcOffset::UTC).format(&format).ok()?;
        self.header(origins, value.reveal(), path, &format!("; Expires={ends}"))
    }

    /// The header that sets it until the browser is closed.
    pub(super) fn set_for_now(self, origins: &Origins, value: &Token) -> Option<HeaderValue> {
        self.header(origins, value.reveal(), "/", "")
    }

    /// The header that takes it away.
    pub(super) fn clear(self, origins: &Origins) -> Option<HeaderValue> {
        self.header(origins, "", "/", "; Max-Age=0")
    }

    fn header(self, origins: &Origins, value: &str, path: &str, life: &str) -> Option<HeaderValue> {
        let name = self.name(origins);
        let secure = if origins.is_https() { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path={path}{life}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Origins {
        Origins::new("127.0.0.1:7998".parse().unwrap(), None, [])
    }

    fn hosted() -> Origins {
        let base = "https://authsome.example".parse().unwrap();
        Origins::new("0.0.0.0:7998".parse().unwrap(), Some(&base), [])
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for line in lines {
            map.append(header::COOKIE, line.parse().unwrap());
        }
        map
    }

    #[test]
    fn over_tls_the_session_cookie_is_bound_to_the_host() {
        let value = Token::new("secret");
        let set = Cookie::Session
            .set(&hosted(), &value, "/", OffsetDateTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-authsome_session=secret; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(set.is_sensitive());
    }

    #[test]
    fn two_daemons_on_one_host_do_not_share_a_cookie() {
        let sent = headers(&["authsome_session_7998=a; authsome_session_8000=b"]);
        let found = Cookie::Session.find(&sent, &local()).unwrap();
        assert!(found.matches("a"));
    }

    #[test]
    fn a_planted_second_value_makes_both_worthless() {
        let planted = ["authsome_session_7998=a", "authsome_session_7998=b"];
        assert!(Cookie::Session.find(&headers(&planted), &local()).is_none());
        let same = ["x=1;authsome_session_7998=a; y", "authsome_session_7998=a"];
        assert!(Cookie::Session.find(&headers(&same), &local()).is_some());
        let long = format!("authsome_session_7998={}", "a".repeat(10_000));
        assert!(Cookie::Session.find(&headers(&[&long]), &local()).is_none());
    }
}
