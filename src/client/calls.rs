//! One method per route.

use super::{Client, Error};
use crate::api::{self, paths};
use crate::model::{ConnectionName, Handle, LoginSessionId, PrincipalId, ProviderName};
use serde::Serialize;

/// A body without anything to say.
#[derive(Serialize)]
struct Empty {}

impl Client {
    pub async fn readiness(&self) -> Result<api::Readiness, Error> {
        self.get(paths::READY).await
    }

    pub async fn whoami(&self) -> Result<api::WhoAmI, Error> {
        self.get(paths::WHOAMI).await
    }

    /// Registers the identity this client acts as.
    pub async fn register_identity(&self) -> Result<api::IdentityStatus, Error> {
        let identity = self.identity().ok_or(Error::NoIdentity)?;
        let body = api::RegisterIdentity {
            handle: identity.handle().clone(),
            did: identity.did(),
        };
        self.post(paths::REGISTER_IDENTITY, &body).await
    }

    pub async fn identity_status(&self, handle: &Handle) -> Result<api::IdentityStatus, Error> {
        self.get(&paths::identity(handle)).await
    }

    /// Binds the identity this client acts as to the home's own Principal.
    pub async fn bind_local(&self, secret: api::WireSecret) -> Result<api::IdentityStatus, Error> {
        let identity = self.identity().ok_or(Error::NoIdentity)?;
        let path = paths::bind_local(identity.handle());
        self.post(&path, &api::BindLocal { secret }).await
    }

    pub async fn start_login(&self, login: &api::StartLogin) -> Result<api::LoginSession, Error> {
        self.post(paths::LOGINS, login).await
    }

    pub async fn login(&self, id: &LoginSessionId) -> Result<api::LoginSession, Error> {
        self.get(&paths::login(id)).await
    }

    pub async fn resume_login(
        &self,
        id: &LoginSessionId,
        data: api::LoginAnswer,
    ) -> Result<api::LoginSession, Error> {
        self.post(&paths::login_resume(id), &api::ResumeLogin { data })
            .await
    }

    pub async fn cancel_login(&self, id: &LoginSessionId) -> Result<api::LoginSession, Error> {
        self.post(&paths::login_cancel(id), &Empty {}).await
    }

    pub async fn connections(&self) -> Result<api::ConnectionList, Error> {
        self.get(paths::CONNECTIONS).await
    }

    /// The record of a connection; `show_secret` is audited.
    pub async fn connection(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
        show_secret: bool,
    ) -> Result<api::ConnectionRecord, Error> {
        let mut path = paths::connection(provider, connection);
        if show_secret {
            path.push_str("?show_secret=true");
        }
        self.get(&path).await
    }

    pub async fn log_out(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Result<api::Done, Error> {
        self.post(&paths::connection_logout(provider, connection), &Empty {})
            .await
    }

    pub async fn set_default(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
    ) -> Result<api::DefaultSet, Error> {
        self.post(&paths::connection_default(provider, connection), &Empty {})
            .await
    }

    /// Logs every Vault out of a provider; administrators only.
    pub async fn revoke_provider(
        &self,
        provider: &ProviderName,
    ) -> Result<api::ProviderRevoked, Error> {
        self.post(&paths::provider_revoke(provider), &Empty {})
            .await
    }

    pub async fn export(&self, export: &api::Export) -> Result<api::Exported, Error> {
        self.post(paths::EXPORT, export).await
    }

    pub async fn resolve(&self, resolve: &api::Resolve) -> Result<api::Resolved, Error> {
        self.post(paths::RESOLVE, resolve).await
    }

    /// How secrets that were found in plain text stand to what is stored.
    pub async fn compare(&self, compare: &api::Compare) -> Result<api::Comparison, Error> {
        self.post(paths::COMPARE, compare).await
    }

    pub async fn proxy_routes(&self, scope: api::RouteScope) -> Result<api::ProxyRoutes, Error> {
        let scope = match scope {
            api::RouteScope::Connected => "connected",
            api::RouteScope::Configured => "configured",
        };
        self.get(&format!("{}?scope={scope}", paths::PROXY_ROUTES))
            .await
    }

    pub async fn providers(&self) -> Result<api::ProvidersBySource, Error> {
        self.get(paths::PROVIDERS).await
    }

    pub async fn provider(&self, name: &ProviderName) -> Result<api::Definition, Error> {
        self.get(&paths::provider(name)).await
    }

    pub async fn register_provider(
        &self,
        definition: &api::RegisterProvider,
    ) -> Result<api::ProviderChanged, Error> {
        self.post(paths::PROVIDERS, definition).await
    }

    /// The provider for a URL, or a definition of one.
    pub async fn discover_provider(&self, url: &str) -> Result<api::DiscoveredProvider, Error> {
        let wish = api::DiscoverProvider {
            url: url.to_owned(),
        };
        self.post(paths::DISCOVER_PROVIDER, &wish).await
    }

    pub async fn remove_provider(
        &self,
        name: &ProviderName,
    ) -> Result<api::ProviderChanged, Error> {
        self.delete(&paths::provider(name)).await
    }

    /// The daemon's OAuth clients; administrators only.
    pub async fn provider_clients(&self) -> Result<api::ProviderClients, Error> {
        self.get(paths::CLIENTS).await
    }

    pub async fn set_provider_client(
        &self,
        provider: &ProviderName,
        client: &api::SetProviderClient,
    ) -> Result<api::ProviderClientChanged, Error> {
        self.put(&paths::client(provider), client).await
    }

    pub async fn forget_provider_client(
        &self,
        provider: &ProviderName,
    ) -> Result<api::ProviderClientChanged, Error> {
        self.delete(&paths::client(provider)).await
    }

    pub async fn audit_events(&self, query: &api::AuditQuery) -> Result<api::AuditEntries, Error> {
        self.get(&with_query(paths::AUDIT_EVENTS, query)?).await
    }

    pub async fn report_event(
        &self,
        event: &api::ReportEvent,
    ) -> Result<api::ReportedEventId, Error> {
        self.post(paths::AUDIT_EVENTS, event).await
    }

    /// A one-time link into the dashboard.
    pub async fn open_dashboard(&self) -> Result<api::OpenDashboard, Error> {
        self.post(paths::DASHBOARD_SESSION, &Empty {}).await
    }

    /// Everybody with an account.
    pub async fn people(&self) -> Result<api::People, Error> {
        self.get(paths::PEOPLE).await
    }

    pub async fn set_role(
        &self,
        id: &PrincipalId,
        role: &api::SetRole,
    ) -> Result<api::PersonAccount, Error> {
        self.post(&paths::person_role(id), role).await
    }

    pub async fn disable_person(&self, id: &PrincipalId) -> Result<api::PersonAccount, Error> {
        self.post(&paths::person_disable(id), &Empty {}).await
    }

    pub async fn enable_person(&self, id: &PrincipalId) -> Result<api::PersonAccount, Error> {
        self.post(&paths::person_enable(id), &Empty {}).await
    }

    pub async fn invite(
        &self,
        invitation: &api::CreateInvitation,
    ) -> Result<api::Invitation, Error> {
        self.post(paths::INVITATIONS, invitation).await
    }
}

/// Appends the fields of a flat struct as a query; absent ones stay out.
fn with_query(path: &str, query: &impl Serialize) -> Result<String, Error> {
    let fields = serde_json::to_value(query).map_err(|source| Error::Prepare(Box::new(source)))?;
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().into_iter().flatten() {
        match value {
            serde_json::Value::String(text) => pairs.append_pair(name, text),
            other => pairs.append_pair(name, &other.to_string()),
        };
    }
    let query = pairs.finish();
    Ok(if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_only_what_was_asked_and_is_encoded() {
        let none = api::AuditQuery::default();
        assert_eq!(with_query("/audit/events", &none).unwrap(), "/audit/events");
        let some = api::AuditQuery {
            limit: Some(5),
            event: Some("a&b =c".to_owned()),
            ..none
        };
        assert_eq!(
            with_query("/x", &some).unwrap(),
            "/x?limit=5&event=a%26b+%3Dc"
        );
    }
}
