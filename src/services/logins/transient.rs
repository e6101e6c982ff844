//! What an open login keeps, sealed, for its way back: the ticket of its URL, and what proves to the
//! provider that it was us who sent the person.

use crate::crypto::random;
use crate::model::LoginSessionId;
use crate::oauth::PkceVerifier;
use crate::secret::Token;
use crate::services::Error;
use crate::services::setup::Core;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// The open form of it.
#[derive(Debug)]
pub(super) struct Transient {
    ticket: Token,
    /// Since the person was sent to the provider.
    pub(super) verifier: Option<PkceVerifier>,
}

#[derive(Serialize, Deserialize)]
struct Plain<'a> {
    #[serde(borrow)]
    ticket: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    verifier: Option<Cow<'a, str>>,
}

impl Transient {
    pub(super) fn new() -> Self {
        Self {
            ticket: random::token(),
            verifier: None,
        }
    }

    pub(super) fn ticket(&self) -> &Token {
        &self.ticket
    }

    pub(super) async fn seal(&self, core: &Core, id: &LoginSessionId) -> Result<Vec<u8>, Error> {
        let plain = Plain {
            ticket: self.ticket.reveal().into(),
            verifier: self.verifier.as_ref().map(|v| v.reveal().into()),
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
        })
    }
}
