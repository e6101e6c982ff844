//! Registration, claim status and the local binding of an Identity.

use super::WireSecret;
use crate::model::{Did, Handle, PrincipalId};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// `POST /identities/register`, signed with the identity's own key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegisterIdentity {
    #[schema(value_type = String, example = "brisk-otter-7f3a")]
    pub handle: Handle,
    #[schema(value_type = String)]
    pub did: Did,
}

/// The answer of `POST /identities/register` and `GET /identities/{handle}`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct IdentityStatus {
    /// `registered` in the answer to a registration; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[schema(value_type = String)]
    pub identity: Handle,
    #[schema(value_type = String)]
    pub did: Did,
    /// `claim_required`, `pending`, `claimed` or `rejected`.
    pub registration_status: String,
    /// Where a person accepts the identity; only for the holder of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub principal_id: Option<PrincipalId>,
}

/// Without the claim link, which is for the holder of the key alone.
impl fmt::Debug for IdentityStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityStatus")
            .field("status", &self.status)
            .field("identity", &self.identity)
            .field("did", &self.did)
            .field("registration_status", &self.registration_status)
            .field("principal_id", &self.principal_id)
            .finish_non_exhaustive()
    }
}

/// `POST /identities/{handle}/bind-local`, signed with the identity's own key.
///
/// Binds it to the local Principal of the home without a browser: the secret is the content of the
/// daemon's one-time file, which only the owner of the home can read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BindLocal {
    pub secret: WireSecret,
}
