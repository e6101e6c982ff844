//! `authsome ui`: the dashboard, signed in.

use super::browser;
use super::context::Context;
use super::error::CliError;
use super::output::{Answer, Style};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `authsome ui`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the link instead of opening it
    #[arg(long)]
    no_open: bool,
}

#[derive(Debug, Serialize)]
struct Dashboard {
    /// Works once, for a short time.
    url: String,
    opened: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let url = client.open_dashboard().await?.url;
    let opened = !args.no_open && browser::open(context, &url);
    let dashboard = Dashboard { url, opened };
    if opened {
        context.out.done(&dashboard)?;
        let url = &dashboard.url;
        let text = format!("If it stays empty, open within a minute:\n  {url}");
        context.out.note(&text);
    } else {
        context.out.show(&dashboard)?;
        context.out.note("The link works once, for a minute.");
    }
    Ok(ExitCode::SUCCESS)
}

impl Answer for Dashboard {
    fn text(&self, _style: &Style) -> String {
        if self.opened {
            "Opened the dashboard in your browser\n".to_owned()
        } else {
            format!("{}\n", super::paint::clean(&self.url))
        }
    }
}
