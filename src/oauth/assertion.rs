//! What a program signs instead of sending a secret (RFC 7523), and the tokens it gets for that.

use super::answer::{Tokens, clean, is_shown};
use super::ask::{Encoding, Question};
use super::document::malformed;
use super::error::{Error, Step};
use super::sent::Sent;
use super::transport::Transport;
use crate::secret::{AccessToken, SigningKey};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, USER_AGENT};
use http::{HeaderValue, Request};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;
use zeroize::Zeroizing;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Ten minutes is the most that GitHub takes, an hour the most of Google.
const LIFE: Duration = Duration::from_mins(9);
/// The other side's clock may be behind ours.
const SKEW: Duration = Duration::from_mins(1);

/// Who signs, and what for.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    pub issuer: &'a str,
    pub subject: Option<&'a str>,
    pub audience: Option<&'a str>,
    pub scopes: &'a [String],
    pub key_id: Option<&'a str>,
    pub signing_key: &'a SigningKey,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    /// Google reads the scopes here, where the RFC has them beside the assertion.
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    iat: i64,
    exp: i64,
}

impl Assertion<'_> {
    /// The tokens for an assertion (RFC 7523 section 2.1).
    pub async fn exchange(
        &self,
        transport: &Transport,
        token_url: &Url,
        now: OffsetDateTime,
    ) -> Result<Tokens, Error> {
        let step = Step::JwtBearer;
        let signed = self.signed(step, now)?;
        let scope = self.scopes.join(" ");
        let mut fields = vec![("grant_type", GRANT), ("assertion", signed.as_str())];
        if !scope.is_empty() {
            fields.push(("scope", &scope));
        }
        let question = Question {
            step,
            url: token_url,
            encoding: Encoding::Form,
            fields,
        };
        question.ask_for_tokens(transport, None).await
    }

    /// The token of a GitHub App for one of its installations, which `url` names.
    pub async fn installation_token(
        &self,
        transport: &Transport,
        url: &Url,
        now: OffsetDateTime,
    ) -> Result<Tokens, Error> {
        let step = Step::Installation;
        let signed = self.signed(step, now)?;
        let bearer = Zeroizing::new(format!("Bearer {}", signed.as_str()));
        let mut bearer = HeaderValue::try_from(bearer.as_str())
            .map_err(|_| malformed(step, "the assertion cannot be sent"))?;
        bearer.set_sensitive(true);
        let request = Request::post(url.as_str())
            .header(ACCEPT, "application/vnd.github+json")
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_LENGTH, 0)
            .header(USER_AGENT, super::USER_AGENT)
            .body(Vec::new())
            .map_err(|_| malformed(step, "its address cannot be asked"))?;
        let sent = transport.send(request).await;
        let response = sent.map_err(|source| Error::Transport { step, source })?;
        let status = response.status();
        let answer: Option<Value> = serde_json::from_slice(response.body()).ok();
        let text = |name: &str| answer.as_ref().and_then(|answer| answer[name].as_str());
        if !status.is_success() {
            let sent = response.extensions().get::<Sent>();
            let is_ours = |text: &&str| sent.is_some_and(|sent| sent.is_in(text));
            let Some(message) = text("message").filter(|text| !is_ours(text)) else {
                return Err(Error::Status {
                    step,
                    status: status.as_u16(),
                });
            };
            return Err(Error::Refused {
                step,
                code: status.as_str().to_owned(),
                description: Some(clean(message, 300, is_shown)),
            });
        }
        let token = text("token").filter(|token| is_token(token));
        let token = token.ok_or_else(|| malformed(step, "it has no usable token"))?;
        let until = text("expires_at").and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
        Ok(Tokens {
            access_token: AccessToken::new(token),
            refresh_token: None,
            expires_in: until.map(|at| Duration::try_from(at - now).unwrap_or_default()),
            scopes: None,
        })
    }

    fn signed(&self, step: Step, now: OffsetDateTime) -> Result<Zeroizing<String>, Error> {
        let (algorithm, key) = key(self.signing_key).ok_or_else(|| Error::Unusable {
            step,
            reason: "the private key cannot be read".to_owned(),
        })?;
        let mut header = Header::new(algorithm);
        header.kid = self.key_id.map(str::to_owned);
        let claims = Claims {
            iss: self.issuer,
            sub: self.subject,
            aud: self.audience,
            scope: self.scopes.join(" "),
            iat: (now - SKEW).unix_timestamp(),
            exp: (now + LIFE).unix_timestamp(),
        };
        let signed = encode(&header, &claims, &key).map_err(|_| Error::Unusable {
            step,
            reason: "the private key does not sign".to_owned(),
        });
        signed.map(Zeroizing::new)
    }
}

fn is_token(text: &str) -> bool {
    (1..=4096).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic())
}

/// Whether a program can sign with it.
pub fn is_signing_key(key: &SigningKey) -> bool {
    self::key(key).is_some()
}

/// The kind of a key says what it signs with.
fn key(key: &SigningKey) -> Option<(Algorithm, EncodingKey)> {
    let pem = key.reveal().as_bytes();
    let rsa = EncodingKey::from_rsa_pem(pem).map(|key| (Algorithm::RS256, key));
    let ec = || EncodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key));
    let ed = || EncodingKey::from_ed_pem(pem).map(|key| (Algorithm::EdDSA, key));
    rsa.or_else(|_| ec()).or_else(|_| ed()).ok()
}
