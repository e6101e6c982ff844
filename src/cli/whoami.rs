//! `authsome whoami`: who you are to the daemon, and whether all is well.

use super::context::Context;
use super::error::CliError;
use super::output::{Answer, Style};
use super::table::{Rows, Tone, tone_of};
use crate::api::{ConnectionList, Encryption, Readiness, WhoAmI};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, Serialize)]
struct Me {
    authsome_version: &'static str,
    daemon_version: String,
    home_directory: String,
    profile: String,
    principal_id: String,
    vault_id: String,
    did: String,
    role: String,
    registration_status: String,
    daemon_url: String,
    #[serde(flatten)]
    encryption: Encryption,
    /// `ok` or `failed`.
    vault_status: String,
    connected_providers_count: usize,
    connected_providers: Vec<ConnectedProvider>,
    issues: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ConnectedProvider {
    name: String,
    count: usize,
    connections: Vec<String>,
}

pub(crate) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client().await?;
    let (who, list, ready) =
        tokio::try_join!(client.whoami(), client.connections(), client.readiness())?;
    let me = Me::of(context, who, list, ready)?;
    context.out.show(&me)?;
    Ok(ExitCode::SUCCESS)
}

impl Me {
    fn of(
        context: &Context,
        who: WhoAmI,
        list: ConnectionList,
        ready: Readiness,
    ) -> Result<Self, CliError> {
        let connected: Vec<_> = list
            .connections
            .into_iter()
            .map(|at| ConnectedProvider {
                name: at.name.to_string(),
                count: at.connections.len(),
                connections: at
                    .connections
                    .iter()
                    .map(|one| one.connection_name.to_string())
                    .collect(),
            })
            .collect();
        Ok(Self {
            authsome_version: env!("CARGO_PKG_VERSION"),
            daemon_version: who.version,
            home_directory: context.config.home.path().display().to_string(),
            profile: who.identity.to_string(),
            principal_id: who.principal_id.to_string(),
            vault_id: who.vault_id.to_string(),
            did: who.did.to_string(),
            role: who.role,
            registration_status: who.registration_status,
            daemon_url: context.daemon_address()?,
            encryption: who.encryption,
            vault_status: ready.checks.vault,
            connected_providers_count: connected.len(),
            connected_providers: connected,
            issues: ready.issues,
        })
    }
}

impl Answer for Me {
    fn text(&self, style: &Style) -> String {
        let connected = match self.connected_providers.as_slice() {
            [] => "none yet; log in with `authsome login PROVIDER`".to_owned(),
            some => some
                .iter()
                .map(|at| match at.count {
                    1 => at.name.clone(),
                    count => format!("{} ({count} connections)", at.name),
                })
                .collect::<Vec<_>>()
                .join(", "),
        };
        let mut rows = Rows::new(style, &[]);
        for (name, value, tone) in [
            ("identity", self.profile.as_str(), Tone::Plain),
            ("did", &self.did, Tone::Plain),
            ("role", &self.role, Tone::Plain),
            ("vault", &self.vault_status, tone_of(&self.vault_status)),
            (
                "master key",
                &self.encryption.effective_encryption_source,
                Tone::Plain,
            ),
            ("home", &self.home_directory, Tone::Plain),
            ("daemon", &self.daemon_url, Tone::Plain),
            ("connected", &connected, Tone::Plain),
        ] {
            rows.push(&[(name, Tone::Dim), (value, tone)]);
        }
        for issue in &self.issues {
            rows.push(&[("issue", Tone::Bad), (issue, Tone::Plain)]);
        }
        rows.finish()
    }
}
