//! The body of every refusal.
//!
//! One struct serves both shapes that 0.5 clients read: `{"error", "message"}` of a failed
//! operation and `{"detail"}` of a refused request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request failed. `error` is [`ErrorCode::class`](crate::model::ErrorCode::class).
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The class name that scripts and 0.5 clients compare, such as `ConnectionNotFoundError`.
    #[serde(default)]
    pub error: String,
    /// What happened, for people.
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub provider: Option<String>,
    /// What was being done, such as `login` or `resolve`.
    #[serde(default)]
    pub operation: Option<String>,
    /// The same as `error` as a word: `connection_not_found`.
    #[serde(default)]
    pub code: String,
    /// The next step, for people and agents.
    #[serde(default)]
    pub hint: Option<String>,
    #[serde(default)]
    pub trace_id: Option<String>,
    /// Only in answers 401, 403, 404 and 422 about the request itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// What 0.5 clients read when a request itself is refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Detail {
    Text(String),
    Fields(Vec<FieldError>),
}

/// One part of the input that does not parse.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: `["body", "provider"]`, `["query", "limit"]`, `["path", "name"]`.
    pub loc: Vec<String>,
    pub msg: String,
    #[serde(rename = "type")]
    pub kind: String,
}
