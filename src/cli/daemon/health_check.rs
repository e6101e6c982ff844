//! `authsome daemon health-check`: the probe of a container, by the binary itself.

use crate::cli::context::Context;
use crate::cli::elsewhere;
use crate::cli::error::CliError;
use crate::cli::output::{Answer, Style};
use crate::client::Client;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use url::Url;

/// Said to programs; people and containers look at the exit code.
#[derive(Debug, Serialize)]
struct Well {
    status: &'static str,
}

impl Answer for Well {
    fn text(&self, _style: &Style) -> String {
        String::new()
    }
}

/// Asks the daemon that this environment would start, over loopback, never one elsewhere.
pub(super) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    let url = Url::parse(&format!("http://{}/", own_address(context.config.listen)))
        .map_err(|source| CliError::internal("the listen address makes no URL", source))?;
    if let Err(error) = Client::anonymous(&url)?.health().await {
        return Err(elsewhere::daemon(context, &url).unwrap_or_else(|| error.into()));
    }
    if context.out.is_json() {
        context.out.show(&Well { status: "ok" })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn own_address(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_listens_everywhere_is_asked_over_loopback() {
        let asked = own_address("0.0.0.0:7998".parse().unwrap());
        assert_eq!(asked.to_string(), "127.0.0.1:7998");
        let asked = own_address("[::]:7998".parse().unwrap());
        assert_eq!(asked.to_string(), "[::1]:7998");
    }
}
