//! The first dashboard: what is connected. Nothing secret, nothing to break.

use super::render::{Nav, Page, When, page, see_other, with_cookie};
use super::sign_in::sign_in_first;
use crate::api::paths;
use crate::model::Connection;
use crate::secret::Token;
use crate::server::cookies::Cookie;
use crate::server::error::ApiError;
use crate::server::extract::{Browser, Cookies, ForPerson, Person, Query, browser_name};
use crate::server::next::Next;
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use time::OffsetDateTime;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    /// The one-time sign-in code of `authsome ui`.
    code: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    nav: Nav,
    connections: Vec<ConnectionRow>,
    /// Whether any service has said whose a connection is.
    tells_account: bool,
}

#[derive(Debug)]
struct ConnectionRow {
    service: String,
    name: String,
    account: String,
    is_default: bool,
    kind: &'static str,
    status: &'static str,
    tone: &'static str,
    since: When,
}

pub(super) async fn home() -> Page {
    see_other(paths::DASHBOARD)
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    browser: Browser,
    cookies: Cookies,
    method: Method,
    headers: HeaderMap,
) -> Page {
    // Looking ahead with HEAD, as link checkers and previews do, uses nothing up.
    if let Some(code) = view.code.as_ref().filter(|_| method == Method::GET) {
        return redeem(&app, &Token::new(code), &browser, &headers).await;
    }
    match browser.into_person() {
        Some(person) => dashboard(&app, &person).await,
        None => sign_in_first(&app, &cookies, &Next::parse(paths::DASHBOARD)).await,
    }
}

/// Signs the browser in with a code from the terminal; a link on another site may not do that.
async fn redeem(app: &App, code: &Token, browser: &Browser, headers: &HeaderMap) -> Page {
    let site = headers
        .get("sec-fetch-site")
        .map(http::HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"none" | b"same-origin")) {
        let refused = ApiError::forbidden("another site may not sign you in");
        return Err(refused.hint("run `authsome ui` in a terminal").into());
    }
    let accounts = &app.services.accounts;
    let opened = accounts
        .redeem_sign_in_code(code, browser.cookie.as_ref(), browser_name(headers))
        .await?;
    let cookie = Cookie::Session.set(&app.origins, &opened.token, "/", opened.session.expires_at);
    Ok(with_cookie(see_other(paths::DASHBOARD)?, cookie))
}

async fn dashboard(app: &App, person: &Person) -> Page {
    let services = &app.services;
    let mut connections = Vec::new();
    for group in services.connections.list(person.actor()).await? {
        let service = match services.providers.get(&group.provider).await {
            Ok(provider) => provider.display_name.clone(),
            Err(_) => group.provider.to_string(),
        };
        let rows = group.connections.iter();
        connections.extend(rows.map(|one| ConnectionRow::of(one, &service, services.now())));
    }
    page(
        StatusCode::OK,
        &Dashboard {
            nav: Nav::of(person, "Overview"),
            tells_account: connections.iter().any(|row| !row.account.is_empty()),
            connections,
        },
    )
}

impl ConnectionRow {
    fn of(connection: &Connection, service: &str, now: OffsetDateTime) -> Self {
        let status = connection.state.status();
        Self {
            service: service.to_owned(),
            name: connection.name.to_string(),
            account: connection.account.label.clone().unwrap_or_default(),
            is_default: connection.is_default,
            kind: match connection.auth_type {
                crate::model::provider::AuthType::ApiKey => "API key",
                crate::model::provider::AuthType::OAuth2 => "OAuth",
                crate::model::provider::AuthType::Browser => "Browser session",
            },
            status,
            tone: if status == "connected" { "good" } else { "bad" },
            since: When::new(connection.obtained_at, now),
        }
    }
}
