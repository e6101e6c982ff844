//! `oauth`, `registration` and `browser`.

use super::fields::{Fields, Findings};
use super::{names, urls};
use crate::model::injection::sendable;
use crate::model::provider::{AuthType, Flow};

/// Longest `ttl_hours`: a year.
const LONGEST_HOURS: u64 = 8760;
const INSTALLATION: &str = "{installation_id}";

/// Checks the sections that say how a person logs in.
pub(super) fn check(root: Fields<'_>, auth: AuthType, flow: Flow, findings: &mut Findings<'_>) {
    if let Some((path, map)) = root.object(findings, "oauth") {
        let fields = Fields::new(&path, map);
        oauth(fields, findings);
        if auth == AuthType::OAuth2 {
            needed(fields, flow, findings);
            nameless(fields, flow, findings);
        }
    } else if auth == AuthType::OAuth2 && root.get("oauth").is_none() {
        findings.problem("oauth", "it is missing; auth_type oauth2 needs it");
    }
    if let Some((path, map)) = root.object(findings, "registration") {
        let fields = Fields::new(&path, map);
        endpoint(fields, "registration_endpoint", None, findings);
    }
    if let Some((path, map)) = root.object(findings, "client") {
        let fields = Fields::new(&path, map);
        variable(fields, "client_id_env", "_CLIENT_ID", findings);
        variable(fields, "client_secret_env", "_CLIENT_SECRET", findings);
    }
    if let Some((path, map)) = root.object(findings, "browser") {
        browser(Fields::new(&path, map), findings);
    } else if auth == AuthType::Browser && root.get("browser").is_none() {
        findings.problem("browser", "it is missing; auth_type browser needs it");
    }
}

fn endpoint(fields: Fields<'_>, key: &str, base: Option<&str>, findings: &mut Findings<'_>) {
    if let Some(text) = fields.text(findings, key)
        && let Err(why) = urls::endpoint(text, base)
    {
        findings.problem(&fields.path_of(key), why);
    }
}

fn oauth(fields: Fields<'_>, findings: &mut Findings<'_>) {
    let base = fields.text(findings, "base_url");
    let base_is_good = match base.map(|text| urls::endpoint(text, None)) {
        Some(Err(why)) => {
            findings.problem(&fields.path_of("base_url"), why);
            false
        }
        _ => true,
    };
    fields.text(findings, "base_url_hint");
    for key in [
        "authorization_url",
        "token_url",
        "revocation_url",
        "device_authorization_url",
    ] {
        endpoint(fields, key, base.filter(|_| base_is_good), findings);
    }
    for (path, scope) in fields.texts(findings, "scopes") {
        let token = |c: u8| c == 0x21 || (0x23..=0x5b).contains(&c) || (0x5d..=0x7e).contains(&c);
        if scope.is_empty() || !scope.bytes().all(token) {
            findings.problem(
                &path,
                "a scope has no spaces, quotes or backslashes; one entry each",
            );
        }
    }
    for key in ["pkce", "supports_device_code", "supports_dcr"] {
        fields.flag(findings, key);
    }
    client_fields(fields, findings);
    userinfo(fields, base.filter(|_| base_is_good), findings);
    headless(fields, base.filter(|_| base_is_good), findings);
    let request = fields.text(findings, "device_token_request");
    if request.is_some_and(|word| !matches!(word, "oauth2_form" | "json")) {
        findings.problem(
            &fields.path_of("device_token_request"),
            "write oauth2_form or json",
        );
    }
}

/// How our client asks.
fn client_fields(fields: Fields<'_>, findings: &mut Findings<'_>) {
    let method = fields.text(findings, "authorization_method");
    if method.is_some_and(|word| !matches!(word, "body" | "basic")) {
        let path = fields.path_of("authorization_method");
        findings.problem(&path, "write body or basic");
    }
    let client = fields.text(findings, "client");
    if client.is_some_and(|word| word != "none") {
        let path = fields.path_of("client");
        findings.problem(
            &path,
            "write none, or leave it out where ours is registered",
        );
    }
    let separator = fields.text(findings, "scope_separator");
    if separator.is_some_and(|text| !matches!(text, " " | "," | ", " | "+" | ";")) {
        let path = fields.path_of("scope_separator");
        findings.problem(&path, "write a comma, or leave it out for a space");
    }
    fields.flag(findings, "names_issuer");
    for key in ["issuer", "resource"] {
        endpoint(fields, key, None, findings);
    }
    let Some((path, map)) = fields.object(findings, "authorization_params") else {
        return;
    };
    let params = Fields::new(&path, map);
    for name in params.keys() {
        let value = params.text(findings, name).unwrap_or_default();
        if !sendable(name) || (!value.is_empty() && !sendable(value)) {
            findings.problem(&params.path_of(name), "write visible ASCII characters");
        }
    }
}

/// The name says what it is: a definition may not ask for any other variable of the daemon.
fn variable(fields: Fields<'_>, key: &str, end: &str, findings: &mut Findings<'_>) {
    let is_fit = |name: &str| {
        let plain = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
        name.len() <= 128 && name.ends_with(end) && name.bytes().all(plain)
    };
    if fields.text(findings, key).is_some_and(|name| !is_fit(name)) {
        let why = format!("write the name of a variable in capitals that ends in {end}");
        findings.problem(&fields.path_of(key), why);
    }
}

/// The ways for programs.
fn headless(fields: Fields<'_>, base: Option<&str>, findings: &mut Findings<'_>) {
    for (path, word) in fields.texts(findings, "grants") {
        match Flow::from_wire(word).filter(|flow| flow.is_headless()) {
            Some(flow) => needed(fields, flow, findings),
            None => findings.problem(&path, "write client_credentials, jwt_bearer or github_app"),
        }
    }
    endpoint(fields, "assertion_audience", base, findings);
    if let Some(text) = fields.text(findings, "installation_token_url") {
        let path = fields.path_of("installation_token_url");
        if !text.contains(INSTALLATION) {
            findings.problem(&path, "`{installation_id}` has to stand in it");
        }
        note(
            findings,
            &path,
            urls::endpoint(&text.replace(INSTALLATION, "1"), base).map(drop),
        );
    }
}

fn userinfo(fields: Fields<'_>, base: Option<&str>, findings: &mut Findings<'_>) {
    let Some((path, map)) = fields.object(findings, "userinfo") else {
        return;
    };
    let info = Fields::new(&path, map);
    if info.required(findings, "url").is_some() {
        endpoint(info, "url", base, findings);
    }
    for key in ["id", "label"] {
        let pointer = info.text(findings, key);
        if pointer.is_some_and(|text| !text.starts_with('/')) {
            let why = "write a JSON pointer such as /login (RFC 6901)";
            findings.problem(&info.path_of(key), why);
        }
    }
}

fn needed(fields: Fields<'_>, flow: Flow, findings: &mut Findings<'_>) {
    let keys: &[&str] = match flow {
        Flow::Pkce => &["authorization_url", "token_url"],
        Flow::DeviceCode => &["device_authorization_url", "token_url"],
        Flow::ClientCredentials | Flow::JwtBearer => &["token_url"],
        Flow::GithubApp => &["installation_token_url"],
        // Everything may be found by discovery.
        Flow::DcrPkce | Flow::ApiKey | Flow::Browser => &[],
    };
    for key in keys.iter().filter(|key| fields.get(key).is_none()) {
        findings.problem(
            &fields.path_of(key),
            format!("it is missing; flow {} needs it", flow.as_str()),
        );
    }
}

/// A client that has no name can log in by a code alone.
fn nameless(fields: Fields<'_>, flow: Flow, findings: &mut Findings<'_>) {
    let is_nameless = fields.get("client").is_some_and(|word| word == "none");
    if is_nameless && (flow != Flow::DeviceCode || fields.get("authorization_url").is_some()) {
        let why = "none goes with flow device_code, and without an authorization_url";
        findings.problem(&fields.path_of("client"), why);
    }
}

fn browser(fields: Fields<'_>, findings: &mut Findings<'_>) {
    if fields.required(findings, "entry_url").is_some() {
        endpoint(fields, "entry_url", None, findings);
    }
    endpoint(fields, "validate_url", None, findings);
    for (path, domain) in fields.texts(findings, "domains") {
        let name = domain.strip_prefix('.').unwrap_or(domain);
        if urls::endpoint(&format!("https://{name}"), None).is_err()
            || name.contains(['/', ':', '?'])
        {
            findings.problem(&path, "write a domain such as example.com or .example.com");
        }
    }
    let cookies = fields.texts(findings, "auth_cookies");
    if cookies.is_empty() && fields.get("auth_cookies").is_none() {
        findings.problem(
            &fields.path_of("auth_cookies"),
            "it is missing; name the cookies that show that a person is logged in",
        );
    }
    for (path, name) in cookies {
        note(findings, &path, names::cookie(name));
    }
    if let Some(name) = fields.text(findings, "ttl_from_cookie") {
        note(
            findings,
            &fields.path_of("ttl_from_cookie"),
            names::cookie(name),
        );
    }
    if let Some(hours) = fields.get("ttl_hours")
        && !hours
            .as_u64()
            .is_some_and(|h| (1..=LONGEST_HOURS).contains(&h))
    {
        findings.problem(
            &fields.path_of("ttl_hours"),
            format!("write whole hours from 1 to {LONGEST_HOURS}"),
        );
    }
    extra_headers(fields, findings);
    extractions(fields, findings);
}

fn extra_headers(fields: Fields<'_>, findings: &mut Findings<'_>) {
    let Some((path, map)) = fields.object(findings, "extra_headers") else {
        return;
    };
    let headers = Fields::new(&path, map);
    for name in headers.keys() {
        note(findings, &headers.path_of(name), names::header(name));
        if headers
            .text(findings, name)
            .is_some_and(|value| !sendable(value))
        {
            findings.problem(&headers.path_of(name), "write visible ASCII characters");
        }
    }
}

fn extractions(fields: Fields<'_>, findings: &mut Findings<'_>) {
    let path = fields.path_of("extract");
    let Some(value) = fields.get("extract") else {
        return;
    };
    let Some(list) = value.as_array().filter(|list| list.len() <= 32) else {
        findings.problem(
            &path,
            "write a list of at most 32 objects with cookie and header",
        );
        return;
    };
    for (at, item) in list.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let Some(map) = item.as_object() else {
            findings.problem(&path, "write an object with cookie and header");
            continue;
        };
        let item = Fields::new(&path, map);
        if let Some(cookie) = item.required(findings, "cookie") {
            note(findings, &item.path_of("cookie"), names::cookie(cookie));
        }
        if let Some(header) = item.required(findings, "header") {
            note(findings, &item.path_of("header"), names::header(header));
        }
        let prefix = item.text(findings, "prefix").unwrap_or_default();
        if !prefix.is_empty() && !sendable(prefix) {
            findings.problem(&item.path_of("prefix"), "write visible ASCII characters");
        }
    }
}

pub(super) fn note(findings: &mut Findings<'_>, path: &str, checked: Result<(), String>) {
    if let Err(why) = checked {
        findings.problem(path, why);
    }
}
