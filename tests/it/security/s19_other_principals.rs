//! Row 19: another principal's records. Defence: the Vault comes from the Caller alone. Whatever is
//! asked for, the answer is the same as when it does not exist.

use crate::services::house::{House, OPENAI_KEY, Place, connection, on_both, provider, typed};
use authsome::model::{Caller, LoginSessionId};
use authsome::services::{Error, ExportFormat, RouteScope, Visitor};

on_both!(a_record_of_another_principal_answers_as_one_that_does_not_exist);

/// All that a caller may be told about `id` and the connection `work` of `openai`.
async fn everything(house: &House, caller: &Caller, id: &LoginSessionId) -> Vec<String> {
    let connections = &house.services.connections;
    let logins = &house.services.logins;
    let (openai, work) = (provider("openai"), connection("work"));
    let text = ExportFormat::Env;
    let mut answers = vec![
        told(connections.list(caller).await),
        told(connections.show(caller, &openai, &work, false).await),
        told(connections.show(caller, &openai, &work, true).await),
        told(connections.set_default(caller, &openai, &work).await),
        told(connections.logout(caller, &openai, &work).await),
        told(connections.export(caller, Some(&openai), &work, text).await),
        told(
            connections
                .export(caller, None, &work, text)
                .await
                .map(|t| t.reveal().to_owned()),
        ),
        told(
            house
                .services
                .resolver
                .routes(caller, RouteScope::Connected)
                .await,
        ),
    ];
    let person = authsome::model::SignedIn {
        principal: caller.principal.clone(),
        email: None,
        vault: caller.vault.clone(),
        role: caller.role,
    };
    let visitor = Visitor {
        person: Some(&person),
        ..Visitor::default()
    };
    answers.push(told(logins.show(caller, id).await));
    answers.push(told(logins.resume(caller, id, typed(OPENAI_KEY)).await));
    answers.push(told(logins.cancel(caller, id).await));
    answers.push(told(logins.open_form(id, visitor).await));
    answers.push(told(logins.cancel_form(id, visitor, "x").await));
    answers
}

fn told<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Ok(found) => format!("{found:?}"),
        Err(error) => format!("{} {error} {:?}", error.code(), error.next_step()),
    }
}

async fn a_record_of_another_principal_answers_as_one_that_does_not_exist(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let owner = house.guest(&admin, "owner@example.test").await;
    let thief = house.guest(&admin, "thief@example.test").await;
    let scout = house.agent_of(&owner, "scout").await;
    let spy = house.agent_of(&thief, "spy").await;
    let boss = house.agent_of(&admin, "boss").await;
    let own = house.caller(&scout).await;
    let missing: LoginSessionId = "sess_missing".parse().unwrap();
    // Once for a stranger, and once for an administrator: the role opens no Vault.
    for agent in [&spy, &boss] {
        let stranger = house.caller(agent).await;
        let nothing = everything(&house, &stranger, &missing).await;
        let nothing_to_resolve = told(house.resolve(agent, "openai", Some("work")).await);
        let id = house.begin(&own, "openai", "other").await;
        house.login(&own, "openai", "work", OPENAI_KEY).await;
        assert_eq!(everything(&house, &stranger, &id).await, nothing);
        let resolved = told(house.resolve(agent, "openai", Some("work")).await);
        assert_eq!(resolved, nothing_to_resolve);
        assert_eq!(
            house.resolve(&scout, "openai", Some("work")).await.unwrap(),
            OPENAI_KEY
        );
        let openai = provider("openai");
        let connections = &house.services.connections;
        connections
            .logout(&own, &openai, &connection("work"))
            .await
            .unwrap();
    }
}
