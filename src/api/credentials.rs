//! Secrets on their way out: export and resolve.

use super::{WireDigest, WireSecret};
use crate::model::{ConnectionName, ProviderName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// `POST /credentials/export`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// Null exports the default connection of every provider.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub provider: Option<ProviderName>,
    #[serde(default)]
    #[schema(value_type = String, default = "default")]
    pub connection: ConnectionName,
    #[serde(default)]
    pub format: ExportFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// `NAME=value` lines.
    #[default]
    Env,
    /// `export NAME='value'` lines, safe for `eval`.
    Shell,
    /// One JSON object.
    Json,
}

/// The text to print.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Exported {
    pub output: WireSecret,
}

/// `POST /credentials/resolve`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Resolve {
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// Null takes the provider's default connection.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub connection: Option<ConnectionName>,
    /// The host the request is for: some definitions authenticate differently by host. Null
    /// means the first host of the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port beside it. A host that the definition does not name with it gets nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The upstream answered 401 to what was given last. A credential that renews itself does so
    /// now, at most every 30 seconds, and the answer has the new one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
}

/// What to add to a request to this provider.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Resolved {
    #[schema(value_type = String)]
    pub provider: ProviderName,
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// The header part alone, for 0.5 clients.
    #[schema(value_type = BTreeMap<String, String>)]
    pub headers: BTreeMap<String, WireSecret>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// How long the answer may be used without asking again, in seconds; 0 is "ask every time".
    #[serde(default)]
    pub lease_seconds: u32,
    /// Whether a new one can be had, with `rejected`, when the upstream does not take it.
    #[serde(default)]
    pub refreshable: bool,
    /// Everything to add, headers included.
    #[serde(default)]
    pub injections: Vec<InjectedPartBody>,
    /// The bare secrets, which must not come back in a response.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub secrets: Vec<WireSecret>,
}

/// One thing to add to a request.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InjectedPartBody {
    Header { name: String, value: WireSecret },
    Query { name: String, value: WireSecret },
    Cookie { name: String, value: WireSecret },
}

/// `POST /credentials/compare`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Compare {
    /// The key of the digests: 32 random bytes made for this request, as hexadecimal digits.
    pub salt: WireDigest,
    /// At most 1,000.
    pub finds: Vec<Find>,
    /// What a find is stored as, where that name is free.
    #[serde(default)]
    #[schema(value_type = String, default = "default")]
    pub connection: ConnectionName,
    /// Replace a connection of that name; else a second one is made beside it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
}

/// A secret that lies somewhere in plain text; exactly one of `digest` and `value`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Find {
    /// The environment variable it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Whose it may be, where no definition names the variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub providers: Vec<ProviderName>,
    /// HMAC-SHA256 of it under the salt, as hexadecimal digits: it can be compared and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<WireDigest>,
    /// Itself: it is stored where it is missing or differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<WireSecret>,
}

/// How the finds stand to what is stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// In the order of the request.
    pub finds: Vec<ComparedFind>,
    /// The providers there is a connection to.
    pub connected: Vec<ConnectedProvider>,
}

/// What is known of one find.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ComparedFind {
    /// Null where no definition is for it.
    #[schema(value_type = Option<String>)]
    pub provider: Option<ProviderName>,
    pub state: FindState,
    /// The connection that has it, or that has another, or that was made of it.
    #[schema(value_type = Option<String>)]
    pub connection: Option<ConnectionName>,
    /// The connection that requests to the provider use where none is named; what was just imported counts.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub default_connection: Option<ConnectionName>,
    /// What may stand in its place; public, and always the same for one provider.
    pub placeholder: Option<String>,
    /// Why a value was not stored.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindState {
    /// No definition is for it.
    Unknown,
    /// A provider's, and not stored.
    Missing,
    Same,
    /// There is a connection, and it has another secret.
    Different,
    /// What stands in place of a secret that is stored.
    Placeholder,
    /// It was missing or different, and is stored now.
    Imported,
}

/// A provider with a connection.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConnectedProvider {
    #[schema(value_type = String)]
    pub provider: ProviderName,
    /// The variables in which programs look for its secret.
    pub variables: Vec<String>,
}
