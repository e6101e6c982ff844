//! Releases: what leaves for one request, and what stays.

use super::house::{OPENAI_KEY, Place, code, connection, on_both, provider};
use authsome::model::target::InjectedPart;
use authsome::model::{ErrorCode, Outcome};
use authsome::services::{Destination, RouteScope};

on_both!(
    a_release_is_audited_with_who_and_what,
    a_proof_releases_one_secret,
    a_refusal_is_audited_and_says_what_to_do,
    a_newer_key_is_released_at_once,
    each_host_gets_what_it_wants,
    a_place_the_definition_does_not_name_gets_nothing,
    routes_tell_where_credentials_may_go,
);

async fn a_release_is_audited_with_who_and_what(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    let signed = house.sign(&scout, "/x");
    let release = house.release(&signed, "openai").await.unwrap();
    let [InjectedPart::Header { name, value }] = release.injection.parts.as_slice() else {
        panic!("one header");
    };
    assert_eq!(name, "Authorization");
    assert_eq!(value.reveal(), format!("Bearer {OPENAI_KEY}"));
    assert_eq!(release.injection.connection, connection("work"));
    assert_eq!(
        release.injection.lease_seconds, 0,
        "on this machine: ask every time"
    );
    let last = house.audit().await.pop().unwrap().event;
    assert_eq!(last.event.as_str(), "credential.resolved");
    assert_eq!(last.identity, Some(caller.handle));
    assert_eq!(last.principal, Some(caller.principal));
    assert_eq!(last.connection, Some(connection("work")));
}

async fn a_proof_releases_one_secret(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    let signed = house.sign(&scout, "/x");
    house.release(&signed, "openai").await.unwrap();
    let again = house.release(&signed, "openai").await;
    assert_eq!(code(again), ErrorCode::Unauthenticated);
    assert_eq!(house.count("credential.resolved").await, 1);
}

async fn a_refusal_is_audited_and_says_what_to_do(place: Place) {
    let house = place.local().await;
    let scout = house.local_agent(&place, "scout").await;
    for (at, name, expected) in [
        ("openai", None, ErrorCode::CredentialMissing),
        ("openai", Some("work"), ErrorCode::ConnectionNotFound),
        ("no-such-thing", None, ErrorCode::ProviderNotFound),
    ] {
        let refused = house.resolve(&scout, at, name).await.unwrap_err();
        assert_eq!(refused.code(), expected);
        assert!(
            refused.next_step().unwrap().contains("`authsome "),
            "{refused:?}"
        );
    }
    let all = house.audit().await;
    let refused: Vec<_> = all
        .iter()
        .filter(|record| record.event.event.as_str() == "credential.refused")
        .collect();
    assert_eq!(refused.len(), 3);
    assert!(
        refused
            .iter()
            .all(|record| record.event.outcome == Outcome::Refused)
    );
    assert_eq!(
        refused[0].event.metadata["reason"],
        "CredentialMissingError"
    );
}

async fn a_newer_key_is_released_at_once(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    for round in 0..5 {
        let key = format!("sk-round-{round}-0123456789abcdef");
        house.login(&caller, "openai", "default", &key).await;
        assert_eq!(house.resolve(&scout, "openai", None).await.unwrap(), key);
        assert_eq!(house.resolve(&scout, "openai", None).await.unwrap(), key);
    }
}

async fn each_host_gets_what_it_wants(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let definition = serde_json::json!({
        "name": "forge", "display_name": "Forge", "auth_type": "api_key", "flow": "api_key",
        "api_url": ["api.forge.example", "git.forge.example"],
        "injections": [
            {"kind": "header", "name": "Authorization", "format": "Bearer {secret}", "hosts": ["api.forge.example"]},
            {"kind": "basic", "username": "x", "password": "{secret}", "hosts": ["git.forge.example"]},
        ],
    });
    let providers = &house.services.providers;
    providers
        .register(&caller, definition, false)
        .await
        .unwrap();
    house.login(&caller, "forge", "default", "k1").await;
    let at = async |host: Option<&'static str>| {
        let unspent = house.authenticate(&scout).await.unwrap();
        let resolver = &house.services.resolver;
        let release = resolver
            .resolve(
                unspent,
                &provider("forge"),
                None,
                Destination {
                    host,
                    ..Destination::default()
                },
            )
            .await?;
        let [InjectedPart::Header { value, .. }] = release.injection.parts.as_slice() else {
            panic!("one header");
        };
        Ok(value.reveal().to_owned())
    };
    assert_eq!(at(None).await.unwrap(), "Bearer k1");
    assert_eq!(
        at(Some("git.forge.example")).await.unwrap(),
        "Basic eDprMQ=="
    );
    assert_eq!(at(Some("api.forge.example")).await.unwrap(), "Bearer k1");
    assert_eq!(
        code(at(Some("other.example")).await),
        ErrorCode::OperationNotAllowed
    );
    let long: &'static str = "x".repeat(10_000).leak();
    for host in ["", "a b", "a\r\nb", "é", long] {
        assert_eq!(code(at(Some(host)).await), ErrorCode::InvalidInput);
    }
}

async fn a_place_the_definition_does_not_name_gets_nothing(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let define = async |api_url: &str| {
        let definition = serde_json::json!({
            "name": "forge", "display_name": "Forge", "auth_type": "api_key",
            "flow": "api_key", "api_url": api_url,
        });
        let providers = &house.services.providers;
        let put = providers.register(&caller, definition, true).await;
        put.unwrap();
    };
    let at = async |host: &str, port: u16| {
        let unspent = house.authenticate(&scout).await.unwrap();
        let to = Destination {
            host: Some(host),
            port: Some(port),
            rejected: false,
        };
        let resolver = &house.services.resolver;
        let forge = provider("forge");
        let release = resolver.resolve(unspent, &forge, None, to).await;
        release.map(drop)
    };
    define("https://api.forge.example:8443/v1").await;
    house.login(&caller, "forge", "default", "k1").await;
    at("api.forge.example", 8443).await.unwrap();
    assert_eq!(
        code(at("api.forge.example", 443).await),
        ErrorCode::OperationNotAllowed
    );
    // A run that began before the definition changed asks for the place it knew.
    define("https://new.forge.example").await;
    house.login(&caller, "forge", "default", "k2").await;
    assert_eq!(
        code(at("api.forge.example", 8443).await),
        ErrorCode::OperationNotAllowed
    );
    at("new.forge.example", 443).await.unwrap();
}

async fn routes_tell_where_credentials_may_go(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let resolver = &house.services.resolver;
    let none = resolver
        .routes(&caller, RouteScope::Connected)
        .await
        .unwrap();
    assert_eq!(none, []);
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    let routes = resolver
        .routes(&caller, RouteScope::Connected)
        .await
        .unwrap();
    assert_eq!(routes.len(), 2);
    assert!(routes[0].is_default && !routes[1].is_default);
    assert!(routes[0].api_urls.iter().any(|url| url == "api.openai.com"));
    assert_eq!(routes[0].variables[0].0, "OPENAI_API_KEY");
    let all = resolver
        .routes(&caller, RouteScope::Configured)
        .await
        .unwrap();
    assert!(all.len() > 40);
    let resend = all
        .iter()
        .find(|route| route.provider.as_str() == "resend")
        .unwrap();
    assert_eq!(resend.connection, None);
}
