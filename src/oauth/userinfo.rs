//! Asking whose token it is (`OpenID` Connect Core section 5.3, and what others have in its place).

use super::error::{Error, Step};
use super::transport::Transport;
use crate::secret::AccessToken;
use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request};
use serde_json::Value;
use url::Url;

impl Transport {
    /// What the endpoint says of the account; any JSON.
    pub async fn userinfo(&self, url: &Url, token: &AccessToken) -> Result<Value, Error> {
        let step = Step::UserInfo;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
            .map_err(|_| malformed(step, "the token cannot be sent"))?;
        bearer.set_sensitive(true);
        let request = Request::get(url.as_str())
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, super::USER_AGENT)
            .body(Vec::new())
            .map_err(|_| malformed(step, "its address cannot be asked"))?;
        let response = self
            .send(request)
            .await
            .map_err(|source| Error::Transport { step, source })?;
        let status = response.status();
        if !status.is_success() {
            return Err(Error::Status {
                step,
                status: status.as_u16(),
            });
        }
        serde_json::from_slice(response.body()).map_err(|_| malformed(step, "it is not JSON"))
    }
}

fn malformed(step: Step, reason: &'static str) -> Error {
    Error::Malformed { step, reason }
}
