//! `authsome daemon status`.

use crate::api;
use crate::cli::context::Context;
use crate::cli::elsewhere;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::client::{self, Client};
use crate::config::Config;
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
    /// Of the daemon of this machine alone, as the files are.
    pid: Option<u32>,
    pid_file: Option<String>,
    log_file: Option<String>,
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
            // Whether one runs on another machine does not show from here.
            (None, _) if self.log_file.is_none() => format!("{}\n", paint.bad("unreachable")),
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
        for (name, file) in [("pid", &self.pid_file), ("log", &self.log_file)] {
            if let Some(file) = file {
                row(name, file);
            }
        }
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
    let (health, error) = match answer {
        Ok(health) => (Some(health), None),
        Err(error) => (None, Some(problem(context, &url, &error))),
    };
    // What lies in this home says nothing of a daemon on another machine.
    let home = is_of_this_machine(context, &url).then_some(&context.config.home);
    context.out.show(&Status {
        running: health.is_some(),
        health,
        error,
        daemon_url: url.as_str().trim_end_matches('/').to_owned(),
        pid: home.and_then(daemon::holder).map(|holder| holder.pid),
        pid_file: home.map(|home| home.daemon_pid().display().to_string()),
        log_file: home.map(|home| home.daemon_log().display().to_string()),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Whether `url` is where a daemon that this machine starts would answer.
fn is_of_this_machine(context: &Context, url: &Url) -> bool {
    let own = context.config.local_daemon_url();
    Config::is_local_daemon(url) || own.is_ok_and(|own| own == *url)
}
