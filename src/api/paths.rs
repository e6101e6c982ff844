//! Every path of the daemon: templates for the router, functions for the client.
//!
//! Arguments are checked names, none of which can hold a character that needs escaping in a path.

use crate::model::{ConnectionName, Handle, LoginSessionId, PrincipalId, ProviderName};

pub const HEALTH: &str = "/health";
pub const HEALTH_READY: &str = "/health/ready";
pub const READY: &str = "/ready";
pub const WHOAMI: &str = "/whoami";
pub const OPENAPI: &str = "/openapi.json";

pub const REGISTER_IDENTITY: &str = "/identities/register";
pub const IDENTITY: &str = "/identities/{handle}";
pub const BIND_LOCAL: &str = "/identities/{handle}/bind-local";

pub const LOGINS: &str = "/auth/sessions";
pub const LOGIN: &str = "/auth/sessions/{id}";
pub const LOGIN_RESUME: &str = "/auth/sessions/{id}/resume";
pub const LOGIN_CANCEL: &str = "/auth/sessions/{id}/cancel";
pub const LOGIN_INPUT: &str = "/auth/sessions/{id}/input";
/// Where a provider's redirect ends up, in the path that the login's cookie is for.
pub const LOGIN_RETURN: &str = "/auth/sessions/{id}/return";
pub const LOGIN_DEVICE: &str = "/auth/sessions/{id}/device";
pub const OAUTH_CALLBACK: &str = "/auth/callback/oauth";

pub const CONNECTIONS: &str = "/connections";
pub const CONNECTION: &str = "/connections/{provider}/{connection}";
pub const CONNECTION_LOGOUT: &str = "/connections/{provider}/{connection}/logout";
pub const CONNECTION_DEFAULT: &str = "/connections/{provider}/{connection}/default";
pub const PROVIDER_REVOKE: &str = "/connections/{provider}/revoke";

pub const EXPORT: &str = "/credentials/export";
pub const COMPARE: &str = "/credentials/compare";
pub const RESOLVE: &str = "/credentials/resolve";
pub const PROXY_ROUTES: &str = "/proxy/routes";

pub const PROVIDERS: &str = "/providers";
pub const DISCOVER_PROVIDER: &str = "/discovery";
pub const PROVIDER: &str = "/providers/{name}";

pub const AUDIT_EVENTS: &str = "/audit/events";
pub const DASHBOARD_SESSION: &str = "/session";
pub const INVITATIONS: &str = "/admin/invitations";
pub const PEOPLE: &str = "/admin/people";
pub const PERSON_ROLE: &str = "/admin/people/{id}/role";
pub const PERSON_DISABLE: &str = "/admin/people/{id}/disable";
pub const PERSON_ENABLE: &str = "/admin/people/{id}/enable";
pub const CLIENTS: &str = "/admin/clients";
pub const CLIENT: &str = "/admin/clients/{provider}";

pub const CLAIM: &str = "/claim/{token}";
pub const CLAIM_CONFIRM: &str = "/claim/{token}/confirm";
pub const CLAIM_REJECT: &str = "/claim/{token}/reject";
pub const SIGN_UP: &str = "/auth/register";
pub const SIGN_IN: &str = "/auth/login";
pub const SIGN_OUT: &str = "/logout";
pub const DASHBOARD: &str = "/ui/";
pub const AUDIT_PAGE: &str = "/audit";

pub fn identity(handle: &Handle) -> String {
    format!("/identities/{handle}")
}

pub fn bind_local(handle: &Handle) -> String {
    format!("/identities/{handle}/bind-local")
}

pub fn login(id: &LoginSessionId) -> String {
    format!("/auth/sessions/{id}")
}

pub fn login_resume(id: &LoginSessionId) -> String {
    format!("/auth/sessions/{id}/resume")
}

pub fn login_cancel(id: &LoginSessionId) -> String {
    format!("/auth/sessions/{id}/cancel")
}

pub fn login_device(id: &LoginSessionId) -> String {
    format!("/auth/sessions/{id}/device")
}

pub fn login_return(id: &LoginSessionId) -> String {
    format!("/auth/sessions/{id}/return")
}

pub fn login_input(id: &LoginSessionId) -> String {
    format!("/auth/sessions/{id}/input")
}

pub fn connection(provider: &ProviderName, connection: &ConnectionName) -> String {
    format!("/connections/{provider}/{connection}")
}

pub fn connection_logout(provider: &ProviderName, connection: &ConnectionName) -> String {
    format!("/connections/{provider}/{connection}/logout")
}

pub fn connection_default(provider: &ProviderName, connection: &ConnectionName) -> String {
    format!("/connections/{provider}/{connection}/default")
}

pub fn provider_revoke(provider: &ProviderName) -> String {
    format!("/connections/{provider}/revoke")
}

pub fn person_role(id: &PrincipalId) -> String {
    format!("/admin/people/{id}/role")
}

pub fn person_disable(id: &PrincipalId) -> String {
    format!("/admin/people/{id}/disable")
}

pub fn person_enable(id: &PrincipalId) -> String {
    format!("/admin/people/{id}/enable")
}

pub fn provider(name: &ProviderName) -> String {
    format!("/providers/{name}")
}

pub fn client(provider: &ProviderName) -> String {
    format!("/admin/clients/{provider}")
}
