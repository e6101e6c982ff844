//! A person with a browser, over HTTP as it is: opens a page, presses a button, and is sent on.

use super::super::browser::hidden_fields;
use super::super::http::{Answer, Request, connect, read_answer};
use super::server::OAuthServer;
use rustls_pki_types::ServerName;
use std::io::{BufReader, Write as _};
use std::sync::Arc;
use tokio_rustls::rustls::{ClientConnection, StreamOwned};
use url::Url;

impl OAuthServer {
    /// Sends one request on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Answer {
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::new(self.tls()), name).unwrap();
        let mut stream = StreamOwned::new(tls, connect(self.addr()));
        stream.write_all(&request.bytes(&self.authority())).unwrap();
        read_answer(&mut BufReader::new(stream))
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(&Request::new("GET", target))
    }

    pub(crate) fn post(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(&Request::new("POST", target).form(fields))
    }

    /// A GET with an access token.
    pub(crate) fn get_as(&self, token: &str, target: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.send(&Request::new("GET", target).header("Authorization", &bearer))
    }

    /// The page that an authorization URL leads to.
    #[track_caller]
    pub(crate) fn visit(&self, url: &str) -> Answer {
        let url: Url = url.parse().unwrap();
        let origin = url.origin().ascii_serialization();
        let own = [self.url(""), format!("https://{}", self.addr())];
        assert!(own.contains(&origin), "the URL of another server: {origin}");
        let query = url.query().unwrap_or_default();
        self.get(&format!("{}?{query}", url.path()))
    }

    /// Presses Allow on the consent page; answers with where the person is sent.
    #[track_caller]
    pub(crate) fn approve(&self, url: &str) -> String {
        self.decide(url, "allow")
    }

    /// Presses Deny on the consent page; answers with where the person is sent.
    #[track_caller]
    pub(crate) fn deny(&self, url: &str) -> String {
        self.decide(url, "deny")
    }

    #[track_caller]
    fn decide(&self, url: &str, decision: &str) -> String {
        let page = self.visit(url).expect(200).text();
        let mut fields = hidden_fields(&page);
        fields.push(("decision".to_owned(), decision.to_owned()));
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = self.post("/authorize", &fields).expect(303);
        answer.header("location").unwrap().to_owned()
    }

    /// Types the code on the device page and presses Allow.
    #[track_caller]
    pub(crate) fn approve_device(&self, user_code: &str) {
        let fields = [("user_code", user_code), ("decision", "allow")];
        self.post("/device", &fields).expect(200);
    }

    /// Types the code on the device page and presses Deny.
    #[track_caller]
    pub(crate) fn deny_device(&self, user_code: &str) {
        let fields = [("user_code", user_code), ("decision", "deny")];
        self.post("/device", &fields).expect(200);
    }
}
