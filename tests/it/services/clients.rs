//! Our OAuth clients: what ends with one, and what does not.

use super::house::{Place, code, connection, on_both, provider, wish};
use super::refresh::Story;
use authsome::model::provider::Flow;
use authsome::model::{Credential, ErrorCode, GrantKey, Role};
use authsome::secret::{AccessToken, ClientSecret};
use authsome::services::{ClientSource, NewClient};
use authsome::vault::CredentialAddress;

on_both!(
    a_changed_client_ends_what_it_got_and_nothing_else,
    the_same_client_again_changes_nothing,
    a_forgotten_client_ends_what_it_got,
    only_an_administrator_sees_or_changes_clients,
    a_client_is_checked_before_anything_ends,
    a_client_of_the_environment_is_changed_there,
    a_login_that_brings_a_client_is_checked_first,
    another_client_in_the_environment_ends_what_the_last_one_got,
    a_variable_that_was_forgotten_ends_nothing,
);

const KEY: &str = "sk-0123456789abcdefghijkl";

fn new(id: &str) -> NewClient {
    NewClient {
        client_id: id.to_owned(),
        client_secret: Some(ClientSecret::new("canary-of-a-secret")),
        base_url: None,
    }
}

/// A token that a program got by a key of its own, in the place of a connection.
async fn mint(story: &Story, name: &str) {
    let mut reader = story.house.store.read().await.unwrap();
    let (at, named) = (provider("acme"), connection(name));
    let found = reader.find_connection(&story.caller.vault, &at, &named);
    let mut row = found.await.unwrap().unwrap().connection;
    drop(reader);
    let from = row.version;
    row.version += 1;
    let credential = Credential::Minted {
        key: GrantKey::ClientCredentials {
            client_id: "a program".to_owned(),
            client_secret: ClientSecret::new("its own"),
        },
        access_token: AccessToken::new("minted"),
        expires_at: None,
    };
    let address = CredentialAddress::of(&row);
    let sealed = story
        .house
        .vaults
        .seal_credential(&address, &credential)
        .await;
    let sealed = sealed.unwrap();
    let write = story
        .house
        .store
        .write(move |tx| Box::pin(async move { tx.replace_connection(&row, &sealed, from).await }));
    assert!(write.await.unwrap());
}

async fn a_changed_client_ends_what_it_got_and_nothing_else(place: Place) {
    let story = Story::begin(place).await;
    let house = &story.house;
    let (ours, also_ours) = (
        story.get("default").await.unwrap(),
        story.log_in("work").await,
    );
    story.log_in("program").await;
    mint(&story, "program").await;
    house.login(&story.caller, "openai", "default", KEY).await;
    let clients = &house.services.clients;
    let acme = provider("acme");
    let found = clients.find(&story.caller, &acme).await.unwrap().unwrap();
    assert_eq!((found.issued, found.has_secret), (2, true));
    assert_eq!(found.source, ClientSource::Stored);
    assert_eq!(
        clients
            .set(&story.caller, &acme, new("web:2"))
            .await
            .unwrap(),
        2
    );
    for token in [ours, also_ours] {
        assert_eq!(story.server().get_as(&token, "/api/x").status, 401);
    }
    assert_eq!(code(story.get("work").await), ErrorCode::ConnectionNotFound);
    assert_eq!(story.get("program").await.unwrap(), "minted");
    // What is left is the default now.
    assert_eq!(
        house.resolve(&story.scout, "acme", None).await.unwrap(),
        "minted"
    );
    assert_eq!(
        house.resolve(&story.scout, "openai", None).await.unwrap(),
        KEY
    );
    let events = house.audit().await;
    let set = events
        .iter()
        .rfind(|e| e.event.event.as_str() == "provider.client_set");
    let set = &set.unwrap().event;
    assert_eq!(set.metadata["connections"], 2);
    assert_eq!(set.identity.as_ref(), Some(&story.scout.handle));
    assert_eq!(house.count("connection.logged_out").await, 2);
    let list = clients.list(&story.caller).await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].client_id.as_deref(), Some("web:2"));
    assert_eq!(list[0].issued, 0);
    assert!(!format!("{list:?}").contains("canary"));
}

async fn the_same_client_again_changes_nothing(place: Place) {
    let story = Story::begin(place).await;
    let clients = &story.house.services.clients;
    let acme = provider("acme");
    let set = |id| clients.set(&story.caller, &acme, new(id));
    assert_eq!(set("web:2").await.unwrap(), 1);
    story.log_in("default").await;
    // Copying brings white space along.
    assert_eq!(set(" web:2\t").await.unwrap(), 0);
    story.get("default").await.unwrap();
    assert_eq!(story.house.count("provider.client_set").await, 1);
}

async fn a_forgotten_client_ends_what_it_got(place: Place) {
    let story = Story::begin(place).await;
    let token = story.get("default").await.unwrap();
    let clients = &story.house.services.clients;
    let acme = provider("acme");
    assert_eq!(clients.forget(&story.caller, &acme).await.unwrap(), 1);
    assert_eq!(story.server().get_as(&token, "/api/x").status, 401);
    assert!(clients.find(&story.caller, &acme).await.unwrap().is_none());
    let again = clients.forget(&story.caller, &acme).await;
    assert_eq!(code(again), ErrorCode::NotFound);
    let events = story.house.audit().await;
    let event = &events.last().unwrap().event;
    assert_eq!(event.event.as_str(), "provider.client_forgotten");
    assert_eq!(event.metadata["connections"], 1);
}

async fn only_an_administrator_sees_or_changes_clients(place: Place) {
    let story = Story::begin(place).await;
    let clients = &story.house.services.clients;
    let mut guest = story.caller.clone();
    guest.role = Role::User;
    let acme = provider("acme");
    assert_eq!(code(clients.list(&guest).await), ErrorCode::Forbidden);
    assert_eq!(
        code(clients.find(&guest, &acme).await),
        ErrorCode::Forbidden
    );
    assert_eq!(
        code(clients.forget(&guest, &acme).await),
        ErrorCode::Forbidden
    );
    let set = clients.set(&guest, &acme, new("web:2")).await;
    assert_eq!(code(set), ErrorCode::Forbidden);
    let mut wish = wish("acme", "default");
    wish.new_client = true;
    let begun = story.house.services.logins.begin(&guest, wish).await;
    assert_eq!(code(begun), ErrorCode::Forbidden);
    story.get("default").await.unwrap();
}

async fn a_client_is_checked_before_anything_ends(place: Place) {
    let story = Story::begin(place).await;
    let clients = &story.house.services.clients;
    let acme = provider("acme");
    let at = |site: &str| NewClient {
        base_url: Some(site.to_owned()),
        ..new("web:2")
    };
    for wrong in [
        new(" "),
        new("a\nb"),
        new(&"x".repeat(2_049)),
        at("ftp://x"),
    ] {
        let refused = clients.set(&story.caller, &acme, wrong).await;
        assert_eq!(code(refused), ErrorCode::InvalidInput);
    }
    // Acme is in one place.
    let refused = clients
        .set(&story.caller, &acme, at("https://x.example"))
        .await;
    assert_eq!(code(refused), ErrorCode::InvalidInput);
    let none = clients
        .set(&story.caller, &provider("none"), new("x"))
        .await;
    assert_eq!(code(none), ErrorCode::ProviderNotFound);
    let keyed = clients
        .set(&story.caller, &provider("openai"), new("x"))
        .await;
    assert_eq!(code(keyed), ErrorCode::OperationNotAllowed);
    story.get("default").await.unwrap();
}

async fn a_client_of_the_environment_is_changed_there(place: Place) {
    let name = "AUTHSOME_ACME_CLIENT_ID";
    let story = Story::begin(place.with_variables(&[(name, "web:1")])).await;
    let clients = &story.house.services.clients;
    let acme = provider("acme");
    let found = clients.find(&story.caller, &acme).await.unwrap().unwrap();
    let variable = name.to_owned();
    assert_eq!(found.source, ClientSource::Environment { variable });
    assert_eq!((found.has_secret, found.issued), (false, 1));
    let mut wish = wish("acme", "default");
    wish.new_client = true;
    let refusals = [
        clients
            .set(&story.caller, &acme, new("web:2"))
            .await
            .unwrap_err(),
        clients.forget(&story.caller, &acme).await.unwrap_err(),
        story
            .house
            .services
            .logins
            .begin(&story.caller, wish)
            .await
            .unwrap_err(),
    ];
    for refused in refusals {
        assert_eq!(refused.code(), ErrorCode::OperationNotAllowed);
        assert!(
            refused.message().ends_with(&format!("is set by {name}")),
            "{refused}"
        );
        assert!(refused.next_step().is_some());
    }
    story.get("default").await.unwrap();
}

async fn a_login_that_brings_a_client_is_checked_first(place: Place) {
    let story = Story::begin(place).await;
    let logins = &story.house.services.logins;
    let wish = |at: &str, flow: Option<Flow>| {
        let mut wish = wish(at, "default");
        (wish.new_client, wish.flow) = (true, flow);
        wish
    };
    let begin = |wish| logins.begin(&story.caller, wish);
    let key = begin(wish("openai", None)).await;
    assert_eq!(code(key), ErrorCode::OperationNotAllowed);
    let device = begin(wish("openai", Some(Flow::DeviceCode))).await;
    assert_eq!(code(device), ErrorCode::UnsupportedFlow);
    let mut scopes = wish("acme", None);
    scopes.scopes = Some(vec!["two words".to_owned()]);
    assert_eq!(code(begin(scopes).await), ErrorCode::InvalidInput);
    let mut site = wish("acme", None);
    site.base_url = Some("https://x.example".to_owned());
    assert_eq!(code(begin(site).await), ErrorCode::OperationNotAllowed);
    // A good one waits for its person, though there is a connection, and has asked for no code.
    for flow in [None, Some(Flow::DeviceCode)] {
        let view = begin(wish("acme", flow)).await.unwrap();
        assert!(!view.session.state.is_final());
        assert!(view.to_type.is_none());
    }
    story.get("default").await.unwrap();
}

const ID: &str = "AUTHSOME_ACME_CLIENT_ID";

/// The same home with another environment; what the daemon warns of at its start.
async fn again(story: Story, variables: &[(&str, &str)]) -> (Story, Vec<String>) {
    let Story {
        at,
        place,
        house,
        scout,
        ..
    } = story;
    house.close().await;
    let place = place.with_variables(variables);
    let house = place.local().await;
    let caller = house.caller(&scout).await;
    let warnings = house.services.status.ready(&caller).await.unwrap().warnings;
    (
        Story {
            at,
            place,
            house,
            scout,
            caller,
        },
        warnings,
    )
}

async fn another_client_in_the_environment_ends_what_the_last_one_got(place: Place) {
    let story = Story::begin(place.with_variables(&[(ID, "web:1")])).await;
    story
        .house
        .login(&story.caller, "openai", "default", KEY)
        .await;
    let (story, told) = again(story, &[(ID, "web:1")]).await;
    assert!(told.is_empty(), "{told:?}");
    story.get("default").await.unwrap();
    let (story, told) = again(story, &[(ID, "web:2")]).await;
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("acme: the environment names another OAuth client"),
        "{told:?}"
    );
    assert_eq!(
        code(story.get("default").await),
        ErrorCode::ConnectionNotFound
    );
    let key = story.house.resolve(&story.scout, "openai", None).await;
    assert_eq!(key.unwrap(), KEY);
    let events = story.house.audit().await;
    let set = events
        .iter()
        .rfind(|e| e.event.event.as_str() == "provider.client_set");
    let set = &set.unwrap().event;
    assert_eq!(set.metadata["connections"], 1);
    assert!(set.metadata["reason"].to_string().contains("environment"));
    // Said once, and nothing more ends.
    let (_, told) = again(story, &[(ID, "web:2")]).await;
    assert!(told.is_empty(), "{told:?}");
}

async fn a_variable_that_was_forgotten_ends_nothing(place: Place) {
    let story = Story::begin(place.with_variables(&[(ID, "web:1")])).await;
    let clients = &story.house.services.clients;
    assert_eq!(clients.list(&story.caller).await.unwrap().len(), 1);
    let acme = provider("acme");
    let write = story
        .house
        .store
        .write(move |tx| Box::pin(async move { tx.delete_provider_client(&acme).await }));
    assert!(write.await.unwrap());
    let (story, told) = again(story, &[]).await;
    assert!(
        told[0].contains("names no OAuth client any more"),
        "{told:?}"
    );
    story.get("default").await.unwrap();
    let (story, told) = again(story, &[(ID, "web:1")]).await;
    assert!(told.is_empty(), "{told:?}");
    story.get("default").await.unwrap();
}
