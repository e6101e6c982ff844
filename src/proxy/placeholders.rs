//! Finds the fake values of a run in what the child sends, in every form they can take.
//!
//! A placeholder may go to its own provider's hosts, where the real value takes its place, and
//! nowhere else. Inside a tunnel to a host that no route names nothing is seen: there the
//! placeholder leaves, and is worth nothing to whoever reads it.

use super::forms::Needles;
use super::inject::edit_query;
use super::resolve::Placeholder;
use crate::model::ProviderName;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use std::sync::OnceLock;

/// Every placeholder of one run.
#[derive(Debug)]
pub(super) struct Placeholders {
    all: Vec<Placeholder>,
    /// Made when the first request needs it, to keep the start of a run short.
    needles: OnceLock<Option<Needles>>,
}

impl Placeholders {
    pub(super) const fn new(all: Vec<Placeholder>) -> Self {
        Self {
            all,
            needles: OnceLock::new(),
        }
    }

    pub(super) fn needles(&self) -> Option<&Needles> {
        self.needles
            .get_or_init(|| Needles::new(self.all.iter().map(|p| p.value.as_str())))
            .as_ref()
    }

    /// A provider of a placeholder in `bytes` for which `here` is not the place: none of those it
    /// stands for is at home.
    pub(super) fn foreign(
        &self,
        bytes: &[u8],
        here: &impl Fn(&ProviderName) -> bool,
    ) -> Option<&ProviderName> {
        self.first_foreign(self.needles()?.find(bytes), here)
    }

    fn first_foreign(
        &self,
        mut found: impl Iterator<Item = usize>,
        here: &impl Fn(&ProviderName) -> bool,
    ) -> Option<&ProviderName> {
        let placeholder = found.find_map(|index| {
            let placeholder = self.all.get(index)?;
            (!placeholder.providers.iter().any(here)).then_some(placeholder)
        })?;
        placeholder.providers.first()
    }

    /// The same, over the head of a request: path, query, header names and values.
    pub(super) fn foreign_in_head(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        here: &impl Fn(&ProviderName) -> bool,
    ) -> Option<&ProviderName> {
        let uri = uri.path_and_query().map(|text| text.as_str().as_bytes());
        uri.and_then(|bytes| self.foreign(bytes, here))
            .or_else(|| self.foreign_in_fields(headers, here))
    }

    /// The same, over the names and values of headers or trailers.
    pub(super) fn foreign_in_fields(
        &self,
        fields: &HeaderMap,
        here: &impl Fn(&ProviderName) -> bool,
    ) -> Option<&ProviderName> {
        let needles = self.needles()?;
        let in_name =
            |name: &HeaderName| self.first_foreign(needles.find_in_any_case(name.as_str()), here);
        fields.keys().find_map(in_name).or_else(|| {
            let values = fields.values().map(HeaderValue::as_bytes);
            values
                .into_iter()
                .find_map(|bytes| self.foreign(bytes, here))
        })
    }

    /// Removes headers and query parameters that carry a placeholder at its own provider, where
    /// the real value goes elsewhere in the request: no upstream ever sees the fake one.
    pub(super) fn remove_own<B>(&self, request: &mut Request<B>) {
        let Some(needles) = self.needles() else {
            return;
        };
        for name in carrying(request.headers(), needles) {
            request.headers_mut().remove(name);
        }
        let query = request.uri().query().unwrap_or_default();
        let carrying: Vec<String> = query
            .split('&')
            .filter(|pair| needles.is_in(pair.as_bytes()))
            .map(|pair| pair.split('=').next().unwrap_or(pair).to_owned())
            .collect();
        if carrying.is_empty() {
            return;
        }
        if let Ok(uri) = edit_query(
            request.uri(),
            |name| carrying.iter().any(|c| c == name),
            None,
        ) {
            *request.uri_mut() = uri;
        }
    }
}

fn carrying(headers: &HeaderMap, needles: &Needles) -> Vec<HeaderName> {
    let fake = |(name, value): (&HeaderName, &HeaderValue)| {
        needles.is_in(value.as_bytes()).then(|| name.clone())
    };
    headers.iter().filter_map(fake).collect()
}
