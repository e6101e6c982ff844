//! The tools people use, under `run` the first time, each as it comes.

use super::runner::{KEY, Laptop};
use crate::support::skip::skipped;
use std::process::Command;

fn has(tool: &str) -> bool {
    has_that_answers(tool, "--version")
}

/// Whether `tool` is here, asked in its own way for its version.
fn has_that_answers(tool: &str, question: &str) -> bool {
    let found = Command::new(tool)
        .arg(question)
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        skipped(tool);
    }
    found
}

/// Runs a script and checks that the API got the real key, and the script only asterisks.
#[track_caller]
fn calls(laptop: &Laptop, path: &str, script: &str) {
    let before = laptop.upstream.seen().len();
    let out = laptop.script(script);
    assert!(!out.contains(KEY), "{out}");
    let seen = laptop.upstream.seen();
    let last = seen[before..]
        .iter()
        .find(|seen| seen.target.starts_with(path));
    let last = last.unwrap_or_else(|| panic!("no request for {path}: {out}"));
    assert_eq!(
        last.header("authorization"),
        format!("Bearer {KEY}"),
        "{path}"
    );
}

#[test]
fn curl_works_over_http_1_and_2() {
    if !has("curl") {
        return;
    }
    let laptop = Laptop::new();
    let api = laptop.upstream.api_url();
    calls(
        &laptop,
        "/one",
        &format!("curl -sSf --http1.1 {api}/one -H \"Authorization: Bearer $ACME_KEY\""),
    );
    calls(
        &laptop,
        "/two",
        &format!("curl -sSf --http2 {api}/two -d @/etc/passwd"),
    );
    calls(
        &laptop,
        "/gzip",
        &format!("curl -sSf --compressed {api}/gzip"),
    );
    calls(
        &laptop,
        "/anyauth",
        &format!("curl -sSf --proxy-anyauth {api}/anyauth"),
    );
}

#[test]
fn git_works_over_https() {
    if !has("git") {
        return;
    }
    let laptop = Laptop::new();
    let api = laptop.upstream.api_url();
    calls(
        &laptop,
        "/x.git/info/refs",
        &format!("git ls-remote {api}/x.git 2>&1 || true"),
    );
}

#[test]
fn python_works_with_its_own_client_and_with_requests() {
    if !has("python3") {
        return;
    }
    let laptop = Laptop::new();
    let api = laptop.upstream.api_url();
    let call = format!("import urllib.request as u; u.urlopen('{api}/urllib').read()");
    calls(&laptop, "/urllib", &format!("python3 -c \"{call}\""));
    if Command::new("python3")
        .args(["-c", "import requests"])
        .status()
        .unwrap()
        .success()
    {
        let call = format!("import requests; requests.get('{api}/requests').raise_for_status()");
        calls(&laptop, "/requests", &format!("python3 -c \"{call}\""));
    }
}

#[test]
fn node_works_with_fetch_and_https() {
    if !has("node") {
        return;
    }
    let laptop = Laptop::new();
    let api = laptop.upstream.api_url();
    let call = format!("fetch('{api}/fetch', {{method: 'POST', body: 'x'}}).then(r => r.text())");
    calls(&laptop, "/fetch", &format!("node -e \"{call}\""));
    let call = format!("require('https').get('{api}/https', r => r.resume())");
    calls(&laptop, "/https", &format!("node -e \"{call}\""));
    let daemon = laptop.daemon.url();
    let out = laptop.script(&format!(
        "node -e \"fetch('{daemon}/health').then(r => console.log(r.status))\""
    ));
    assert_eq!(out, "200\n", "this machine is reached without the proxy");
}

#[test]
fn openssl_accepts_the_name_constrained_chain() {
    if !has_that_answers("openssl", "version") {
        return;
    }
    let laptop = Laptop::new();
    let address = laptop.upstream.authority();
    let out = laptop.script(&format!(
        "proxy=${{HTTPS_PROXY#*@}}; user=${{HTTPS_PROXY#http://}}; user=${{user%@*}}; \
         openssl s_client -proxy \"$proxy\" -proxy_user \"${{user%%:*}}\" -proxy_pass \"pass:${{user#*:}}\" \
         -connect {address} -servername localhost -verify_return_error -CAfile \"$SSL_CERT_FILE\" </dev/null 2>&1"
    ));
    assert!(
        out.contains("Verification: OK") || out.contains("Verify return code: 0"),
        "{out}"
    );
}
