//! Once more with a new credential, when the upstream does not take the one it was given.
//!
//! Only for credentials that renew themselves, only after a 401, only once, and only when the
//! request can be sent again byte for byte. The upstream's own answer is passed on otherwise.

use super::host::Authority;
use super::inject;
use super::problem::Problem;
use super::request_body::Kept;
use super::resolve::{Refusal, Resolve};
use super::shared::Shared;
use crate::model::{ConnectionName, ErrorCode, Injection, ProviderName, Target};
use crate::secret::InjectedValue;
use http::Request;
use http::request::Parts;
use std::sync::Arc;

/// What a new credential is asked for with.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) authority: Authority,
    pub(super) provider: ProviderName,
    pub(super) connection: ConnectionName,
    pub(super) target: Target,
    /// What was not taken.
    pub(super) used: Arc<Injection>,
}

/// A request as it can be sent again.
#[derive(Debug)]
pub(super) struct Second {
    again: Again,
    parts: Parts,
    body: Kept,
}

impl Second {
    pub(super) const fn new(again: Again, parts: Parts, body: Kept) -> Self {
        Self { again, parts, body }
    }

    pub(super) const fn authority(&self) -> &Authority {
        &self.again.authority
    }

    /// The head with a new credential; `None` where there is none, and the 401 stands. A login that
    /// has ended is said, with the command that helps.
    pub(super) async fn renew<R: Resolve>(
        self,
        shared: &Shared<R>,
    ) -> Result<Option<(Parts, Kept)>, Problem> {
        let Self { again, parts, body } = self;
        let renewed = shared.renew(&again.provider, &again.connection, &again.target);
        let answer = match renewed.await {
            Ok(answer) => answer,
            Err(refusal) if is_over(&refusal) => {
                return Err(Problem::refused(&refusal, &again.provider));
            }
            Err(refusal) => {
                tracing::debug!(
                    provider.name = again.provider.as_str(),
                    error.kind = refusal.code.class(),
                    "a credential that was not taken could not be renewed"
                );
                return Ok(None);
            }
        };
        let is_other = answer.injection.provider != again.provider;
        if is_other || is_same(&answer.injection, &again.used) {
            return Ok(None);
        }
        let mut request = Request::from_parts(parts, ());
        inject::apply(&mut request, &answer.injection)
            .map_err(|error| Problem::unusable_credential(&again.provider, &error.to_string()))?;
        shared.known.learn(&again.authority, &answer.injection);
        Ok(Some((request.into_parts().0, body)))
    }
}

fn is_over(refusal: &Refusal) -> bool {
    matches!(
        refusal.code,
        ErrorCode::TokenExpired | ErrorCode::CredentialMissing | ErrorCode::ConnectionNotFound
    )
}

fn is_same(one: &Injection, other: &Injection) -> bool {
    let one = one.secrets.iter().map(InjectedValue::reveal);
    one.eq(other.secrets.iter().map(InjectedValue::reveal))
}
