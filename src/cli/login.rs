//! `authsome login`: from a provider's name to a stored credential.
//!
//! The secret is given to a form of the daemon in a browser, to a masked prompt, or on stdin. It is
//! never an argument, where every process of the machine could read it.

use super::context::Context;
use super::error::{CliError, Kind};
use super::login_answer::{answer_once, ask, cancel, cookies_of_firefox, is_answered_here};
use super::output::{Answer, Style};
use super::paint::clean;
use super::{browser, clients, exit, login_wait, prompt, register};
use crate::api::{self, LoginSession, NextAction, WireSecret};
use crate::client::Client;
use crate::model::provider::Flow;
use crate::model::{ConnectionName, ErrorCode, LoginState, ProviderName};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The provider
    #[arg(required_unless_present = "mcp")]
    provider: Option<ProviderName>,
    #[command(flatten)]
    server: Server,
    /// A name for this login, where one provider has several
    #[arg(long, short, value_name = "NAME", default_value = ConnectionName::DEFAULT)]
    connection: ConnectionName,
    #[command(flatten)]
    terminal: Terminal,
    #[command(flatten)]
    link: Link,
    #[command(flatten)]
    again: Again,
    /// Another way to log in than the provider's usual one
    #[arg(long, value_name = "FLOW", value_parser = flow_of)]
    flow: Option<Flow>,
    /// Ask the provider for these scopes (comma-separated)
    #[arg(long, value_name = "SCOPES", value_delimiter = ',')]
    scopes: Option<Vec<String>>,
    /// The site to log in to, where the provider is installed in many places
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

impl Args {
    /// Whether a browser may be opened, where the machine has one.
    const fn opens_link(&self) -> bool {
        !self.link.no_open && !self.terminal.no_browser
    }
}

/// A server that says itself where one logs in.
#[derive(Debug, clap::Args)]
struct Server {
    /// The URL of an MCP server, in place of a provider
    #[arg(long, value_name = "URL", conflicts_with = "provider")]
    mcp: Option<String>,
    /// Do not ask before a new server is registered, or a client forgotten
    #[arg(long, short)]
    yes: bool,
}

/// What a login takes the place of.
#[derive(Debug, clap::Args)]
struct Again {
    /// Log in again although you are connected
    #[arg(long)]
    force: bool,
    /// Enter another OAuth client of this daemon; ends what the last one got, for everybody
    #[arg(long, conflicts_with_all = ["key_stdin", "mcp"])]
    new_client: bool,
}

/// Giving the key without a browser.
#[derive(Debug, clap::Args)]
struct Terminal {
    /// Open no browser: type the key in the terminal, masked, or open the link yourself
    #[arg(long, conflicts_with = "key_stdin")]
    no_browser: bool,
    /// Take the cookies from a browser of this machine, where the login is a browser's session
    #[arg(long, value_name = "BROWSER", conflicts_with_all = ["no_browser", "key_stdin"])]
    from_browser: Option<InstalledBrowser>,
    /// Read the key from stdin; a key file, where a program logs in; cookies, where a browser does
    #[arg(long)]
    key_stdin: bool,
}

/// A browser whose cookies can be read.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum InstalledBrowser {
    Firefox,
}

/// What happens to the link a person opens.
#[derive(Debug, clap::Args)]
struct Link {
    /// Print the link instead of opening it
    #[arg(long)]
    no_open: bool,
    /// Return at once and let the login go on by itself
    #[arg(long, conflicts_with_all = ["no_browser", "key_stdin"])]
    no_wait: bool,
}

/// How a login stands when the command ends.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// `success`, `started` or `failed`.
    status: &'static str,
    provider: ProviderName,
    connection: ConnectionName,
    /// The status of the connection when there is one, else of the login.
    record_status: String,
    session_id: String,
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    // Read before anything is begun: a login nobody answers should not be left behind.
    let piped = piped(&args)?;
    let client = context.client().await?;
    let provider = match (&args.provider, &args.server.mcp) {
        (Some(provider), _) => provider.clone(),
        (None, Some(url)) => for_url(context, &client, url, args.server.yes).await?,
        (None, None) => return Err(CliError::usage("name a provider, or a server by --mcp")),
    };
    let session = client.start_login(&wish(&args, provider)).await?;
    if lacks_person(&args, &session) {
        cancel(&client, &session).await;
        return Err(no_terminal(&session));
    }
    // The daemon has taken flow, scopes and site by now: nothing is forgotten for a login that cannot be.
    if args.again.new_client {
        let agreed = clients::forget_for(context, &client, &session, args.server.yes).await;
        if let Err(error) = agreed {
            cancel(&client, &session).await;
            return Err(error);
        }
    }
    let ended = if session.status == "completed" {
        if piped.is_some() {
            return Err(not_replaced(&session));
        }
        session
    } else if let Some(key) = piped {
        if !is_answered_here(&session) {
            cancel(&client, &session).await;
            return Err(takes_no_key(&args, &session));
        }
        answer_once(&client, &session, key).await?
    } else if let Some(InstalledBrowser::Firefox) = args.terminal.from_browser {
        let text = cookies_of_firefox(&client, &session).await;
        match text {
            Ok(text) => answer_once(&client, &session, text).await?,
            Err(error) => {
                cancel(&client, &session).await;
                return Err(error);
            }
        }
    } else if types_in_terminal(&args, context, &session) {
        ask(context, &client, &session).await?
    } else {
        show_link(&args, context, &session);
        if args.link.no_wait {
            session
        } else {
            login_wait::until_over(context, &client, session).await?
        }
    };
    report(context, &args, ended)
}

/// A key that came with the command is never dropped in silence: a rotation would count on it.
fn not_replaced(session: &LoginSession) -> CliError {
    CliError::new(
        ErrorCode::ConnectionAlreadyExists,
        format!(
            "`{}` is connected already, so the key on stdin was not stored",
            shown(&session.provider, &session.connection)
        ),
    )
    .provider(session.provider.as_str())
    .operation("login")
    .hint("replace the stored key with `--force`")
}

/// The key on stdin. At a terminal it would show as it is typed, so there it is asked for instead.
fn piped(args: &Args) -> Result<Option<WireSecret>, CliError> {
    if args.terminal.key_stdin && !prompt::stdin_is_terminal() {
        return prompt::secret_from_stdin().map(Some);
    }
    Ok(None)
}

/// The provider that a URL belongs to; a new one is registered, when that is agreed to.
async fn for_url(
    context: &Context,
    client: &Client,
    url: &str,
    is_agreed: bool,
) -> Result<ProviderName, CliError> {
    let found = client.discover_provider(url).await?;
    let Some(definition) = found.definition else {
        return Ok(found.provider);
    };
    let definition = serde_json::to_value(&definition)
        .map_err(|source| CliError::internal("a definition could not be written", source))?;
    register::agree(is_agreed, context, &definition, &[])?;
    let wish = api::RegisterProvider {
        definition,
        force: false,
    };
    client.register_provider(&wish).await?;
    context.out.note(&format!("Registered {}", found.provider));
    Ok(found.provider)
}

fn wish(args: &Args, provider: ProviderName) -> api::StartLogin {
    api::StartLogin {
        provider,
        connection: args.connection.clone(),
        flow: args.flow.map(|flow| flow.as_str().to_owned()),
        scopes: args.scopes.clone(),
        base_url: args.base_url.clone(),
        force: args.again.force,
        new_client: args.again.new_client,
    }
}

/// A masked prompt where it was asked for, or where the machine shows no browser and somebody is at
/// the terminal. A login at the provider's own site cannot be typed.
fn types_in_terminal(args: &Args, context: &Context, session: &LoginSession) -> bool {
    if args.link.no_wait || !is_answered_here(session) {
        return false;
    }
    args.terminal.no_browser
        || args.terminal.key_stdin
        || (!args.link.no_open && !context.config.terminal.can_open_browser && prompt::has_person())
}

/// Whether something is to be typed and nobody is there to type it. Where one logs in at the
/// provider's own site nothing is: the link is enough.
fn lacks_person(args: &Args, session: &LoginSession) -> bool {
    args.terminal.no_browser
        && session.status != "completed"
        && is_answered_here(session)
        && !prompt::has_person()
}

fn no_terminal(session: &LoginSession) -> CliError {
    CliError::usage("there is no terminal to type the key in")
        .provider(session.provider.as_str())
        .operation("login")
        .hint("pipe the key in with --key-stdin, or leave --no-browser out")
}

fn takes_no_key(args: &Args, session: &LoginSession) -> CliError {
    CliError::new(
        ErrorCode::OperationNotAllowed,
        format!(
            "one logs in to `{}` at its own site, not with a key",
            session.provider
        ),
    )
    .provider(session.provider.as_str())
    .operation("login")
    .hint(format!(
        "leave `--key-stdin` out: `{}`",
        again(args, &session.provider)
    ))
}

/// The command that begins the same login once more.
fn again(args: &Args, provider: &ProviderName) -> String {
    let mut words = vec![format!("authsome login {provider}")];
    if args.connection.as_str() != ConnectionName::DEFAULT {
        words.push(format!("--connection {}", args.connection));
    }
    if let Some(flow) = args.flow {
        words.push(format!("--flow {}", flow.as_str()));
    }
    if args.again.force {
        words.push("--force".to_owned());
    }
    if args.again.new_client {
        words.push("--new-client".to_owned());
    }
    words.join(" ")
}

fn flow_of(text: &str) -> Result<Flow, String> {
    Flow::from_wire(text).ok_or_else(|| {
        "write pkce, device_code, dcr_pkce, client_credentials, jwt_bearer, github_app, api_key or browser".to_owned()
    })
}

fn show_link(args: &Args, context: &Context, session: &LoginSession) {
    if let (Some(code), Some(at)) = (&session.user_code, &session.verification_uri) {
        show_code(args, context, session, code, at);
        return;
    }
    let url = match &session.next_action {
        NextAction::OpenUrl { url } => url,
        NextAction::Browser { url, entry_url, .. } => url.as_ref().unwrap_or(entry_url),
        NextAction::None => return,
    };
    let opened = args.opens_link() && browser::open(context, url);
    if opened {
        context.out.note(&format!(
            "Opened your browser. If it stays empty, open:\n  {url}"
        ));
    } else if !(args.link.no_wait && context.out.is_json()) {
        context.out.ask(&format!(
            "Open this link to log in to {}:\n  {url}",
            session.provider
        ));
    }
}

/// A code that is typed on any device with a browser: this one, or a phone beside an SSH session.
fn show_code(args: &Args, context: &Context, session: &LoginSession, code: &str, at: &str) {
    let link = session.verification_uri_complete.as_deref().unwrap_or(at);
    let opened = args.opens_link() && browser::open(context, link);
    if args.link.no_wait && context.out.is_json() {
        return;
    }
    let (code, at) = (clean(code), clean(at));
    context.out.ask(&format!(
        "To log in to {}, type the code\n\n  {code}\n\nat {at}",
        session.provider
    ));
    if opened {
        context.out.note("Opened your browser there.");
    } else if prompt::stderr_is_terminal()
        && let Some(picture) = qr(link)
    {
        context.out.note(&picture);
    }
}

/// The link as a QR code of half blocks, dark on light as scanners want it.
fn qr(link: &str) -> Option<String> {
    let code = qrcode::QrCode::new(link).ok()?;
    let picture = code.render::<qrcode::render::unicode::Dense1x2>();
    let mut picture = picture;
    Some(
        picture
            .dark_color(qrcode::render::unicode::Dense1x2::Light)
            .light_color(qrcode::render::unicode::Dense1x2::Dark)
            .build(),
    )
}

fn report(context: &Context, args: &Args, session: LoginSession) -> Result<ExitCode, CliError> {
    let failure = failure(&session);
    let outcome = Outcome::of(session, args);
    let Some(failure) = failure else {
        context.out.done(&outcome)?;
        return Ok(ExitCode::SUCCESS);
    };
    if context.out.is_json() {
        context.out.done(&outcome)?;
        return Ok(ExitCode::from(exit::code(Kind::Code(failure))));
    }
    let error = CliError::new(failure, outcome.message.unwrap_or_default());
    Err(match outcome.hint {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// How a login that is over without a credential ended; `None` while it goes on, or went well.
fn failure(session: &LoginSession) -> Option<ErrorCode> {
    match session.status.as_str() {
        "failed" | "expired" => Some(ErrorCode::AuthenticationFailed),
        // The person closed the form.
        "cancelled" => Some(ErrorCode::InputCancelled),
        _ => None,
    }
}

impl Outcome {
    fn of(session: LoginSession, args: &Args) -> Self {
        let failure = failure(&session);
        let (status, record_status) = match session.status.as_str() {
            "completed" => ("success", "connected".to_owned()),
            other if failure.is_some() => ("failed", other.to_owned()),
            other => ("started", other.to_owned()),
        };
        let auth_url = match session.next_action {
            NextAction::OpenUrl { url } => Some(url),
            NextAction::Browser { url, entry_url, .. } => url.or(Some(entry_url)),
            NextAction::None => None,
        };
        let again = || format!("try again with `{}`", again(args, &session.provider));
        let said = session.error.as_deref().map(LoginState::parted);
        let step = said.and_then(|(_, step)| step.map(str::to_owned));
        let wrong = said.map(|(wrong, _)| wrong.to_owned());
        Self {
            status,
            record_status,
            session_id: session.id.to_string(),
            message: match session.status.as_str() {
                "expired" => Some("nobody finished the login in time".to_owned()),
                "cancelled" => Some("the login was cancelled".to_owned()),
                "failed" => wrong.or(session.message),
                _ => session.message,
            },
            error: failure.map(ErrorCode::class),
            hint: failure.map(|_| step.unwrap_or_else(again)),
            auth_url: auth_url.filter(|_| status == "started"),
            user_code: session.user_code,
            verification_uri: session.verification_uri,
            verification_uri_complete: session.verification_uri_complete,
            provider: session.provider,
            connection: session.connection,
        }
    }
}

/// `openai`, or `openai (work)`.
fn shown(provider: &ProviderName, connection: &ConnectionName) -> String {
    if connection.as_str() == ConnectionName::DEFAULT {
        provider.to_string()
    } else {
        format!("{provider} ({connection})")
    }
}

/// What makes `authsome run` take this connection, where another may be the provider's default.
fn chosen(provider: &ProviderName, connection: &ConnectionName) -> String {
    if connection.as_str() == ConnectionName::DEFAULT {
        String::new()
    } else {
        format!("--connection {provider}={connection} ")
    }
}

impl Answer for Outcome {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let name = shown(&self.provider, &self.connection);
        match self.status {
            "success" => {
                let said = match &self.message {
                    Some(text) if text.starts_with("Already") => {
                        format!("Already connected to {name}; --force logs in again")
                    }
                    _ => format!("Connected to {name}"),
                };
                format!(
                    "{}\nNext: authsome run {}-- COMMAND\n",
                    paint.good(&said),
                    chosen(&self.provider, &self.connection)
                )
            }
            _ => format!(
                "The login to {name} goes on without this command; see `authsome list --connected`\n"
            ),
        }
    }
}
