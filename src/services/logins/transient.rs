//! What an open login keeps, sealed, for its way back: the ticket of its URL, and what proves to the
//! provider that it was us who sent the person.

use super::service::CodeToType;
use crate::clock::{from_unix_millis, to_unix_millis};
use crate::crypto::random;
use crate::model::LoginSessionId;
use crate::oauth::PkceVerifier;
use crate::secret::{DeviceCode, Token};
use crate::services::Error;
use crate::services::setup::Core;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The open form of it.
#[derive(Debug)]
pub(super) struct Transient {
    ticket: Token,
    /// Since the person was sent to the provider.
    pub(super) verifier: Option<PkceVerifier>,
    /// Since the provider gave a code for another device.
    pub(super) device: Option<Device>,
}

/// A device login under way (RFC 8628).
#[derive(Debug)]
pub(super) struct Device {
    pub(super) code: DeviceCode,
    pub(super) to_type: CodeToType,
    pub(super) interval: Duration,
    /// Nobody polls before then, here or on another replica.
    pub(super) next_poll: OffsetDateTime,
    /// When the code is worth nothing any more, where the provider says.
    pub(super) until: Option<OffsetDateTime>,
}

#[derive(Serialize, Deserialize)]
struct Plain<'a> {
    #[serde(borrow)]
    ticket: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    verifier: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    device: Option<PlainDevice<'a>>,
}

#[derive(Serialize, Deserialize)]
struct PlainDevice<'a> {
    #[serde(borrow)]
    device_code: Cow<'a, str>,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    /// In seconds.
    interval: u64,
    /// Unix milliseconds.
    next_poll: i64,
    /// The same.
    #[serde(default)]
    until: Option<i64>,
}

impl Transient {
    pub(super) fn new() -> Self {
        Self {
            ticket: random::token(),
            verifier: None,
            device: None,
        }
    }

    pub(super) fn ticket(&self) -> &Token {
        &self.ticket
    }

    pub(super) async fn seal(&self, core: &Core, id: &LoginSessionId) -> Result<Vec<u8>, Error> {
        let plain = Plain {
            ticket: self.ticket.reveal().into(),
            verifier: self.verifier.as_ref().map(|v| v.reveal().into()),
            device: self.device.as_ref().map(|device| PlainDevice {
                device_code: device.code.reveal().into(),
                user_code: device.to_type.user_code.clone(),
                verification_uri: device.to_type.verification_uri.clone(),
                verification_uri_complete: device.to_type.verification_uri_complete.clone(),
                interval: device.interval.as_secs(),
                next_poll: to_unix_millis(device.next_poll),
                until: device.until.map(to_unix_millis),
            }),
        };
        let json = Zeroizing::new(serde_json::to_vec(&plain).map_err(Error::internal)?);
        Ok(core.vaults.seal_login(id, &json).await?)
    }

    pub(super) async fn open(
        core: &Core,
        id: &LoginSessionId,
        sealed: &[u8],
    ) -> Result<Self, Error> {
        let json = core.vaults.open_login(id, sealed).await?;
        // The cause could quote the text.
        let plain: Plain<'_> = serde_json::from_slice(&json)
            .map_err(|_| Error::internal("a sealed login does not read"))?;
        Ok(Self {
            ticket: Token::new(plain.ticket),
            verifier: plain.verifier.map(PkceVerifier::new),
            device: plain.device.map(|device| Device {
                code: DeviceCode::new(device.device_code),
                to_type: CodeToType {
                    user_code: device.user_code,
                    verification_uri: device.verification_uri,
                    verification_uri_complete: device.verification_uri_complete,
                },
                interval: Duration::from_secs(device.interval),
                next_poll: from_unix_millis(device.next_poll),
                until: device.until.map(from_unix_millis),
            }),
        })
    }
}
