//! The dashboard's door and invitations.

use crate::model::{Email, Role};
use serde::{Deserialize, Serialize};
use std::fmt;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The answer of `POST /session`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenDashboard {
    /// Opens the dashboard signed in; works once, for a short time.
    pub url: String,
}

impl fmt::Debug for OpenDashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenDashboard(..)")
    }
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
#[derive(Clone, Serialize, Deserialize, ToSchema)]
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

/// Without the link, which is as good as an account.
impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("email", &self.email)
            .field("role", &self.role)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
