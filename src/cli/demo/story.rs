//! The story of the demo, step by step, and the three facts it shows.

use super::child;
use super::stage::{self, Stage};
use super::upstream::{self, DemoApi};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::config::ChildEnvironment;
use crate::model::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::ExitCode;

/// Arguments of `authsome demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Be the demo's agent and call this host; what the demo starts under `run`
    #[arg(long, hide = true, value_name = "HOST:PORT")]
    agent: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    match args.agent {
        Some(authority) => act(&authority, context).await,
        None => perform(context).await,
    }
}

/// What the agent tells about itself, on stdout as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct AgentReport {
    /// The value of `DEMO_API_KEY` in the agent's environment.
    environment: String,
    tool: String,
    answer: String,
}

/// The agent's part: runs as a child of `authsome run`.
async fn act(authority: &str, context: &Context) -> Result<ExitCode, CliError> {
    let environment = ChildEnvironment::capture();
    let call = child::call(authority, &environment)
        .await
        .map_err(|source| {
            CliError::new(
                ErrorCode::EndpointUnreachable,
                "the demo's agent could not call its API",
            )
            .caused_by(source)
        })?;
    let held = environment
        .get("DEMO_API_KEY")
        .unwrap_or_default()
        .to_string_lossy();
    let report = AgentReport {
        environment: held.into_owned(),
        tool: call.tool.to_owned(),
        answer: call.body,
    };
    let line = serde_json::to_vec(&report)
        .map_err(|source| CliError::internal("could not write JSON", source))?;
    context.out.raw(&line)?;
    Ok(ExitCode::SUCCESS)
}

/// What the demo found out.
#[derive(Debug, Serialize)]
struct Facts {
    status: &'static str,
    api_received_real_key: bool,
    child_held_placeholder: bool,
    placeholder: String,
    tool: String,
    answer: String,
    audit: Vec<Value>,
}

impl Facts {
    const fn hold(&self) -> bool {
        self.api_received_real_key && self.child_held_placeholder && !self.audit.is_empty()
    }
}

impl Answer for Facts {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let mark = |holds: bool| {
            if holds {
                paint.good("✓")
            } else {
                paint.bad("✗")
            }
        };
        let mut text = String::new();
        let _ = writeln!(
            text,
            "\n{} The API received the real key (called with {}; it answered {}).",
            mark(self.api_received_real_key),
            self.tool,
            self.answer
        );
        let _ = writeln!(
            text,
            "{} The agent's environment held only a placeholder: DEMO_API_KEY={}",
            mark(self.child_held_placeholder),
            self.placeholder
        );
        let _ = writeln!(
            text,
            "{} The audit log names who used what:",
            mark(!self.audit.is_empty())
        );
        for entry in &self.audit {
            let word = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            let _ = writeln!(
                text,
                "    {}  {}  {}  {}/{}",
                word("timestamp"),
                word("event"),
                word("identity"),
                word("provider"),
                word("connection")
            );
        }
        text.push_str(
            "\nEverything the demo made is gone again. For real: authsome login openai\n",
        );
        text
    }
}

async fn perform(context: &Context) -> Result<ExitCode, CliError> {
    let spinner = context.out.spinner("starting a daemon on a temporary home");
    let stage = Stage::build().await?;
    drop(spinner);
    let told = tell(context, &stage).await;
    stage.strike().await?;
    let facts = told?;
    let held = facts.hold();
    context.out.show(&facts)?;
    if held {
        return Ok(ExitCode::SUCCESS);
    }
    Err(
        CliError::new(ErrorCode::Internal, "the demo did not show what it should")
            .hint("please report this with the output of `authsome demo --json`"),
    )
}

async fn tell(context: &Context, stage: &Stage) -> Result<Facts, CliError> {
    let say = |text: &str| context.out.note(text);
    let made = stage.json(&["init", "--json"], None).await?;
    let who = made["profile"].as_str().unwrap_or("the agent").to_owned();
    say(&format!(
        "1. init       made the identity {who} and its vault"
    ));

    let api = DemoApi::start().await?;
    let definition = stage.write("demo.json", &definition(&api.authority).to_string())?;
    let definition = definition.display().to_string();
    stage
        .json(&["register", &definition, "--yes", "--json"], None)
        .await?;
    say(&format!(
        "2. register   made a service of https://{}",
        api.authority
    ));

    let key = secret_key()?;
    stage
        .json(
            &["login", "demo", "--key-stdin", "--json"],
            Some(&format!("{key}\n")),
        )
        .await?;
    say("3. login      stored an API key for it in the vault");

    let ca_file = stage.write("demo-ca.pem", &api.ca_pem)?;
    let program = stage.program();
    let agent = [
        "run",
        "--",
        program.as_str(),
        "demo",
        "--agent",
        api.authority.as_str(),
    ];
    let output = stage
        .run(&agent, None, &[("AUTHSOME_UPSTREAM_CA_FILE", &ca_file)])
        .await?;
    let report: AgentReport = serde_json::from_str(&output)
        .map_err(|source| CliError::internal("the demo's agent did not report", source))?;
    say("4. run        started an agent that called the API with what it was given");

    let log = stage
        .json(&["log", "--event", "credential.resolved", "--json"], None)
        .await?;
    let audit = log["entries"].as_array().cloned().unwrap_or_default();
    let sent = format!("Bearer {key}");
    Ok(Facts {
        status: "success",
        api_received_real_key: api.last_authorization().as_deref() == Some(sent.as_str()),
        child_held_placeholder: !report.environment.is_empty()
            && !report.environment.contains(&key),
        placeholder: report.environment,
        tool: report.tool,
        answer: report.answer,
        audit,
    })
}

fn definition(authority: &str) -> Value {
    json!({
        "schema_version": 1,
        "name": "demo",
        "display_name": "Demo API",
        "auth_type": "api_key",
        "flow": "api_key",
        "api_url": format!("https://{authority}"),
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer", "env_var": "DEMO_API_KEY"},
        "export": {"DEMO_API_KEY": "API_TOKEN"},
        "placeholder": "demo-{random:24}",
    })
}

/// A key that exists for this demo alone.
fn secret_key() -> Result<String, CliError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|source| CliError::internal("no random numbers to be had", source))?;
    let mut key = String::from("demo-key-");
    for byte in bytes {
        let _ = write!(key, "{byte:02x}");
    }
    Ok(key)
}

impl From<stage::Error> for CliError {
    fn from(error: stage::Error) -> Self {
        Self::new(ErrorCode::Internal, "the demo stopped").caused_by(error)
    }
}

impl From<upstream::Error> for CliError {
    fn from(error: upstream::Error) -> Self {
        Self::new(ErrorCode::Internal, "the demo's API did not start").caused_by(error)
    }
}
