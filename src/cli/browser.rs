//! Opening links: only `http` and `https`, parsed first, never through a shell.

use super::context::Context;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use url::Url;

/// Opens `link` where there is a browser to be seen; says whether it did.
pub(crate) fn open(context: &Context, link: &str) -> bool {
    let terminal = &context.config.terminal;
    let Some(url) = safe(link).filter(|_| terminal.can_open_browser) else {
        return false;
    };
    match &terminal.browser {
        Some(browsers) => browsers
            .split(':')
            .filter_map(|browser| words(browser, url.as_str()))
            .any(|words| start(&words)),
        None => open::that_detached(url.as_str()).is_ok(),
    }
}

/// The program of one entry of `BROWSER` and its arguments, the address among them.
fn words(browser: &str, url: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = browser.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return None;
    }
    if words.iter().skip(1).any(|word| word.contains("%s")) {
        for word in words.iter_mut().skip(1) {
            *word = word.replace("%s", url);
        }
    } else {
        words.push(url.to_owned());
    }
    Some(words)
}

/// Starts a browser that outlives this command and says nothing in its terminal.
fn start(words: &[String]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .is_ok()
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
    fn a_browser_gets_the_address_as_one_argument() {
        let url = "https://a.example/x?y=$(id);z";
        assert_eq!(words("firefox", url).unwrap(), ["firefox", url]);
        assert_eq!(
            words("w3m -o a=%s -n", url).unwrap(),
            ["w3m", "-o", &format!("a={url}"), "-n"]
        );
        assert_eq!(words(" ", url), None);
    }

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
