//! The pages of a login in progress: forms, consent, codes.

use crate::api::OPENAI_KEY;
use crate::cli::transcript::Person;
use crate::logins::device::over;
use crate::logins::{cookies, dynamic, headless};
use crate::support::chromium::Chromium;
use crate::support::daemon::TestDaemon;
use crate::support::oauth_home::{CLIENT_ID, CLIENT_SECRET, OAuthHome, begin};
use serde_json::json;
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_typed_into_the_form_and_stored() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let url = agent.login_url("openai");
    browser.open(&url).await;
    assert_eq!(browser.heading().await, "Connect OpenAI");
    browser.inspect("form").await;
    // The browser itself stops a key of another shape.
    browser.fill("api_key", "nothing like a key").await;
    browser.press_in_vain("Store the key").await;
    assert_eq!(browser.heading().await, "Connect OpenAI");
    browser.fill("api_key", OPENAI_KEY).await;
    browser.press("Store the key").await;
    assert!(browser.text().await.contains("successful"));
    assert!(!browser.source().await.contains(OPENAI_KEY));
    browser.inspect("form-done").await;
    agent.resolve("openai").expect(200);
    browser.open(&url).await;
    browser.inspect("form-used").await;
    let url = agent.login_url("apollo");
    browser.open(&url).await;
    browser.press("Cancel").await;
    browser.inspect("form-cancelled").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_logs_in_at_a_provider_and_comes_back() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let home = OAuthHome::start();
    home.server
        .device_interval(std::time::Duration::from_secs(1));
    let agent = home.daemon.agent("scout");
    let login = begin(&agent, &json!({}));
    browser
        .open(login["next_action"]["url"].as_str().unwrap())
        .await;
    assert_eq!(browser.heading().await, "Connect Acme");
    browser.inspect("consent-first").await;
    browser.fill("client_id", CLIENT_ID).await;
    browser.fill("client_secret", CLIENT_SECRET).await;
    browser.press("Continue to Acme").await;
    // The provider's own page.
    browser.press("Allow").await;
    assert!(browser.text().await.contains("Login successful"));
    browser.inspect("consent-done").await;
    agent.resolve("acme").expect(200);
    // Whose account it is, as the provider says.
    let listed = agent.get("/connections").expect(200).json();
    let account = &listed["connections"][0]["connections"][0]["account_label"];
    browser.sign_in(&agent).await;
    let page = format!("{}/ui/apps/acme", home.daemon.url());
    browser.open(&page).await;
    assert!(browser.text().await.contains(account.as_str().unwrap()));

    let login = begin(&agent, &json!({"connection": "work"}));
    browser
        .open(login["next_action"]["url"].as_str().unwrap())
        .await;
    browser.inspect("consent").await;
    browser.press("Continue to Acme").await;
    browser.press("Deny").await;
    assert!(browser.text().await.contains("access_denied"));
    browser.inspect("consent-denied").await;

    let login = begin(&agent, &json!({"connection": "tv", "flow": "device_code"}));
    browser
        .open(login["next_action"]["url"].as_str().unwrap())
        .await;
    let code = login["user_code"].as_str().unwrap();
    assert!(browser.text().await.contains(code));
    browser.inspect("device").await;
    // On whatever device the link was opened.
    browser
        .open(login["verification_uri_complete"].as_str().unwrap())
        .await;
    browser.press("Allow").await;
    assert_eq!(browser.heading().await, "Your device is connected");
    assert_eq!(over(&agent, &login)["status"], "completed");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_and_a_session_log_in_by_their_forms() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let home = headless::home();
    let agent = home.daemon.agent("scout");
    let open = async |connection: &str, flow: &str| {
        let wish = json!({"connection": connection, "flow": flow});
        let login = begin(&agent, &wish);
        let url = login["next_action"]["url"].as_str().unwrap().to_owned();
        browser.open(&url).await;
    };
    open("default", "client_credentials").await;
    browser.inspect("client").await;
    browser.fill("client_id", CLIENT_ID).await;
    browser.fill("client_secret", "not the one").await;
    browser.press("Store the client").await;
    assert!(browser.text().await.contains("invalid_client"));
    browser.inspect("client-refused").await;
    browser.fill("client_id", CLIENT_ID).await;
    browser.fill("client_secret", CLIENT_SECRET).await;
    browser.press("Store the client").await;
    assert!(browser.text().await.contains("Login successful"));
    agent.resolve("acme").expect(200);

    open("robot", "jwt_bearer").await;
    browser.inspect("service-account").await;
    let pem = headless::trusted(&home, "robot@acme.example");
    let file = json!({"client_email": "robot@acme.example", "private_key": pem});
    browser.fill("private_key", &file.to_string()).await;
    browser.press("Store the key").await;
    assert!(browser.text().await.contains("Login successful"));

    open("app", "github_app").await;
    browser.inspect("app").await;
    let pem = headless::trusted(&home, "12");
    browser.fill("app_id", "12").await;
    browser.fill("installation_id", "42").await;
    browser.fill("private_key", &pem).await;
    browser.press("Store the key").await;
    assert!(browser.text().await.contains("Login successful"));

    let (_dir, daemon) = cookies::home();
    let agent = daemon.agent("scout");
    let begun = agent.post("/auth/sessions", &json!({"provider": "shop"}));
    let login = begun.expect(200).json();
    let url = login["next_action"]["url"].as_str().unwrap();
    browser.open(url).await;
    browser.inspect("session").await;
    browser.fill("cookies", "sid=abc123; csrf=t0k").await;
    browser.press("Store the session").await;
    assert!(browser.text().await.contains("Login successful"));
    assert!(!browser.source().await.contains("abc123"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_mcp_server_is_logged_in_to_from_the_terminal_and_the_browser() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let home = OAuthHome::with(dynamic::elsewhere, |daemon| daemon);
    let person = Person::at(&home.daemon);
    let url = home.server.url("/mcp");
    let login = ["login", "--mcp", &url, "--yes", "--no-wait"];
    let (code, begun) = person.json(&login);
    assert_eq!(code, 0, "{begun}");
    browser.open(begun["auth_url"].as_str().unwrap()).await;
    assert_eq!(browser.heading().await, "Connect localhost");
    browser.inspect("mcp").await;
    browser.press("Continue to localhost").await;
    browser.press("Allow").await;
    assert!(browser.text().await.contains("Login successful"));
    let shown = person.run(&["list", "--connected"]);
    assert!(shown.stdout.contains("localhost-mcp"), "{shown:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_log_in_begins_on_a_page_too() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let home = headless::home();
    home.server
        .device_interval(std::time::Duration::from_secs(1));
    let agent = home.daemon.agent("scout");
    browser.sign_in(&agent).await;
    let page = format!("{}/ui/apps/acme", home.daemon.url());
    let connect = async |name: &str, flow: &str| {
        browser.open(&page).await;
        browser.fill("connection", name).await;
        browser.choose("flow", flow).await;
        browser.press("Connect").await;
        browser.says("Asked by\nyou").await;
    };
    let is_there = async |name: &str| {
        browser.says("Login successful").await;
        browser.follow("Go to Acme").await;
        browser.says(name).await;
        let wish = json!({"provider": "acme", "connection": name});
        agent.post("/credentials/resolve", &wish).expect(200);
    };
    connect("bot", "client_credentials").await;
    browser.fill("client_id", CLIENT_ID).await;
    browser.fill("client_secret", CLIENT_SECRET).await;
    browser.press("Store the client").await;
    is_there("bot").await;

    connect("robot", "jwt_bearer").await;
    let pem = headless::trusted(&home, "robot@acme.example");
    let file = json!({"client_email": "robot@acme.example", "private_key": pem});
    browser.fill("private_key", &file.to_string()).await;
    browser.press("Store the key").await;
    is_there("robot").await;

    connect("app", "github_app").await;
    browser.fill("app_id", "12").await;
    browser.fill("installation_id", "42").await;
    let pem = headless::trusted(&home, "12");
    browser.fill("private_key", &pem).await;
    browser.press("Store the key").await;
    is_there("app").await;

    // What a person allows is asked for with our client; the device's code after it uses the same one.
    connect("person", "pkce").await;
    browser.fill("client_id", CLIENT_ID).await;
    browser.fill("client_secret", CLIENT_SECRET).await;
    browser.press("Continue to Acme").await;
    browser.press("Allow").await;
    is_there("person").await;

    connect("tv", "device_code").await;
    browser.inspect("device-of-a-person").await;
    let shown = browser.page.current_url().await.unwrap();
    let code = browser.page.find(By::ClassName("code")).await.unwrap();
    let code = code.text().await.unwrap();
    browser.open(&home.server.url("/device")).await;
    browser.fill("user_code", &code).await;
    browser.press("Allow").await;
    assert_eq!(browser.heading().await, "Your device is connected");
    browser.open(shown.as_str()).await;
    browser
        .wait_for("//*[contains(., 'Login successful')]")
        .await;
    is_there("tv").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_and_a_server_of_tools_are_connected_from_their_pages() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let (_dir, daemon) = cookies::home();
    let agent = daemon.agent("scout");
    browser.sign_in(&agent).await;
    browser
        .open(&format!("{}/ui/apps/shop", daemon.url()))
        .await;
    browser.press("Connect").await;
    browser
        .says("Log in first at\nhttps://www.shop.example/login")
        .await;
    browser.fill("cookies", "sid=abc123; csrf=t0k").await;
    browser.press("Store the session").await;
    browser.says("Login successful").await;
    browser.follow("Go to Shop").await;
    browser.says("expires").await;
    agent.resolve("shop").expect(200);

    let home = OAuthHome::with(dynamic::elsewhere, |daemon| daemon);
    let agent = home.daemon.agent("scout");
    let found = dynamic::discover(&agent, &home.server.url("/mcp")).expect(200);
    let definition = &found.json()["definition"];
    agent
        .post("/providers", &json!({"definition": definition}))
        .expect(200);
    browser.sign_in(&agent).await;
    browser
        .open(&format!("{}/ui/apps/localhost-mcp", home.daemon.url()))
        .await;
    browser.press("Connect").await;
    browser.press("Continue to localhost").await;
    browser.press("Allow").await;
    browser.says("Login successful").await;
    agent.resolve("localhost-mcp").expect(200);
    browser.close().await;
}
