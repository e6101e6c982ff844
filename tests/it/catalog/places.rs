//! Where each bundled provider's credential may go: narrow, and nowhere that another one goes too.

use super::all;
use authsome::model::Provider;
use authsome::model::api_url::{ApiUrl, HostMatch};
use std::collections::{BTreeMap, BTreeSet};

/// Providers that go to the same place on purpose. Who connects both of a pair names one for a run.
const TOGETHER: &[(&[&str], &str)] = &[
    (
        &["discord", "discord-bot"],
        "a person's account or a bot, at one API",
    ),
    (
        &["github", "github-pat"],
        "an OAuth app or a token of one's own, at one API",
    ),
    (
        &["microsoft", "microsoft-app"],
        "a person's account or an application of a tenant, at one API",
    ),
    (
        &["gitlab", "gitlab-pat"],
        "an OAuth app or a token of one's own, at one API",
    ),
    (
        &["hubspot", "hubspot-token"],
        "an OAuth app or a private app, at one API",
    ),
    (
        &["klaviyo", "klaviyo-oauth"],
        "a private key or an OAuth app, at one API",
    ),
    (
        &["linear", "linear-api-key"],
        "an OAuth app or a key of one's own, at one API",
    ),
    (
        &["notion", "notion-token"],
        "an OAuth app or an internal integration, at one API",
    ),
    (
        &["slack", "slack-bot"],
        "an OAuth app or the token of an installed one, at one API",
    ),
    (
        &["confluence", "jira"],
        "both learn the id of their site from accessible-resources, and from there alone",
    ),
];

/// Providers beside these pairs that programs read from one variable: two doors of one service.
const ONE_VARIABLE: &[&[&str]] = &[
    &["cloudflare", "cloudflare-mcp"],
    &["github", "github-mcp", "github-pat"],
    &["linear-api-key", "linear-mcp"],
    &["slack-bot", "slack-mcp"],
    &["stripe", "stripe-mcp"],
];

/// At the usual site; where there is none, at one of the provider's own.
fn places(provider: &Provider) -> Vec<(String, ApiUrl)> {
    let own = format!("https://{}.site.example", provider.name);
    let site = provider.usual_site().map_or(own, str::to_owned);
    let parsed = |entry: &String| (entry.clone(), entry.parse().unwrap());
    let here = provider.at_site(Some(&site));
    here.api_url.iter().map(parsed).collect()
}

fn patterns(provider: &Provider) -> Vec<String> {
    provider
        .api_url
        .iter()
        .filter_map(|entry| entry.strip_prefix("regex:"))
        .map(str::to_owned)
        .collect()
}

fn together(owners: &BTreeSet<String>) -> bool {
    let within = |group: &[&str]| owners.iter().all(|owner| group.contains(&owner.as_str()));
    TOGETHER.iter().any(|(group, _)| within(group))
}

#[test]
fn every_place_is_https_on_another_machine() {
    for provider in all() {
        for (entry, place) in places(&provider) {
            assert!(
                place.tls && !place.is_loopback() && place.port == 443,
                "{entry} of {}",
                provider.name
            );
        }
    }
}

#[test]
fn no_two_providers_claim_the_same_place_unless_they_are_one_service() {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for provider in all() {
        for (entry, place) in places(&provider) {
            let here = owners.entry(place.to_string()).or_default();
            let is_new = here.insert(provider.name.to_string());
            assert!(is_new, "{} says {entry} twice", provider.name);
        }
    }
    let shared = owners.values().filter(|names| names.len() > 1);
    let shared: BTreeSet<_> = shared.cloned().collect();
    for names in &shared {
        assert!(together(names), "{names:?} go to the same place");
    }
    for (group, reason) in TOGETHER {
        let group: BTreeSet<_> = group.iter().map(|&name| name.to_owned()).collect();
        assert!(
            shared.contains(&group),
            "{group:?} do not meet any more: {reason}"
        );
    }
}

#[test]
fn no_pattern_takes_in_a_host_of_another_provider() {
    let all = all();
    for one in &all {
        for (entry, place) in places(one) {
            let HostMatch::Pattern(pattern) = &place.host else {
                continue;
            };
            for other in all.iter().filter(|other| other.name != one.name) {
                for (_, place) in places(other) {
                    let host = place.exact_host().unwrap_or_default();
                    assert!(
                        !pattern.is_match(host),
                        "{entry} of {} takes {host}",
                        one.name
                    );
                }
            }
        }
    }
}

/// What every host that fits ends in: the plain text at the end of a pattern.
fn ending(pattern: &str) -> String {
    let plain = pattern.replace("\\.", ".");
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    plain[plain.rfind(|c| !is_host(c)).map_or(0, |at| at + 1)..].to_owned()
}

#[test]
fn a_pattern_ends_in_one_services_domain_and_says_what_may_stand_before_it() {
    let mut endings: BTreeMap<String, String> = BTreeMap::new();
    for provider in all() {
        for pattern in patterns(&provider) {
            let name = &provider.name;
            for wide in [".*", ".+", "\\w", "\\S", "[^"] {
                assert!(!pattern.contains(wide), "{pattern} of {name}");
            }
            assert!(!pattern.contains('^') && !pattern.contains('$'), "{name}");
            let ending = ending(&pattern);
            assert!(ending.starts_with(['.', '-']), "{pattern} of {name}");
            assert!(ending.matches('.').count() >= 2, "{pattern} of {name}");
            endings.insert(ending, name.to_string());
        }
    }
    for (one, owner) in &endings {
        for (other, owner_of_other) in &endings {
            let apart = owner == owner_of_other || !one.ends_with(other.as_str());
            assert!(apart, "{owner} and {owner_of_other} share {other}");
        }
    }
}

#[test]
fn a_pattern_stands_for_a_whole_host() {
    for (name, own) in [
        ("azure-openai", "acme.openai.azure.com"),
        ("google-vertex-ai", "europe-west4-aiplatform.googleapis.com"),
        ("mailchimp", "us21.api.mailchimp.com"),
        ("pinecone", "docs-1a2b3c.svc.aped-4627-b74a.pinecone.io"),
        ("salesforce", "acme--test.sandbox.my.salesforce.com"),
        ("weaviate", "a1b2c3.c0.us-west3.gcp.weaviate.cloud"),
        ("databricks", "dbc-1a2b3c4d-5e6f.cloud.databricks.com"),
        ("algolia", "latency-dsn.algolia.net"),
        ("atlassian-api-token", "acme.atlassian.net"),
    ] {
        let provider = all().into_iter().find(|p| p.name.as_str() == name);
        let places = places(&provider.unwrap());
        let fits = |host: &str| places.iter().any(|(_, place)| place.matches_host(host));
        assert!(fits(own), "{name} {own}");
        let bare = own.split_once('.').unwrap().1;
        for stranger in [
            format!("{own}.evil.example"),
            format!("evil.example.{own}"),
            format!("{own}x"),
            format!("evil{bare}").replacen('.', "", 1),
            format!("evil-{}", own.replace('.', "-")),
        ] {
            assert!(!fits(&stranger), "{name} {stranger}");
        }
    }
}

#[test]
fn a_variable_stands_for_one_service() {
    let mut readers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for provider in all() {
        for variable in provider.variables().into_keys() {
            let here = readers.entry(variable).or_default();
            here.insert(provider.name.to_string());
        }
    }
    for (variable, names) in readers.iter().filter(|(_, names)| names.len() > 1) {
        let within = |group: &&[&str]| names.iter().all(|name| group.contains(&name.as_str()));
        assert!(
            together(names) || ONE_VARIABLE.iter().any(within),
            "{variable} is read for {names:?}"
        );
    }
}
