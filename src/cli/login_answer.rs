//! Answering a login at the terminal: masked, from stdin, or from a file.

use super::context::Context;
use super::error::CliError;
use super::prompt;
use crate::api::{LoginAnswer, LoginSession, WireSecret};
use crate::browsers;
use crate::client::Client;
use crate::config::ChildEnvironment;
use crate::model::ErrorCode;
use crate::model::provider::Flow;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How often a person may mistype a key.
const ATTEMPTS: u32 = 3;
const NOTHING_STORED: &str = "nothing was stored; run the command again with the right key";

/// Whether it can be answered here; older daemons know API keys alone.
pub(super) fn is_answered_here(session: &LoginSession) -> bool {
    match flow(session) {
        Flow::ApiKey
        | Flow::ClientCredentials
        | Flow::JwtBearer
        | Flow::GithubApp
        | Flow::Browser => true,
        Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce => false,
    }
}

fn flow(session: &LoginSession) -> Flow {
    session.flow.unwrap_or(Flow::ApiKey)
}

/// Asks a person until the answer is taken, or given up.
pub(super) async fn ask(
    context: &Context,
    client: &Client,
    session: &LoginSession,
) -> Result<LoginSession, CliError> {
    let question = question(client, session).await?;
    let mut tries = ATTEMPTS;
    loop {
        tries -= 1;
        let answered = match typed(session, &question).await {
            Ok(data) => client
                .resume_login(&session.id, data)
                .await
                .map_err(CliError::from),
            Err(error) => Err(error),
        };
        match answered {
            Err(error) if tries > 0 && is_mistyped(&error) => {
                context.out.ask(&error.whole_message());
            }
            Err(error) => {
                cancel(client, session).await;
                return Err(if is_mistyped(&error) {
                    error.hint(NOTHING_STORED)
                } else {
                    error
                });
            }
            done => return done,
        }
    }
}

async fn question(client: &Client, session: &LoginSession) -> Result<String, CliError> {
    let provider = client.provider(&session.provider).await?.0;
    let hint = provider
        .api_key
        .as_ref()
        .and_then(|key| key.key_pattern_hint.as_deref())
        .map_or_else(String::new, |hint| format!(" ({hint})"));
    Ok(format!("{} API key{hint}", provider.display_name))
}

async fn typed(session: &LoginSession, question: &str) -> Result<LoginAnswer, CliError> {
    let mut fields = Fields::default();
    match flow(session) {
        Flow::ClientCredentials => {
            fields.line("client_id", "Client ID")?;
            let secret = prompt::secret("Client secret").await?;
            fields.0.insert("client_secret".to_owned(), secret);
        }
        Flow::JwtBearer => {
            let is_json = fields.file("private_key", "Key file of the service account")?;
            if !is_json {
                fields.line("issuer", "Issuer")?;
                fields.line("subject", "Subject (may be empty)")?;
                fields.line("key_id", "Key ID (may be empty)")?;
            }
        }
        Flow::GithubApp => {
            fields.line("app_id", "App ID or client ID")?;
            fields.line("installation_id", "Installation ID")?;
            fields.file("private_key", "Private key file of the app")?;
        }
        Flow::Browser => {
            fields.file("cookies", "File with the cookies, such as cookies.txt")?;
        }
        Flow::ApiKey | Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce => {
            return Ok(LoginAnswer {
                api_key: Some(prompt::secret(question).await?),
                ..LoginAnswer::default()
            });
        }
    }
    Ok(fields.answer())
}

/// The answers of a login that asks for more than one thing.
#[derive(Default)]
struct Fields(BTreeMap<String, WireSecret>);

impl Fields {
    fn line(&mut self, name: &str, question: &str) -> Result<(), CliError> {
        let line = prompt::line(question)?;
        self.0.insert(name.to_owned(), WireSecret::new(line));
        Ok(())
    }

    /// The text of a file that a person names; whether it is JSON.
    fn file(&mut self, name: &str, question: &str) -> Result<bool, CliError> {
        let text = prompt::file(question)?;
        let is_json = text.reveal().starts_with('{');
        self.0.insert(name.to_owned(), text);
        Ok(is_json)
    }

    fn answer(self) -> LoginAnswer {
        LoginAnswer {
            key: Some(self.0),
            ..LoginAnswer::default()
        }
    }
}

/// Whether it may go better when it is typed again.
fn is_mistyped(error: &CliError) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::AuthenticationFailed | ErrorCode::InvalidInput | ErrorCode::InputCancelled)
    )
}

/// What came through a pipe: nobody is there to correct it, so a refusal ends the login. A key file is
/// taken apart by the daemon.
pub(super) async fn answer_once(
    client: &Client,
    session: &LoginSession,
    given: WireSecret,
) -> Result<LoginSession, CliError> {
    let field = |name: &str, given| Fields(BTreeMap::from([(name.to_owned(), given)])).answer();
    let data = match flow(session) {
        Flow::ClientCredentials | Flow::JwtBearer | Flow::GithubApp => field("private_key", given),
        Flow::Browser => field("cookies", given),
        Flow::ApiKey | Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce => LoginAnswer {
            api_key: Some(given),
            ..LoginAnswer::default()
        },
    };
    let answered = client.resume_login(&session.id, data).await;
    if answered.is_err() {
        cancel(client, session).await;
    }
    answered.map_err(|error| {
        let error = CliError::from(error);
        if is_mistyped(&error) {
            error.hint(NOTHING_STORED)
        } else {
            error
        }
    })
}

/// The cookies of the provider's site, from the Firefox of this person.
pub(super) async fn cookies_of_firefox(
    client: &Client,
    session: &LoginSession,
) -> Result<WireSecret, CliError> {
    let provider = client.provider(&session.provider).await?.0;
    let settings = provider.browser.as_ref();
    let domains = settings.map_or(&[][..], |settings| &settings.domains);
    if domains.is_empty() {
        return Err(CliError::new(
            ErrorCode::OperationNotAllowed,
            format!("a login to `{}` takes no cookies", session.provider),
        )
        .provider(session.provider.as_str())
        .hint("leave `--from-browser` out"));
    }
    let home = ChildEnvironment::capture().get("HOME").map(PathBuf::from);
    let home = home.ok_or_else(|| CliError::usage("HOME is not set, so no Firefox is found"))?;
    let text = browsers::cookies(&home, domains).await.map_err(|wrong| {
        CliError::new(ErrorCode::InputCancelled, wrong.to_string())
            .hint("log in there with Firefox, or give the cookies as a file: `--key-stdin < cookies.txt`")
            .caused_by(wrong)
    })?;
    Ok(WireSecret::new(text.reveal()))
}

/// Ends a login that nobody will answer; that it ends by itself in minutes is good enough.
pub(super) async fn cancel(client: &Client, session: &LoginSession) {
    drop(client.cancel_login(&session.id).await);
}
