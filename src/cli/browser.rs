//! Opening links: only `http` and `https`, parsed first, never through a shell.

use super::context::Context;
use url::Url;

/// Opens `link` where there is a browser to be seen; says whether it did.
pub(crate) fn open(context: &Context, link: &str) -> bool {
    context.config.terminal.can_open_browser
        && safe(link).is_some_and(|url| open::that_detached(url.as_str()).is_ok())
}

/// The link as it may be given to another program: an absolute `http` or `https` URL with a host.
pub(crate) fn safe(link: &str) -> Option<Url> {
    let url = Url::parse(link).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    plain.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_links_are_opened() {
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "-x",
            "--help",
            "$(touch P)",
            "http:",
            "/usr/bin/true",
            "https://user:pass@host/",
            "smb://host/share",
            "",
        ] {
            assert!(safe(bad).is_none(), "{bad}");
        }
        let kept = safe("https://a.example/x?y=$(id)&z=`id`;-q").unwrap();
        assert!(kept.as_str().starts_with("https://a.example/x?"));
    }
}
