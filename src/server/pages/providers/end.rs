//! What an administrator may end for everybody: a definition of our own, and every connection.

use super::{Confirmed, app_page};
use crate::model::{ErrorCode, ProviderName};
use crate::server::error::ApiError;
use crate::server::extract::{ForPerson, Form, Path, Person};
use crate::server::pages::ask::{Question, ask};
use crate::server::pages::render::{Page, see_other};
use crate::server::state::App;
use crate::services::{Origin, Removed, Standing};
use axum::extract::State;

pub(super) async fn ask_to_remove(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
) -> Page {
    let standing = app.services.providers.standing(person.actor(), &name);
    let standing = standing.await?;
    if standing.origin != Origin::Registered {
        let (what, hint) = match standing.origin {
            Origin::File => (
                "is defined by a file in the daemon's home",
                format!("delete providers/{name}.json there"),
            ),
            Origin::Bundled | Origin::Registered => {
                // Of one that is gone only its connections are left.
                app.services.providers.get(&name).await?;
                (
                    "comes with Authsome and cannot be removed",
                    "log everybody out of it instead".to_owned(),
                )
            }
        };
        let code = ErrorCode::OperationNotAllowed;
        let refused = ApiError::new(code, format!("`{name}` {what}"));
        return Err(refused.hint(hint).into());
    }
    let after = if standing.hides_another {
        "The definition it replaced is in use again"
    } else {
        "Nobody can connect it any more"
    };
    let ends = ended(standing);
    ask(
        &person,
        "Providers",
        &Question {
            title: &format!("Remove the definition of {name}?"),
            text: &format!("{after}. {ends}, and our OAuth client there is forgotten"),
            facts: Vec::new(),
            action: format!("/ui/providers/{name}/remove"),
            fields: Vec::new(),
            yes: "Remove it",
            is_danger: true,
            no: "Keep it",
            back: app_page(&name),
        },
    )
}

pub(super) async fn remove(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let providers = &app.services.providers;
    // Of one that comes with Authsome only the connections would go, which is another button.
    let standing = providers.standing(person.actor(), &name).await?;
    if standing.origin == Origin::Bundled {
        return see_other(&app_page(&name));
    }
    let (removed, _) = providers.remove(person.actor(), &name).await?;
    match removed {
        Removed::Removed => see_other(&format!("/ui/providers?removed={name}")),
        Removed::Reset => see_other(&app_page(&name)),
    }
}

pub(super) async fn ask_to_revoke(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
) -> Page {
    let standing = app.services.providers.standing(person.actor(), &name);
    let ends = ended(standing.await?);
    ask(
        &person,
        "Providers",
        &Question {
            title: &format!("Log everybody out of {name}?"),
            text: &format!(
                "{ends}: yours and those of all other accounts. Our OAuth client there is forgotten, and the service is told where that is possible. Whoever needs it logs in again"
            ),
            facts: Vec::new(),
            action: format!("/ui/providers/{name}/revoke"),
            fields: Vec::new(),
            yes: "Log everybody out",
            is_danger: true,
            no: "Leave it as it is",
            back: app_page(&name),
        },
    )
}

pub(super) async fn revoke(
    State(app): State<App>,
    ForPerson(Path((name,))): ForPerson<Path<(ProviderName,)>>,
    person: Person,
    ForPerson(Form(form)): ForPerson<Form<Confirmed>>,
) -> Page {
    person.check_csrf(&form.csrf)?;
    let connections = &app.services.connections;
    connections.revoke_provider(person.actor(), &name).await?;
    if app.services.providers.get(&name).await.is_err() {
        return see_other("/ui/providers");
    }
    see_other(&format!("{}?done=revoked", app_page(&name)))
}

fn ended(standing: Standing) -> String {
    match standing.connections {
        0 => "There are no connections to end".to_owned(),
        1 => "1 connection ends".to_owned(),
        many => format!("{many} connections end"),
    }
}
