//! Names that end up in a request or in a child's environment.

/// Headers that frame the message or its hop, or that the transport sets itself (RFC 9110, RFC 9112).
const FORBIDDEN_HEADERS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Variables that decide which programs run, what they trust or where they connect.
const DANGEROUS_VARIABLES: &[&str] = &[
    "ALL_PROXY",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "BASHOPTS",
    "BASH_ENV",
    "BROWSER",
    "CDPATH",
    "CLASSPATH",
    "COLUMNS",
    "CURL_CA_BUNDLE",
    "CURL_HOME",
    "DENO_CERT",
    "DENO_DIR",
    "DISPLAY",
    "DOCKER_HOST",
    "EDITOR",
    "ENV",
    "GCONV_PATH",
    "GEM_HOME",
    "GEM_PATH",
    "GLIBC_TUNABLES",
    "GOFLAGS",
    "GOPATH",
    "GOPROXY",
    "GRADLE_OPTS",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "JAVA_HOME",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "KUBECONFIG",
    "LESSCLOSE",
    "LESSOPEN",
    "LOCPATH",
    "LOGNAME",
    "LUA_CPATH",
    "LUA_INIT",
    "LUA_PATH",
    "MAVEN_OPTS",
    "NLSPATH",
    "OLDPWD",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PAGER",
    "PATH",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS1",
    "PS4",
    "PWD",
    "REQUESTS_CA_BUNDLE",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SHELL",
    "SHELLOPTS",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
    "SSH_CONNECTION",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SUDO_ASKPASS",
    "TEMP",
    "TERM",
    "TERMINFO",
    "TMP",
    "TMPDIR",
    "USER",
    "VISUAL",
    "WAYLAND_DISPLAY",
    "ZDOTDIR",
    "_JAVA_OPTIONS",
];

const DANGEROUS_PREFIXES: &[&str] = &[
    "AUTHSOME_",
    "BASH_FUNC_",
    "CARGO_",
    "DYLD_",
    "GIT_",
    "LD_",
    "LC_",
    "MALLOC_",
    "NODE_",
    "NPM_CONFIG_",
    "OTEL_",
    "PIP_",
    "PYTHON",
    "RUSTUP_",
    "UV_",
    "XDG_",
];

/// Names within those prefixes that are known to hold credentials and nothing else.
const SAFE_WITHIN: &[&str] = &[
    "CARGO_REGISTRY_TOKEN",
    "GIT_PASSWORD",
    "GIT_TOKEN",
    "GIT_USERNAME",
    "NODE_AUTH_TOKEN",
    "UV_PUBLISH_TOKEN",
];

/// A header's name (RFC 9110 section 5.1) that a definition may set.
pub(super) fn header(name: &str) -> Result<(), String> {
    if !is_token(name) {
        return Err("a header's name is letters, digits and hyphens, as in X-Api-Key".to_owned());
    }
    let lower = name.to_ascii_lowercase();
    if lower == "cookie" {
        return Err("write an injection of kind `cookie` to set a cookie".to_owned());
    }
    if FORBIDDEN_HEADERS.contains(&lower.as_str()) || lower.starts_with("sec-") {
        return Err(format!(
            "`{name}` belongs to the connection itself and cannot be set"
        ));
    }
    Ok(())
}

/// A cookie's name (RFC 6265 section 4.1.1).
pub(super) fn cookie(name: &str) -> Result<(), String> {
    if is_token(name) {
        Ok(())
    } else {
        Err("a cookie's name has no spaces, quotes, `=`, `;` or commas".to_owned())
    }
}

fn is_token(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
}

/// The name of a variable that a child may be given.
pub(super) fn variable(name: &str) -> Result<(), String> {
    let mut bytes = name.bytes();
    let starts = bytes
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == b'_');
    if !starts || name.len() > 128 || !bytes.all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        return Err(
            "a variable's name is letters, digits and underscores, as in EXAMPLE_API_KEY"
                .to_owned(),
        );
    }
    let upper = name.to_ascii_uppercase();
    let dangerous = DANGEROUS_VARIABLES.contains(&upper.as_str())
        || upper.ends_with("_PROXY")
        || DANGEROUS_PREFIXES
            .iter()
            .any(|prefix| upper.starts_with(prefix));
    if dangerous && !SAFE_WITHIN.contains(&upper.as_str()) {
        return Err(format!(
            "`{name}` changes how programs run or what they trust, and may not hold a credential"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_token_and_not_the_connections_own() {
        for good in [
            "Authorization",
            "x-api-key",
            "X-Postmark-Server-Token",
            "api-key",
        ] {
            assert_eq!(header(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "X Key",
            "X:Key",
            "X\r\nY",
            "é",
            "Host",
            "content-length",
            "Transfer-Encoding",
            "Connection",
            "Proxy-Authorization",
            "Cookie",
            "Sec-Fetch-Site",
            ":authority",
        ] {
            assert!(header(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_variable_that_runs_programs_is_refused_in_any_case() {
        for good in [
            "OPENAI_API_KEY",
            "GH_TOKEN",
            "_x",
            "NODE_AUTH_TOKEN",
            "AWS_BEARER_TOKEN_BEDROCK",
        ] {
            assert_eq!(variable(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "1A",
            "A B",
            "A-B",
            "A=B",
            "A\0",
            "é",
            "PATH",
            "path",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "AUTHSOME_HOME",
            "HTTPS_PROXY",
            "no_proxy",
            "SSL_CERT_FILE",
            "HOME",
            "NODE_OPTIONS",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "GIT_SSH_COMMAND",
            "GIT_CONFIG_COUNT",
            "BASH_ENV",
            "PERL5OPT",
            "NODE_EXTRA_CA_CERTS",
            "npm_config_registry",
        ] {
            assert!(variable(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_tables_are_written_as_they_are_compared() {
        assert!(
            FORBIDDEN_HEADERS
                .iter()
                .all(|h| *h == h.to_ascii_lowercase())
        );
        let all = DANGEROUS_VARIABLES
            .iter()
            .chain(DANGEROUS_PREFIXES)
            .chain(SAFE_WITHIN);
        assert!(all.copied().all(|v| v == v.to_ascii_uppercase()));
    }
}
