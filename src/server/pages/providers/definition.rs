//! Definitions of our own: written, looked at, taken.
//!
//! What is wrong is said where it stands. Before a definition counts, its writer sees where it sends
//! secrets, whose place it takes and what it ends.

use super::app_page;
use super::typed::{Typed, field_of};
use crate::model::ProviderName;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::prose::{Piece, sentence};
use crate::server::pages::render::{Nav, Page, page, see_other};
use crate::server::state::App;
use crate::services::{DefinitionProblem, Review};
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

const STARTER: &str = r#"{
  "name": "acme",
  "display_name": "Acme",
  "auth_type": "oauth2",
  "flow": "pkce",
  "api_url": "api.acme.example",
  "oauth": {
    "authorization_url": "https://acme.example/oauth/authorize",
    "token_url": "https://acme.example/oauth/token",
    "pkce": true,
    "scopes": []
  },
  "export": { "ACME_TOKEN": "ACCESS_TOKEN" }
}
"#;

/// The form of a definition, as text or by its fields.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    definition: String,
    /// `take` once it was looked at, `edit` to go back to writing.
    #[serde(default)]
    step: String,
    /// Ticked where it takes the place of others.
    #[serde(default)]
    agreed: String,
    #[serde(flatten)]
    typed: Typed,
}

#[derive(Debug, Template)]
#[template(path = "providers/write.html")]
struct Write<'a> {
    nav: Nav,
    /// The provider that is edited; absent for a new one.
    name: Option<&'a ProviderName>,
    /// The definition as text: what somebody wrote, or something to begin with.
    text: &'a str,
    typed: Typed,
    problems: Vec<Problem>,
    /// Whether the text is what somebody works on, and not the fields.
    at_text: bool,
}

#[derive(Debug)]
struct Problem {
    /// The field of the simple form.
    field: Option<&'static str>,
    text: Vec<Piece>,
}

#[derive(Debug, Template)]
#[template(path = "providers/review.html")]
struct Look<'a> {
    nav: Nav,
    name: Option<&'a ProviderName>,
    action: String,
    text: &'a str,
    display_name: &'a str,
    places: &'a [(String, String)],
    takes: Vec<Vec<Piece>>,
    ends: u64,
    /// The box was not ticked.
    is_missing: bool,
}

pub(super) async fn new(State(app): State<App>, person: Person) -> Page {
    // Refuses who may not.
    drop(app.services.providers.review(person.actor(), "{}").await?);
    let form = Write {
        nav: Nav::of(&person, "Providers"),
        name: None,
        text: STARTER,
        typed: Typed::usual(),
        problems: Vec::new(),
        at_text: false,
    };
    page(StatusCode::OK, &form)
}

pub(super) async fn edit(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
) -> Page {
    let text = app.services.providers.text(person.actor(), &name).await?;
    let form = Write {
        nav: Nav::of(&person, "Providers"),
        name: Some(&name),
        text: &text,
        typed: Typed::default(),
        problems: Vec::new(),
        at_text: true,
    };
    page(StatusCode::OK, &form)
}

pub(super) async fn add(
    State(app): State<App>,
    person: Person,
    ForPerson(Form(written)): ForPerson<Form<Written>>,
) -> Page {
    take(&app, &person, None, written).await
}

pub(super) async fn change(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
    ForPerson(Form(written)): ForPerson<Form<Written>>,
) -> Page {
    take(&app, &person, Some(&name), written).await
}

async fn take(app: &App, person: &Person, name: Option<&ProviderName>, written: Written) -> Page {
    person.check_csrf(&written.csrf)?;
    let providers = &app.services.providers;
    let by_fields = !written.typed.is_empty();
    let text = if by_fields {
        written.typed.text()
    } else {
        written.definition
    };
    let read = providers.review(person.actor(), &text).await?;
    let read = read.and_then(|review| is_of(name, review));
    let editing = |typed: Typed, problems: Vec<Problem>| {
        let status = match problems.len() {
            0 => StatusCode::OK,
            _ => StatusCode::BAD_REQUEST,
        };
        let form = Write {
            nav: Nav::of(person, "Providers"),
            name,
            text: &text,
            typed,
            problems,
            at_text: !by_fields,
        };
        page(status, &form)
    };
    let review = match read {
        Ok(_) if written.step == "edit" => return editing(Typed::usual(), Vec::new()),
        Ok(review) => review,
        Err(problems) if by_fields => {
            let problems = problems.iter().map(|one| Problem::of(one, true)).collect();
            return editing(written.typed, problems);
        }
        Err(problems) => {
            let problems = problems.iter().map(|one| Problem::of(one, false)).collect();
            return editing(Typed::usual(), problems);
        }
    };
    let has_agreed = review.takes.is_empty() || !written.agreed.is_empty();
    if written.step == "take" && has_agreed {
        let force = !review.takes.is_empty();
        let taken = providers.register(person.actor(), review.definition, force);
        let name = taken.await?.provider.name.clone();
        return see_other(&format!("{}?done=registered", app_page(&name)));
    }
    look(person, name, &text, &review, written.step == "take")
}

fn look(
    person: &Person,
    name: Option<&ProviderName>,
    text: &str,
    review: &Review,
    is_missing: bool,
) -> Page {
    let shown = Look {
        nav: Nav::of(person, "Providers"),
        name,
        action: name.map_or_else(
            || "/ui/providers/new".to_owned(),
            |name| format!("/ui/providers/{name}/edit"),
        ),
        text,
        display_name: &review.provider.display_name,
        places: &review.places,
        takes: review.takes.iter().map(|text| sentence(text)).collect(),
        ends: review.ends,
        is_missing,
    };
    let status = if is_missing {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    page(status, &shown)
}

/// A definition that is edited keeps its name: under another it would be another.
fn is_of(name: Option<&ProviderName>, review: Review) -> Result<Review, Vec<DefinitionProblem>> {
    match name {
        Some(name) if *name != review.provider.name => Err(vec![DefinitionProblem {
            path: "name".to_owned(),
            line: None,
            text: format!(
                "`name`: this is the definition of `{name}`; add another one for another name"
            ),
        }]),
        _ => Ok(review),
    }
}

impl Problem {
    fn of(found: &DefinitionProblem, by_fields: bool) -> Self {
        let field = if by_fields {
            field_of(&found.path)
        } else {
            None
        };
        // Beside its field, the name of the field and a line that nobody wrote say nothing.
        let text = match found.text.split_once(": ") {
            Some((_, message)) if field.is_some() => message,
            _ => &found.text,
        };
        Self {
            field,
            text: sentence(text),
        }
    }
}

impl Write<'_> {
    fn problem_at(&self, field: &str) -> Option<&Vec<Piece>> {
        let found = self.problems.iter().find(|one| one.field == Some(field));
        found.map(|one| &one.text)
    }

    /// What is wrong beyond the fields.
    fn others(&self) -> Vec<&Vec<Piece>> {
        let others = self.problems.iter().filter(|one| one.field.is_none());
        others.map(|one| &one.text).collect()
    }
}
