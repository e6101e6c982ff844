//! Row 54: a known secret goes through every route and command, and is then looked for everywhere.

use crate::support::agent::Agent;
use crate::support::collector::{Collector, Mood};
use crate::support::daemon::TestDaemon;
use crate::support::http::{Answer, Request};
use authsome::crypto::hex;
use authsome::{api, services};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const KEY: &str = "sk-canary-s54-Zx81kQm0PqLr7TyUvW3e";
const PASSWORD: &str = "canary-password-5tGb7Yh1";
const COLLECTOR_KEY: &str = "canary-collector-9Kd04Lw";

/// The secret as it is, and as it may have been written down.
fn spellings(secret: &str) -> Vec<String> {
    let hex = hex::encode(secret.as_bytes());
    vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex.to_uppercase(),
        hex,
    ]
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[track_caller]
fn assert_clean(place: &str, bytes: &[u8], secrets: &[&str]) {
    for secret in secrets {
        for spelling in spellings(secret) {
            assert!(!holds(bytes, &spelling), "{place} holds {spelling}");
        }
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

fn start(collector: &Collector) -> TestDaemon {
    TestDaemon::builder()
        .env("AUTHSOME_LOG", "trace")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())
        .env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            &format!("x-key={COLLECTOR_KEY}"),
        )
        .start()
}

/// Every JSON route with the secret in its query, its headers and its body, signed and not.
fn sweep_the_routes(daemon: &TestDaemon, agent: &Agent) -> Vec<Answer> {
    let document = daemon.get("/openapi.json").expect(200).json();
    let mut answers = Vec::new();
    let body = json!({"data": {"api_key": KEY}, "api_key": KEY, "token": KEY, "note": KEY});
    for (template, methods) in document["paths"].as_object().unwrap() {
        let path = template
            .replace("{handle}", "scout")
            .replace("{provider}", "openai")
            .replace("{name}", "no-such-provider")
            .replace("{connection}", "no-such-connection")
            .replace("{id}", "sess_0123456789abcdef0123456789abcdef");
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let target = format!("{path}?api_key={KEY}");
            let sent = (method != "GET").then_some(&body);
            answers.push(agent.send(&agent.signed(&method, &target, sent)));
            let anonymous = Request::new(&method, &target)
                .header("Authorization", &format!("Bearer {KEY}"))
                .header(
                    "Cookie",
                    &format!("authsome_session_{}={KEY}", daemon.address().port()),
                )
                .header("X-Api-Key", KEY);
            answers.push(daemon.send(&anonymous));
            answers.push(daemon.send(&anonymous.body("application/json", format!("{{\"{KEY}"))));
        }
    }
    answers
}

fn sweep_the_pages(daemon: &TestDaemon) -> Vec<String> {
    let mut browser = daemon.browser();
    let page = browser.open("/auth/register");
    let fields = [("email", "me@example.test"), ("password", PASSWORD)];
    let signed_up = browser.submit(&page, "/auth/register", &fields);
    assert_eq!(signed_up.status, 303, "{}", signed_up.text());
    for path in ["/ui/", "/ui/connections", "/audit", "/nothing"] {
        let shown = browser.open(&format!("{path}?key={KEY}"));
        assert_clean(path, &shown.body, &[KEY, PASSWORD]);
    }
    let mut stranger = daemon.browser();
    let page = stranger.open("/auth/login");
    let fields = [("email", "me@example.test"), ("password", KEY)];
    let refused = stranger.submit(&page, "/auth/login", &fields);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_clean("the refused sign-in", &refused.body, &[KEY]);
    browser.cookies.into_values().collect()
}

/// Every command that meets a secret; the secret may be on stdout of those that are asked for it.
fn sweep_the_commands(daemon: &TestDaemon, collector: &Collector) {
    for (shows, args) in [
        (false, vec!["whoami", "--json"]),
        (false, vec!["list"]),
        (false, vec!["inspect", "openai"]),
        (false, vec!["get", "openai"]),
        (true, vec!["get", "openai", "--show-secret"]),
        (true, vec!["export", "openai"]),
        (false, vec!["get", KEY]),
        (false, vec!["log"]),
        (false, vec!["doctor"]),
        (false, vec!["run", "--", "env"]),
    ] {
        let done = daemon
            .cli(&args)
            .env("AUTHSOME_LOG", "trace")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
            .env(
                "OTEL_EXPORTER_OTLP_HEADERS",
                format!("x-key={COLLECTOR_KEY}"),
            )
            .output()
            .unwrap();
        let asked_for = args.contains(&KEY);
        if !asked_for {
            assert_clean(&format!("stderr of {args:?}"), &done.stderr, &[KEY]);
        }
        assert_clean(
            &format!("stderr of {args:?}"),
            &done.stderr,
            &[COLLECTOR_KEY],
        );
        if shows {
            assert!(
                holds(&done.stdout, KEY),
                "{args:?} shows what it is asked for"
            );
        } else if !asked_for {
            assert_clean(
                &format!("stdout of {args:?}"),
                &done.stdout,
                &[KEY, COLLECTOR_KEY],
            );
        }
    }
}

fn core_limit(pid: u32) -> Vec<String> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    line.split_whitespace()
        .skip(4)
        .take(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_secret_that_went_everywhere_is_found_nowhere() {
    let collector = Collector::start(Mood::Well);
    let mut daemon = start(&collector);
    assert_eq!(
        core_limit(daemon.pid()),
        ["0", "0"],
        "a core file would hold everything"
    );
    let agent = daemon.agent("scout");
    agent.log_in("openai", "default", KEY);
    agent.resolve("openai").expect(200);
    let cookies = sweep_the_pages(&daemon);
    sweep_the_commands(&daemon, &collector);
    for answer in sweep_the_routes(&daemon, &agent) {
        assert_ne!(answer.status, 500, "{}", answer.text());
        assert_clean("an answer", &answer.body, &[KEY]);
    }

    let master_key = std::fs::read_to_string(daemon.home().join("server/master.key")).unwrap();
    let private_key = agent.key.to_hex();
    let mut secrets = vec![
        KEY,
        PASSWORD,
        COLLECTOR_KEY,
        master_key.trim(),
        private_key.as_str(),
    ];
    secrets.extend(cookies.iter().map(String::as_str));
    assert!(daemon.stop().success());

    let log = daemon.stderr();
    assert!(
        log.contains("\"level\":\"DEBUG\""),
        "the log was to be at its most talkative"
    );
    assert_clean("the log", log.as_bytes(), &secrets);
    assert!(!log.contains("PoP ey"), "a proof is in the log");
    collector.look(|received| {
        assert!(!received.spans.is_empty() && !received.logs.is_empty());
        assert_clean("the collector", &received.raw, &secrets);
        assert!(!received.contains("PoP ey"), "a proof left as OTLP");
    });
    for file in files_below(daemon.home()) {
        let name = file.display().to_string();
        let kept = std::fs::read(&file).unwrap();
        let own: Vec<&str> = secrets
            .iter()
            .copied()
            .filter(|secret| !(name.ends_with("master.key") && *secret == master_key.trim()))
            .collect();
        assert_clean(&name, &kept, &own);
    }
}

#[test]
fn a_wrong_key_is_not_repeated_by_the_refusal() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let begun: Value = agent
        .post(
            "/auth/sessions",
            &json!({"provider": "openai", "connection": "default"}),
        )
        .expect(200)
        .json();
    let path = format!("/auth/sessions/{}/resume", begun["id"].as_str().unwrap());
    let wrong = format!("wrong {KEY}");
    let refused = agent.post(&path, &json!({"data": {"api_key": wrong}}));
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    assert_clean("the refusal", &refused.body, &[KEY]);
    assert_clean("the log", daemon.stderr().as_bytes(), &[KEY]);
}

#[test]
fn links_that_work_once_are_not_in_the_debug_text_of_what_carries_them() {
    let link = format!("https://a.example/claim/{KEY}");
    let invitation =
        json!({"url": link, "email": null, "role": "user", "expires_at": "2026-01-01T00:00:00Z"});
    let identity = json!({
        "identity": "scout", "registration_status": "pending", "claim_url": link,
        "did": "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    });
    let carriers = [
        format!("{:?}", api::OpenDashboard { url: link.clone() }),
        format!(
            "{:?}",
            serde_json::from_value::<api::Invitation>(invitation).unwrap()
        ),
        format!(
            "{:?}",
            serde_json::from_value::<api::IdentityStatus>(identity).unwrap()
        ),
        format!("{:?}", api::NextAction::OpenUrl { url: link.clone() }),
        format!("{:?}", services::NextAction::OpenUrl(link)),
    ];
    for text in carriers {
        assert_clean("a debug text", text.as_bytes(), &[KEY]);
    }
}
