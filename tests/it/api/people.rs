//! The pages of agents, people and settings, as forms and answers.

use crate::support::browser::{Browser, csrf, hidden_fields};
use crate::support::daemon::TestDaemon;
use crate::support::hosted::PASSWORD;
use crate::support::http::Answer;
use crate::support::people::{signed_in, signed_up};

/// The owner of a home in a browser.
fn owner(daemon: &TestDaemon) -> Browser {
    signed_in(daemon, &daemon.agent("keeper"))
}

fn sign_in(daemon: &TestDaemon, email: &str, with: Option<&str>) -> Browser {
    let mut browser = daemon.browser();
    let page = browser.open("/auth/login").expect(200);
    let html = page.text();
    let form = html.split("<form").nth(1).unwrap();
    let mut fields = hidden_fields(form);
    fields.push(("email".to_owned(), email.to_owned()));
    fields.push(("password".to_owned(), PASSWORD.to_owned()));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut request = browser.request("POST", "/auth/login").form(&fields);
    if let Some(with) = with {
        request = request.header("User-Agent", with);
    }
    browser.send(&request).expect(303);
    browser
}

/// The id in the address of the first form or link like `/ui/people/{id}/{end}`.
fn id_before<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let found = page.split(start).skip(1).find_map(|rest| {
        let id = rest.split('"').next()?.strip_suffix(end)?;
        (!id.contains('/')).then_some(id)
    });
    found.unwrap_or_else(|| panic!("no {start}…{end} in {page}"))
}

fn next(answer: &Answer) -> String {
    answer.header("location").unwrap().to_owned()
}

#[test]
fn people_are_for_administrators() {
    let daemon = TestDaemon::start();
    let mut admin = owner(&daemon);
    let mut guest = signed_up(&daemon, "guest@example.test");
    let page = admin.open("/ui/people").expect(200).text();
    let id = id_before(&page, "/ui/people/", "/role").to_owned();
    guest.open("/ui/people").expect(403);
    guest.open(&format!("/ui/people/{id}/role")).expect(403);
    guest.open(&format!("/ui/people/{id}/disable")).expect(403);
    let settings = guest.open("/ui/settings").expect(200);
    let text = settings.text();
    assert!(!text.contains("/ui/people"), "{text}");
    assert!(!text.contains("Master key") && !text.contains(daemon.home().to_str().unwrap()));
    let csrf = csrf(&settings);
    for (path, more) in [
        ("/ui/people/invite".to_owned(), ("role", "admin")),
        (format!("/ui/people/{id}/role"), ("role", "admin")),
        (format!("/ui/people/{id}/disable"), ("x", "")),
        (format!("/ui/people/{id}/enable"), ("x", "")),
        ("/ui/invitations/0/withdraw".to_owned(), ("x", "")),
    ] {
        let request = guest.request("POST", &path);
        guest
            .send(&request.form(&[("csrf", &csrf), more]))
            .expect(403);
    }
    let page = admin.open("/ui/settings").expect(200).text();
    assert!(page.contains("Master key") && page.contains(daemon.home().to_str().unwrap()));
}

#[test]
fn no_form_is_taken_without_its_token() {
    let daemon = TestDaemon::start();
    let mut admin = owner(&daemon);
    daemon.agent("scout");
    signed_up(&daemon, "guest@example.test");
    let page = admin.open("/ui/people").expect(200);
    let id = id_before(&page.text(), "/ui/people/", "/role").to_owned();
    let fields = [("email", ""), ("role", "user")];
    admin
        .submit(&page, "/ui/people/invite", &fields)
        .expect(200);
    let page = admin.open("/ui/people").expect(200).text();
    let invitation = id_before(&page, "/ui/invitations/", "/withdraw").to_owned();
    for path in [
        format!("/ui/people/{id}/role"),
        format!("/ui/people/{id}/disable"),
        format!("/ui/people/{id}/enable"),
        format!("/ui/invitations/{invitation}/withdraw"),
        "/ui/people/invite".to_owned(),
        "/ui/agents/scout/revoke".to_owned(),
        "/ui/settings/password".to_owned(),
        "/ui/settings/browsers/0/sign-out".to_owned(),
        "/ui/settings/sign-out-others".to_owned(),
    ] {
        for csrf in ["", "wrong"] {
            let fields = [
                ("csrf", csrf),
                ("role", "admin"),
                ("current", "a"),
                ("new", "b"),
            ];
            let request = admin.request("POST", &path).form(&fields);
            admin.send(&request).expect(403);
        }
    }
    let after = admin.open("/ui/people").expect(200).text();
    assert!(after.contains(&invitation) && after.contains("Shut out… guest@example.test"));
    assert_eq!(after.matches(">administrator</span>").count(), 1);
    admin.open("/ui/agents/scout/revoke").expect(200);
}

#[test]
fn a_role_and_its_end_reach_an_open_browser() {
    let daemon = TestDaemon::start();
    let mut admin = owner(&daemon);
    let mut guest = signed_up(&daemon, "guest@example.test");
    let people = admin.open("/ui/people").expect(200).text();
    let id = id_before(&people, "/ui/people/", "/role").to_owned();
    for (status, said) in [
        (200, "guest@example.test is an administrator now."),
        (403, "guest@example.test is no administrator any more."),
    ] {
        let page = admin.open(&format!("/ui/people/{id}/role")).expect(200);
        let answer = admin.submit(&page, "/role", &[]).expect(303);
        let told = admin.open(&next(&answer)).expect(200).text();
        assert!(told.contains(said), "{told}");
        guest.open("/ui/people").expect(status);
    }
    let page = admin.open(&format!("/ui/people/{id}/disable")).expect(200);
    let answer = admin.submit(&page, "/disable", &[]).expect(303);
    let told = admin.open(&next(&answer)).expect(200);
    assert!(told.text().contains("is shut out"));
    guest.open("/ui/").expect(401);
    let answer = admin.submit(&told, "/enable", &[]).expect(303);
    let told = admin.open(&next(&answer)).expect(200).text();
    assert!(told.contains("may sign in again"), "{told}");
    sign_in(&daemon, "guest@example.test", None);
    // A word that is not true is not said.
    let page = admin
        .open(&format!("/ui/people?done=disabled&who={id}"))
        .expect(200);
    assert!(!page.text().contains("is shut out"));
    admin.open("/ui/people/principal_nobody/role").expect(404);
}

#[test]
fn an_invitation_is_shown_once_and_can_be_withdrawn() {
    let daemon = TestDaemon::start();
    let mut admin = owner(&daemon);
    let page = admin.open("/ui/people").expect(200);
    let fields = [("email", "<b>nobody"), ("role", "admin")];
    let again = admin
        .submit(&page, "/ui/people/invite", &fields)
        .expect(400);
    assert!(again.text().contains("not an e-mail address"));
    assert!(!again.text().contains("<b>nobody"));
    let fields = [("email", "Ada@example.test"), ("role", "admin")];
    let shown = admin.submit(&page, "/ui/people/invite", &fields);
    let shown = shown.expect(200);
    let html = shown.text();
    let (_, rest) = html.split_once("/auth/register?token=").unwrap();
    let token = rest.split(['<', '"']).next().unwrap();
    let page = admin.open("/ui/people").expect(200);
    let text = page.text();
    assert!(text.contains("ada@example.test") && !text.contains(token));
    let link = format!("/auth/register?token={token}");
    daemon.browser().open(&link).expect(200);
    let answer = admin.submit(&page, "/withdraw", &[]).expect(303);
    let told = admin.open(&next(&answer)).expect(200).text();
    assert!(
        told.contains("is withdrawn") && !told.contains("/withdraw"),
        "{told}"
    );
    daemon.browser().open(&link).expect(403);
    admin.submit(&page, "/withdraw", &[]).expect(404);
}

#[test]
fn an_agent_of_somebody_else_is_not_there() {
    let daemon = TestDaemon::start();
    let mut admin = owner(&daemon);
    let scout = daemon.agent("scout");
    let mut guest = signed_up(&daemon, "guest@example.test");
    for path in ["/ui/agents/scout", "/ui/agents/scout/revoke"] {
        let hidden = guest.open(path).expect(404).text();
        let missing = guest.open(&path.replace("scout", "ghost")).expect(404);
        let same = |text: &str| {
            let text = text.replace("ghost", "scout");
            text.split("Trace").next().unwrap().to_owned()
        };
        assert_eq!(same(&hidden), same(&missing.text()));
    }
    let empty = guest.open("/ui/agents").expect(200);
    assert!(empty.text().contains("No agent acts for you yet"));
    let csrf = csrf(&empty);
    let request = guest.request("POST", "/ui/agents/scout/revoke");
    guest.send(&request.form(&[("csrf", &csrf)])).expect(404);
    scout.get("/whoami").expect(200);
    admin.open("/ui/agents/scout").expect(200);
}

#[test]
fn a_browser_is_known_by_name_and_signed_out_from_another() {
    let daemon = TestDaemon::start();
    signed_up(&daemon, "guest@example.test");
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0 <b>x</b>";
    let mut here = sign_in(&daemon, "guest@example.test", Some(firefox));
    let mut lost = sign_in(
        &daemon,
        "guest@example.test",
        Some("<b>x</b> Chrome/1 Windows"),
    );
    let page = here.open("/ui/account").expect(200);
    let text = page.text();
    assert!(text.contains("Firefox on Linux") && text.contains("Chrome on Windows"));
    assert!(!text.contains("<b>x</b>"), "{text}");
    let (_, rest) = text.split_once("Chrome on Windows").unwrap();
    let id = id_before(rest, "/ui/settings/browsers/", "/sign-out").to_owned();
    // Another person's id of it opens and ends nothing.
    let mut other = signed_up(&daemon, "other@example.test");
    let token = csrf(&other.open("/ui/settings").expect(200));
    let path = format!("/ui/settings/browsers/{id}/sign-out");
    let request = other.request("POST", &path).form(&[("csrf", &token)]);
    other.send(&request).expect(404);
    lost.open("/ui/").expect(200);
    let answer = here.submit(&page, &path, &[]).expect(303);
    let told = here.open(&next(&answer)).expect(200);
    assert!(told.text().contains("signed out in that browser"));
    lost.open("/ui/").expect(401);
    let answer = here.submit(&told, "sign-out-others", &[]).expect(303);
    let told = here.open(&next(&answer)).expect(200).text();
    assert!(told.contains("in all other browsers"), "{told}");
    assert!(!told.contains("/sign-out\""), "{told}");
}

#[test]
fn a_client_is_set_changed_and_forgotten_and_its_secret_never_shown() {
    let daemon = TestDaemon::start();
    let mut admin = owner(&daemon);
    let clients = "/ui/settings/clients";
    let empty = admin.open(clients).expect(200).text();
    assert!(empty.contains("None yet") && empty.contains("/auth/callback/oauth"));
    let at = "/ui/settings/clients/github";
    let form = admin
        .open(&format!("{clients}?provider=github"))
        .expect(200);
    let secret = "a-secret-of-github-0123456789";
    // Without an id the form comes again, and without what was typed as a secret.
    let again = admin.submit(&form, at, &[("client_id", " "), ("client_secret", secret)]);
    assert!((400..500).contains(&again.status), "{}", again.status);
    assert!(again.text().contains("role=\"alert\"") && !again.text().contains(secret));
    let fields = [("client_id", "our-id"), ("client_secret", secret)];
    let answer = admin.submit(&form, at, &fields).expect(303);
    let told = admin.open(&next(&answer)).expect(200).text();
    assert!(told.contains("our-id") && told.contains("with a secret"));
    assert!(told.contains("knows this daemon") && !told.contains(secret));
    let form = admin.open(at).expect(200);
    assert!(form.text().contains("our-id") && !form.text().contains(secret));
    let page = admin.open(&format!("{at}/forget")).expect(200);
    let csrf_of_it = csrf(&page);
    let mut guest = signed_up(&daemon, "guest@example.test");
    for path in [clients, at, "/ui/settings/clients/github/forget"] {
        guest.open(path).expect(403);
    }
    let token = csrf(&guest.open("/ui/settings").expect(200));
    for (path, csrf) in [(at, &csrf_of_it), (at, &token)] {
        let fields = [("csrf", csrf.as_str()), ("client_id", "x")];
        let request = guest.request("POST", path).form(&fields);
        guest.send(&request).expect(403);
    }
    for path in [at, "/ui/settings/clients/github/forget"] {
        let request = admin.request("POST", path).form(&[("client_id", "x")]);
        admin.send(&request).expect(403);
    }
    let answer = admin.submit(&page, "/forget", &[]).expect(303);
    let told = admin.open(&next(&answer)).expect(200).text();
    assert!(told.contains("is forgotten") && told.contains("None yet"));
    admin.open(&format!("{at}/forget")).expect(404);
    admin.open(&format!("{clients}/openai")).expect(400);
    admin.open(&format!("{clients}/nobody")).expect(404);
}
