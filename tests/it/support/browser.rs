//! A browser without a screen: cookies, Origin, hidden fields, redirects. No script, as our pages need none.

use super::http::{Answer, Request};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One browser profile at one daemon.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser that reaches `address` and believes it is at `origin`.
    pub(crate) fn new(address: SocketAddr, origin: String) -> Self {
        Self {
            address,
            origin,
            cookies: BTreeMap::new(),
        }
    }

    /// A request as a page of this site would send it, with the cookies and Host of this browser.
    pub(crate) fn request(&self, method: &str, target: &str) -> Request {
        let host = self.origin.split("//").nth(1).unwrap_or_default();
        let mut request = Request::new(method, target)
            .header("Host", host)
            .header("Sec-Fetch-Site", "same-origin")
            .header("Accept", "text/html");
        if method != "GET" {
            request = request.header("Origin", &self.origin);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("Cookie", &pairs.join("; "));
        }
        request
    }

    /// Sends a request and keeps the cookies of the answer.
    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        let answer = request.send(self.address);
        for cookie in answer.all("set-cookie") {
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            if value.is_empty() || parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Opens a page of this site (a path, or a full URL of this origin) and follows redirects within it.
    pub(crate) fn open(&mut self, location: &str) -> Answer {
        let mut target = self.path_of(location);
        for _ in 0..5 {
            let answer = self.send(&self.request("GET", &target));
            match answer.header("location") {
                Some(next) if (300..400).contains(&answer.status) => target = self.path_of(next),
                _ => return answer,
            }
        }
        panic!("too many redirects at {target}");
    }

    /// Fills in the first form of `page` whose action contains `action`, hidden fields included, and sends it.
    pub(crate) fn submit(
        &mut self,
        page: &Answer,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let html = page.text();
        let form = html
            .split("<form")
            .skip(1)
            .map(|rest| rest.split("</form>").next().unwrap_or(rest))
            .find(|form| attribute(form, "action").is_some_and(|a| a.contains(action)))
            .unwrap_or_else(|| panic!("no form with action {action} in:\n{html}"));
        let target = attribute(form, "action").unwrap_or_default();
        let hidden = hidden_fields(form);
        let mut all: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        all.extend_from_slice(fields);
        let request = self.request("POST", &self.path_of(&target)).form(&all);
        self.send(&request)
    }

    fn path_of(&self, location: &str) -> String {
        location
            .strip_prefix(&self.origin)
            .unwrap_or(location)
            .to_owned()
    }
}

/// The value of a quoted attribute in the first tag of `html`.
fn attribute(html: &str, name: &str) -> Option<String> {
    let tag = html.split('>').next()?;
    let rest = tag.split(&format!("{name}=\"")).nth(1)?;
    Some(unescape(rest.split('"').next()?))
}

/// The names and values that a form sends along unseen.
pub(crate) fn hidden_fields(form: &str) -> Vec<(String, String)> {
    form.split("<input")
        .skip(1)
        .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
        .collect()
}

/// The token of the session, as the first form of a page that has it carries it.
#[track_caller]
pub(crate) fn csrf(page: &Answer) -> String {
    let fields = hidden_fields(&page.text());
    let found = fields.into_iter().find(|(name, _)| name == "csrf");
    found.unwrap().1
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#x2f;", "/")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
