//! Signing out of other browsers.

use crate::model::ShownId;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::Confirmed;
use crate::server::pages::render::{Page, When, see_other};
use crate::server::state::App;
use crate::services::SignedInBrowser;
use axum::extract::State;
use time::OffsetDateTime;

#[derive(Debug)]
pub(super) struct BrowserRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) opened: When,
    pub(super) seen: When,
    /// The agent whose person opened it from a terminal.
    pub(super) by: Option<String>,
    pub(super) is_this: bool,
}

impl BrowserRow {
    pub(super) fn of(browser: SignedInBrowser, now: OffsetDateTime) -> Self {
        let name = browser.name;
        Self {
            id: browser.id.to_string(),
            name: name.map_or_else(|| "A browser".to_owned(), |name| name.to_string()),
            opened: When::new(browser.opened_at, now),
            seen: When::new(browser.seen_at, now),
            by: browser.opened_by.map(String::from),
            is_this: browser.is_this,
        }
    }
}

pub(super) async fn sign_out(
    State(app): State<App>,
    ForPerson(Path((id,))): ForPerson<Path<(ShownId,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let accounts = &app.services.accounts;
    let signed_in = &person.session.person;
    accounts.sign_out_browser(signed_in, &id).await?;
    see_other("/ui/settings?done=browser")
}

pub(super) async fn sign_out_others(
    State(app): State<App>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let accounts = &app.services.accounts;
    let signed_in = &person.session.person;
    accounts.sign_out_others(signed_in, &person.cookie).await?;
    see_other("/ui/settings?done=browsers")
}
