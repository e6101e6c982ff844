//! The request as the proxy sees it, and what to add to it.

use super::names::{ConnectionName, ProviderName};
use crate::secret::InjectedValue;

/// The request as the proxy sees it: canonical host, port and path, over verified TLS only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Lower case, without a trailing dot; an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
    /// The path as it will be sent upstream, without the query.
    pub path: String,
}

/// One thing to add to a request.
#[derive(Debug, Clone)]
pub enum InjectedPart {
    /// Replaces every header of that name, in any case.
    Header { name: String, value: InjectedValue },
    /// Replaces every query parameter of that name.
    Query { name: String, value: InjectedValue },
    /// Replaces the cookie of that name and keeps the others.
    Cookie { name: String, value: InjectedValue },
}

/// What to add to a request, and what to scrub from its response.
#[derive(Debug, Clone)]
pub struct Injection {
    pub provider: ProviderName,
    pub connection: ConnectionName,
    pub parts: Vec<InjectedPart>,
    /// The bare secrets (without prefix or Basic encoding) that must not come back in a response.
    pub secrets: Vec<InjectedValue>,
    /// How long the answer may be used without asking again, in seconds; 0 is "ask every time".
    pub lease_seconds: u32,
    /// Whether a new one can be had when the upstream does not take it.
    pub refreshable: bool,
}
