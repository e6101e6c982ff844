//! Registering ourselves at an authorization server (RFC 7591).

use super::answer::{clean, normalised};
use super::ask::why;
use super::document::malformed;
use super::error::{Error, Step};
use super::transport::Transport;
use crate::secret::ClientSecret;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use serde_json::{Value, json};
use url::Url;

const STEP: Step = Step::Registration;
/// Longest id or secret, in bytes.
const LONGEST: usize = 4_096;

/// What a server knows us by from now on.
#[derive(Debug)]
pub struct Registered {
    pub client_id: String,
    /// Absent for a public client.
    pub client_secret: Option<ClientSecret>,
}

impl Transport {
    /// Registers a client for one redirect URI. `method` is how it will say who it is: `none`,
    /// `client_secret_post` or `client_secret_basic`.
    pub async fn register(
        &self,
        endpoint: &Url,
        redirect_uri: &str,
        method: &str,
        scope: &str,
    ) -> Result<Registered, Error> {
        let mut wish = json!({
            "client_name": "Authsome",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
        });
        if !scope.is_empty() {
            wish["scope"] = Value::from(scope);
        }
        let request = Request::post(endpoint.as_str())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, super::USER_AGENT)
            .body(wish.to_string().into_bytes())
            .map_err(|_| malformed(STEP, "its address cannot be asked"))?;
        let sent = self.send(request).await;
        let response = sent.map_err(|source| Error::Transport { step: STEP, source })?;
        let answer = normalised(&response).map_err(|unanswered| why(STEP, unanswered))?;
        let fields: Value = serde_json::from_slice(answer.body())
            .map_err(|_| malformed(STEP, "it is no object"))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        if !answer.status().is_success() {
            return Err(Error::Refused {
                step: STEP,
                code: clean(text("error").unwrap_or_default(), 64, |c| {
                    c.is_ascii_graphic()
                }),
                description: text("error_description").map(str::to_owned),
            });
        }
        let fit = |text: &&str| {
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|c| (0x20..0x7f).contains(&c))
        };
        let client_id = text("client_id")
            .filter(fit)
            .ok_or_else(|| malformed(STEP, "it has no client id"))?;
        Ok(Registered {
            client_id: client_id.to_owned(),
            client_secret: text("client_secret").filter(fit).map(ClientSecret::new),
        })
    }
}
