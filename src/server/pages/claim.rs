//! The page behind a claim URL: who asks, what saying yes means, and the two answers.

use super::message;
use super::render::{Nav, Page, When, clock_time, page, see_other};
use crate::model::NameError;
use crate::secret::Token;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::state::App;
use askama::Template;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use std::str::FromStr;

/// The token of a claim URL, as far as its shape goes.
#[derive(Debug)]
pub(super) struct ClaimToken(Token);

impl FromStr for ClaimToken {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        if (1..=128).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(Token::new(text)));
        }
        Err(NameError {
            kind: "claim link",
            expected: "open the link exactly as it was printed",
        })
    }
}

/// The two answers carry only the token of the session.
#[derive(Debug, Deserialize)]
pub(super) struct ClaimAnswer {
    #[serde(default)]
    csrf: String,
}

#[derive(Debug, Template)]
#[template(path = "claim.html")]
struct Claim<'a> {
    nav: Nav,
    handle: &'a str,
    fingerprint: &'a str,
    did: &'a str,
    token: &'a str,
    registered: When,
    /// How many it would reach.
    connections: usize,
    ends: String,
}

pub(super) async fn show(
    State(app): State<App>,
    ForPerson(Path((ClaimToken(token),))): ForPerson<Path<(ClaimToken,)>>,
    person: Person,
) -> Page {
    let identities = &app.services.identities;
    let found = identities
        .claim_page(&person.session.person, &token)
        .await?;
    page(
        StatusCode::OK,
        &Claim {
            nav: Nav::of(&person, "Agents"),
            handle: found.handle.as_str(),
            fingerprint: &found.fingerprint,
            did: found.did.as_str(),
            token: token.reveal(),
            registered: When::new(found.registered_at, app.services.now()),
            connections: found.connections,
            ends: clock_time(found.expires_at),
        },
    )
}

pub(super) async fn accept(
    State(app): State<App>,
    ForPerson(Path((ClaimToken(token),))): ForPerson<Path<(ClaimToken,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<ClaimAnswer>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let identities = &app.services.identities;
    let handle = identities.accept(&person.session.person, &token).await?;
    see_other(&format!("/ui/agents?accepted={handle}"))
}

pub(super) async fn reject(
    State(app): State<App>,
    ForPerson(Path((ClaimToken(token),))): ForPerson<Path<(ClaimToken,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<ClaimAnswer>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let identities = &app.services.identities;
    let handle = identities.reject(&person.session.person, &token).await?;
    message::called_off(
        "Rejected",
        &format!("The agent {handle} cannot use your connections."),
        "You can close this page.",
    )
}
