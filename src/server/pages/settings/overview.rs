//! The page of settings.

use super::browsers::BrowserRow;
use crate::model::Role;
use crate::server::extract::{ForPerson, Person, Query};
use crate::server::pages::render::{Nav, Page, page};
use crate::server::state::App;
use crate::services::{About, Mode};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct View {
    /// What was just done.
    done: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "settings/overview.html")]
struct Settings {
    nav: Nav,
    notice: Option<&'static str>,
    browsers: Vec<BrowserRow>,
    about: About,
    /// How many OAuth clients there are; for administrators.
    clients: Option<usize>,
}

impl Settings {
    fn is_hosted(&self) -> bool {
        self.about.mode == Mode::Hosted
    }
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Query(view)): ForPerson<Query<View>>,
    person: Person,
) -> Page {
    let services = &app.services;
    let signed_in = &person.session.person;
    let browsers = services.accounts.browsers(signed_in, &person.cookie);
    let browsers: Vec<BrowserRow> = browsers
        .await?
        .into_iter()
        .map(|browser| BrowserRow::of(browser, services.now()))
        .collect();
    let clients = match signed_in.role {
        Role::Admin => Some(services.clients.list(person.actor()).await?.len()),
        Role::User => None,
    };
    page(
        StatusCode::OK,
        &Settings {
            nav: Nav::of(&person, "Settings"),
            notice: notice(&view, browsers.len()),
            browsers,
            clients,
            about: services.status.about(signed_in).await?,
        },
    )
}

/// What was just done. Anybody can make a link that says so: that others are signed out is said only
/// where it is true; the rest cannot be seen here, and a false word of it does no harm.
fn notice(view: &View, browsers: usize) -> Option<&'static str> {
    match view.done.as_deref()? {
        "password" if browsers == 1 => {
            Some("Your password is changed. Other browsers are signed out.")
        }
        "browser" => Some("You are signed out in that browser."),
        "browsers" if browsers == 1 => Some("You are signed out in all other browsers."),
        _ => None,
    }
}
