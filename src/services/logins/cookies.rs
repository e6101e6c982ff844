//! The cookies of a session in a browser, from what a person pasted. Pure.
//!
//! Three spellings are read: the value of a `Cookie` header, a `cookies.txt` (the format of Netscape,
//! which curl and browser extensions write), and the JSON list of an extension.

use super::answers::{Answers, Problem};
use crate::model::Credential;
use crate::model::injection::sendable;
use crate::model::provider::BrowserSettings;
use crate::secret::CookieValue;
use serde_json::Value;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

const MOST: usize = 200;
/// Of all names and values, in bytes: servers take no longer header.
const LONGEST: usize = 16 * 1024;
/// Curl marks a cookie that scripts do not see so.
const HTTP_ONLY: &str = "#HttpOnly_";

struct Cookie {
    name: String,
    value: CookieValue,
    expires: Option<OffsetDateTime>,
}

/// The credential in what was pasted: the cookies of the provider's own domains, as long as they last.
pub(super) fn credential(
    settings: &BrowserSettings,
    answers: &Answers,
    now: OffsetDateTime,
) -> Result<Credential, Problem> {
    let text = answers
        .some("cookies")
        .ok_or_else(|| Problem::wrong("nothing was pasted"))?;
    let text = text.trim_start_matches('\u{feff}');
    let found = if text.starts_with(['[', '{']) {
        from_json(text, settings)?
    } else if is_netscape(text) {
        from_netscape(text, settings)
    } else {
        from_header(text)?
    };
    let living: Vec<Cookie> = found
        .into_iter()
        .filter(|cookie| cookie.expires.is_none_or(|at| at > now))
        .collect();
    check(settings, &living)?;
    let expires_at = expires_at(settings, &living, now);
    Ok(Credential::Cookies {
        cookies: living
            .into_iter()
            .map(|cookie| (cookie.name, cookie.value))
            .collect::<BTreeMap<_, _>>(),
        expires_at,
    })
}

fn check(settings: &BrowserSettings, cookies: &[Cookie]) -> Result<(), Problem> {
    let missing: Vec<&str> = settings
        .auth_cookies
        .iter()
        .filter(|name| !cookies.iter().any(|cookie| cookie.name == **name))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return Err(Problem::wrong(format!(
            "the cookies that show a login are not there or have expired: {}; log in at the site first",
            missing.join(", ")
        )));
    }
    let size: usize = cookies
        .iter()
        .map(|cookie| cookie.name.len() + cookie.value.reveal().len())
        .sum();
    if cookies.len() > MOST || size > LONGEST {
        return Err(Problem::malformed(
            "that is more than 200 cookies or 16 KiB; take those of the site alone",
        ));
    }
    Ok(())
}

/// What the named cookie says, else the usual time of the definition; never later than that cookie.
fn expires_at(
    settings: &BrowserSettings,
    cookies: &[Cookie],
    now: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let usual = settings
        .ttl_hours
        .map(|hours| now + Duration::hours(i64::from(hours)));
    let named = settings.ttl_from_cookie.as_ref();
    let own = cookies
        .iter()
        .filter(|cookie| match named {
            Some(name) => cookie.name == *name,
            None => settings.auth_cookies.contains(&cookie.name),
        })
        .filter_map(|cookie| cookie.expires)
        .min();
    own.or(usual)
}

fn is_name(name: &str) -> bool {
    let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    !name.is_empty() && name.bytes().all(token)
}

fn cookie(name: &str, value: &str, expires: Option<OffsetDateTime>) -> Option<Cookie> {
    let fits = is_name(name) && !value.is_empty() && sendable(value) && !value.contains(';');
    fits.then(|| Cookie {
        name: name.to_owned(),
        value: CookieValue::new(value),
        expires,
    })
}

fn from_header(text: &str) -> Result<Vec<Cookie>, Problem> {
    let text = match text.split_once(':') {
        Some((name, rest)) if name.trim().eq_ignore_ascii_case("cookie") => rest,
        _ => text,
    };
    let read = |pair: &str| {
        let (name, value) = pair.trim().split_once('=')?;
        cookie(name.trim(), value.trim(), None)
    };
    let pairs = text.split(';').filter(|pair| !pair.trim().is_empty());
    let read: Option<Vec<Cookie>> = pairs.map(read).collect();
    read.ok_or_else(|| {
        Problem::malformed(
            "paste the value of the Cookie header (name=value; name=value), a cookies.txt, or the JSON of a cookie extension",
        )
    })
}

fn is_netscape(text: &str) -> bool {
    text.lines().any(|line| line.split('\t').count() == 7)
}

/// Lines of domain, whether subdomains count, path, whether TLS is needed, end in seconds, name, value.
fn from_netscape(text: &str, settings: &BrowserSettings) -> Vec<Cookie> {
    let read = |line: &str| {
        let line = line.strip_prefix(HTTP_ONLY).unwrap_or(line);
        if line.starts_with('#') {
            return None;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [domain, _, _, _, expires, name, value] = fields[..] else {
            return None;
        };
        if !is_own(settings, domain) {
            return None;
        }
        let seconds = expires.parse().ok().filter(|seconds| *seconds > 0);
        cookie(name, value.trim_end(), seconds.and_then(at))
    };
    text.lines().filter_map(read).collect()
}

fn from_json(text: &str, settings: &BrowserSettings) -> Result<Vec<Cookie>, Problem> {
    let wrong = || Problem::malformed("that JSON is not the list of a cookie extension");
    let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    // One of them wraps its list.
    let list = value.get("cookies").unwrap_or(&value);
    if let Some(pairs) = list.as_object() {
        let read = |(name, value): (&String, &Value)| cookie(name, value.as_str()?, None);
        return pairs
            .iter()
            .map(read)
            .collect::<Option<_>>()
            .ok_or_else(wrong);
    }
    let read = |entry: &Value| {
        let domain = entry["domain"].as_str()?;
        if !is_own(settings, domain) {
            return None;
        }
        let seconds = entry.get("expirationDate").or(entry.get("expires"));
        #[expect(clippy::cast_possible_truncation, reason = "fractions of a second")]
        let expires = seconds
            .and_then(Value::as_f64)
            .filter(|seconds| (1.0..1e12).contains(seconds))
            .and_then(|seconds| at(seconds as i64));
        cookie(entry["name"].as_str()?, entry["value"].as_str()?, expires)
    };
    Ok(list
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .filter_map(read)
        .collect())
}

fn at(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// Whether a cookie's domain is one of the provider's, or below one.
fn is_own(settings: &BrowserSettings, domain: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches('.').to_ascii_lowercase();
    let domain = bare(domain);
    settings.domains.is_empty()
        || settings.domains.iter().map(|own| bare(own)).any(|own| {
            domain == own
                || domain
                    .strip_suffix(&own)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_unix_millis;
    use crate::secret::Typed;
    use serde_json::json;

    fn now() -> OffsetDateTime {
        from_unix_millis(1_900_000_000_000)
    }

    /// The cookies as `name=value`, and the seconds they last.
    fn read(pasted: &str) -> Result<(Vec<String>, Option<i64>), String> {
        let settings: BrowserSettings = serde_json::from_value(json!({
            "domains": [".acme.example"], "auth_cookies": ["sid"],
            "ttl_hours": 2, "ttl_from_cookie": "sid",
        }))
        .unwrap();
        let answers = Answers::new([("cookies".to_owned(), Typed::new(pasted))]);
        let read = credential(&settings, &answers, now()).map_err(|problem| problem.text)?;
        let Credential::Cookies {
            cookies,
            expires_at,
        } = read
        else {
            panic!("no cookies")
        };
        let shown = cookies
            .iter()
            .map(|(name, value)| format!("{name}={}", value.reveal()));
        let left = expires_at.map(|at| (at - now()).whole_seconds());
        Ok((shown.collect(), left))
    }

    #[test]
    fn the_value_of_a_cookie_header_is_read() {
        let (cookies, left) = read("Cookie: sid=a=b; theme=dark;\n").unwrap();
        assert_eq!(cookies, ["sid=a=b", "theme=dark"]);
        assert_eq!(left, Some(7_200));
        assert_eq!(read(" sid=1 ").unwrap().0, ["sid=1"]);
    }

    #[test]
    fn a_cookies_txt_gives_those_of_the_site_that_still_live() {
        let text = "# Netscape HTTP Cookie File\n\
             #HttpOnly_.acme.example\tTRUE\t/\tTRUE\t1900003600\tsid\tabc\n\
             www.acme.example\tFALSE\t/\tTRUE\t0\tcsrf\t\"x y\"\n\
             .acme.example\tTRUE\t/\tTRUE\t1800000000\told\tgone\n\
             .other.example\tTRUE\t/\tTRUE\t0\tsid\tforeign\n\
             .evilacme.example\tTRUE\t/\tTRUE\t0\tevil\t1\n\
             broken line\n";
        let (cookies, left) = read(text).unwrap();
        assert_eq!(cookies, ["csrf=\"x y\"", "sid=abc"]);
        assert_eq!(left, Some(3_600));
    }

    #[test]
    fn the_json_of_an_extension_is_read() {
        let list = json!([
            {"domain": ".acme.example", "name": "sid", "value": "abc", "expirationDate": 1_900_000_060.5},
            {"domain": "other.example", "name": "x", "value": "1"},
            {"domain": "acme.example", "name": "session", "value": "2", "session": true},
        ]);
        let (cookies, left) = read(&list.to_string()).unwrap();
        assert_eq!(cookies, ["session=2", "sid=abc"]);
        assert_eq!(left, Some(60));
        assert!(read(&json!({"cookies": list}).to_string()).is_ok());
        assert_eq!(read(r#"{"sid":"1"}"#).unwrap().0, ["sid=1"]);
    }

    #[test]
    fn what_shows_no_login_is_refused_and_not_repeated() {
        for (pasted, said) in [
            ("", "nothing was pasted"),
            ("theme=dark-secret", "sid"),
            ("[1]", "sid"),
            ("[", "JSON"),
            ("sid=\u{1}x", "Cookie header"),
            ("not cookies", "Cookie header"),
            (
                ".acme.example\tTRUE\t/\tTRUE\t1800000000\tsid\tgone",
                "expired",
            ),
        ] {
            let problem = read(pasted).unwrap_err();
            assert!(problem.contains(said), "{pasted:?}: {problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
        let many = (0..300).fold("sid=1".to_owned(), |all, n| format!("{all}; c{n}=1"));
        assert!(read(&many).unwrap_err().contains("200 cookies"));
        let long = format!("sid={}", "x".repeat(20_000));
        assert!(read(&long).unwrap_err().contains("16 KiB"));
    }
}
