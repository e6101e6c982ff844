//! Waiting for a person to finish a login somewhere else.

use super::context::Context;
use super::error::CliError;
use super::interrupt::Interrupt;
use crate::api::LoginSession;
use crate::client::{Client, now};
use std::time::Duration;

/// Quick at first, when the key is on the clipboard; then easy on the daemon and its audit.
const FIRST_POLLS: [u64; 4] = [200, 300, 500, 700];
const POLL: Duration = Duration::from_secs(1);
/// The daemon may need a moment to call an old login expired.
const GRACE: time::Duration = time::Duration::seconds(30);

/// Polls until the login is over. Ctrl-C cancels it.
pub(crate) async fn until_over(
    context: &Context,
    client: &Client,
    session: LoginSession,
) -> Result<LoginSession, CliError> {
    let mut interrupt = Interrupt::listen();
    let spinner = context.out.spinner(&format!(
        "waiting for you to log in to {}",
        session.provider
    ));
    let mut pauses = FIRST_POLLS.into_iter().map(Duration::from_millis);
    let mut session = session;
    while !is_over(&session) && now() < session.expires_at + GRACE {
        tokio::select! {
            () = tokio::time::sleep(pauses.next().unwrap_or(POLL)) => {
                session = client.login(&session.id).await?;
            }
            () = interrupt.pressed() => {
                drop(spinner);
                return Err(give_up(client, &session).await);
            }
        }
    }
    Ok(session)
}

fn is_over(session: &LoginSession) -> bool {
    matches!(
        session.status.as_str(),
        "completed" | "failed" | "expired" | "cancelled"
    )
}

async fn give_up(client: &Client, session: &LoginSession) -> CliError {
    let cancelled = tokio::time::timeout(Duration::from_secs(2), client.cancel_login(&session.id));
    match cancelled.await {
        Ok(Ok(_)) => CliError::interrupted("the login was cancelled; its link no longer works"),
        _ => CliError::interrupted("no longer waiting; the link stays good for some minutes"),
    }
    .provider(session.provider.as_str())
    .operation("login")
}
