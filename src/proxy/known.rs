//! The secrets this run was given for each place, so that every answer of that place is searched
//! for all of them, whichever request they went out with.

use super::forms::Needles;
use super::host::Authority;
use crate::model::Injection;
use crate::model::target::InjectedPart;
use crate::secret::InjectedValue;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use subtle::ConstantTimeEq;

/// Secrets remembered for one place; the oldest is forgotten first.
const MOST_SECRETS: usize = 16;
/// Places remembered at one time.
const MOST_PLACES: usize = 256;

#[derive(Debug, Default)]
struct Place {
    secrets: Vec<InjectedValue>,
    needles: Option<Arc<Needles>>,
}

/// What is known of every place.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<Authority, Place>>);

impl Known {
    /// The scanner for everything that was released for a place so far.
    pub(super) fn needles(&self, authority: &Authority) -> Option<Arc<Needles>> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places
            .get(authority)
            .and_then(|place| place.needles.clone())
    }

    /// Adds the secrets of an injection; the scanner is built again only for a new one.
    pub(super) fn learn(
        &self,
        authority: &Authority,
        injection: &Injection,
    ) -> Option<Arc<Needles>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST_PLACES && !places.contains_key(authority) {
            places.clear();
        }
        let place = places.entry(authority.clone()).or_default();
        let mut is_new = false;
        for secret in secrets_of(injection) {
            let same = |known: &InjectedValue| {
                bool::from(known.reveal().as_bytes().ct_eq(secret.as_bytes()))
            };
            if !place.secrets.iter().any(same) {
                place.secrets.push(InjectedValue::new(secret));
                is_new = true;
            }
        }
        if is_new {
            let surplus = place.secrets.len().saturating_sub(MOST_SECRETS);
            place.secrets.drain(..surplus);
            let all = place.secrets.iter().map(InjectedValue::reveal);
            place.needles = Needles::new(all).map(Arc::new);
        }
        place.needles.clone()
    }
}

/// The bare secrets, and the Base64 of a `Basic` value, whose edges hold a little more than they.
fn secrets_of(injection: &Injection) -> Vec<&str> {
    let written = injection.parts.iter().map(|part| match part {
        InjectedPart::Header { value, .. }
        | InjectedPart::Query { value, .. }
        | InjectedPart::Cookie { value, .. } => value.reveal(),
    });
    let basic = written.filter_map(|value| value.strip_prefix("Basic "));
    let bare = injection.secrets.iter().map(InjectedValue::reveal);
    bare.chain(basic).collect()
}
