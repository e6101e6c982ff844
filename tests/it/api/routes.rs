//! Every route of the daemon, once: the sweeps of the security rows walk this table. One test holds
//! it against `/openapi.json`, another against the pages that `src/server/pages` registers.
//!
//! A new page is one line here: `get("/ui/x/{y}", "/ui/x/y", Wants::Browser)`, or
//! `form("/ui/x/{y}", "/ui/x/y", "field=value")` for what it sends.

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Nothing.
    Nobody,
    /// A proof.
    Proof,
    /// A proof of an administrator.
    Admin,
    /// A browser; the answer is a page.
    Browser,
}

/// One method at one address, with names filled in and a body that parses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) template: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Option<&'static str>,
    pub(crate) wants: Wants,
}

const DID: &str =
    r#"{"handle":"sweeper","did":"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"}"#;

pub(crate) const ROUTES: &[Route] = &[
    get("/health", "/health", Wants::Nobody),
    get("/health/ready", "/health/ready", Wants::Nobody),
    get("/openapi.json", "/openapi.json", Wants::Nobody),
    get("/ready", "/ready", Wants::Proof),
    get("/whoami", "/whoami", Wants::Proof),
    post(
        "/identities/register",
        "/identities/register",
        DID,
        Wants::Nobody,
    ),
    get("/identities/{handle}", "/identities/nobody", Wants::Nobody),
    post(
        "/identities/{handle}/bind-local",
        "/identities/nobody/bind-local",
        r#"{"secret":"x"}"#,
        Wants::Proof,
    ),
    post(
        "/auth/sessions",
        "/auth/sessions",
        r#"{"provider":"openai"}"#,
        Wants::Proof,
    ),
    get("/auth/sessions/{id}", "/auth/sessions/sess_0", Wants::Proof),
    post(
        "/auth/sessions/{id}/resume",
        "/auth/sessions/sess_0/resume",
        r#"{"data":{"api_key":"x"}}"#,
        Wants::Proof,
    ),
    post(
        "/auth/sessions/{id}/cancel",
        "/auth/sessions/sess_0/cancel",
        "{}",
        Wants::Proof,
    ),
    get("/connections", "/connections", Wants::Proof),
    get(
        "/connections/{provider}/{connection}",
        "/connections/openai/default",
        Wants::Proof,
    ),
    post(
        "/connections/{provider}/{connection}/logout",
        "/connections/openai/none/logout",
        "{}",
        Wants::Proof,
    ),
    post(
        "/connections/{provider}/{connection}/default",
        "/connections/openai/none/default",
        "{}",
        Wants::Proof,
    ),
    get(
        "/connections/{provider}/revoke",
        "/connections/none/revoke",
        Wants::Proof,
    ),
    post(
        "/connections/{provider}/revoke",
        "/connections/none/revoke",
        "{}",
        Wants::Admin,
    ),
    post(
        "/credentials/resolve",
        "/credentials/resolve",
        r#"{"provider":"none"}"#,
        Wants::Proof,
    ),
    post(
        "/credentials/export",
        "/credentials/export",
        r#"{"provider":"none"}"#,
        Wants::Proof,
    ),
    post(
        "/credentials/compare",
        "/credentials/compare",
        r#"{"salt":"0000000000000000000000000000000000000000000000000000000000000000","finds":[]}"#,
        Wants::Proof,
    ),
    get(
        "/proxy/routes",
        "/proxy/routes?scope=connected",
        Wants::Proof,
    ),
    get("/providers", "/providers", Wants::Proof),
    post("/providers", "/providers", r#"{"name":"x"}"#, Wants::Admin),
    post("/discovery", "/discovery", r#"{"url":"x"}"#, Wants::Admin),
    get("/providers/{name}", "/providers/openai", Wants::Proof),
    route(
        "DELETE",
        ["/providers/{name}", "/providers/none"],
        None,
        Wants::Admin,
    ),
    get("/audit/events", "/audit/events?limit=1", Wants::Admin),
    post(
        "/audit/events",
        "/audit/events",
        r#"{"event":{"event":"sweep"}}"#,
        Wants::Proof,
    ),
    post("/session", "/session", "{}", Wants::Proof),
    post(
        "/admin/invitations",
        "/admin/invitations",
        r#"{"role":"user"}"#,
        Wants::Admin,
    ),
    get("/admin/people", "/admin/people", Wants::Admin),
    post(
        "/admin/people/{id}/role",
        "/admin/people/nobody/role",
        r#"{"role":"user"}"#,
        Wants::Admin,
    ),
    post(
        "/admin/people/{id}/disable",
        "/admin/people/nobody/disable",
        "{}",
        Wants::Admin,
    ),
    post(
        "/admin/people/{id}/enable",
        "/admin/people/nobody/enable",
        "{}",
        Wants::Admin,
    ),
    get("/admin/clients", "/admin/clients", Wants::Admin),
    route(
        "PUT",
        ["/admin/clients/{provider}", "/admin/clients/none"],
        Some(r#"{"client_id":"x"}"#),
        Wants::Admin,
    ),
    route(
        "DELETE",
        ["/admin/clients/{provider}", "/admin/clients/none"],
        None,
        Wants::Admin,
    ),
    get("/", "/", Wants::Browser),
    get("/assets/{file}", "/assets/none.css", Wants::Browser),
    get("/ui", "/ui", Wants::Browser),
    get("/ui/", "/ui/", Wants::Browser),
    get("/ui/connections", "/ui/connections", Wants::Browser),
    get("/ui/providers", "/ui/providers?q=open", Wants::Browser),
    get("/ui/providers/new", "/ui/providers/new", Wants::Browser),
    form(
        "/ui/providers/new",
        "/ui/providers/new",
        "definition=%7B%7D",
    ),
    get(
        "/ui/providers/{name}/edit",
        "/ui/providers/openai/edit",
        Wants::Browser,
    ),
    form(
        "/ui/providers/{name}/edit",
        "/ui/providers/openai/edit",
        "definition=%7B%7D",
    ),
    get(
        "/ui/providers/{name}/remove",
        "/ui/providers/none/remove",
        Wants::Browser,
    ),
    form(
        "/ui/providers/{name}/remove",
        "/ui/providers/none/remove",
        "",
    ),
    get(
        "/ui/providers/{name}/revoke",
        "/ui/providers/none/revoke",
        Wants::Browser,
    ),
    form(
        "/ui/providers/{name}/revoke",
        "/ui/providers/none/revoke",
        "",
    ),
    get("/ui/apps/{provider}", "/ui/apps/openai", Wants::Browser),
    form(
        "/ui/apps/{provider}/connect",
        "/ui/apps/openai/connect",
        "connection=default",
    ),
    form(
        "/ui/apps/{provider}/{connection}/default",
        "/ui/apps/openai/none/default",
        "",
    ),
    form(
        "/ui/apps/{provider}/{connection}/refresh",
        "/ui/apps/openai/none/refresh",
        "",
    ),
    get(
        "/ui/apps/{provider}/{connection}/logout",
        "/ui/apps/openai/default/logout",
        Wants::Browser,
    ),
    form(
        "/ui/apps/{provider}/{connection}/logout",
        "/ui/apps/openai/none/logout",
        "",
    ),
    get(
        "/ui/apps/{provider}/{connection}/reveal",
        "/ui/apps/openai/default/reveal",
        Wants::Browser,
    ),
    form(
        "/ui/apps/{provider}/{connection}/reveal",
        "/ui/apps/openai/none/reveal",
        "",
    ),
    get("/ui/live", "/ui/live", Wants::Browser),
    get("/ui/account", "/ui/account", Wants::Browser),
    get("/ui/settings", "/ui/settings", Wants::Browser),
    get(
        "/ui/settings/password",
        "/ui/settings/password",
        Wants::Browser,
    ),
    form(
        "/ui/settings/password",
        "/ui/settings/password",
        "current=a&new=b",
    ),
    form(
        "/ui/settings/browsers/{id}/sign-out",
        "/ui/settings/browsers/0/sign-out",
        "",
    ),
    form(
        "/ui/settings/sign-out-others",
        "/ui/settings/sign-out-others",
        "",
    ),
    get(
        "/ui/settings/clients",
        "/ui/settings/clients",
        Wants::Browser,
    ),
    get(
        "/ui/settings/clients/{provider}",
        "/ui/settings/clients/none",
        Wants::Browser,
    ),
    form(
        "/ui/settings/clients/{provider}",
        "/ui/settings/clients/none",
        "client_id=x",
    ),
    get(
        "/ui/settings/clients/{provider}/forget",
        "/ui/settings/clients/none/forget",
        Wants::Browser,
    ),
    form(
        "/ui/settings/clients/{provider}/forget",
        "/ui/settings/clients/none/forget",
        "",
    ),
    get("/ui/people", "/ui/people", Wants::Browser),
    form("/ui/people/invite", "/ui/people/invite", "email=&role=user"),
    get(
        "/ui/people/{id}/role",
        "/ui/people/nobody/role",
        Wants::Browser,
    ),
    form(
        "/ui/people/{id}/role",
        "/ui/people/nobody/role",
        "role=user",
    ),
    get(
        "/ui/people/{id}/disable",
        "/ui/people/nobody/disable",
        Wants::Browser,
    ),
    form("/ui/people/{id}/disable", "/ui/people/nobody/disable", ""),
    form("/ui/people/{id}/enable", "/ui/people/nobody/enable", ""),
    form(
        "/ui/invitations/{id}/withdraw",
        "/ui/invitations/0/withdraw",
        "",
    ),
    get("/ui/agents/{handle}", "/ui/agents/nobody", Wants::Browser),
    get("/ui/agents", "/ui/agents", Wants::Browser),
    get(
        "/ui/agents/{handle}/revoke",
        "/ui/agents/nobody/revoke",
        Wants::Browser,
    ),
    form("/ui/agents/{handle}/revoke", "/ui/agents/nobody/revoke", ""),
    get("/audit", "/audit", Wants::Browser),
    get("/audit/events/{id}", "/audit/events/evt_1", Wants::Browser),
    get("/audit/export", "/audit/export?format=csv", Wants::Browser),
    get("/auth/login", "/auth/login", Wants::Browser),
    form(
        "/auth/login",
        "/auth/login",
        "email=a%40b.test&password=12345678",
    ),
    get("/auth/register", "/auth/register", Wants::Browser),
    form(
        "/auth/register",
        "/auth/register",
        "email=a%40b.test&password=12345678",
    ),
    form("/logout", "/logout", ""),
    get("/claim/{token}", "/claim/abc", Wants::Browser),
    form("/claim/{token}/confirm", "/claim/abc/confirm", ""),
    form("/claim/{token}/reject", "/claim/abc/reject", ""),
    get(
        "/auth/sessions/{id}/input",
        "/auth/sessions/sess_0/input",
        Wants::Browser,
    ),
    form(
        "/auth/sessions/{id}/input",
        "/auth/sessions/sess_0/input",
        "api_key=x",
    ),
    get(
        "/auth/sessions/{id}/device",
        "/auth/sessions/sess_0/device",
        Wants::Browser,
    ),
    get(
        "/auth/sessions/{id}/return",
        "/auth/sessions/sess_0/return",
        Wants::Browser,
    ),
    get(
        "/auth/callback/oauth",
        "/auth/callback/oauth?state=x&code=y",
        Wants::Browser,
    ),
];

/// What `/openapi.json` does not list: itself, and a connection that is named like the route beside it.
const NOT_DESCRIBED: &[(&str, &str)] = &[
    ("GET", "/openapi.json"),
    ("GET", "/connections/{provider}/revoke"),
];

/// The JSON routes, which is what `/openapi.json` lists.
pub(crate) fn json() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| {
        route.wants != Wants::Browser && !NOT_DESCRIBED.contains(&(route.method, route.template))
    })
}

const fn get(template: &'static str, path: &'static str, wants: Wants) -> Route {
    route("GET", [template, path], None, wants)
}

const fn post(
    template: &'static str,
    path: &'static str,
    body: &'static str,
    wants: Wants,
) -> Route {
    route("POST", [template, path], Some(body), wants)
}

const fn form(template: &'static str, path: &'static str, body: &'static str) -> Route {
    post(template, path, body, Wants::Browser)
}

const fn route(
    method: &'static str,
    [template, path]: [&'static str; 2],
    body: Option<&'static str>,
    wants: Wants,
) -> Route {
    Route {
        method,
        template,
        path,
        body,
        wants,
    }
}

impl Route {
    /// The request an anonymous client would send, with a body of the right type.
    pub(crate) fn request(&self) -> crate::support::http::Request {
        let request = crate::support::http::Request::new(self.method, self.path);
        match (self.body, self.wants) {
            (None, _) => request,
            (Some(body), Wants::Browser) => request.body("application/x-www-form-urlencoded", body),
            (Some(body), _) => request.body("application/json", body),
        }
    }
}
