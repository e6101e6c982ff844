//! What a test asks of the server and tells it.

use super::faults::{Endpoint, Fault};
use super::forms::Auth;
use super::server::OAuthServer;
use super::settings::{Document, Issuer, Settings, TokenStyle};
use super::store::{Client, Store};
use super::token::TokenCall;
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// Where it is and what it saw.
impl OAuthServer {
    /// `localhost:PORT`.
    pub(crate) fn authority(&self) -> String {
        format!("localhost:{}", self.addr().port())
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        self.shared.url(path)
    }

    pub(crate) fn issuer(&self) -> String {
        self.shared.issuer(&self.shared.settings.lock().unwrap())
    }

    /// The PEM file of its CA.
    pub(crate) fn ca(&self) -> &Path {
        self.server.ca()
    }

    /// What a client needs to trust it.
    pub(crate) fn tls(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.server.ca()).unwrap())
            .unwrap();
        ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    /// Every request to `/token` that was decided, in order.
    pub(crate) fn token_calls(&self) -> Vec<TokenCall> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// The content type of every request for a device code, in order.
    pub(crate) fn device_requests(&self) -> Vec<String> {
        self.shared.device_requests.lock().unwrap().clone()
    }

    /// How many requests reached an endpoint, whatever became of them.
    pub(crate) fn seen(&self, endpoint: Endpoint) -> usize {
        self.shared.traffic.seen(endpoint)
    }

    /// Blocks until an endpoint was reached so often; gives up loudly after half a minute.
    pub(crate) fn wait_for(&self, endpoint: Endpoint, count: usize) {
        self.shared.traffic.wait_for(endpoint, count);
    }

    /// [`Self::wait_for`] for a test that is async.
    pub(crate) async fn arrived(&self, endpoint: Endpoint, count: usize) {
        let shared = Arc::clone(&self.shared);
        let wait = move || shared.traffic.wait_for(endpoint, count);
        tokio::task::spawn_blocking(wait).await.unwrap();
    }

    /// The number of an access token that is alive, counted from 1 in the order of issue.
    pub(crate) fn living(&self, token: &str) -> Option<usize> {
        let now = std::time::Instant::now();
        self.store(|store| store.living(token, now))
    }
}

/// How it behaves from now on.
impl OAuthServer {
    /// Registers a client; a public one has no secret and [`Auth::None`].
    pub(crate) fn client(&self, id: &str, secret: Option<&str>, auth: Auth, redirects: &[&str]) {
        let client = Client {
            id: id.to_owned(),
            secret: secret.map(str::to_owned),
            auth,
            redirect_uris: redirects.iter().map(|&uri| uri.to_owned()).collect(),
        };
        self.store(|store| store.register(client));
    }

    /// Lets `issuer` sign assertions with this key.
    pub(crate) fn trust(&self, issuer: &str, algorithm: Algorithm, key: DecodingKey) {
        let known = (issuer.to_owned(), algorithm, key);
        self.store(|store| store.keys.push(known));
    }

    /// Makes an endpoint fail, or be well again.
    pub(crate) fn fault(&self, endpoint: Endpoint, fault: Option<Fault>) {
        self.shared.traffic.set(endpoint, fault);
    }

    /// Lets all go on that is held, and holds nothing more.
    pub(crate) fn release(&self) {
        self.shared.traffic.release();
    }

    pub(crate) fn token_style(&self, style: TokenStyle) {
        self.set(|settings| settings.style = style);
    }

    /// What `expires_in` says, in whatever type; `null` leaves it out.
    pub(crate) fn expires_in(&self, value: impl Into<Value>) {
        self.set(|settings| settings.expires_in = value.into());
    }

    /// Whether a refresh token works once.
    pub(crate) fn rotate(&self, is_on: bool) {
        self.set(|settings| settings.rotate = is_on);
    }

    /// Whether codes and devices yield refresh tokens.
    pub(crate) fn refreshable(&self, is_on: bool) {
        self.set(|settings| settings.refreshable = is_on);
    }

    pub(crate) fn scopes_as_list(&self, is_on: bool) {
        self.set(|settings| settings.scopes_as_list = is_on);
    }

    /// What redirects say of their sender.
    pub(crate) fn names_itself(&self, issuer: Issuer) {
        self.set(|settings| settings.issuer = issuer);
    }

    /// Gives the issuer a path, such as `/tenant`; its documents move with it.
    pub(crate) fn issuer_path(&self, path: &str) {
        self.set(|settings| path.clone_into(&mut settings.issuer_path));
    }

    /// Replaces a field of the authorization server's metadata; `null` removes it.
    pub(crate) fn metadata(&self, name: &str, value: impl Into<Value>) {
        self.change(Document::AuthorizationServer, name, value.into());
    }

    /// Replaces a field of the protected resource's metadata; `null` removes it.
    pub(crate) fn resource_metadata(&self, name: &str, value: impl Into<Value>) {
        self.change(Document::ProtectedResource, name, value.into());
    }

    /// Replaces a field of what a device is told; `null` removes it.
    pub(crate) fn device_answer(&self, name: &str, value: impl Into<Value>) {
        self.change(Document::Device, name, value.into());
    }

    /// Where `/mcp` says that its metadata are.
    pub(crate) fn challenge(&self, metadata: &str) {
        self.set(|settings| settings.challenge = Some(metadata.to_owned()));
    }

    /// Its documents say again what is true.
    pub(crate) fn restore_metadata(&self) {
        self.set(|settings| {
            settings.changed.clear();
            settings.challenge = None;
        });
    }

    /// What `/userinfo` says.
    pub(crate) fn user(&self, user: Value) {
        self.set(|settings| settings.user = user);
    }

    /// How far apart the polls of devices that start now must be; with zero, none is too early.
    pub(crate) fn device_interval(&self, interval: Duration) {
        self.set(|settings| settings.device_interval = interval);
    }

    /// Answers the next `count` polls of a device with `slow_down`.
    pub(crate) fn slow_down(&self, count: usize) {
        self.set(|settings| settings.slow_downs = count);
    }

    fn change(&self, document: Document, name: &str, value: Value) {
        self.set(|settings| {
            let fields = settings.changed.entry(document).or_default();
            fields.insert(name.to_owned(), value);
        });
    }

    fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.settings.lock().unwrap());
    }
}

/// What happens at the provider.
impl OAuthServer {
    /// All access tokens so far are worth nothing at the API.
    pub(crate) fn expire_access_tokens(&self) {
        self.store(Store::expire_access_tokens);
    }

    /// All refresh tokens so far are worth nothing.
    pub(crate) fn revoke_refresh_tokens(&self) {
        self.store(Store::revoke_refresh_tokens);
    }

    /// All clients so far are unknown to it.
    pub(crate) fn forget_clients(&self) {
        self.store(Store::forget_clients);
    }

    /// All device codes so far are too old.
    pub(crate) fn expire_device_codes(&self) {
        self.store(|store| store.devices.expire());
    }

    fn store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.shared.store.lock().unwrap())
    }
}
