//! Our client at a provider: the grants that yield tokens, and their end.

use super::answer::{Answer, Tokens, Unanswered, normalised};
use super::ask::{Encoding, Question, why};
use super::authorize::PkceVerifier;
use super::error::{Error, Step};
use super::transport::Transport;
use crate::secret::{AccessToken, AuthorizationCode, ClientSecret, RefreshToken};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, RevocationUrl, Scope, StandardRevocableToken,
    TokenUrl,
};
use std::fmt;
use url::Url;

/// How the client says who it is (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// In the form; what nearly every service takes.
    #[default]
    Body,
    /// `Authorization: Basic`.
    Basic,
    /// Not at all: the provider knows no clients.
    Nobody,
}

/// Our registration at a provider.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    pub id: String,
    /// Absent for a public client.
    pub secret: Option<ClientSecret>,
    pub auth: ClientAuth,
    /// What the tokens are for (RFC 8707), where a server serves several resources.
    pub resource: Option<String>,
}

type Inner<Revocation, Tokens> = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    Revocation,
    Tokens,
>;

/// A token to be made worthless; its refresh token takes the access tokens with it.
#[derive(Debug)]
pub enum Revocable {
    Access(AccessToken),
    Refresh(RefreshToken),
}

impl OAuthClient {
    /// Trades the code a person brought back (RFC 6749 section 4.1.3).
    pub async fn exchange_code(
        &self,
        transport: &Transport,
        token_url: &Url,
        code: &AuthorizationCode,
        verifier: &PkceVerifier,
        redirect_uri: &Url,
    ) -> Result<Tokens, Error> {
        let code = oauth2::AuthorizationCode::new(code.reveal().to_owned());
        let client = self.at(token_url);
        let client = client.set_redirect_uri(RedirectUrl::from_url(redirect_uri.clone()));
        let mut request = client
            .exchange_code(code)
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.reveal().to_owned()));
        if let Some(resource) = &self.resource {
            request = request.add_extra_param("resource", resource);
        }
        let carrier = Carrier::tokens(transport);
        tokens(Step::CodeExchange, request.request_async(&carrier)).await
    }

    /// RFC 6749 section 6. A provider that rotates gives a new refresh token with the answer.
    pub async fn refresh(
        &self,
        transport: &Transport,
        token_url: &Url,
        token: &RefreshToken,
    ) -> Result<Tokens, Error> {
        if self.auth == ClientAuth::Nobody {
            return self.refresh_unnamed(transport, token_url, token).await;
        }
        let token = oauth2::RefreshToken::new(token.reveal().to_owned());
        let client = self.at(token_url);
        let mut request = client.exchange_refresh_token(&token);
        if let Some(resource) = &self.resource {
            request = request.add_extra_param("resource", resource);
        }
        let carrier = Carrier::tokens(transport);
        tokens(Step::Refresh, request.request_async(&carrier)).await
    }

    /// The same where no client is named, which the library cannot leave out.
    async fn refresh_unnamed(
        &self,
        transport: &Transport,
        token_url: &Url,
        token: &RefreshToken,
    ) -> Result<Tokens, Error> {
        let question = Question {
            step: Step::Refresh,
            url: token_url,
            encoding: Encoding::Form,
            fields: vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", token.reveal()),
            ],
        };
        question.ask_for_tokens(transport, Some(self)).await
    }

    /// RFC 6749 section 4.4: the client acts for itself.
    pub async fn client_credentials(
        &self,
        transport: &Transport,
        token_url: &Url,
        scopes: &[String],
    ) -> Result<Tokens, Error> {
        let client = self.at(token_url);
        let request = client
            .exchange_client_credentials()
            .add_scopes(scopes.iter().cloned().map(Scope::new));
        let carrier = Carrier::tokens(transport);
        tokens(Step::ClientCredentials, request.request_async(&carrier)).await
    }

    /// RFC 7009. A token the provider does not know is revoked as well.
    pub async fn revoke(
        &self,
        transport: &Transport,
        revocation_url: &Url,
        token: &Revocable,
    ) -> Result<(), Error> {
        let step = Step::Revocation;
        let token: StandardRevocableToken = match token {
            Revocable::Access(token) => oauth2::AccessToken::new(token.reveal().to_owned()).into(),
            Revocable::Refresh(token) => {
                oauth2::RefreshToken::new(token.reveal().to_owned()).into()
            }
        };
        let client = self
            .inner()
            .set_revocation_url(RevocationUrl::from_url(revocation_url.clone()));
        let request = client
            .revoke_token(token)
            .map_err(|error| Error::Unusable {
                step,
                reason: error.to_string(),
            })?;
        let carrier = Carrier::revocation(transport);
        let answer = request.request_async(&carrier);
        answer.await.map_err(|error| failure(step, error))
    }

    fn at(&self, token_url: &Url) -> Inner<EndpointNotSet, EndpointSet> {
        self.inner()
            .set_token_uri(TokenUrl::from_url(token_url.clone()))
    }

    fn inner(&self) -> Inner<EndpointNotSet, EndpointNotSet> {
        let client = Inner::new(ClientId::new(self.id.clone())).set_auth_type(match self.auth {
            ClientAuth::Body | ClientAuth::Nobody => AuthType::RequestBody,
            ClientAuth::Basic => AuthType::BasicAuth,
        });
        match &self.secret {
            Some(secret) => {
                client.set_client_secret(oauth2::ClientSecret::new(secret.reveal().to_owned()))
            }
            None => client,
        }
    }
}

/// Carries a request of the library to the provider, and brings the answer into one form.
struct Carrier<'t> {
    transport: &'t Transport,
    /// Some services answer a revocation with 204, some with 200 and a page.
    takes_any_success: bool,
}

impl<'t> Carrier<'t> {
    const fn tokens(transport: &'t Transport) -> Self {
        Self {
            transport,
            takes_any_success: false,
        }
    }

    const fn revocation(transport: &'t Transport) -> Self {
        Self {
            transport,
            takes_any_success: true,
        }
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
        let mut response = self.transport.send(identified(request)).await?;
        if self.takes_any_success && response.status().is_success() {
            *response.status_mut() = http::StatusCode::OK;
            return Ok(response);
        }
        normalised(&response)
    }
}

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = Unanswered;
    type Future = BoxFuture<'c, Result<HttpResponse, Unanswered>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        self.carry(request).boxed()
    }
}

fn identified(mut request: HttpRequest) -> HttpRequest {
    let agent = http::HeaderValue::from_static(super::USER_AGENT);
    request
        .headers_mut()
        .insert(http::header::USER_AGENT, agent);
    request
}

async fn tokens(
    step: Step,
    answer: impl Future<Output = Result<Answer, RequestTokenError<Unanswered, BasicErrorResponse>>>,
) -> Result<Tokens, Error> {
    let answer = answer.await;
    answer
        .map(Tokens::from)
        .map_err(|error| failure(step, error))
}

fn failure<K>(
    step: Step,
    error: RequestTokenError<Unanswered, oauth2::StandardErrorResponse<K>>,
) -> Error
where
    K: oauth2::ErrorResponseType + fmt::Display + 'static,
{
    match error {
        RequestTokenError::ServerResponse(said) => Error::Refused {
            step,
            code: said.error().to_string(),
            description: said.error_description().cloned(),
        },
        RequestTokenError::Request(unanswered) => why(step, unanswered),
        // What could not be read is not repeated: it may hold a token.
        RequestTokenError::Parse(..) => Error::Malformed {
            step,
            reason: "it has no usable token",
        },
        RequestTokenError::Other(_) => Error::Malformed {
            step,
            reason: "it says nothing",
        },
    }
}
