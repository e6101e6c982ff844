//! A real browser: Debian's Chromium, driven through its own driver.
//!
//! Set `AUTHSOME_SCREENSHOTS` to a directory to keep a picture of every page that is looked at.

use super::agent::Agent;
use super::skip::all_required;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use thirtyfour::error::{WebDriverErrorInner, WebDriverResult};
use thirtyfour::extensions::query::{ElementQueryable as _, ElementWaitable as _};
use thirtyfour::{
    By, CapabilitiesHelper as _, ChromiumLikeCapabilities as _, DesiredCapabilities,
    LoggingPrefsLogLevel, WebDriver,
};

/// What every page must be; answers with what it is not.
const INSPECTION: &str = include_str!("inspection.js");

/// Asks axe for every rule that is broken, with the elements that break it.
const BARRIERS: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
      ({ violations }) => done(violations.map(({ id, nodes }) =>
        `${id}: ${nodes.map((node) => node.html).join(' ').slice(0, 300)}`)),
      (wrong) => done([String(wrong)]));";

/// Light and dark, a phone and a wide screen.
const LOOKS: [(&str, u32); 4] = [
    ("light", 360),
    ("light", 1400),
    ("dark", 360),
    ("dark", 1400),
];

/// One browser with an empty profile.
#[derive(Debug)]
pub(crate) struct Chromium {
    pub(crate) page: WebDriver,
    driver: Child,
    _profile: TempDir,
}

impl Chromium {
    /// Starts it; `None`, with a word on why, where Chromium is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", profile.path())
            // The browser is its child: they are ended together.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = started else {
            assert!(
                !all_required(),
                "AUTHSOME_REQUIRE_ALL=1, but there is no chromedriver"
            );
            eprintln!("skipped: Chromium and its driver are not installed");
            return None;
        };
        let said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = said
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("the driver says its port");
        let mut wish = DesiredCapabilities::chrome();
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ] {
            wish.add_arg(argument).unwrap();
        }
        let folder = profile.path().join("profile");
        wish.add_arg(&format!("--user-data-dir={}", folder.display()))
            .unwrap();
        // The providers of the tests have certificates of their own.
        wish.accept_insecure_certs(true).unwrap();
        wish.set_browser_log_level(LoggingPrefsLogLevel::All)
            .unwrap();
        let page = WebDriver::new(format!("http://127.0.0.1:{port}"), wish)
            .await
            .unwrap();
        Some(Self {
            page,
            driver,
            _profile: profile,
        })
    }

    pub(crate) async fn open(&self, url: &str) {
        self.page.goto(url).await.unwrap();
    }

    /// Opens the pages signed in as the person of an agent.
    pub(crate) async fn sign_in(&self, agent: &Agent) {
        let link = agent.post("/session", &json!({})).expect(200).json();
        self.open(link["url"].as_str().unwrap()).await;
    }

    /// Types into the field with this `name`.
    pub(crate) async fn fill(&self, name: &str, text: &str) {
        let field = self.page.find(By::Name(name)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses a value of the list with this `name`.
    pub(crate) async fn choose(&self, name: &str, value: &str) {
        let path = format!("//select[@name='{name}']/option[@value='{value}']");
        self.click(&path).await;
    }

    /// Presses the button that says `label` and waits for the page it leads to.
    pub(crate) async fn press(&self, label: &str) {
        self.leave_by(&button(label)).await;
    }

    /// Follows the first link that says `text` and waits for the page it leads to.
    pub(crate) async fn follow(&self, text: &str) {
        self.leave_by(&format!("//a[normalize-space()='{text}']"))
            .await;
    }

    /// Presses a button that leads nowhere: the browser itself does not take the form.
    pub(crate) async fn press_in_vain(&self, label: &str) {
        self.click(&button(label)).await;
    }

    async fn leave_by(&self, path: &str) {
        let page = self.page.find(By::Tag("html")).await.unwrap();
        self.click(path).await;
        let gone = page.wait_until().stale().await;
        gone.unwrap_or_else(|error| panic!("{path} led nowhere: {error}"));
    }

    async fn click(&self, path: &str) {
        loop {
            let found = self.page.find(By::XPath(path)).await;
            let found = found.unwrap_or_else(|error| panic!("{path}: {error}"));
            if unless_redrawn(found.click().await).is_some() {
                return;
            }
        }
    }

    /// Waits until the page has what this path finds.
    pub(crate) async fn wait_for(&self, path: &str) {
        let found = self.page.query(By::XPath(path));
        let found = found.wait(Duration::from_mins(1), Duration::from_millis(50));
        let found = found.first().await;
        found.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Fails the test, showing the page, unless it shows `text`.
    pub(crate) async fn says(&self, text: &str) {
        let shown = self.text().await;
        assert!(shown.contains(text), "{text}: {shown}");
    }

    pub(crate) async fn heading(&self) -> String {
        self.text_of("h1").await
    }

    pub(crate) async fn text(&self) -> String {
        self.text_of("body").await
    }

    async fn text_of(&self, tag: &str) -> String {
        loop {
            let element = self.page.find(By::Tag(tag)).await.unwrap();
            if let Some(text) = unless_redrawn(element.text().await) {
                return text;
            }
        }
    }

    /// The page's own text, markup included.
    pub(crate) async fn source(&self) -> String {
        self.page.source().await.unwrap()
    }

    /// What is wrong with the page as it is shown now, a sentence each.
    pub(crate) async fn wrong_here(&self) -> Value {
        let done = self.page.execute(INSPECTION, Vec::new()).await.unwrap();
        done.json().clone()
    }

    /// Looks at the page in light and dark, narrow and wide, and says what is wrong with it.
    pub(crate) async fn inspect(&self, name: &str) {
        for (scheme, width) in LOOKS {
            let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            self.emulate("setEmulatedMedia", media).await;
            let size =
                json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
            self.emulate("setDeviceMetricsOverride", size).await;
            let found = self.wrong_here().await;
            assert_eq!(found, json!([]), "{name}, {scheme}, {width} px");
            let found = self.barriers().await;
            assert_eq!(found, json!([]), "{name}, {scheme}, {width} px");
            if let Some(directory) = screenshots() {
                let file = directory.join(format!("{name}-{scheme}-{width}.png"));
                self.page.screenshot(&file).await.unwrap();
            }
        }
        super::seen::keep(&format!("<!doctype html>{}", self.source().await));
        assert_eq!(self.complaints().await, Vec::<String>::new(), "{name}");
    }

    /// What keeps people out of the page, by the rules of axe.
    async fn barriers(&self) -> Value {
        let Some(axe) = axe() else { return json!([]) };
        self.page.execute(axe, Vec::new()).await.unwrap();
        let found = self.page.execute_async(BARRIERS, Vec::new()).await.unwrap();
        found.json().clone()
    }

    /// What the browser had to say: a refused resource, a broken policy, an exception.
    async fn complaints(&self) -> Vec<String> {
        let said = self.page.browser_log().await.unwrap();
        said.into_iter()
            .filter(|entry| entry.level == "SEVERE")
            .map(|entry| entry.message)
            // A page that answers 4xx is told as a failed load of itself.
            .filter(|text| !text.contains("with a status of 4"))
            .collect()
    }

    async fn emulate(&self, what: &str, how: Value) {
        let method = format!("Emulation.{what}");
        self.page.cdp().send_raw(&method, how).await.unwrap();
    }

    pub(crate) async fn close(self) {
        self.page.clone().quit().await.unwrap();
    }
}

fn button(label: &str) -> String {
    format!("//button[normalize-space()='{label}']")
}

/// What came of asking an element; `None` where the page was told anew just then.
fn unless_redrawn<T>(asked: WebDriverResult<T>) -> Option<T> {
    match asked {
        Ok(answer) => Some(answer),
        Err(error) if matches!(*error, WebDriverErrorInner::StaleElementReference(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(i32::try_from(self.driver.id()).unwrap());
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.driver.wait();
    }
}

/// The script of axe-core, which `AUTHSOME_AXE` names.
fn axe() -> Option<&'static str> {
    static AXE: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        #[expect(
            clippy::disallowed_methods,
            reason = "a switch of the tests, not of the program"
        )]
        let path = std::env::var_os("AUTHSOME_AXE");
        assert!(
            path.is_some() || !all_required(),
            "AUTHSOME_REQUIRE_ALL=1, but AUTHSOME_AXE names no axe.min.js (npm package axe-core)"
        );
        path.map(|path| std::fs::read_to_string(path).unwrap())
    };
    AXE.get_or_init(read).as_deref()
}

fn screenshots() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the tests, not of the program"
    )]
    let directory = std::env::var_os("AUTHSOME_SCREENSHOTS").map(PathBuf::from)?;
    std::fs::create_dir_all(&directory).unwrap();
    Some(directory)
}
