//! Connecting from a page: the login begins here and goes on at its own form.

use super::detail::{self, Draft, Shown};
use crate::api::paths;
use crate::model::provider::Flow;
use crate::model::{ConnectionName, ErrorCode, LoginState, ProviderName};
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::problem::told;
use crate::server::pages::prose::sentence;
use crate::server::pages::render::{Page, see_other};
use crate::server::state::App;
use crate::services::BeginLogin;
use axum::extract::State;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    connection: String,
    #[serde(default)]
    flow: String,
    #[serde(default)]
    scopes: String,
    #[serde(default)]
    base_url: String,
    /// Filled in where somebody logs in again to what is there.
    #[serde(default)]
    again: String,
}

pub(super) async fn begin(
    State(app): State<App>,
    ForPerson(Path((provider,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
    ForPerson(Form(wish)): ForPerson<Form<Wish>>,
) -> Page {
    person.check_csrf(&wish.csrf)?;
    let connection: ConnectionName = match wish.connection.trim().parse() {
        Ok(name) => name,
        Err(wrong) => {
            let draft = wish.refused("connection", &wrong.to_string());
            return again(&app, &person, &provider, draft).await;
        }
    };
    let words = wish.scopes.split_whitespace().map(str::to_owned);
    let scopes: Vec<String> = words.collect();
    let base_url = wish.base_url.trim();
    let asked = BeginLogin {
        provider: provider.clone(),
        connection: connection.clone(),
        flow: Flow::from_wire(&wish.flow),
        scopes: (!scopes.is_empty()).then_some(scopes),
        base_url: (!base_url.is_empty()).then(|| base_url.to_owned()),
        force: !wish.again.is_empty(),
        new_client: false,
    };
    match app.services.logins.begin(person.actor(), asked).await {
        Ok(begun) if matches!(begun.session.state, LoginState::Completed { .. }) => {
            let said = format!(
                "`{connection}` is connected already. Choose another name, or log in to it again where it is listed"
            );
            again(&app, &person, &provider, wish.refused("connection", &said)).await
        }
        Ok(begun) => see_other(&paths::login_input(&begun.session.id)),
        Err(error) if error.code() == ErrorCode::InvalidInput => {
            let field = if error.message().contains("scopes") {
                "scopes"
            } else {
                "base_url"
            };
            let draft = wish.refused(field, error.message());
            again(&app, &person, &provider, draft).await
        }
        Err(error) => {
            let shown = Shown {
                problem: Some(told(error)?),
                draft: Some(wish.draft()),
                ..Shown::default()
            };
            detail::answer(&app, &person, &provider, shown).await
        }
    }
}

async fn again(app: &App, person: &Person, provider: &ProviderName, draft: Draft) -> Page {
    let shown = Shown {
        draft: Some(draft),
        ..Shown::default()
    };
    detail::answer(app, person, provider, shown).await
}

impl Wish {
    fn draft(self) -> Draft {
        Draft {
            is_again: !self.again.is_empty(),
            connection: self.connection,
            flow: self.flow,
            scopes: self.scopes,
            base_url: self.base_url,
            problem: None,
        }
    }

    fn refused(self, field: &'static str, text: &str) -> Draft {
        Draft {
            problem: Some((field, sentence(text))),
            ..self.draft()
        }
    }
}
