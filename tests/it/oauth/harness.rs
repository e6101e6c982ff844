//! A client of ours and its provider, ready to talk.

use crate::support::oauth_server::{Auth, OAuthServer};
use authsome::oauth::{
    Authorization, AuthorizationRequest, Callback, ClientAuth, Error, OAuthClient, PkceVerifier,
    Reach, Revocable, Tokens, Transport, TransportError,
};
use authsome::secret::{AuthorizationCode, ClientSecret, RefreshToken, Token};
use serde_json::Value;
use url::Url;

pub(crate) const BACK: &str = "http://127.0.0.1:7998/auth/callback/oauth";
/// With what must be encoded before it goes into a header or a form.
const SECRET: &str = "s3:cr+t &/%41é";

/// A client of ours at a provider of its own.
pub(crate) struct Login {
    pub(crate) server: OAuthServer,
    pub(crate) transport: Transport,
    pub(crate) client: OAuthClient,
}

impl Login {
    pub(crate) fn new(auth: ClientAuth) -> Self {
        let server = OAuthServer::start();
        let expected = match auth {
            ClientAuth::Basic => Auth::Basic,
            ClientAuth::Body => Auth::Form,
            ClientAuth::Nobody => Auth::None,
        };
        server.client("web:1", Some(SECRET), expected, &[BACK]);
        Self {
            transport: transport(&server),
            client: OAuthClient {
                id: "web:1".to_owned(),
                secret: Some(ClientSecret::new(SECRET)),
                auth,
                resource: None,
            },
            server,
        }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.server.url(path).parse().unwrap()
    }

    pub(crate) fn authorize(&self) -> Authorization {
        AuthorizationRequest {
            authorization_url: &self.url("/authorize"),
            client_id: &self.client.id,
            redirect_uri: &BACK.parse().unwrap(),
            scopes: &["read".to_owned(), "write".to_owned()],
            scope_separator: " ",
            extra: &[],
            state: &Token::new("the-state"),
        }
        .authorize()
        .unwrap()
    }

    /// What a person who allows it brings back.
    pub(crate) fn allowed(&self) -> (AuthorizationCode, PkceVerifier) {
        let asked = self.authorize();
        let callback = callback(&self.server.approve(asked.url.as_str()));
        (callback.accept(None, false).unwrap(), asked.verifier)
    }

    pub(crate) async fn exchange(
        &self,
        code: &AuthorizationCode,
        verifier: &PkceVerifier,
    ) -> Result<Tokens, Error> {
        let (token_url, back) = (self.url("/token"), BACK.parse().unwrap());
        let at = &self.transport;
        let exchange = self
            .client
            .exchange_code(at, &token_url, code, verifier, &back);
        exchange.await
    }

    pub(crate) async fn log_in(&self) -> Tokens {
        let (code, verifier) = self.allowed();
        self.exchange(&code, &verifier).await.unwrap()
    }

    pub(crate) async fn refresh(&self, token: &RefreshToken) -> Result<Tokens, Error> {
        let token_url = self.url("/token");
        self.client
            .refresh(&self.transport, &token_url, token)
            .await
    }

    pub(crate) async fn client_credentials(&self) -> Result<Tokens, Error> {
        let (token_url, scopes) = (self.url("/token"), ["read".to_owned()]);
        let asked = self
            .client
            .client_credentials(&self.transport, &token_url, &scopes);
        asked.await
    }

    pub(crate) async fn revoke(&self, token: Revocable) -> Result<(), Error> {
        let url = self.url("/revoke");
        self.client.revoke(&self.transport, &url, &token).await
    }

    /// The status of the API, and the number of the token.
    pub(crate) fn call(&self, tokens: &Tokens) -> (u16, Value) {
        let answer = self
            .server
            .get_as(tokens.access_token.reveal(), "/api/user");
        (answer.status, answer.json()["token"].clone())
    }
}

/// May reach this machine by the name of the server.
pub(crate) fn transport(server: &OAuthServer) -> Transport {
    let tls = server.tls();
    Transport::new(
        move || Some(tls.clone()),
        Reach::new(|host, _| host == "localhost"),
    )
}

pub(crate) fn callback(location: &str) -> Callback {
    let url: Url = location.parse().unwrap();
    let mut callback = Callback::default();
    for (name, value) in url.query_pairs() {
        let value = value.into_owned();
        match &*name {
            "code" => callback.code = Some(AuthorizationCode::new(value)),
            "state" => assert_eq!(value, "the-state"),
            "error" => callback.error = Some(value),
            "error_description" => callback.error_description = Some(value),
            "iss" => callback.issuer = Some(value),
            other => panic!("{other}"),
        }
    }
    callback
}

pub(crate) fn refresh_token(tokens: &Tokens) -> &RefreshToken {
    tokens.refresh_token.as_ref().unwrap()
}

#[track_caller]
pub(crate) fn transport_error<T: std::fmt::Debug>(outcome: Result<T, Error>) -> TransportError {
    match outcome.unwrap_err() {
        Error::Transport { source, .. } => source,
        other => panic!("{other:?}"),
    }
}
