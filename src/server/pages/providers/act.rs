//! What can be done to a connection: make it the default, renew it, log out of it.

use super::detail;
use super::{Confirmed, app_page, done};
use crate::model::{Connection, ConnectionName, ProviderName};
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::{Question, ask};
use crate::server::pages::render::{Page, PageError, see_other};
use crate::server::state::App;
use crate::services::Renewal;
use axum::extract::State;

/// Which connection, as addresses name it.
pub(super) type Names = ForPerson<Path<(ProviderName, ConnectionName)>>;

pub(super) async fn set_default(
    State(app): State<App>,
    ForPerson(Path((provider, name))): Names,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let connections = &app.services.connections;
    connections
        .set_default(person.actor(), &provider, &name)
        .await?;
    see_other(&done(&provider, "default", &name))
}

pub(super) async fn renew(
    State(app): State<App>,
    ForPerson(Path((provider, name))): Names,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let connections = &app.services.connections;
    match connections.renew(person.actor(), &provider, &name).await {
        Ok(Renewal::Renewed) => see_other(&done(&provider, "renewed", &name)),
        Ok(Renewal::JustNow) => see_other(&done(&provider, "fresh", &name)),
        Err(error) => detail::failed(&app, &person, &provider, error).await,
    }
}

pub(super) async fn ask_to_log_out(
    State(app): State<App>,
    ForPerson(Path((provider, name))): Names,
    person: Person,
) -> Page {
    let (connection, service) = find(&app, &person, &provider, &name).await?;
    ask(
        &person,
        "Providers",
        &Question {
            title: &format!("Log out of {service}?"),
            text: "Its secret is deleted here, and the service is told where that is possible. The next request of an agent that uses it is refused",
            facts: facts(&service, &connection),
            action: format!("/ui/apps/{provider}/{name}/logout"),
            fields: Vec::new(),
            yes: "Log out",
            is_danger: true,
            no: "Keep it",
            back: app_page(&provider),
        },
    )
}

pub(super) async fn log_out(
    State(app): State<App>,
    ForPerson(Path((provider, name))): Names,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let connections = &app.services.connections;
    connections.logout(person.actor(), &provider, &name).await?;
    // The page of a definition that is gone ends with its last connection.
    if app.services.providers.get(&provider).await.is_err() {
        return see_other("/ui/providers");
    }
    see_other(&done(&provider, "logged-out", &name))
}

/// What is asked about: the service, the connection, and whose account it is.
pub(super) fn facts(service: &str, connection: &Connection) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Service", service.to_owned()),
        ("Connection", connection.name.to_string()),
    ];
    let label = connection.account.label.clone();
    facts.extend(label.map(|label| ("Account", label)));
    facts
}

/// A connection of this person's, and what its service is called.
pub(super) async fn find(
    app: &App,
    person: &Person,
    provider: &ProviderName,
    name: &ConnectionName,
) -> Result<(Connection, String), PageError> {
    let services = &app.services;
    let connections = &services.connections;
    let shown = connections.show(person.actor(), provider, name, false);
    let connection = shown.await?.connection;
    let definition = services.providers.get(provider).await.ok();
    Ok((
        connection,
        detail::display_name(definition.as_ref(), provider),
    ))
}
