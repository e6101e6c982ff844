//! What a terminal of 40 columns shows, and what stays for a browser that shows nothing.

use super::transcript::Person;
use crate::support::daemon::TestDaemon;
use crate::support::pty::Terminal;

const KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";

#[test]
fn each_connection_says_whose_it_is() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let login = ["login", "openai", "--key-stdin"];
    assert_eq!(person.run_with(KEY, &login).code, 0);
    let other = [&login[..], &["--connection", "imported"]].concat();
    assert_eq!(person.run_with(KEY, &other).code, 0);
    let mut command = person.prepare(&["list", "--connected"]);
    command.env("TERM", "dumb").env("COLUMNS", "40");
    let mut terminal = Terminal::run(command);
    assert!(terminal.ends().success());
    let shown = terminal.shows("imported");
    assert!(shown.contains("openai  default  connected"), "{shown}");
    assert!(shown.contains("openai  imported  connected"), "{shown}");
    assert!(!shown.contains("(default)"), "{shown}");
}

#[test]
fn an_opened_dashboard_leaves_its_link_for_a_browser_that_stays_empty() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon).env("BROWSER", "true");
    let ran = person.run(&["ui"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("Opened the dashboard"), "{ran:?}");
    assert!(!ran.stdout.contains("http"), "{ran:?}");
    assert!(
        ran.stderr.contains(&format!(
            "If it stays empty, open within a minute:\n  {}",
            daemon.url()
        )),
        "{ran:?}"
    );
    let quiet = person.run(&["ui", "-q"]);
    assert!(!quiet.stderr.contains("http"), "{quiet:?}");
}
