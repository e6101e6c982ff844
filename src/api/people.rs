//! The accounts of a daemon, for administrators.

use crate::model::{Email, PrincipalId, Role};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// `GET /admin/people`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct People {
    /// Oldest first.
    pub people: Vec<PersonAccount>,
}

/// An account, and what it has.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PersonAccount {
    #[schema(value_type = String)]
    pub principal_id: PrincipalId,
    /// Null for the owner of a home, whom nobody signs in as.
    #[schema(value_type = Option<String>)]
    pub email: Option<Email>,
    #[schema(value_type = String)]
    pub role: Role,
    /// Shut out: no browser and no agent of it is answered.
    pub disabled: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Null where nobody has since that is noted.
    #[serde(with = "time::serde::rfc3339::option")]
    pub signed_in_at: Option<OffsetDateTime>,
    /// Without those that were revoked.
    pub connections: u64,
    /// That it has accepted and not ended.
    pub agents: u64,
}

/// `POST /admin/people/{id}/role`
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SetRole {
    /// `admin` or `user`.
    #[schema(value_type = String)]
    pub role: Role,
}
