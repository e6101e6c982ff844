//! Asking whose token it is (`OpenID` Connect Core section 5.3, and what others have in its place).

use super::error::{Error, Step};
use super::transport::Transport;
use crate::secret::AccessToken;
use serde_json::Value;
use url::Url;

impl Transport {
    /// What the endpoint says of the account; any JSON.
    pub async fn userinfo(&self, url: &Url, token: &AccessToken) -> Result<Value, Error> {
        self.document(Step::UserInfo, url, Some(token)).await
    }
}
