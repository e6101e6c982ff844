//! Connections: listed, shown, ended, exported.

use super::house::{OPENAI_KEY, Place, code, connection, on_both, provider};
use authsome::model::{Credential, ErrorCode};
use authsome::services::ExportFormat;

on_both!(
    a_list_groups_by_provider_and_names_the_default,
    ending_the_default_makes_another_one_the_default,
    a_secret_is_shown_only_when_asked_for_and_that_is_audited,
    an_export_holds_the_variables_and_is_audited,
    an_export_of_everything_takes_one_connection_of_each,
    an_administrator_ends_a_provider_for_everybody,
    what_has_lost_its_definition_is_left_out_of_an_export_of_everything,
    what_does_not_exist_says_what_to_do,
);

async fn a_list_groups_by_provider_and_names_the_default(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    house.login(&caller, "openai", "home", OPENAI_KEY).await;
    house
        .login(&caller, "resend", "default", "re_0123456789abcdefghijklmn")
        .await;
    let connections = &house.services.connections;
    let all = connections.list(&caller).await.unwrap();
    let names: Vec<(&str, usize)> = all
        .iter()
        .map(|group| (group.provider.as_str(), group.connections.len()))
        .collect();
    assert_eq!(names, [("openai", 2), ("resend", 1)]);
    assert_eq!(all[0].default, Some(connection("work")));
    let (openai, home) = (provider("openai"), connection("home"));
    connections
        .set_default(&caller, &openai, &home)
        .await
        .unwrap();
    let all = connections.list(&caller).await.unwrap();
    assert_eq!(all[0].default, Some(connection("home")));
    assert_eq!(
        all[0].connections.iter().filter(|c| c.is_default).count(),
        1
    );
}

async fn ending_the_default_makes_another_one_the_default(place: Place) {
    let (house, scout, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    house
        .login(&caller, "openai", "home", "sk-home-0123456789abcdefg")
        .await;
    let connections = &house.services.connections;
    let openai = provider("openai");
    connections
        .logout(&caller, &openai, &connection("work"))
        .await
        .unwrap();
    let next = house.resolve(&scout, "openai", None).await.unwrap();
    assert_eq!(next, "sk-home-0123456789abcdefg");
    connections
        .logout(&caller, &openai, &connection("home"))
        .await
        .unwrap();
    let again = connections
        .logout(&caller, &openai, &connection("home"))
        .await;
    assert_eq!(code(again), ErrorCode::ConnectionNotFound);
    let gone = house.resolve(&scout, "openai", None).await;
    assert_eq!(code(gone), ErrorCode::CredentialMissing);
    assert_eq!(house.count("connection.logged_out").await, 2);
}

async fn a_secret_is_shown_only_when_asked_for_and_that_is_audited(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    let connections = &house.services.connections;
    let (openai, default) = (provider("openai"), connection("default"));
    let redacted = connections
        .show(&caller, &openai, &default, false)
        .await
        .unwrap();
    assert!(redacted.credential.is_none());
    assert_eq!(redacted.identity.as_ref(), Some(&caller.handle));
    assert_eq!(house.count("credential.revealed").await, 0);
    let shown = connections
        .show(&caller, &openai, &default, true)
        .await
        .unwrap();
    assert!(
        matches!(shown.credential, Some(Credential::ApiKey { key }) if key.matches(OPENAI_KEY))
    );
    assert_eq!(house.count("credential.revealed").await, 1);
}

async fn an_export_holds_the_variables_and_is_audited(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    house.login(&caller, "openai", "work", OPENAI_KEY).await;
    let connections = &house.services.connections;
    let openai = provider("openai");
    let default = connection("default");
    for (format, text) in [
        (ExportFormat::Env, format!("OPENAI_API_KEY={OPENAI_KEY}")),
        (
            ExportFormat::Shell,
            format!("export OPENAI_API_KEY='{OPENAI_KEY}'"),
        ),
        (
            ExportFormat::Json,
            format!("{{\"OPENAI_API_KEY\":\"{OPENAI_KEY}\"}}"),
        ),
    ] {
        let out = connections
            .export(&caller, Some(&openai), &default, format)
            .await;
        assert_eq!(
            out.unwrap().reveal(),
            text,
            "the default one, whatever its name"
        );
    }
    assert_eq!(house.count("credential.exported").await, 3);
    let named = connection("other");
    let missing = connections
        .export(&caller, Some(&openai), &named, ExportFormat::Env)
        .await;
    assert_eq!(code(missing), ErrorCode::ConnectionNotFound);
    let unknown = provider("no-such-thing");
    let missing = connections
        .export(&caller, Some(&unknown), &default, ExportFormat::Env)
        .await;
    assert_eq!(code(missing), ErrorCode::ProviderNotFound);
}

async fn an_export_of_everything_takes_one_connection_of_each(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let connections = &house.services.connections;
    let default = connection("default");
    let nothing = connections
        .export(&caller, None, &default, ExportFormat::Env)
        .await;
    assert_eq!(nothing.unwrap().reveal(), "");
    house.login(&caller, "openai", "a-work", OPENAI_KEY).await;
    house
        .login(&caller, "openai", "work", "sk-work-0123456789abcdefg")
        .await;
    house
        .login(&caller, "resend", "default", "re_0123456789abcdefghijklmn")
        .await;
    let all = connections
        .export(&caller, None, &default, ExportFormat::Env)
        .await
        .unwrap();
    assert!(
        all.reveal().contains(OPENAI_KEY) && all.reveal().contains("re_0123"),
        "{}",
        all.reveal()
    );
    let work = connection("work");
    let all = connections
        .export(&caller, None, &work, ExportFormat::Env)
        .await
        .unwrap();
    assert!(all.reveal().contains("sk-work-") && !all.reveal().contains(OPENAI_KEY));
}

async fn what_has_lost_its_definition_is_left_out_of_an_export_of_everything(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let definition = serde_json::json!({
        "name": "acme", "display_name": "Acme", "auth_type": "api_key", "flow": "api_key",
        "api_url": "api.acme.example", "export": {"ACME_KEY": "API_TOKEN"},
    });
    let directory = place.providers_dir();
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("acme.json");
    std::fs::write(&file, definition.to_string()).unwrap();
    house.login(&caller, "acme", "default", "acme-key-1").await;
    house.login(&caller, "openai", "default", OPENAI_KEY).await;
    std::fs::remove_file(&file).unwrap();
    // Files are looked at again when everything is listed.
    house.services.providers.list().await.unwrap();
    let connections = &house.services.connections;
    let default = connection("default");
    let export = connections.export(&caller, None, &default, ExportFormat::Env);
    let text = export.await.unwrap();
    assert!(text.reveal().contains(OPENAI_KEY) && !text.reveal().contains("acme"));
    assert_eq!(house.count("credential.exported").await, 1);
}

async fn an_administrator_ends_a_provider_for_everybody(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let boss = house.agent_of(&admin, "boss").await;
    let scout = house.agent_of(&guest, "scout").await;
    for agent in [&boss, &scout] {
        let caller = house.caller(agent).await;
        house.login(&caller, "openai", "default", OPENAI_KEY).await;
    }
    let openai = provider("openai");
    let connections = &house.services.connections;
    let user = house.caller(&scout).await;
    assert_eq!(
        code(connections.revoke_provider(&user, &openai).await),
        ErrorCode::Forbidden
    );
    let caller = house.caller(&boss).await;
    assert_eq!(
        connections.revoke_provider(&caller, &openai).await.unwrap(),
        2
    );
    for agent in [&boss, &scout] {
        assert_eq!(
            code(house.resolve(agent, "openai", None).await),
            ErrorCode::CredentialMissing
        );
    }
    assert_eq!(house.count("connection.logged_out").await, 2);
    let unknown = connections
        .revoke_provider(&caller, &provider("no-such-thing"))
        .await;
    assert_eq!(code(unknown), ErrorCode::ProviderNotFound);
}

async fn what_does_not_exist_says_what_to_do(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let connections = &house.services.connections;
    let work = connection("work");
    let missing = connections
        .show(&caller, &provider("openai"), &work, true)
        .await
        .unwrap_err();
    assert_eq!(missing.code(), ErrorCode::ConnectionNotFound);
    let hint = missing.next_step().unwrap();
    assert!(
        hint.contains("authsome login openai --connection work"),
        "{hint}"
    );
}
