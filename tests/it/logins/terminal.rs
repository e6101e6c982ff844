//! Logins at a terminal, where the browser is elsewhere or there is none.

use super::dynamic::elsewhere;
use super::{cookies, headless};
use crate::cli::transcript::Person;
use crate::support::oauth_home::{OAuthHome, go_on};
use crate::support::pty::Terminal;

fn at_terminal(person: &Person, args: &[&str]) -> Terminal {
    let mut command = person.prepare(args);
    command.env("TERM", "xterm-256color");
    Terminal::run(command)
}

/// The link that a command shows, on a line of its own.
fn link(seen: &str, begins: &str) -> String {
    let from = seen.find(begins).unwrap();
    let link = seen[from..].split_whitespace().next().unwrap();
    link.to_owned()
}

/// Follows the link in a browser, allows everything, and comes back.
fn allows(home: &OAuthHome, link: &str) {
    let mut browser = home.daemon.browser();
    let page = browser.open(link).expect(200);
    let at_provider = go_on(&mut browser, &page);
    browser.open(&home.server.approve(&at_provider)).expect(200);
}

/// A file beside the home of a person.
fn file(person: &Person, name: &str, text: &str) -> String {
    let path = person.home().with_file_name(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_link_is_opened_elsewhere_and_the_command_ends_when_its_person_is_back() {
    let home = OAuthHome::start();
    let person = Person::at(&home.daemon);
    let mut terminal = at_terminal(&person, &["login", "acme", "--no-open"]);
    let seen = terminal.shows("waiting for you to log in to acme");
    allows(&home, &link(&seen, &home.daemon.url()));
    terminal.shows("Connected to acme");
    assert!(terminal.ends().success());
}

#[test]
fn a_service_account_is_named_by_its_key_file() {
    let home = headless::home();
    let person = Person::at(&home.daemon);
    let pem = headless::trusted(&home, "robot@acme.example");
    let key = serde_json::json!({"client_email": "robot@acme.example", "private_key": pem});
    let path = file(&person, "key.json", &key.to_string());
    let args = ["login", "acme", "--flow", "jwt_bearer", "--no-browser"];
    let mut terminal = at_terminal(&person, &args);
    terminal.shows("Key file of the service account");
    terminal.types(&format!("{path}\r"));
    let seen = terminal.shows("Connected to acme");
    assert!(terminal.ends().success());
    assert!(!seen.contains("PRIVATE KEY"), "{seen}");
}

#[test]
fn an_app_is_named_by_its_numbers_and_its_key_file() {
    let home = headless::home();
    let person = Person::at(&home.daemon);
    let path = file(&person, "app.pem", &headless::trusted(&home, "12"));
    let args = ["login", "acme", "--flow", "github_app", "--no-browser"];
    let mut terminal = at_terminal(&person, &args);
    for (question, answer) in [
        ("App ID or client ID", "12"),
        ("Installation ID", "42"),
        ("Private key file of the app", path.as_str()),
    ] {
        terminal.shows(question);
        terminal.types(&format!("{answer}\r"));
    }
    let seen = terminal.shows("Connected to acme");
    assert!(terminal.ends().success());
    assert!(!seen.contains("PRIVATE KEY"), "{seen}");
}

#[test]
fn cookies_are_read_from_the_file_that_is_named() {
    let (_dir, daemon) = cookies::home();
    let person = Person::at(&daemon);
    let text = ".shop.example\tTRUE\t/\tTRUE\t4000000000\tsid\tcanary-of-a-session\n";
    let path = file(&person, "cookies.txt", text);
    let mut terminal = at_terminal(&person, &["login", "shop", "--no-browser"]);
    terminal.shows("File with the cookies");
    terminal.types(&format!("{path}\r"));
    let seen = terminal.shows("Connected to shop");
    assert!(terminal.ends().success());
    assert!(!seen.contains("canary"), "{seen}");
}

#[test]
fn a_new_server_is_asked_about_before_it_is_registered() {
    let home = OAuthHome::with(elsewhere, |daemon| daemon);
    let person = Person::at(&home.daemon);
    let url = home.server.url("/mcp");
    let args = ["login", "--mcp", url.as_str(), "--no-open"];
    let mut terminal = at_terminal(&person, &args);
    let seen = terminal.shows("Register it?");
    assert!(seen.contains(&home.server.url("/token")), "{seen}");
    terminal.types("n");
    assert_eq!(terminal.ends().code(), Some(2));
    assert_eq!(person.run(&["inspect", "localhost-mcp"]).code, 4);
    let mut terminal = at_terminal(&person, &args);
    terminal.shows("Register it?");
    terminal.types("y");
    let seen = terminal.shows("waiting for you to log in to localhost-mcp");
    allows(&home, &link(&seen, &home.daemon.url()));
    terminal.shows("Connected to localhost-mcp");
    assert!(terminal.ends().success());
}

#[test]
fn a_client_that_is_changed_is_asked_about_with_what_ends() {
    let home = OAuthHome::start();
    let person = Person::at(&home.daemon);
    let agent = home.daemon.agent("scout");
    home.log_in(&agent, &serde_json::json!({})).expect(200);
    let set = ["admin", "client", "set", "acme", "--client-id", "another"];
    let mut terminal = at_terminal(&person, &set);
    terminal.shows("Client secret");
    terminal.hides_typing();
    terminal.types("canary-of-a-client\r");
    terminal.shows("and end the one connection that it got?");
    terminal.types("n");
    assert_eq!(terminal.ends().code(), Some(2));
    agent.resolve("acme").expect(200);
    let mut terminal = at_terminal(&person, &["login", "acme", "--new-client", "--no-open"]);
    terminal.shows("and end the one connection that it got?");
    terminal.types("y");
    let seen = terminal.shows("waiting for you to log in to acme");
    assert!(!seen.contains("canary"), "{seen}");
    assert_eq!(agent.get("/connections/acme/default").status, 404);
    terminal.interrupts();
    assert_eq!(terminal.ends().code(), Some(130));
}
