//! A request of our own to a provider, where the protocol library has none that fits.

use super::answer::{Answer, Tokens, Unanswered, clean, normalised};
use super::client::{ClientAuth, OAuthClient};
use super::error::{Error, Step};
use super::transport::Transport;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Response};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

/// How the fields of a request are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded` (RFC 6749 appendix B).
    #[default]
    Form,
    Json,
}

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) step: Step,
    pub(super) url: &'a Url,
    pub(super) encoding: Encoding,
    pub(super) fields: Vec<(&'a str, &'a str)>,
}

impl<'q> Question<'q> {
    /// The fields of the answer; a refusal is an error. A client says who it is.
    pub(super) async fn ask(
        mut self,
        transport: &Transport,
        client: Option<&'q OAuthClient>,
    ) -> Result<Map<String, Value>, Error> {
        let step = self.step;
        let mut request = Request::post(self.url.as_str())
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, super::USER_AGENT);
        if let Some(client) = client {
            match (&client.secret, client.auth) {
                (_, ClientAuth::Nobody) => {}
                (Some(secret), ClientAuth::Basic) => {
                    request = request.header(AUTHORIZATION, basic(&client.id, secret.reveal()));
                }
                (secret, ClientAuth::Body | ClientAuth::Basic) => {
                    self.fields.push(("client_id", &client.id));
                    if let Some(secret) = secret {
                        self.fields.push(("client_secret", secret.reveal()));
                    }
                }
            }
        }
        let (kind, body) = written(self.encoding, &self.fields);
        let request = request.header(CONTENT_TYPE, kind).body(body);
        let request = request.map_err(|_| Error::Malformed {
            step,
            reason: "its address cannot be asked",
        })?;
        let sent = transport.send(request).await;
        let response = sent.map_err(|source| Error::Transport { step, source })?;
        understood(step, &response)
    }

    /// The tokens of the answer.
    pub(super) async fn ask_for_tokens(
        self,
        transport: &Transport,
        client: Option<&'q OAuthClient>,
    ) -> Result<Tokens, Error> {
        let step = self.step;
        let fields = self.ask(transport, client).await?;
        tokens(step, fields)
    }
}

impl Tokens {
    /// Reads what a provider answered at `step`, as every grant does.
    pub fn read(step: Step, response: &Response<Vec<u8>>) -> Result<Self, Error> {
        tokens(step, understood(step, response)?)
    }
}

/// The fields of an answer; a refusal is an error.
fn understood(step: Step, response: &Response<Vec<u8>>) -> Result<Map<String, Value>, Error> {
    let answer = normalised(response).map_err(|unanswered| why(step, unanswered))?;
    let mut fields: Map<String, Value> =
        serde_json::from_slice(answer.body()).map_err(|_| Error::Malformed {
            step,
            reason: "it is no object",
        })?;
    if answer.status().is_success() {
        return Ok(fields);
    }
    let mut said = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    Err(Error::Refused {
        step,
        code: clean(&said("error").unwrap_or_default(), 64, |c| {
            c.is_ascii_graphic()
        }),
        description: said("error_description"),
    })
}

fn tokens(step: Step, fields: Map<String, Value>) -> Result<Tokens, Error> {
    let answer: Result<Answer, _> = serde_json::from_value(Value::Object(fields));
    // What could not be read is not repeated: it may hold a token.
    answer.map(Tokens::from).map_err(|_| Error::Malformed {
        step,
        reason: "it has no usable token",
    })
}

fn written(encoding: Encoding, fields: &[(&str, &str)]) -> (&'static str, Vec<u8>) {
    match encoding {
        Encoding::Form => {
            let mut form = Serializer::new(String::new());
            form.extend_pairs(fields);
            let kind = "application/x-www-form-urlencoded";
            (kind, form.finish().into_bytes())
        }
        Encoding::Json => {
            let object: Map<String, Value> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect();
            (
                "application/json",
                Value::Object(object).to_string().into_bytes(),
            )
        }
    }
}

/// RFC 6749 section 2.3.1: both parts are form-encoded first.
fn basic(id: &str, secret: &str) -> HeaderValue {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    let text = format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes()));
    let mut value =
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

pub(super) fn why(step: Step, unanswered: Unanswered) -> Error {
    match unanswered {
        Unanswered::Transport(source) => Error::Transport { step, source },
        Unanswered::Status(status) => Error::Status { step, status },
        Unanswered::Malformed(reason) => Error::Malformed { step, reason },
    }
}
