//! The command line at a real terminal: masked typing, spinner, colours, Ctrl-C.

use super::transcript::Person;
use crate::support::daemon::TestDaemon;
use crate::support::pty::Terminal;

const KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";

fn at_terminal(person: &Person, args: &[&str]) -> Terminal {
    let mut command = person.prepare(args);
    command.env("TERM", "xterm-256color");
    Terminal::run(command)
}

#[test]
fn a_key_is_typed_without_being_shown() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let mut terminal = at_terminal(&person, &["login", "openai", "--no-browser"]);
    terminal.shows("API key");
    terminal.hides_typing();
    terminal.types(&format!("{KEY}\n"));
    let seen = terminal.shows("Connected to openai");
    assert!(terminal.ends().success());
    assert!(!seen.contains(KEY), "{seen}");
    assert!(terminal.echoes(), "the terminal is as it was");
}

#[test]
fn a_mistyped_key_may_be_typed_again() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let mut terminal = at_terminal(&person, &["login", "openai", "--no-browser"]);
    for (round, key) in ["", "sk-a key with blanks", KEY].iter().enumerate() {
        // Each question is written again when it is answered.
        terminal.shows_times("API key", 2 * round + 1);
        terminal.hides_typing();
        terminal.types(&format!("{key}\n"));
    }
    terminal.shows("Connected to openai");
    assert!(terminal.ends().success());
}

#[test]
fn leaving_the_prompt_puts_the_terminal_back() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let mut terminal = at_terminal(&person, &["login", "openai", "--no-browser"]);
    terminal.shows("API key");
    terminal.hides_typing();
    terminal.interrupts();
    assert_eq!(terminal.ends().code(), Some(130));
    assert!(terminal.echoes());
    assert!(
        person
            .run(&["list", "--connected"])
            .stdout
            .starts_with("Nothing is connected yet")
    );
}

#[test]
fn waiting_can_be_given_up_and_the_login_with_it() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let mut terminal = at_terminal(&person, &["login", "openai", "--no-open"]);
    terminal.shows("waiting for you to log in to openai");
    terminal.interrupts();
    terminal.shows("the login was cancelled");
    assert_eq!(terminal.ends().code(), Some(130));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    person.run_with(KEY, &["login", "openai", "--key-stdin"]);
    let coloured = |args: &[&str], name: &str, value: &str| {
        let mut command = person.prepare(args);
        command.env("TERM", "xterm-256color").env(name, value);
        let mut terminal = Terminal::run(command);
        let seen = terminal.shows("connected");
        assert!(terminal.ends().success());
        seen.contains('\u{1b}')
    };
    let list = ["list", "--connected"];
    assert!(coloured(&list, "LANG", "C"));
    assert!(!coloured(&list, "NO_COLOR", "1"));
    assert!(!coloured(&list, "TERM", "dumb"));
    assert!(!coloured(
        &["list", "--connected", "--no-color"],
        "LANG",
        "C"
    ));
}

#[test]
fn a_definition_is_shown_before_it_is_sent() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let file = person.home().with_file_name("acme.json");
    let definition = r#"{"name": "acme", "display_name": "Acme", "auth_type": "api_key",
        "flow": "api_key", "api_url": "api.acme.example", "api_key": {"header_name": "X-Key"}}"#;
    std::fs::write(&file, definition).unwrap();
    let args = ["register", file.to_str().unwrap()];
    let mut terminal = at_terminal(&person, &args);
    terminal.shows("api.acme.example");
    terminal.shows("Register it?");
    terminal.types("n");
    assert_eq!(terminal.ends().code(), Some(2));
    assert_eq!(person.run(&["inspect", "acme"]).code, 4);
    let mut terminal = at_terminal(&person, &args);
    terminal.shows("Register it?");
    terminal.types("y");
    terminal.shows("Registered acme");
    assert!(terminal.ends().success());
}
