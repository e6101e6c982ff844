//! The bundled definitions, as everything above them uses them.

mod oauth;
mod page;
mod places;

use authsome::catalog::{Catalog, check};
use authsome::model::api_url::ApiUrl;
use authsome::model::placeholder::PlaceholderTemplate;
use authsome::model::target::InjectedPart;
use authsome::model::{Credential, Provider};
use authsome::secret::ApiKey;
use std::sync::Arc;
use url::Url;

fn all() -> Vec<Arc<Provider>> {
    Catalog::bundled().list().bundled
}

#[test]
fn every_definition_is_right_by_the_whole_check_and_none_has_a_field_nobody_reads() {
    let all = all();
    assert!(all.len() >= 128, "{} definitions", all.len());
    for provider in all {
        let checked = check(serde_json::to_value(&*provider).unwrap());
        let checked = checked.unwrap_or_else(|e| panic!("{}: {e}", provider.name));
        assert!(checked.warnings.is_empty(), "{:?}", checked.warnings);
        assert_eq!(checked.provider, *provider, "{}", provider.name);
        assert!(provider.unknown.is_empty(), "{}", provider.name);
        let docs: Url = provider.docs_url.as_deref().unwrap().parse().unwrap();
        assert_eq!(docs.scheme(), "https", "{}", provider.name);
        if let Some(browser) = &provider.browser {
            let entry: Url = browser.entry_url.as_deref().unwrap().parse().unwrap();
            assert_eq!(entry.scheme(), "https", "{}", provider.name);
        }
    }
}

fn key() -> Credential {
    Credential::ApiKey {
        key: ApiKey::new("k-123"),
    }
}

#[test]
fn every_provider_renders_a_key_for_each_of_its_hosts() {
    for provider in all() {
        let provider = provider.at_site(provider.usual_site().or(Some("https://site.example")));
        for entry in &provider.api_url {
            let place: ApiUrl = entry.parse().unwrap();
            let rendered = provider.render(&key(), place.exact_host());
            assert_eq!(
                rendered.unwrap().parts.len(),
                1,
                "{} {entry}",
                provider.name
            );
        }
    }
}

#[test]
fn github_gets_a_bearer_token_at_its_api_and_basic_for_git() {
    let provider = Catalog::bundled()
        .find_bundled(&"github-pat".parse().unwrap())
        .unwrap();
    let header = |host| match provider.render(&key(), Some(host)).unwrap().parts.remove(0) {
        InjectedPart::Header { name, value } => format!("{name}: {}", value.reveal()),
        other => panic!("{other:?}"),
    };
    assert_eq!(header("api.github.com"), "Authorization: Bearer k-123");
    assert_eq!(
        header("github.com"),
        "Authorization: Basic eC1hY2Nlc3MtdG9rZW46ay0xMjM="
    );
    assert!(
        provider
            .render(&key(), Some("gist.github.com.evil.example"))
            .is_err()
    );
}

#[test]
fn every_placeholder_can_be_made_and_no_two_are_alike() {
    for provider in all() {
        let template = match &provider.placeholder {
            Some(text) => text.parse().unwrap(),
            None => PlaceholderTemplate::plain(&provider.name),
        };
        let fill = || template.fill(|| getrandom::u32().unwrap().to_le_bytes()[0]);
        let (one, other) = (fill(), fill());
        assert_ne!(one, other, "{}", provider.name);
        assert_eq!(provider.check_key(&one), Ok(()), "{}", provider.name);
    }
}
