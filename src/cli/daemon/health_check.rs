//! `authsome daemon health-check`: the probe of a container, by the binary itself.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::client::Client;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use url::Url;

/// Asks the daemon that this environment would start, over loopback, never one elsewhere.
pub(super) async fn run(context: &Context) -> Result<ExitCode, CliError> {
    let url = Url::parse(&format!("http://{}/", own_address(context.config.listen)))
        .map_err(|source| CliError::internal("the listen address makes no URL", source))?;
    Client::anonymous(&url)?.health().await?;
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
