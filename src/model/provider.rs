//! The definition of a third party (schema version 1 of `http-api.md`).
//!
//! Only data: `catalog` reads the files, checks every rule and fills these in.

use super::export::{ExportSource, export_spelling};
use super::injection::InjectionRule;
use super::names::ProviderName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of secret a login yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    #[serde(rename = "oauth2")]
    OAuth2,
    ApiKey,
    Browser,
}

impl AuthType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OAuth2 => "oauth2",
            Self::ApiKey => "api_key",
            Self::Browser => "browser",
        }
    }
}

/// How a person logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    Pkce,
    DeviceCode,
    DcrPkce,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 7523, such as the key of a service account.
    JwtBearer,
    GithubApp,
    ApiKey,
    Browser,
}

impl Flow {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pkce => "pkce",
            Self::DeviceCode => "device_code",
            Self::DcrPkce => "dcr_pkce",
            Self::ClientCredentials => "client_credentials",
            Self::JwtBearer => "jwt_bearer",
            Self::GithubApp => "github_app",
            Self::ApiKey => "api_key",
            Self::Browser => "browser",
        }
    }

    /// Whether a program logs in by a key of its own, and no person at the provider.
    pub const fn is_headless(self) -> bool {
        matches!(
            self,
            Self::ClientCredentials | Self::JwtBearer | Self::GithubApp
        )
    }

    pub fn from_wire(text: &str) -> Option<Self> {
        match text {
            "pkce" => Some(Self::Pkce),
            "device_code" => Some(Self::DeviceCode),
            "dcr_pkce" => Some(Self::DcrPkce),
            "client_credentials" => Some(Self::ClientCredentials),
            "jwt_bearer" => Some(Self::JwtBearer),
            "github_app" => Some(Self::GithubApp),
            "api_key" => Some(Self::ApiKey),
            "browser" => Some(Self::Browser),
            _ => None,
        }
    }
}

/// Where a definition came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderSource {
    Bundled,
    Custom,
}

/// The definition of a third party.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provider {
    #[serde(default = "schema_version")]
    pub schema_version: u32,
    pub name: ProviderName,
    pub display_name: String,
    /// What it is for, such as `llm`, `app` or `mcp`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub auth_type: AuthType,
    pub flow: Flow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OAuthSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationSettings>,
    /// Where our OAuth client is read from, where it is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKeySettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<BrowserSettings>,
    /// Environment variable to what it holds.
    #[serde(
        default,
        with = "export_spelling",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub export: BTreeMap<String, ExportSource>,
    /// Where the credential may go: hosts, URLs with a path prefix, `regex:` patterns.
    #[serde(default, with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub api_url: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs_url: Option<String>,
    /// The provider to take for an installation of one's own, where this one has a single site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_hosted: Option<ProviderName>,
    /// The fake value a child gets in place of the secret; see [`PlaceholderTemplate`](super::placeholder::PlaceholderTemplate).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// What to add to a request; empty means: what `api_key`, `oauth` or `browser` imply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub injections: Vec<InjectionRule>,
    /// Fields this version does not know; kept and given back.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

const fn schema_version() -> u32 {
    1
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the file format"
)]
pub struct OAuthSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_authorization_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token_request: Option<DeviceTokenRequest>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub pkce: bool,
    #[serde(default)]
    pub supports_device_code: bool,
    #[serde(default)]
    pub supports_dcr: bool,
    /// The site the `{base_url}` templates stand for when nobody names another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Said to a person who is asked for the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url_hint: Option<String>,
    /// `none` where the provider knows no clients; absent: ours has to be registered there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientKind>,
    /// How our client says who it is at the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_method: Option<AuthorizationMethod>,
    /// Sent along to the authorization endpoint, such as `access_type: offline`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorization_params: BTreeMap<String, String>,
    /// Between scopes where the service does not read spaces (RFC 6749 section 3.3 asks for them).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
    /// Who answers a login (RFC 9207); another one's answer is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Whether the issuer names itself in every answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub names_issuer: bool,
    /// Other flows than the usual one that a program can log in by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Flow>,
    /// Whom an assertion is for (RFC 7523 section 3); the token endpoint where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion_audience: Option<String>,
    /// Where a GitHub App gets its tokens; `{installation_id}` stands in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_token_url: Option<String>,
    /// What tokens are asked for (RFC 8707), such as the URL of an MCP server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Who an access token belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<UserInfo>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// Whether our programs have a registration at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// The provider takes a login from anybody, and a request names no client.
    None,
}

/// RFC 6749 section 2.3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationMethod {
    /// In the form.
    Body,
    /// `Authorization: Basic`.
    Basic,
}

/// Where a service says whose token it is; `id` and `label` are JSON pointers (RFC 6901) into its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceTokenRequest {
    #[serde(rename = "oauth2_form")]
    OAuth2Form,
    #[serde(rename = "json")]
    Json,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegistrationSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// Variables of the daemon's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_env: Option<String>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKeySettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_name: Option<String>,
    /// Goes before the key with a space between; `""` (and `null` in a file) means the bare key.
    /// Absent: `Bearer` in `Authorization`, the bare key in any other header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_var: Option<String>,
    /// The site that `{base_url}` in `api_url` stands for when nobody names another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Said to a person who is asked for the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url_hint: Option<String>,
    /// What a key looks like; anchored at both ends whether or not it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pattern: Option<String>,
    /// Said to a person whose key does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pattern_hint: Option<String>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BrowserSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_url: Option<String>,
    #[serde(default)]
    pub domains: Vec<String>,
    #[serde(default)]
    pub auth_cookies: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra_headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_hours: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_from_cookie: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extract: Vec<CookieExtraction>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// Copies one cookie into a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CookieExtraction {
    pub cookie: String,
    pub header: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// A string or a list of strings; written back as it would be read most plainly.
mod one_or_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
        Ok(match Option::<OneOrMany>::deserialize(from)? {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text],
            Some(OneOrMany::Many(list)) => list,
        })
    }

    pub(super) fn serialize<S: Serializer>(list: &[String], to: S) -> Result<S::Ok, S::Error> {
        match list {
            [only] => only.serialize(to),
            many => many.serialize(to),
        }
    }
}

/// How the text of a definition is written: JSON with comments and trailing commas, and nothing looser.
pub const fn text_dialect() -> jsonc_parser::ParseOptions {
    jsonc_parser::ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}
