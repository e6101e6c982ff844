//! URLs of a definition that the daemon or a person opens.

use crate::model::api_url::{ApiUrl, ApiUrlError};
use crate::model::site::BASE_URL;
use url::Url;

/// An endpoint that the daemon or a browser calls: `https`, or this machine with a port. The query
/// is free, the path too; `{base_url}` stands for `base` where the definition has one.
pub(super) fn endpoint(text: &str, base: Option<&str>) -> Result<(), String> {
    let site = base.unwrap_or("https://site.example").trim_end_matches('/');
    let full = match text.strip_prefix(BASE_URL) {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '?']) => format!("{site}{rest}"),
        // Anything else would make another host of it.
        Some(_) => return Err("write `{base_url}` alone, or with a path".to_owned()),
        None => text.to_owned(),
    };
    if full.contains(['{', '}']) {
        return Err("only `{base_url}` at the start can be filled in".to_owned());
    }
    plain(&full)?;
    if full.contains('#') {
        return Err("leave out what follows `#`".to_owned());
    }
    place(&full)
}

/// A page for people: `https` and nothing else.
pub(super) fn page(text: &str) -> Result<(), String> {
    plain(text)?;
    if !text
        .get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case("https://"))
    {
        return Err("write an https:// URL".to_owned());
    }
    place(text)
}

fn plain(text: &str) -> Result<(), String> {
    if text.len() > 2048 || !text.bytes().all(|c| matches!(c, 0x21..=0x7e)) || text.contains('\\') {
        return Err("write a URL without spaces, such as https://example.com/path".to_owned());
    }
    Ok(())
}

/// Scheme, user and host, by the rules of `api_url`; the rest only has to parse.
fn place(text: &str) -> Result<(), String> {
    let wrong = || "write a URL such as https://example.com/path".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let site: ApiUrl = format!("{scheme}://{authority}")
        .parse()
        .map_err(|error| match error {
            ApiUrlError::Shape => wrong(),
            other => other.to_string(),
        })?;
    text.parse::<Url>().map_err(|_| wrong())?;
    if site.exact_host().is_some_and(|host| !host.contains('.')) && !site.is_loopback() {
        return Err("write the whole name of the host, as in example.com".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_this_machine() {
        for good in [
            "https://auth.example.com/authorize?x=1",
            "{base_url}/login/oauth/authorize",
            "http://127.0.0.1:8080/token",
            "https://localhost:8443/token",
        ] {
            assert_eq!(endpoint(good, None), Ok(()), "{good}");
        }
        assert_eq!(
            endpoint("{base_url}/t", Some("https://git.corp.example/")),
            Ok(())
        );
        for bad in [
            "http://auth.example.com",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "https://u:p@auth.example.com",
            "https://169.254.169.254/token",
            "https://[::ffff:10.0.0.1]/",
            "https://auth.example.com/#x",
            "https://auth.example.com/ x",
            "//auth.example.com",
            "auth.example.com",
            "https://{tenant}.example.com/",
            "x{base_url}",
            "{base_url}.evil.example/t",
            "{base_url}@evil.example/t",
            "{base_url}:8443/t",
            "https:auth.example.com",
            "https://auth\\.example.com",
            "https://intranet/token",
            "-x",
            "$(touch P)",
            "http://localhost/token",
        ] {
            assert!(endpoint(bad, None).is_err(), "{bad}");
        }
        assert!(endpoint("{base_url}/t", Some("http://git.corp.example")).is_err());
    }

    #[test]
    fn a_page_is_https_alone() {
        assert_eq!(page("https://docs.example.com/keys?tab=api#new"), Ok(()));
        for bad in [
            "javascript:alert(1)",
            "http://127.0.0.1:80/",
            "JaVaScRiPt:1",
            "https://a.example/#x\n",
            "https://x@a.example",
            "data:,",
            "",
        ] {
            assert!(page(bad).is_err(), "{bad}");
        }
    }
}
