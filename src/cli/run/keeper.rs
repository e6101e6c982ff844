//! The daemon as the proxy sees it: asked on every request, and its refusals handed on.

use crate::api::{self, InjectedPartBody, Resolved};
use crate::client::{self, Client};
use crate::model::target::InjectedPart;
use crate::model::{ConnectionName, Injection, ProviderName, Target};
use crate::proxy::{Refusal, Resolve, Route};
use crate::secret::InjectedValue;

/// Holds no secret longer than one request.
#[derive(Debug)]
pub(super) struct Keeper {
    client: Client,
    routes: Vec<Route>,
}

impl Keeper {
    pub(super) const fn new(client: Client, routes: Vec<Route>) -> Self {
        Self { client, routes }
    }

    async fn ask(&self, question: api::Resolve) -> Result<Injection, Refusal> {
        let answered = self.client.resolve(&question).await;
        answered.map(injection).map_err(|error| refusal(&error))
    }
}

impl Resolve for Keeper {
    async fn routes(&self) -> Result<Vec<Route>, Refusal> {
        Ok(self.routes.clone())
    }

    async fn resolve(
        &self,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        target: &Target,
    ) -> Result<Injection, Refusal> {
        self.ask(question(provider, connection, target)).await
    }

    async fn renew(
        &self,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        target: &Target,
    ) -> Result<Injection, Refusal> {
        let question = question(provider, connection, target);
        self.ask(api::Resolve {
            rejected: true,
            ..question
        })
        .await
    }
}

fn question(
    provider: &ProviderName,
    connection: Option<&ConnectionName>,
    target: &Target,
) -> api::Resolve {
    api::Resolve {
        provider: provider.clone(),
        connection: connection.cloned(),
        host: Some(target.host.clone()),
        port: Some(target.port),
        rejected: false,
    }
}

fn refusal(error: &client::Error) -> Refusal {
    Refusal {
        code: error.code(),
        message: error.to_string(),
        hint: error.hint(),
    }
}

fn injection(resolved: Resolved) -> Injection {
    let value = |secret: &api::WireSecret| InjectedValue::new(secret.reveal());
    let mut parts: Vec<InjectedPart> = resolved
        .injections
        .iter()
        .map(|part| match part {
            InjectedPartBody::Header { name, value: text } => InjectedPart::Header {
                name: name.clone(),
                value: value(text),
            },
            InjectedPartBody::Query { name, value: text } => InjectedPart::Query {
                name: name.clone(),
                value: value(text),
            },
            InjectedPartBody::Cookie { name, value: text } => InjectedPart::Cookie {
                name: name.clone(),
                value: value(text),
            },
        })
        .collect();
    if parts.is_empty() {
        // A daemon of version 0.5 knows headers only.
        let header = |(name, text): (&String, &api::WireSecret)| InjectedPart::Header {
            name: name.clone(),
            value: value(text),
        };
        parts.extend(resolved.headers.iter().map(header));
    }
    let mut secrets: Vec<_> = resolved.secrets.iter().map(value).collect();
    if secrets.is_empty() {
        let bare =
            |text: &api::WireSecret| text.reveal().rsplit(' ').next().map(InjectedValue::new);
        secrets.extend(resolved.headers.values().filter_map(bare));
    }
    Injection {
        provider: resolved.provider,
        connection: resolved.connection,
        parts,
        secrets,
        lease_seconds: resolved.lease_seconds,
        refreshable: resolved.refreshable,
    }
}
