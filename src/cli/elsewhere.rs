//! The daemon of this home where it listens at another address than commands look for it.
//!
//! One home has one daemon, so none can be started where commands look while it runs elsewhere.

use super::context::Context;
use super::error::CliError;
use crate::config::Config;
use crate::daemon;
use crate::model::ErrorCode;
use std::net::{IpAddr, SocketAddr};
use url::{Host, Url};

/// Says where the daemon of this home runs, when that is not at `url`; `None` when there is none,
/// it still starts, or `url` is not on this machine.
pub(crate) fn daemon(context: &Context, url: &Url) -> Option<CliError> {
    if !Config::is_local_daemon(url) {
        return None;
    }
    let holder = daemon::holder(&context.config.home)?;
    let address = holder.address.filter(|at| !is_at(*at, url))?;
    let asked = url.as_str().trim_end_matches('/');
    Some(
        CliError::new(
            ErrorCode::DaemonUnavailable,
            format!(
                "the daemon of this home runs at {address} (pid {}), not at {asked}",
                holder.pid
            ),
        )
        .hint(format!(
            "use it with AUTHSOME_DAEMON_URL=http://{}, or stop it with `authsome daemon stop`",
            reachable(address)
        )),
    )
}

/// Whether what listens at `address` answers to `url`.
fn is_at(address: SocketAddr, url: &Url) -> bool {
    let same_host = match url.host() {
        Some(Host::Ipv4(ip)) => address.ip() == IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => address.ip() == IpAddr::V6(ip),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    url.port_or_known_default() == Some(address.port())
        && (same_host || address.ip().is_unspecified())
}

/// Every address of this machine includes its loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_at_its_port_under_every_name_of_its_host() {
        let at = |address: &str, url: &str| is_at(address.parse().unwrap(), &url.parse().unwrap());
        assert!(at("127.0.0.1:7998", "http://127.0.0.1:7998"));
        assert!(at("127.0.0.1:7998", "http://localhost:7998"));
        assert!(at("0.0.0.0:7998", "http://127.0.0.1:7998"));
        assert!(!at("127.0.0.1:7999", "http://127.0.0.1:7998"));
        assert!(!at("[::1]:7998", "http://127.0.0.1:7998"));
    }
}
