//! The session of a person in a browser: pasted, or from a file.

use crate::cli::transcript::Person;
use crate::support::daemon::TestDaemon;
use crate::support::oauth_home::open;
use serde_json::json;

pub(crate) fn home() -> (tempfile::TempDir, TestDaemon) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let providers = home.join("providers");
    std::fs::create_dir_all(&providers).unwrap();
    let definition = json!({
        "name": "shop", "display_name": "Shop", "auth_type": "browser", "flow": "browser",
        "api_url": "www.shop.example",
        "browser": {
            "entry_url": "https://www.shop.example/login", "domains": [".shop.example"],
            "auth_cookies": ["sid"], "ttl_hours": 1,
            "extract": [{"cookie": "csrf", "header": "x-csrf"}],
        },
    });
    std::fs::write(providers.join("shop.json"), definition.to_string()).unwrap();
    let daemon = TestDaemon::builder().home(&home).start();
    (dir, daemon)
}

#[test]
fn pasted_cookies_are_sent_as_the_browser_would() {
    let (_dir, daemon) = home();
    let agent = daemon.agent("scout");
    let begun = agent.post("/auth/sessions", &json!({"provider": "shop"}));
    let login = begun.expect(200).json();
    assert_eq!(login["flow"], "browser");
    let action = &login["next_action"];
    assert!(action["url"].as_str().unwrap().contains("/input"));
    let told = json!({
        "type": "browser", "url": action["url"], "entry_url": "https://www.shop.example/login",
        "domains": [".shop.example"], "auth_cookies": ["sid"], "ttl_from_cookie": null,
        "ttl_hours": 1,
    });
    assert_eq!(*action, told);
    let mut browser = daemon.browser();
    let page = open(&mut browser, &login);
    assert!(page.text().contains("asks you for a session"));
    let wrong = [("cookies", "theme=dark-9f2")];
    let refused = browser.submit(&page, "/input", &wrong).expect(400).text();
    assert!(
        refused.contains("sid") && !refused.contains("dark-9f2"),
        "{refused}"
    );
    let pasted = [("cookies", "sid=abc123; csrf=\"t0k\"")];
    let done = browser.submit(&page, "/input", &pasted).expect(200).text();
    assert!(done.contains("Login successful"), "{done}");
    let answer = agent.resolve("shop").expect(200).json();
    assert_eq!(answer["headers"]["x-csrf"], "t0k", "{answer}");
    let cookies: Vec<&str> = answer["injections"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["kind"] == "cookie")
        .map(|part| part["value"].as_str().unwrap())
        .collect();
    assert_eq!(cookies, ["\"t0k\"", "abc123"]);
    let listed = agent.get("/connections").expect(200).json();
    let found = &listed["connections"][0]["connections"][0];
    assert!(found["expires_at"].is_string(), "{found}");
}

#[test]
fn a_cookies_txt_comes_through_a_pipe_or_from_a_file() {
    let (_dir, daemon) = home();
    let person = Person::at(&daemon);
    let text = "# Netscape HTTP Cookie File\n\
        .shop.example\tTRUE\t/\tTRUE\t4000000000\tsid\tabc123\n\
        .bank.example\tTRUE\t/\tTRUE\t4000000000\tsid\tnot-yours\n";
    let done = person.run_with(text, &["login", "shop", "--key-stdin"]);
    assert_eq!(done.code, 0, "{done:?}");
    let shown = person.run(&["get", "shop", "--show-secret"]).stdout;
    assert!(
        shown.contains("abc123") && !shown.contains("not-yours"),
        "{shown}"
    );
    let expired = text.replace("4000000000", "1000000000");
    let again = ["login", "shop", "--key-stdin", "--force"];
    let refused = person.run_with(&expired, &again);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.stderr.contains("expired") && !refused.stderr.contains("abc123"));
}

#[test]
fn firefox_gives_the_cookies_of_the_site() {
    let (_dir, daemon) = home();
    let person = Person::at(&daemon);
    let login = ["login", "shop", "--from-browser", "firefox"];
    let own = tempfile::tempdir().unwrap();
    let run = || {
        let mut command = person.prepare(&login);
        command.env("HOME", own.path()).output().unwrap()
    };
    let missing = run();
    assert!(!missing.status.success());
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        said.contains("no profile of Firefox") && said.contains("cookies.txt"),
        "{said}"
    );
    let profile = own.path().join(".mozilla/firefox/x.default-release");
    std::fs::create_dir_all(&profile).unwrap();
    let made = std::process::Command::new("python3")
        .args(["-c", FIREFOX])
        .arg(profile.join("cookies.sqlite"))
        .status();
    assert!(made.unwrap().success());
    let done = run();
    assert!(done.status.success(), "{done:?}");
    let shown = person.run(&["get", "shop", "--show-secret"]).stdout;
    assert!(
        shown.contains("from-firefox") && !shown.contains("not-yours"),
        "{shown}"
    );
}

/// The table as Firefox 140 makes it.
const FIREFOX: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(\"\"\"CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '',
    name TEXT, value TEXT, host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, creationTime INTEGER,
    isSecure INTEGER, isHttpOnly INTEGER, inBrowserElement INTEGER DEFAULT 0, sameSite INTEGER DEFAULT 0,
    schemeMap INTEGER DEFAULT 0)\"\"\")
for host, value in [('.shop.example', 'from-firefox'), ('.bank.example', 'not-yours')]:
    db.execute('INSERT INTO moz_cookies (name, value, host, path, expiry, lastAccessed, isSecure) VALUES (?,?,?,?,?,?,?)',
        ('sid', value, host, '/', 4000000000, 1, 1))
db.commit()
";
