//! `docs/providers.md`, written from the definitions.

use super::all;
use authsome::model::Provider;
use authsome::model::provider::Flow;
use std::fmt::Write as _;
use std::fs;

const TOP: &str = "\
<!-- Written from providers/; after a change there run
     `AUTHSOME_WRITE_DOCS=1 cargo test --test it providers_page` -->

# Providers

The services that are known without a definition of your own. `authsome login NAME` connects one, `authsome inspect NAME`
shows the whole definition; [providers-schema.md](providers-schema.md) says how to add one that is not here.

A credential goes to the hosts of its row and to nothing else. Under `authsome run` a program finds the variables with
fake values of the right shape. *Your site* is an installation of your own: `authsome login NAME --base-url https://…`.
";

/// `type` of a definition, its heading and what is to be said about it.
const KINDS: &[(&str, &str, &str)] = &[
    ("llm", "Models", ""),
    ("app", "Applications", ""),
    ("mcp", "MCP servers", ""),
    (
        "browser",
        "Browser sessions",
        "The cookies of a login in a browser, for what a site offers to people alone.",
    ),
];

fn login(provider: &Provider) -> String {
    let oauth = provider.oauth.as_ref();
    let has_device = oauth.is_some_and(|oauth| oauth.supports_device_code);
    let more = oauth.map(|oauth| oauth.grants.as_slice());
    let device = (provider.flow == Flow::Pkce && has_device).then_some("device code");
    std::iter::once(way(provider.flow))
        .chain(device)
        .chain(more.unwrap_or_default().iter().map(|flow| way(*flow)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn way(flow: Flow) -> &'static str {
    match flow {
        Flow::ApiKey => "API key",
        Flow::Pkce => "OAuth (PKCE)",
        Flow::DeviceCode => "device code",
        Flow::DcrPkce => "OAuth (PKCE), dynamic registration",
        Flow::ClientCredentials => "client credentials",
        Flow::JwtBearer => "service account",
        Flow::GithubApp => "GitHub App",
        Flow::Browser => "browser session",
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn codes<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    let shown: Vec<_> = texts.map(|text| format!("`{}`", cell(text))).collect();
    shown.join(" ")
}

fn row(page: &mut String, provider: &Provider) {
    let usual = provider.at_site(None);
    let hosts: Vec<_> = usual
        .api_url
        .iter()
        .map(|entry| entry.trim_start_matches("https://").to_owned())
        .collect();
    let sites = match (provider.has_sites(), hosts.is_empty()) {
        (true, true) => "your site",
        (true, false) if provider.usual_site().is_some() => " or your site",
        _ => "",
    };
    let _ = writeln!(
        page,
        "| `{}` | {} | {} | {}{sites} | {} | [docs]({}) |",
        provider.name,
        cell(&provider.display_name),
        login(provider),
        codes(hosts.iter()),
        codes(provider.variables().keys()),
        provider.docs_url.as_deref().unwrap_or_default(),
    );
}

fn page() -> String {
    let all = all();
    let mut page = format!(
        "{TOP}\n{} in all. [logins.md](logins.md) says how one logs in to each kind.\n",
        all.len()
    );
    for (kind, title, note) in KINDS {
        let _ = write!(page, "\n## {title}\n\n");
        if !note.is_empty() {
            let _ = write!(page, "{note}\n\n");
        }
        page.push_str(
            "| name | service | log in | hosts | variables | |\n|---|---|---|---|---|---|\n",
        );
        for provider in all.iter().filter(|p| p.kind.as_deref() == Some(*kind)) {
            row(&mut page, provider);
        }
    }
    page
}

#[test]
fn the_providers_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers.md");
    let page = page();
    for provider in all() {
        let row = format!("| `{}` |", provider.name);
        assert!(page.contains(&row), "{} is of no known kind", provider.name);
    }
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    let write = std::env::var_os("AUTHSOME_WRITE_DOCS").is_some();
    if write {
        fs::write(path, &page).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap_or_default() == page,
        "docs/providers.md is old; its first lines say how to write it anew"
    );
}
