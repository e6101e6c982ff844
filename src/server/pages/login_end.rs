//! The last page of a login: what came of it, and where to go now.

use super::message::{self, Ending, Lead, Said};
use super::names;
use super::render::Page;
use crate::model::{LoginSession, LoginState};
use crate::server::state::App;

pub(super) async fn finished(app: &App, session: &LoginSession) -> Page {
    let service = names::service(app, &session.provider).await;
    // An agent waits in its terminal; a person has come from a page.
    let is_agents = session.identity.is_some();
    let leads_to = (!is_agents).then(|| Lead {
        href: format!("/ui/apps/{}", session.provider),
        name: format!("Go to {service}"),
    });
    let (wrong, next) = if let LoginState::Failed { error } = &session.state {
        failed(error, is_agents)
    } else {
        Default::default()
    };
    let (ending, said) = match &session.state {
        LoginState::Failed { .. } => (
            Ending::Failed,
            Said {
                title: "Not connected",
                message: wrong,
                hint: &next,
                leads_to,
            },
        ),
        LoginState::Cancelled | LoginState::Expired => (
            Ending::CalledOff,
            Said {
                title: "Cancelled",
                message: "Nothing was stored.",
                hint: "You can close this page.",
                leads_to,
            },
        ),
        LoginState::Pending
        | LoginState::WaitingForUser
        | LoginState::Processing
        | LoginState::Completed { .. } => (
            Ending::Done,
            Said {
                title: "Login successful",
                message: &format!("{service} is connected as `{}`", session.connection),
                hint: if is_agents {
                    "You can close this page and go back to your terminal."
                } else {
                    "Your agents can use it now, and never see the secret."
                },
                leads_to,
            },
        ),
    };
    message::ended(ending, said)
}

/// What went wrong, and what to do: the command that was named, for whoever has a terminal at hand; a
/// client that the provider does not know is entered in one anyway.
fn failed(error: &str, is_agents: bool) -> (&str, String) {
    let (wrong, step) = LoginState::parted(error);
    let step = step.filter(|step| is_agents || step.contains("--new-client"));
    let next = match step {
        Some(step) => format!("nothing was stored; {step}"),
        None if is_agents => {
            "nothing was stored; run `authsome login` again in your terminal".to_owned()
        }
        None => "nothing was stored; connect again from its page".to_owned(),
    };
    (wrong, next)
}
