//! The dashboard's door and invitations.

use crate::model::{Email, Role};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The answer of `POST /session`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenDashboard {
    /// Opens the dashboard signed in; works once, for a short time.
    pub url: String,
}

/// `POST /admin/invitations`
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CreateInvitation {
    /// Only this address may use it; null lets whoever holds the link choose.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub email: Option<Email>,
    /// `admin` or `user`; null is `user`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub role: Option<Role>,
}

/// The answer of `POST /admin/invitations`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Where the invited person signs up; works once.
    pub url: String,
    #[schema(value_type = Option<String>)]
    pub email: Option<Email>,
    #[schema(value_type = String)]
    pub role: Role,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}
