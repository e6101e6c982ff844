//! Row 36: what `authsome export` prints is for `eval`, whatever the secret holds.

use crate::cli::transcript::Person;
use crate::support::daemon::TestDaemon;
use std::process::Command;

/// Each would do something in a shell that reads it unquoted.
const SECRETS: [&str; 6] = [
    "x;touch${IFS}P",
    "$(>P)`>P`",
    "a'b;>P;'c",
    "'\\''\";>P;#",
    "-n\\x41%s~*?[a]{1..3}!!$HOME",
    "a&>P|>P",
];

#[test]
fn a_secret_comes_back_from_eval_and_nothing_is_run() {
    let daemon = TestDaemon::start();
    let person = Person::at(&daemon);
    let here = tempfile::tempdir().unwrap();
    for secret in SECRETS {
        let login = ["login", "apollo", "--key-stdin", "--force"];
        let ran = person.run_with(secret, &login);
        assert_eq!(ran.code, 0, "{ran:?}");
        let text = person.run(&["export", "apollo", "--format", "shell"]);
        assert_eq!(text.code, 0, "{text:?}");
        for shell in ["sh", "bash"] {
            let printed = Command::new(shell)
                .current_dir(here.path())
                .args(["-c", r#"eval "$1"; printf %s "$APOLLO_API_KEY""#, shell])
                .arg(&text.stdout)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&printed.stdout), secret, "{shell}");
            assert!(printed.stderr.is_empty(), "{printed:?}");
        }
        let left: Vec<_> = std::fs::read_dir(here.path()).unwrap().collect();
        assert!(left.is_empty(), "{secret} ran: {left:?}");
    }
}
