//! A login in progress.

use super::WireSecret;
use crate::model::provider::Flow;
use crate::model::{ConnectionName, LoginSessionId, ProviderName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// `POST /auth/sessions`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StartLogin {
    #[schema(value_type = String, example = "openai")]
    pub provider: ProviderName,
    #[serde(default)]
    #[schema(value_type = String, default = "default")]
    pub connection: ConnectionName,
    /// `pkce`, `device_code`, `dcr_pkce`, `client_credentials`, `jwt_bearer`, `github_app`, `api_key` or
    /// `browser`; null takes the provider's own.
    #[serde(default)]
    pub flow: Option<String>,
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// The site to log in to, for providers that are installed in many places.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Log in again although the connection is there.
    #[serde(default)]
    pub force: bool,
    /// The login is to bring another OAuth client of the daemon, in the place of the one that
    /// `DELETE /admin/clients/{provider}` forgets meanwhile. Administrators only.
    #[serde(default)]
    pub new_client: bool,
}

/// `POST /auth/sessions/{id}/resume`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ResumeLogin {
    pub data: LoginAnswer,
}

/// What the person answered; exactly one field is expected.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct LoginAnswer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<WireSecret>,
    /// What a program logs in with, field by field: `client_id` and `client_secret`; `issuer` and
    /// `private_key`; `app_id`, `installation_id` and `private_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub key: Option<BTreeMap<String, WireSecret>>,
    /// Cookies by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub credentials: Option<BTreeMap<String, WireSecret>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<WireSecret>,
}

/// The answer of every `/auth/sessions` route.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LoginSession {
    #[schema(value_type = String, example = "sess_0123456789abcdef0123456789abcdef")]
    pub id: LoginSessionId,
    #[schema(value_type = String)]
    pub provider: ProviderName,
    #[schema(value_type = String)]
    pub connection: ConnectionName,
    /// How one logs in; older daemons do not say.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub flow: Option<Flow>,
    /// `pending`, `waiting_for_user`, `processing`, `completed`, `failed`, `expired` or `cancelled`.
    pub status: String,
    pub message: Option<String>,
    pub error: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    pub next_action: NextAction,
    pub user_code: Option<String>,
    pub verification_uri: Option<String>,
    pub verification_uri_complete: Option<String>,
}

/// What the person has to do now.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NextAction {
    OpenUrl {
        url: String,
    },
    /// Log in with a browser and hand over its cookies: by the form at `url`, or by `resume`.
    Browser {
        /// The page that takes the cookies; older daemons do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        entry_url: String,
        domains: Vec<String>,
        auth_cookies: Vec<String>,
        ttl_from_cookie: Option<String>,
        ttl_hours: Option<u32>,
    },
    None,
}

/// Without the link, which may hold the ticket of the login.
impl fmt::Debug for NextAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenUrl { .. } => "OpenUrl(..)",
            Self::Browser { .. } => "Browser(..)",
            Self::None => "None",
        })
    }
}
