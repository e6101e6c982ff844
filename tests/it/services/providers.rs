//! Definitions: found, registered, removed.

use super::house::{OPENAI_KEY, Place, code, connection, on_both, provider};
use authsome::model::ErrorCode;
use authsome::services::{Removed, RouteScope};
use serde_json::{Value, json};

on_both!(
    a_registered_definition_is_there_for_everybody_and_after_a_restart,
    only_an_administrator_changes_definitions,
    a_bundled_providers_host_and_name_are_reserved,
    removing_a_custom_definition_ends_its_connections,
    a_definition_that_sends_elsewhere_ends_its_connections,
    removing_a_bundled_definition_resets_it,
    a_file_of_the_home_is_read_and_not_deleted,
    a_key_for_a_file_nobody_can_read_goes_nowhere,
    removing_what_stood_over_a_file_resets_it,
    hostile_definitions_are_refused,
);

fn acme() -> Value {
    json!({
        "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
        "api_url": "api.acme.example", "api_key": {"header_name": "X-Acme-Key"},
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut definition = acme();
    definition[field] = value;
    definition
}

async fn a_registered_definition_is_there_for_everybody_and_after_a_restart(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let providers = &house.services.providers;
    providers.register(&caller, acme(), false).await.unwrap();
    let again = providers.register(&caller, acme(), false).await;
    assert_eq!(code(again), ErrorCode::ProviderAlreadyRegistered);
    let changed = with("display_name", "Acme 2".into());
    providers.register(&caller, changed, true).await.unwrap();
    assert_eq!(
        providers.get(&provider("acme")).await.unwrap().display_name,
        "Acme 2"
    );
    house.close().await;
    let house = place.local().await;
    let list = house.services.providers.list().await.unwrap();
    assert_eq!(list.custom.len(), 1);
    assert!(list.bundled.len() > 40);
    assert_eq!(house.count("provider.registered").await, 2);
}

async fn only_an_administrator_changes_definitions(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let providers = &house.services.providers;
    assert_eq!(
        code(providers.register(&guest, acme(), false).await),
        ErrorCode::Forbidden
    );
    providers.register(&admin, acme(), false).await.unwrap();
    assert_eq!(
        code(providers.remove(&guest, &provider("acme")).await),
        ErrorCode::Forbidden
    );
}

async fn a_bundled_providers_host_and_name_are_reserved(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let providers = &house.services.providers;
    let taking = with("api_url", "https://api.openai.com/v1".into());
    let refused = providers
        .register(&caller, taking.clone(), false)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Conflict);
    assert!(refused.next_step().unwrap().contains("--force"));
    let named = with("name", "openai".into());
    let refused = providers.register(&caller, named, false).await;
    assert_eq!(code(refused), ErrorCode::ProviderAlreadyRegistered);
    let taken = providers.register(&caller, taking, true).await.unwrap();
    assert!(
        taken
            .warnings
            .iter()
            .any(|warning| warning.contains("openai"))
    );
    let event = house.audit().await.pop().unwrap().event;
    assert_eq!(event.event.as_str(), "provider.registered");
    assert!(event.metadata["confirmed"].to_string().contains("openai"));
}

async fn removing_a_custom_definition_ends_its_connections(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    let providers = &house.services.providers;
    providers.register(&caller, acme(), false).await.unwrap();
    house.login(&caller, "acme", "default", "k").await;
    assert_eq!(house.resolve(&scout, "acme", None).await.unwrap(), "k");
    let removed = providers.remove(&caller, &provider("acme")).await.unwrap();
    assert_eq!(removed.0, Removed::Removed);
    assert_eq!(
        code(house.resolve(&scout, "acme", None).await),
        ErrorCode::ProviderNotFound
    );
    assert_eq!(
        code(providers.remove(&caller, &provider("acme")).await),
        ErrorCode::ProviderNotFound
    );
    providers.register(&caller, acme(), false).await.unwrap();
    assert_eq!(
        code(house.resolve(&scout, "acme", None).await),
        ErrorCode::CredentialMissing
    );
}

async fn a_definition_that_sends_elsewhere_ends_its_connections(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let providers = &house.services.providers;
    providers.register(&caller, acme(), false).await.unwrap();
    house
        .login(&caller, "acme", "default", "ak-0123456789")
        .await;
    let mut renamed = acme();
    renamed["display_name"] = json!("Acme, renamed");
    let kept = providers.register(&caller, renamed, true).await.unwrap();
    assert!(house.has_connections(&caller).await, "{:?}", kept.warnings);
    let mut elsewhere = acme();
    elsewhere["api_url"] = json!(["api.acme.example", "evil.example"]);
    let ended = providers.register(&caller, elsewhere, true).await.unwrap();
    assert!(!house.has_connections(&caller).await);
    let said = ended.warnings.join(" ");
    assert!(said.contains("its connections were ended: 1"), "{said}");
}

async fn removing_a_bundled_definition_resets_it(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    let providers = &house.services.providers;
    let openai = provider("openai");
    let mut own = with("name", "openai".into());
    own["display_name"] = "Mine".into();
    providers.register(&caller, own, true).await.unwrap();
    assert_eq!(providers.get(&openai).await.unwrap().display_name, "Mine");
    assert_eq!(
        providers.remove(&caller, &openai).await.unwrap().0,
        Removed::Reset
    );
    assert_eq!(providers.get(&openai).await.unwrap().display_name, "OpenAI");
    let connections = &house.services.connections;
    let gone = connections
        .show(&caller, &openai, &connection("default"), false)
        .await;
    assert_eq!(code(gone), ErrorCode::ConnectionNotFound);
}

async fn a_file_of_the_home_is_read_and_not_deleted(place: Place) {
    let file = place.providers_dir().join("acme.json");
    std::fs::write(&file, acme().to_string()).unwrap();
    let (house, _, caller) = place.local_with_scout().await;
    let providers = &house.services.providers;
    assert_eq!(
        providers.get(&provider("acme")).await.unwrap().display_name,
        "Acme"
    );
    let refused = providers
        .remove(&caller, &provider("acme"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::OperationNotAllowed);
    assert!(refused.next_step().unwrap().contains("providers/acme.json"));
    assert!(file.exists());
}

async fn hostile_definitions_are_refused(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let providers = &house.services.providers;
    let before = house.events().await.len();
    for (definition, expected) in [
        (
            with("docs_url", "javascript:alert(1)".into()),
            ErrorCode::InvalidInput,
        ),
        (with("name", "../x".into()), ErrorCode::InvalidInput),
        (
            with("display_name", "a\u{1b}[2J".into()),
            ErrorCode::InvalidInput,
        ),
        (
            with("api_key", json!({"header_name": "X\r\nY"})),
            ErrorCode::InvalidInput,
        ),
        (
            with("api_key", json!({"key_pattern": "("})),
            ErrorCode::InvalidProviderSchema,
        ),
        (
            with("api_url", "http://api.acme.example".into()),
            ErrorCode::InvalidProviderSchema,
        ),
        (
            with("auth_type", "magic".into()),
            ErrorCode::InvalidProviderSchema,
        ),
        (json!({}), ErrorCode::InvalidInput),
        (json!(null), ErrorCode::InvalidProviderSchema),
    ] {
        let refused = providers.register(&caller, definition.clone(), true).await;
        assert_eq!(code(refused), expected, "{definition}");
    }
    assert_eq!(house.events().await.len(), before);
    assert_eq!(providers.list().await.unwrap().custom.len(), 0);
}

/// The gateway's key must not be sent to the service the gateway stands for.
async fn a_key_for_a_file_nobody_can_read_goes_nowhere(place: Place) {
    let file = place.providers_dir().join("openai.json");
    let mut gateway = with("name", "openai".into());
    gateway["display_name"] = "Gateway".into();
    std::fs::write(&file, gateway.to_string()).unwrap();
    let (house, scout, caller) = place.local_with_scout().await;
    house
        .login(&caller, "openai", "default", "key-of-the-gateway")
        .await;
    house.resolve(&scout, "openai", None).await.unwrap();
    house.close().await;
    std::fs::write(&file, "{").unwrap();
    let house = place.local().await;
    let refused = house.resolve(&scout, "openai", None).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidProviderSchema);
    assert!(refused.next_step().unwrap().contains("doctor"), "{refused}");
    let caller = house.caller(&scout).await;
    let listed = house.services.providers.list().await.unwrap();
    assert!(listed.bundled.iter().all(|p| p.name.as_str() != "openai"));
    let resolver = &house.services.resolver;
    for scope in [RouteScope::Connected, RouteScope::Configured] {
        let routes = resolver.routes(&caller, scope).await.unwrap();
        assert!(
            routes
                .iter()
                .all(|route| route.provider.as_str() != "openai")
        );
    }
    let ready = house.services.status.ready(&caller).await.unwrap();
    assert!(ready.warnings.iter().any(|w| w.contains("openai.json")));
}

async fn removing_what_stood_over_a_file_resets_it(place: Place) {
    let file = place.providers_dir().join("acme.json");
    std::fs::write(&file, acme().to_string()).unwrap();
    let (house, _, caller) = place.local_with_scout().await;
    let providers = &house.services.providers;
    let over = with("display_name", "Acme 2".into());
    providers.register(&caller, over, true).await.unwrap();
    let (removed, _) = providers.remove(&caller, &provider("acme")).await.unwrap();
    assert_eq!(removed, Removed::Reset);
    let found = providers.get(&provider("acme")).await.unwrap();
    assert_eq!(found.display_name, "Acme");
}
