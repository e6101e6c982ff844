//! Reading a JSON document of a provider.

use super::error::{Error, Step};
use super::transport::Transport;
use crate::secret::AccessToken;
use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request, Response};
use serde_json::Value;
use url::Url;

impl Transport {
    /// The answer of a GET, whatever its status.
    pub(super) async fn get(
        &self,
        step: Step,
        url: &Url,
        token: Option<&AccessToken>,
    ) -> Result<Response<Vec<u8>>, Error> {
        let mut request = Request::get(url.as_str())
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, super::USER_AGENT);
        if let Some(token) = token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
                .map_err(|_| malformed(step, "the token cannot be sent"))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        let request = request.body(Vec::new());
        let request = request.map_err(|_| malformed(step, "its address cannot be asked"))?;
        let sent = self.send(request).await;
        sent.map_err(|source| Error::Transport { step, source })
    }

    /// The JSON at a URL.
    pub(super) async fn document(
        &self,
        step: Step,
        url: &Url,
        token: Option<&AccessToken>,
    ) -> Result<Value, Error> {
        let response = self.get(step, url, token).await?;
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

pub(super) fn malformed(step: Step, reason: &'static str) -> Error {
    Error::Malformed { step, reason }
}
