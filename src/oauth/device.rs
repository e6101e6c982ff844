//! Logging in from another device (RFC 8628): a code to type, and asking until somebody has typed it.

use super::answer::{Tokens, clean};
use super::ask::{Encoding, Question};
use super::client::OAuthClient;
use super::error::{Error, Step};
use super::transport::Transport;
use crate::secret::DeviceCode;
use serde_json::{Map, Value};
use std::time::Duration;
use url::Url;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between polls where the provider does not say (section 3.2).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);
/// Of a code, whatever the provider says.
const LONGEST_LIFE: Duration = Duration::from_hours(24);
const LONGEST_INTERVAL: Duration = Duration::from_mins(2);
/// Longest code of either kind, in bytes.
const LONGEST_CODE: usize = 4_096;

/// What a provider answers to a device that wants to log in (section 3.2).
#[derive(Debug, Clone)]
pub struct DeviceLogin {
    pub device_code: DeviceCode,
    /// What the person types.
    pub user_code: String,
    /// Where they type it.
    pub verification_uri: Url,
    /// The same with the code in it.
    pub verification_uri_complete: Option<Url>,
    /// From the moment of the answer; absent where the provider does not say.
    pub expires_in: Option<Duration>,
    /// The least time between two polls.
    pub interval: Duration,
}

/// What a poll came to (section 3.5).
#[derive(Debug)]
pub enum Polled {
    Granted(Box<Tokens>),
    /// Nobody has decided yet.
    Pending,
    /// Not yet either, and from now on less often.
    SlowDown,
}

impl OAuthClient {
    /// Asks for a code.
    pub async fn begin_device(
        &self,
        transport: &Transport,
        url: &Url,
        encoding: Encoding,
        scope: &str,
    ) -> Result<DeviceLogin, Error> {
        let step = Step::DeviceAuthorization;
        let question = Question {
            step,
            url,
            encoding,
            fields: if scope.is_empty() {
                Vec::new()
            } else {
                vec![("scope", scope)]
            },
        };
        let fields = question.ask(transport, Some(self)).await?;
        read(&fields).map_err(|reason| Error::Malformed { step, reason })
    }

    /// Asks whether the person has decided.
    pub async fn poll_device(
        &self,
        transport: &Transport,
        token_url: &Url,
        encoding: Encoding,
        code: &DeviceCode,
    ) -> Result<Polled, Error> {
        let question = Question {
            step: Step::DevicePoll,
            url: token_url,
            encoding,
            fields: vec![("grant_type", GRANT), ("device_code", code.reveal())],
        };
        match question.ask_for_tokens(transport, Some(self)).await {
            Ok(tokens) => Ok(Polled::Granted(Box::new(tokens))),
            Err(Error::Refused { code, .. }) if code == "authorization_pending" => {
                Ok(Polled::Pending)
            }
            Err(Error::Refused { code, .. }) if code == "slow_down" => Ok(Polled::SlowDown),
            Err(other) => Err(other),
        }
    }
}

fn read(fields: &Map<String, Value>) -> Result<DeviceLogin, &'static str> {
    let text = |name: &str| {
        let text = fields.get(name)?.as_str()?.trim();
        (1..=LONGEST_CODE).contains(&text.len()).then_some(text)
    };
    let page = |name: &str| {
        let url: Url = text(name)?.parse().ok()?;
        // A person is shown it and may open it: nothing but a plain address of the web.
        let is_plain = matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none();
        is_plain.then_some(url)
    };
    let seconds = |name: &str| {
        let value = fields.get(name)?;
        let number = value
            .as_u64()
            .or_else(|| value.as_str()?.trim().parse().ok());
        number.map(Duration::from_secs)
    };
    let user_code = text("user_code").ok_or("it has no code to type")?;
    let user_code = clean(user_code, 64, |c| !c.is_control());
    if user_code.is_empty() {
        return Err("it has no code to type");
    }
    let interval = seconds("interval").unwrap_or(USUAL_INTERVAL);
    let life = seconds("expires_in").filter(|life| !life.is_zero());
    Ok(DeviceLogin {
        device_code: DeviceCode::new(text("device_code").ok_or("it has no device code")?),
        user_code,
        // Google calls it a URL.
        verification_uri: page("verification_uri")
            .or_else(|| page("verification_url"))
            .ok_or("it has no page where the code is typed")?,
        verification_uri_complete: page("verification_uri_complete"),
        expires_in: life.map(|life| life.min(LONGEST_LIFE)),
        interval: interval.min(LONGEST_INTERVAL),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(value: &Value) -> Result<DeviceLogin, &'static str> {
        read(value.as_object().unwrap())
    }

    #[test]
    fn an_answer_is_read_however_it_is_written() {
        let plain = json!({
            "device_code": "d", "user_code": "WDJB-MJHT", "expires_in": "900",
            "verification_url": "https://acme.example/device", "interval": 0,
        });
        let login = parsed(&plain).unwrap();
        assert_eq!(login.user_code, "WDJB-MJHT");
        assert_eq!(
            login.verification_uri.as_str(),
            "https://acme.example/device"
        );
        assert_eq!(login.expires_in, Some(Duration::from_mins(15)));
        assert_eq!(login.interval, Duration::ZERO);
        let mut long = plain.clone();
        long["interval"] = json!(1_000_000);
        assert_eq!(parsed(&long).unwrap().interval, LONGEST_INTERVAL);
        for (name, value) in [
            ("device_code", json!(5)),
            ("device_code", json!("x".repeat(5_000))),
            ("user_code", json!("\u{1b}")),
            ("verification_url", json!("javascript:alert(1)")),
            ("verification_url", json!("file:///etc/passwd")),
            (
                "verification_url",
                json!("https://acme.example@evil.example/"),
            ),
            ("verification_url", Value::Null),
        ] {
            let mut wrong = plain.clone();
            wrong[name] = value;
            assert!(parsed(&wrong).is_err(), "{wrong}");
        }
    }
}
