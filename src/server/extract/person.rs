//! People: the session cookie of a signed-in browser, and the token that must come with every form.

use crate::model::{BrowserName, ErrorCode};
use crate::secret::Token;
use crate::server::cookies::Cookie;
use crate::server::error::{ApiError, Audience};
use crate::server::gate::Peer;
use crate::server::next::Next;
use crate::server::pages;
use crate::server::state::App;
use crate::services::{Actor, BrowserSession, ComingFrom};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

/// What the script of a page asks with that has heard of a change.
const REFRESH: HeaderName = HeaderName::from_static("x-authsome-refresh");

/// A browser, signed in or not.
#[derive(Debug)]
pub(in crate::server) struct Browser {
    pub(in crate::server) session: Option<BrowserSession>,
    /// The session cookie it sent, good or not.
    pub(in crate::server) cookie: Option<Token>,
}

/// A browser that is signed in. One that is not gets the sign-in page with status 401.
#[derive(Debug)]
pub(in crate::server) struct Person {
    pub(in crate::server) session: BrowserSession,
    pub(in crate::server) cookie: Token,
}

impl Browser {
    pub(in crate::server) fn into_person(self) -> Option<Person> {
        Some(Person {
            session: self.session?,
            cookie: self.cookie?,
        })
    }
}

impl Person {
    pub(in crate::server) fn actor(&self) -> Actor<'_> {
        Actor::from(&self.session.person)
    }

    /// Refuses a form that this session did not hand out.
    pub(in crate::server) fn check_csrf(&self, sent: &str) -> Result<(), ApiError> {
        check_csrf(&self.session.csrf, sent)
    }
}

/// Refuses a form whose token is not the expected one.
pub(in crate::server) fn check_csrf(expected: &Token, sent: &str) -> Result<(), ApiError> {
    if expected.matches(sent) {
        return Ok(());
    }
    Err(
        ApiError::forbidden("this form was not opened by this browser, or is too old")
            .hint("open the page again and send its form"),
    )
}

/// The Cookie headers as they came, for handlers that bind a browser themselves.
#[derive(Debug)]
pub(in crate::server) struct Cookies(HeaderMap);

impl Cookies {
    pub(in crate::server) fn find(&self, cookie: Cookie, app: &App) -> Option<Token> {
        cookie.find(&self.0, &app.origins)
    }
}

/// Where somebody comes from who signs in: the address of the connection, behind a reverse proxy the
/// proxy, as no header is believed; and the browser, which is only shown to whoever signed in with it.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct SignInFrom(pub(in crate::server) ComingFrom);

/// The browser that sent these, where it is one that we know.
pub(in crate::server) fn browser_name(headers: &HeaderMap) -> Option<BrowserName> {
    let said = headers.get(header::USER_AGENT)?.to_str().ok()?;
    BrowserName::from_user_agent(said)
}

impl FromRequestParts<App> for Browser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let cookie = Cookie::Session.find(&parts.headers, &app.origins);
        let session = match &cookie {
            None => None,
            Some(cookie) => {
                let accounts = &app.services.accounts;
                // A page that is told anew by itself is no sign of its person.
                let found = if parts.headers.contains_key(REFRESH) {
                    accounts.glance_at_session(cookie).await
                } else {
                    accounts.browser_session(cookie).await
                };
                found.map_err(|error| ApiError::from(error).into_response_for(Audience::Person))?
            }
        };
        Ok(Self { session, cookie })
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let browser = Browser::from_request_parts(parts, app).await?;
        if let Some(person) = browser.into_person() {
            return Ok(person);
        }
        if parts.method != Method::GET && parts.method != Method::HEAD {
            let refused = ApiError::new(ErrorCode::Unauthenticated, "you are not signed in")
                .hint("sign in, open the page again and send its form");
            return Err(refused.into_response_for(Audience::Person));
        }
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        let cookies = Cookies(parts.headers.clone());
        let page = pages::sign_in_first(app, &cookies, &Next::parse(target)).await;
        Err(page.unwrap_or_else(IntoResponse::into_response))
    }
}

impl FromRequestParts<App> for Cookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}

impl FromRequestParts<App> for SignInFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let address = parts
            .extensions
            .get::<Peer>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self(ComingFrom {
            address: address.to_canonical(),
            browser: browser_name(&parts.headers),
        }))
    }
}
