//! Row 29: an address to open is an address and never a command, whoever names it: a definition, the
//! device endpoint of a provider, or a daemon that is not ours.

use crate::cli::transcript::Person;
use crate::support::oauth_home::{OAuthHome, begin};
use crate::support::oauth_server::Endpoint;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What would do harm if it were opened, or given to a shell.
const HARMFUL: [&str; 14] = [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>1</script>",
    "vbscript:x",
    "smb://evil.example/share",
    "ms-msdt:/id",
    "$(touch P)",
    "`touch P`",
    "; touch P",
    "-x",
    "--profile=/tmp/p",
    "https:",
    "https://user:pass@evil.example/",
];

/// A browser that writes down each of its arguments, and the place where it runs.
struct FakeBrowser {
    room: TempDir,
}

impl FakeBrowser {
    fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        let program = room.path().join("browser");
        let script = "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done >\"$0.part\"\n\
                      mv \"$0.part\" \"$0.opened\"\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { room }
    }

    fn program(&self) -> PathBuf {
        self.room.path().join("browser")
    }

    /// The arguments of the last call, once there was one.
    fn opened(&self) -> Option<Vec<String>> {
        let text = std::fs::read_to_string(self.room.path().join("browser.opened")).ok()?;
        Some(text.lines().map(str::to_owned).collect())
    }

    fn waits_for_opened(&self) -> Vec<String> {
        let deadline = std::time::Instant::now() + crate::support::http::PATIENCE;
        loop {
            if let Some(words) = self.opened() {
                return words;
            }
            assert!(std::time::Instant::now() < deadline, "nothing was opened");
            std::thread::yield_now();
        }
    }
}

/// A daemon that is not ours: it answers the beginning of a login as it likes, and all else as ours did.
fn hostile(health: Value, login: Value) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that hangs up is not our trouble.
            drop(attend(client, &health, &login));
        }
    });
    address
}

fn attend(mut client: TcpStream, health: &Value, login: &Value) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length:"));
        let length = length.map_or(0, |length| length.trim().parse().unwrap());
        client.read_exact(&mut vec![0; length])?;
        let answer = if head.starts_with("post /auth/sessions ") {
            login.to_string()
        } else {
            health.to_string()
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        write!(client, "{head} {}\r\n\r\n{answer}", answer.len())?;
    }
}

/// A person whose commands a hostile daemon answers, and the browser they have.
fn at_the_mercy_of(home: &OAuthHome, login: &Value, browser: &FakeBrowser) -> Person {
    let health = home.daemon.get("/health").expect(200).json();
    let address = hostile(health, login.clone());
    Person::at(&home.daemon)
        .env("AUTHSOME_DAEMON_URL", &format!("http://{address}"))
        .env("AUTHSOME_LISTEN", &address.to_string())
        .env("BROWSER", browser.program().to_str().unwrap())
}

fn nothing_ran(room: &Path, home: &OAuthHome) {
    for dir in [
        room,
        home.daemon.home(),
        home.daemon.home().parent().unwrap(),
    ] {
        assert!(!dir.join("P").exists(), "{}", dir.display());
    }
}

#[test]
fn a_hostile_daemon_opens_nothing_but_web_pages() {
    let home = OAuthHome::start();
    let person = Person::at(&home.daemon);
    person.run(&["whoami"]);
    let agent = home.daemon.agent("scout");
    let plain = begin(&agent, &json!({}));
    let mut device = plain.clone();
    device["flow"] = json!("device_code");
    device["user_code"] = json!("ABCD-EFGH");
    for url in HARMFUL {
        let mut by_url = plain.clone();
        by_url["next_action"]["url"] = json!(url);
        let mut by_code = device.clone();
        by_code["verification_uri"] = json!(url);
        let mut by_link = by_code.clone();
        by_link["verification_uri_complete"] = json!(url);
        for login in [by_url, by_code, by_link] {
            let browser = FakeBrowser::new();
            let person = at_the_mercy_of(&home, &login, &browser);
            let mut command = person.prepare(&["login", "acme", "--no-wait"]);
            let ran = command.current_dir(browser.room.path()).output().unwrap();
            let said = String::from_utf8_lossy(&ran.stderr);
            assert!(!said.contains("Opened your browser"), "{url}: {said}");
            assert!(
                said.contains("log in to acme") || said.contains("To log in"),
                "{said}"
            );
            assert!(!said.contains('\u{1b}'), "{said}");
            assert_eq!(browser.opened(), None, "{url}");
            nothing_ran(browser.room.path(), &home);
        }
    }
}

#[test]
fn a_page_is_opened_as_one_argument_and_through_no_shell() {
    let home = OAuthHome::start();
    Person::at(&home.daemon).run(&["whoami"]);
    let agent = home.daemon.agent("scout");
    let mut login = begin(&agent, &json!({}));
    for (url, opened) in [
        (
            "https://acme.example/x?y=$(touch P)&z=`touch P`;touch P",
            "https://acme.example/x?y=$(touch%20P)&z=`touch%20P`;touch%20P",
        ),
        (
            "https://acme.example/\"; touch P #\n--x",
            "https://acme.example/%22;%20touch%20P%20#--x",
        ),
        ("https://-x.example/ -y", "https://-x.example/%20-y"),
    ] {
        login["next_action"]["url"] = json!(url);
        let browser = FakeBrowser::new();
        let person = at_the_mercy_of(&home, &login, &browser);
        let mut command = person.prepare(&["login", "acme", "--no-wait"]);
        command.current_dir(browser.room.path()).output().unwrap();
        assert_eq!(browser.waits_for_opened(), [opened], "{url}");
        nothing_ran(browser.room.path(), &home);
    }
}

#[test]
fn a_provider_names_no_harmful_page_for_the_code_of_a_device() {
    let (home, agent) = crate::logins::device::known("scout");
    for url in HARMFUL {
        home.server.device_answer("verification_uri", url);
        home.server
            .device_answer("verification_uri_complete", Value::Null);
        let wish = json!({"provider": "acme", "flow": "device_code"});
        let refused = agent.post("/auth/sessions", &wish);
        let text = refused.clone().expect(400).text();
        assert!(text.contains("no page"), "{url}: {text}");
        home.server.restore_metadata();
        // The shorter way is left out, and the plain one stays.
        home.server.device_answer("verification_uri_complete", url);
        let login = begin(&agent, &json!({"flow": "device_code"}));
        assert_eq!(login["verification_uri_complete"], Value::Null, "{url}");
        assert_eq!(login["verification_uri"], home.server.url("/device"));
        home.server.restore_metadata();
    }
    assert_eq!(home.server.seen(Endpoint::DevicePage), 0);
}

#[test]
fn a_definition_names_no_harmful_page() {
    let home = OAuthHome::start();
    let agent = home.daemon.agent("scout");
    for url in HARMFUL {
        for field in ["authorization_url", "device_authorization_url", "token_url"] {
            let mut made = crate::support::oauth_home::definition(&home.server);
            made["name"] = json!("other");
            made["api_url"] = json!("api.other.example");
            made["oauth"][field] = json!(url);
            let refused = agent.post("/providers", &json!({"definition": made}));
            assert!(
                (400..500).contains(&refused.status),
                "{field} {url}: {}",
                refused.status
            );
        }
    }
}
