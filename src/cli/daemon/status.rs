//! `authsome daemon status`.

use crate::api;
use crate::cli::context::Context;
use crate::cli::elsewhere;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::client::{self, Client};
use crate::daemon;
use serde::Serialize;
use std::fmt::Write as _;
use std::process::ExitCode;
use url::Url;

/// What `daemon status` says.
#[derive(Debug, Serialize)]
struct Status {
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<api::Health>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    daemon_url: String,
    pid: Option<u32>,
    pid_file: String,
    log_file: String,
}

impl Answer for Status {
    fn text(&self, style: &Style) -> String {
        let paint = style.paint();
        let mut text = match (&self.health, self.pid) {
            (Some(health), Some(pid)) => {
                format!(
                    "{} version {}, pid {pid}\n",
                    paint.good("running"),
                    health.version
                )
            }
            (Some(health), None) => {
                format!("{} version {}\n", paint.good("running"), health.version)
            }
            (None, _) => format!("{}\n", paint.bad("not running")),
        };
        let mut row = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<8} {value}");
        };
        row("address", &self.daemon_url);
        if let Some(health) = &self.health {
            row("store", &health.store_backend);
        }
        if let Some(error) = &self.error {
            row("problem", error);
        }
        row("pid", &self.pid_file);
        row("log", &self.log_file);
        text
    }
}

fn problem(context: &Context, url: &Url, error: &client::Error) -> String {
    match elsewhere::daemon(context, url) {
        Some(told) => format!(
            "{}; {}",
            told.whole_message(),
            told.next_step().unwrap_or_default()
        ),
        None => error.to_string(),
    }
}

pub(super) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    let url = context.daemon_url()?;
    let answer = match Client::anonymous(&url) {
        Ok(client) => client.health().await,
        Err(error) => Err(error),
    };
    let holder = daemon::holder(&context.config.home);
    let home = &context.config.home;
    let (health, error) = match answer {
        Ok(health) => (Some(health), None),
        Err(error) => (None, Some(problem(context, &url, &error))),
    };
    context.out.show(&Status {
        running: health.is_some(),
        health,
        error,
        daemon_url: url.as_str().trim_end_matches('/').to_owned(),
        pid: holder.map(|holder| holder.pid),
        pid_file: home.daemon_pid().display().to_string(),
        log_file: home.daemon_log().display().to_string(),
    })?;
    Ok(ExitCode::SUCCESS)
}
