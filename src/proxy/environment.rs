//! The environment of a child: every variable by which common tools find a proxy and its CA.
//!
//! Pure, over the variables the run was started with. Placeholders take the place of the user's
//! own tokens; the user's `NO_PROXY` stays, and this machine is added to it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

/// Where tools look for a proxy.
const PROXY: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
];
/// Where tools look for the certificates to trust, in place of the system's.
const TRUST: [&str; 18] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "DENO_CERT",
    "NIX_SSL_CERT_FILE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "BUNDLE_SSL_CA_CERT",
    "HTTPLIB2_CA_CERTS",
    "HTTPX_CA_BUNDLE",
    "WEBSOCKET_CLIENT_CA_BUNDLE",
    "PERL_LWP_SSL_CA_FILE",
    "YARN_HTTPS_CA_FILE_PATH",
    "HEX_CACERTS_PATH",
];
/// Adds to the certificates that node brings along.
const NODE_TRUST: &str = "NODE_EXTRA_CA_CERTS";
/// Would lead a tool past the proxy of the run.
const REMOVED: [&str; 3] = [
    "npm_config_proxy",
    "npm_config_https_proxy",
    "npm_config_cafile",
];

/// Teaches the proxy to versions of node that do not look at `HTTPS_PROXY`; a file for
/// [`ChildSettings::node_proxy`].
pub const NODE_PROXY: &str = include_str!("node_proxy.cjs");

/// What a run gives its child.
#[derive(Clone, Copy)]
pub struct ChildSettings<'a> {
    /// With the password of the run in it.
    pub proxy_url: &'a str,
    /// The file with everything to trust.
    pub bundle: &'a Path,
    /// The file with what node is to trust beside its own.
    pub node_bundle: &'a Path,
    /// The file with [`NODE_PROXY`] in it.
    pub node_proxy: &'a Path,
    /// Names of this machine that are reached without the proxy.
    pub bypass: &'a [&'static str],
    /// Variables that hold a secret, and the placeholders they get.
    pub placeholders: &'a BTreeMap<String, String>,
}

/// Without the URL, which holds the run's password.
impl fmt::Debug for ChildSettings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSettings")
            .field("bundle", &self.bundle)
            .finish_non_exhaustive()
    }
}

/// Files with certificates that the user already trusts by one of the variables set here.
pub fn trusted_files<'a>(
    base: impl IntoIterator<Item = (&'a OsStr, &'a OsStr)>,
) -> impl Iterator<Item = (&'a OsStr, &'a Path)> {
    base.into_iter()
        .filter(|(name, value)| {
            !value.is_empty() && (TRUST.iter().any(|known| name == known) || *name == NODE_TRUST)
        })
        .map(|(name, value)| (name, Path::new(value)))
}

/// The whole environment of the child; `base` is the run's own without our secrets.
pub fn child_environment<'a>(
    base: impl IntoIterator<Item = (&'a OsStr, &'a OsStr)>,
    settings: &ChildSettings<'_>,
) -> BTreeMap<OsString, OsString> {
    let mut child: BTreeMap<OsString, OsString> = base
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    child.retain(|name, _| !REMOVED.iter().any(|gone| name.eq_ignore_ascii_case(gone)));
    let bypass = bypass_list(&child, settings);
    let node_options = node_options(&child, settings.node_proxy);
    let mut set = |name: &str, value: &OsStr| child.insert(name.into(), value.into());
    for name in PROXY {
        set(name, settings.proxy_url.as_ref());
    }
    for name in ["NO_PROXY", "no_proxy"] {
        set(name, bypass.as_ref());
    }
    for name in TRUST {
        set(name, settings.bundle.as_os_str());
    }
    set(NODE_TRUST, settings.node_bundle.as_os_str());
    set("NODE_USE_ENV_PROXY", "1".as_ref());
    if let Some(options) = node_options {
        set("NODE_OPTIONS", options.as_ref());
    }
    set("GIT_HTTP_PROXY_AUTHMETHOD", "basic".as_ref());
    for (name, placeholder) in settings.placeholders {
        set(name, placeholder.as_ref());
    }
    child
}

/// The user's own options and ours; `None` where they cannot be put together.
fn node_options(child: &BTreeMap<OsString, OsString>, file: &Path) -> Option<String> {
    let file = file.to_str().filter(|path| !path.contains(['"', '\\']))?;
    let ours = format!("--require=\"{file}\"");
    match child.get(OsStr::new("NODE_OPTIONS")) {
        Some(theirs) if !theirs.is_empty() => Some(format!("{} {ours}", theirs.to_str()?)),
        _ => Some(ours),
    }
}

/// The user's list in both spellings, without names that a route wants proxied, and this machine.
fn bypass_list(child: &BTreeMap<OsString, OsString>, settings: &ChildSettings<'_>) -> String {
    const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
    let listed = ["NO_PROXY", "no_proxy"]
        .into_iter()
        .filter_map(|name| child.get(OsStr::new(name)));
    let listed: Vec<&str> = listed.filter_map(|value| value.to_str()).collect();
    let proxied = |name: &str| LOOPBACK.contains(&name) && !settings.bypass.contains(&name);
    let mut names: Vec<&str> = Vec::new();
    let own = listed
        .iter()
        .flat_map(|list| list.split([',', ' ']))
        .map(str::trim);
    for name in own.chain(settings.bypass.iter().copied()) {
        if !name.is_empty() && !proxied(name) && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(base: &[(&str, &str)], bypass: &[&'static str]) -> BTreeMap<OsString, OsString> {
        let placeholders = BTreeMap::from([("ACME_KEY".to_owned(), "acme-fake".to_owned())]);
        let settings = ChildSettings {
            proxy_url: "http://authsome:p@127.0.0.1:9",
            bundle: Path::new("/run/all.pem"),
            node_bundle: Path::new("/run/ca.pem"),
            node_proxy: Path::new("/run/node.cjs"),
            bypass,
            placeholders: &placeholders,
        };
        let base = base
            .iter()
            .map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
        assert!(!format!("{settings:?}").contains("authsome:p@"));
        child_environment(base, &settings)
    }

    fn get<'a>(child: &'a BTreeMap<OsString, OsString>, name: &str) -> &'a str {
        child
            .get(OsStr::new(name))
            .and_then(|value| value.to_str())
            .unwrap_or("(unset)")
    }

    #[test]
    fn every_tool_finds_the_proxy_and_its_certificates() {
        let child = child(
            &[("PATH", "/bin"), ("HTTPS_PROXY", "http://other")],
            &["localhost"],
        );
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            assert_eq!(get(&child, name), "http://authsome:p@127.0.0.1:9", "{name}");
        }
        for name in [
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "GIT_SSL_CAINFO",
            "DENO_CERT",
            "PIP_CERT",
            "AWS_CA_BUNDLE",
            "CARGO_HTTP_CAINFO",
        ] {
            assert_eq!(get(&child, name), "/run/all.pem", "{name}");
        }
        assert_eq!(get(&child, "NODE_EXTRA_CA_CERTS"), "/run/ca.pem");
        assert_eq!(get(&child, "NODE_USE_ENV_PROXY"), "1");
        assert_eq!(get(&child, "PATH"), "/bin");
    }

    #[test]
    fn the_users_own_token_is_replaced_by_the_placeholder() {
        assert_eq!(
            get(&child(&[("ACME_KEY", "real")], &[]), "ACME_KEY"),
            "acme-fake"
        );
    }

    #[test]
    fn no_proxy_is_kept_in_both_spellings_and_this_machine_added() {
        let base = [
            ("NO_PROXY", "internal.example, 10.0.0.0/8"),
            ("no_proxy", "localhost,other"),
        ];
        let bypassing = child(&base, &["localhost", "127.0.0.1", "::1"]);
        let expected = "internal.example,10.0.0.0/8,localhost,other,127.0.0.1,::1";
        assert_eq!(
            (get(&bypassing, "NO_PROXY"), get(&bypassing, "no_proxy")),
            (expected, expected)
        );
        let proxied = child(&base, &["127.0.0.1", "::1"]);
        assert_eq!(
            get(&proxied, "NO_PROXY"),
            "internal.example,10.0.0.0/8,other,127.0.0.1,::1"
        );
    }

    #[test]
    fn what_would_lead_past_the_proxy_is_removed() {
        let child = child(
            &[("npm_config_https_proxy", "x"), ("NPM_CONFIG_CAFILE", "x")],
            &[],
        );
        assert_eq!(get(&child, "npm_config_https_proxy"), "(unset)");
        assert_eq!(get(&child, "NPM_CONFIG_CAFILE"), "(unset)");
    }

    #[test]
    fn the_users_node_options_stay() {
        let ours = "--require=\"/run/node.cjs\"";
        assert_eq!(get(&child(&[], &[]), "NODE_OPTIONS"), ours);
        let both = child(&[("NODE_OPTIONS", "--max-old-space-size=64")], &[]);
        let expected = format!("--max-old-space-size=64 {ours}");
        assert_eq!(get(&both, "NODE_OPTIONS"), expected);
    }

    #[test]
    fn files_the_user_trusts_are_found() {
        let base = [
            ("SSL_CERT_FILE", "/a.pem"),
            ("PIP_CERT", ""),
            ("NODE_EXTRA_CA_CERTS", "/n.pem"),
            ("HOME", "/h"),
        ]
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let found: Vec<_> = trusted_files(base.iter().map(|(n, v)| (n.as_os_str(), v.as_os_str())))
            .map(|(_, path)| path.to_owned())
            .collect();
        assert_eq!(found, [Path::new("/a.pem"), Path::new("/n.pem")]);
    }
}
