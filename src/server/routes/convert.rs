//! From what the services know to what the wire says. Nothing here decides anything.

use crate::api::{self, WireSecret};
use crate::model::provider::BrowserSettings;
use crate::model::target::InjectedPart;
use crate::model::{AuditRecord, Connection, Credential, ErrorCode, LoginState, Outcome, Provider};
use crate::server::error::ApiError;
use crate::server::state::App;
use crate::services;
use crate::services::{ConnectionRecord, Release};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn encryption(found: services::Encryption) -> api::Encryption {
    api::Encryption {
        configured_encryption_mode: found.configured_mode,
        effective_encryption_source: found.effective_source,
        encryption_backend: found.backend,
    }
}

/// `api::ProvidersBySource` as it goes out.
#[derive(Debug, Serialize)]
pub(in crate::server) struct BySource {
    bundled: Arc<RawValue>,
    custom: Vec<Arc<Provider>>,
}

pub(super) fn providers(app: &App, found: services::ProviderList) -> Result<BySource, ApiError> {
    let bundled = app.bundled.json(found.bundled);
    Ok(BySource {
        bundled: bundled.map_err(|_| {
            ApiError::new(ErrorCode::Internal, "the definitions could not be written")
        })?,
        custom: found.custom,
    })
}

pub(super) fn summary(connection: Connection) -> api::ConnectionSummary {
    api::ConnectionSummary {
        expires_at: expiry(&connection),
        connection_name: connection.name,
        is_default: connection.is_default,
        auth_type: connection.auth_type.as_str().to_owned(),
        status: connection.state.status().to_owned(),
        scopes: connection.scopes,
        base_url: connection.base_url,
        api_url: connection.api_url,
        account_label: connection.account.label,
    }
}

fn expiry(connection: &Connection) -> Option<time::OffsetDateTime> {
    match connection.state {
        crate::model::ConnectionState::Connected { expires_at } => expires_at,
        crate::model::ConnectionState::Expired { since } => Some(since),
        crate::model::ConnectionState::Revoked { .. } => None,
    }
}

/// The record of one connection. A secret that is there but was not asked for shows as redacted.
pub(super) fn record(found: ConnectionRecord) -> api::ConnectionRecord {
    let ConnectionRecord {
        connection,
        identity,
        credential,
    } = found;
    let secrets = credential.map_or_else(|| redacted(&connection), revealed);
    api::ConnectionRecord {
        schema_version: 2,
        provider: connection.provider.clone(),
        identity: identity.map(|handle| handle.to_string()),
        principal_id: connection.principal.clone(),
        vault_id: connection.vault.clone(),
        connection_name: connection.name.clone(),
        auth_type: connection.auth_type.as_str().to_owned(),
        status: connection.state.status().to_owned(),
        expires_at: expiry(&connection),
        base_url: connection.base_url,
        api_url: connection.api_url,
        scopes: connection.scopes,
        access_token: secrets.access_token,
        refresh_token: secrets.refresh_token,
        token_type: secrets.token_type,
        obtained_at: Some(connection.obtained_at),
        api_key: secrets.api_key,
        credentials: secrets.credentials,
        account: api::AccountBody {
            id: connection.account.id,
            label: connection.account.label,
        },
        metadata: serde_json::Map::new(),
    }
}

#[derive(Default)]
struct Secrets {
    access_token: Option<WireSecret>,
    refresh_token: Option<WireSecret>,
    token_type: Option<String>,
    api_key: Option<WireSecret>,
    credentials: Option<BTreeMap<String, WireSecret>>,
}

fn redacted(connection: &Connection) -> Secrets {
    use crate::model::provider::AuthType;
    let hidden = || Some(WireSecret::redacted());
    match connection.auth_type {
        AuthType::ApiKey => Secrets {
            api_key: hidden(),
            ..Secrets::default()
        },
        AuthType::OAuth2 => Secrets {
            access_token: hidden(),
            refresh_token: hidden(),
            ..Secrets::default()
        },
        AuthType::Browser => Secrets {
            credentials: Some(BTreeMap::new()),
            ..Secrets::default()
        },
    }
}

fn revealed(credential: Credential) -> Secrets {
    match credential {
        Credential::ApiKey { key } => Secrets {
            api_key: Some(WireSecret::new(key.reveal())),
            ..Secrets::default()
        },
        Credential::OAuth2 {
            access_token,
            refresh_token,
            token_type,
            ..
        } => Secrets {
            access_token: Some(WireSecret::new(access_token.reveal())),
            refresh_token: refresh_token.map(|token| WireSecret::new(token.reveal())),
            token_type: Some(token_type),
            ..Secrets::default()
        },
        // The key behind it is shown to nobody: who has it has the account.
        Credential::Minted { access_token, .. } => Secrets {
            access_token: Some(WireSecret::new(access_token.reveal())),
            token_type: Some("Bearer".to_owned()),
            ..Secrets::default()
        },
        Credential::Cookies { cookies, .. } => Secrets {
            credentials: Some(
                cookies
                    .into_iter()
                    .map(|(name, value)| (name, WireSecret::new(value.reveal())))
                    .collect(),
            ),
            ..Secrets::default()
        },
    }
}

pub(super) fn identity(found: services::IdentityStatus) -> api::IdentityStatus {
    api::IdentityStatus {
        status: None,
        identity: found.handle,
        did: found.did,
        registration_status: found.state.registration_status().to_owned(),
        claim_url: found.claim_url,
        principal_id: found.principal,
    }
}

pub(super) fn login(found: services::LoginView) -> api::LoginSession {
    let services::LoginView {
        session,
        next_action,
        to_type,
    } = found;
    let complete = to_type
        .as_ref()
        .and_then(|code| code.verification_uri_complete.clone());
    let status = session.state.status().to_owned();
    let (message, error) = match session.state {
        LoginState::Completed { message } => (Some(message), None),
        LoginState::Failed { error } => (None, Some(error)),
        LoginState::Expired => (None, Some("the login was not finished in time".to_owned())),
        LoginState::Cancelled => (None, Some("the login was cancelled".to_owned())),
        LoginState::Pending | LoginState::WaitingForUser | LoginState::Processing => (None, None),
    };
    api::LoginSession {
        id: session.id,
        provider: session.provider,
        connection: session.connection,
        flow: Some(session.flow),
        status,
        message,
        error,
        created_at: session.created_at,
        expires_at: session.expires_at,
        next_action: self::next_action(next_action),
        user_code: to_type.as_ref().map(|code| code.user_code.clone()),
        verification_uri: to_type.map(|code| code.verification_uri),
        verification_uri_complete: complete,
    }
}

fn next_action(found: services::NextAction) -> api::NextAction {
    match found {
        services::NextAction::None => api::NextAction::None,
        services::NextAction::OpenUrl(url) => api::NextAction::OpenUrl { url },
        services::NextAction::Browser { url, provider } => match &provider.browser {
            Some(BrowserSettings {
                entry_url: Some(entry_url),
                domains,
                auth_cookies,
                ttl_from_cookie,
                ttl_hours,
                ..
            }) => api::NextAction::Browser {
                url: Some(url),
                entry_url: entry_url.clone(),
                domains: domains.clone(),
                auth_cookies: auth_cookies.clone(),
                ttl_from_cookie: ttl_from_cookie.clone(),
                ttl_hours: *ttl_hours,
            },
            _ => api::NextAction::OpenUrl { url },
        },
    }
}

pub(super) fn resolved(found: &Release) -> api::Resolved {
    let injection = &*found.injection;
    let mut headers = BTreeMap::new();
    let mut injections = Vec::with_capacity(injection.parts.len());
    for part in &injection.parts {
        injections.push(match part {
            InjectedPart::Header { name, value } => {
                let value = WireSecret::new(value.reveal());
                headers.insert(name.clone(), value.clone());
                api::InjectedPartBody::Header {
                    name: name.clone(),
                    value,
                }
            }
            InjectedPart::Query { name, value } => api::InjectedPartBody::Query {
                name: name.clone(),
                value: WireSecret::new(value.reveal()),
            },
            InjectedPart::Cookie { name, value } => api::InjectedPartBody::Cookie {
                name: name.clone(),
                value: WireSecret::new(value.reveal()),
            },
        });
    }
    api::Resolved {
        provider: injection.provider.clone(),
        connection: injection.connection.clone(),
        headers,
        expires_at: found.expires_at,
        lease_seconds: injection.lease_seconds,
        refreshable: injection.refreshable,
        injections,
        secrets: injection
            .secrets
            .iter()
            .map(|secret| WireSecret::new(secret.reveal()))
            .collect(),
    }
}

pub(super) fn audit_entry(record: AuditRecord) -> api::AuditEntry {
    let event = record.event;
    api::AuditEntry {
        event_id: record.id,
        timestamp: record.at,
        event: event.event.as_str().to_owned(),
        source: event.source.as_str().to_owned(),
        identity: event.identity,
        principal_id: event.principal,
        provider: event.provider,
        connection: event.connection,
        status: event.outcome.as_str().to_owned(),
        metadata: event.metadata,
    }
}

/// One wire route for each place the credential may go.
pub(super) fn routes(found: services::Route) -> Vec<api::ProxyRoute> {
    let services::Route {
        provider,
        connection,
        is_default,
        api_urls,
        auth_endpoint_paths,
        variables,
        placeholder,
    } = found;
    let secret_variables: Vec<String> = variables
        .into_iter()
        .filter(|(_, source)| source.is_secret())
        .map(|(name, _)| name)
        .collect();
    api_urls
        .into_iter()
        .map(|api_url| api::ProxyRoute {
            provider: provider.clone(),
            connection: connection.clone(),
            api_url,
            auth_endpoint_paths: auth_endpoint_paths.clone(),
            is_default,
            secret_variables: secret_variables.clone(),
            placeholder: placeholder.clone(),
        })
        .collect()
}

fn outcome(status: Option<&str>) -> Result<Option<Outcome>, ApiError> {
    let Some(text) = status else {
        return Ok(None);
    };
    let known = "write success, failure or refused";
    Outcome::from_stored(text)
        .map(Some)
        .ok_or_else(|| ApiError::field(&["query", "status"], "value_error", known))
}

pub(super) fn audit_query(query: api::AuditQuery) -> Result<services::AuditQuery, ApiError> {
    if query
        .limit
        .is_some_and(|limit| !(1..=1_000).contains(&limit))
    {
        let text = "write a number from 1 to 1000";
        return Err(ApiError::field(&["query", "limit"], "value_error", text));
    }
    Ok(services::AuditQuery {
        limit: query.limit,
        cursor: query.cursor,
        newer_than: None,
        outcome: outcome(query.status.as_deref())?,
        event: query.event,
        identity: query.identity,
        principal: query.principal_id,
        provider: query.provider,
        connection: query.connection,
        text: query.q,
        since: query.since,
        until: query.until,
    })
}
pub(super) fn comparison(found: services::Comparison) -> api::Comparison {
    let find = |one: services::Compared| api::ComparedFind {
        provider: one.provider,
        state: find_state(one.state),
        connection: one.connection,
        default_connection: one.default_connection,
        placeholder: one.placeholder,
        problem: one.problem,
    };
    let connected = found.connected.into_iter();
    api::Comparison {
        finds: found.finds.into_iter().map(find).collect(),
        connected: connected
            .map(|(provider, variables)| api::ConnectedProvider {
                provider,
                variables,
            })
            .collect(),
    }
}

const fn find_state(state: services::FindingState) -> api::FindState {
    use services::FindingState as From;
    match state {
        From::Unknown => api::FindState::Unknown,
        From::Missing => api::FindState::Missing,
        From::Same => api::FindState::Same,
        From::Different => api::FindState::Different,
        From::Placeholder => api::FindState::Placeholder,
        From::Imported => api::FindState::Imported,
    }
}
