//! `authsome admin people`: the accounts of a daemon, from a terminal.

use super::transcript::Person;
use crate::support::daemon::TestDaemon;
use crate::support::people::signed_up;

#[test]
fn an_account_is_promoted_shut_out_and_let_in_again() {
    let daemon = TestDaemon::start();
    let mut browser = signed_up(&daemon, "ada@example.test");
    let person = Person::at(&daemon);
    let people = ["admin", "people"];
    let run = |args: &[&str]| person.json(&[&people, args].concat());
    let (code, listed) = run(&["list"]);
    assert_eq!(code, 0, "{listed}");
    assert_eq!(listed["people"].as_array().unwrap().len(), 2);
    assert_eq!(listed["people"][1]["email"], "ada@example.test");
    assert!(listed["people"][1]["signed_in_at"].is_string(), "{listed}");
    let text = person.run(&["admin", "people", "list"]).stdout;
    assert!(text.contains("the owner of the home"), "{text}");

    let (code, changed) = run(&["role", "Ada@example.test", "admin"]);
    assert_eq!((code, &changed["role"]), (0, &"admin".into()), "{changed}");
    browser.open("/ui/people").expect(200);
    let id = changed["principal_id"].as_str().unwrap().to_owned();
    let (code, gone) = run(&["disable", &id, "--yes"]);
    assert_eq!((code, &gone["disabled"]), (0, &true.into()), "{gone}");
    browser.open("/ui/").expect(401);
    let (code, back) = run(&["enable", "ada@example.test"]);
    assert_eq!((code, &back["disabled"]), (0, &false.into()), "{back}");
    let (code, nobody) = run(&["role", "nobody@example.test", "user"]);
    assert_ne!(code, 0, "{nobody}");
    let own = listed["people"][0]["principal_id"].as_str().unwrap();
    let (code, own) = run(&["role", own, "user"]);
    assert_ne!(code, 0, "{own}");
    assert!(own["message"].as_str().unwrap().contains("your own role"));
}
