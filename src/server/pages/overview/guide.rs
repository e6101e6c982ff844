//! How to begin: three steps, and which of them are done.

use crate::server::state::App;
use crate::services::Mode;

#[derive(Debug)]
pub(super) struct Guide {
    /// The daemon of commands on other machines; absent at home, where they find it.
    pub(super) daemon: Option<String>,
    pub(super) has_agent: bool,
    pub(super) has_connection: bool,
}

impl Guide {
    /// None once all is done: a connection that was used has all it takes.
    pub(super) fn of(
        app: &App,
        has_agent: bool,
        has_connection: bool,
        was_used: bool,
    ) -> Option<Self> {
        let is_done = has_agent && has_connection && was_used;
        let daemon = match app.services.mode() {
            Mode::Local => None,
            Mode::Hosted => Some(app.origins.base().to_owned()),
        };
        (!is_done).then_some(Self {
            daemon,
            has_agent,
            has_connection,
        })
    }
}
