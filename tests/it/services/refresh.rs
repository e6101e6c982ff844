//! Tokens that come to their end, at a provider that rotates them, fails, or takes its time.

use super::house::{Agent, House, Place, code, connection, on_both, provider};
use crate::oauth::harness::Login;
use crate::support::oauth_home::definition;
use crate::support::oauth_server::{Endpoint, Fault, OAuthServer};
use crate::support::records;
use authsome::model::connection::Account;
use authsome::model::provider::AuthType;
use authsome::model::{Caller, Connection, ConnectionState, Credential, ErrorCode, ProviderClient};
use authsome::oauth::{ClientAuth, Tokens};
use authsome::services::{Destination, Error, ExportFormat, Release};
use authsome::store::{Error as StoreError, Held, ProviderClientRecord, RefreshLease};
use authsome::vault::CredentialAddress;
use serde_json::{Value, json};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

on_both!(
    a_token_is_renewed_before_it_ends_and_once,
    a_refresh_token_that_is_not_replaced_is_kept,
    a_good_token_bridges_a_provider_that_is_away,
    an_answer_that_was_lost_ends_in_a_login,
    a_caller_who_leaves_loses_nothing,
    what_a_dead_process_left_is_settled_first,
    a_logout_during_a_refresh_stands,
    a_login_during_a_refresh_stands,
    a_life_that_makes_no_sense_is_none,
    what_is_used_is_renewed_ahead_of_time,
    a_provider_that_is_away_is_asked_less_and_less,
    a_refused_token_is_renewed_once_in_a_while,
    an_export_and_a_reveal_are_fresh,
    a_connection_without_a_client_says_so,
);

/// A daemon's inside, its provider, and an agent who is logged in there.
pub(crate) struct Story {
    pub(crate) at: Login,
    pub(crate) place: Place,
    pub(crate) house: House,
    pub(crate) scout: Agent,
    pub(crate) caller: Caller,
}

impl Story {
    pub(crate) async fn begin(place: Place) -> Self {
        let at = Login::new(ClientAuth::Body);
        let place = place.with_transport(at.transport.clone());
        let file = place.providers_dir().join("acme.json");
        std::fs::write(file, definition(&at.server).to_string()).unwrap();
        let (house, scout, caller) = place.local_with_scout().await;
        let story = Self {
            at,
            place,
            house,
            scout,
            caller,
        };
        story.set_client().await;
        story.log_in("default").await;
        story
    }

    async fn set_client(&self) {
        let (house, at) = (&self.house, provider("acme"));
        let client = ProviderClient {
            client_id: self.at.client.id.clone(),
            client_secret: self.at.client.secret.clone(),
            base_url: None,
        };
        let sealed = house.vaults.seal_client(&at, 1, &client).await.unwrap();
        let record = ProviderClientRecord {
            provider: at,
            version: 1,
            metadata: serde_json::Map::new(),
            sealed,
            created_at: self.now(),
            updated_at: self.now(),
        };
        let write = house
            .store
            .write(move |tx| Box::pin(async move { tx.insert_provider_client(&record).await }));
        write.await.unwrap();
    }

    /// Stores what a login at the provider gives.
    pub(crate) async fn log_in(&self, name: &str) -> String {
        let tokens = self.at.log_in().await;
        let token = tokens.access_token.reveal().to_owned();
        self.put(name, tokens, 1).await;
        token
    }

    pub(crate) async fn put(&self, name: &str, tokens: Tokens, version: i64) {
        let now = self.now();
        let credential = Credential::OAuth2 {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            token_type: "Bearer".to_owned(),
            expires_at: tokens.expires_in.map(|life| now + life),
        };
        let row = Connection {
            vault: self.caller.vault.clone(),
            principal: self.caller.principal.clone(),
            is_default: name == "default",
            auth_type: AuthType::OAuth2,
            state: ConnectionState::Connected {
                expires_at: credential.expires_at(),
            },
            account: Account::default(),
            refreshable: credential.is_refreshable(),
            version,
            ..records::connection("x", "acme", name, now)
        };
        let at = CredentialAddress::of(&row);
        let sealed = self.house.vaults.seal_credential(&at, &credential).await;
        let sealed = sealed.unwrap();
        let write = self.house.store.write(move |tx| {
            Box::pin(async move {
                if version == 1 {
                    return tx.insert_connection(&row, &sealed).await;
                }
                let old = tx.find_connection(&row.vault, &row.provider, &row.name);
                let old = old.await?.unwrap().connection.version;
                assert!(tx.replace_connection(&row, &sealed, old).await?);
                Ok::<_, StoreError>(())
            })
        });
        write.await.unwrap();
    }

    pub(crate) fn server(&self) -> &OAuthServer {
        &self.at.server
    }

    fn now(&self) -> OffsetDateTime {
        use authsome::clock::Clock as _;
        self.house.clock.now()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.house.advance(Duration::seconds(seconds));
    }

    pub(crate) async fn get(&self, name: &str) -> Result<String, Error> {
        self.house.resolve(&self.scout, "acme", Some(name)).await
    }

    /// The number of the token that is given out, counted in the order of issue.
    pub(crate) async fn number(&self, name: &str) -> usize {
        let token = self.get(name).await.unwrap();
        self.server().living(&token).unwrap()
    }

    pub(crate) async fn again(&self, at: &str) -> Result<Release, Error> {
        let unspent = self.house.authenticate(&self.scout).await.unwrap();
        let to = Destination {
            rejected: true,
            ..Destination::default()
        };
        let resolver = &self.house.services.resolver;
        resolver.resolve(unspent, &provider(at), None, to).await
    }

    async fn renewed_by_force(&self) -> String {
        let release = self.again("acme").await.unwrap();
        release.injection.secrets[0].reveal().to_owned()
    }

    pub(crate) fn refreshes(&self) -> usize {
        refreshes(self.server())
    }

    pub(crate) async fn status(&self) -> &'static str {
        let connections = &self.house.services.connections;
        let found = connections.list(&self.caller).await.unwrap();
        found[0].connections[0].state.status()
    }

    /// Until every refresh that was begun has ended.
    pub(crate) async fn settle(&self) {
        self.house.services.settle().await;
    }

    pub(crate) async fn tick(&self) {
        self.house.services.tick().await.unwrap();
    }
}

/// How often the provider decided about a refresh token.
pub(crate) fn refreshes(server: &OAuthServer) -> usize {
    let calls = server.token_calls();
    calls
        .iter()
        .filter(|call| call.grant == "refresh_token")
        .count()
}

async fn a_token_is_renewed_before_it_ends_and_once(place: Place) {
    let story = Story::begin(place).await;
    assert_eq!(story.number("default").await, 1);
    story.advance(3_299);
    assert_eq!(story.number("default").await, 1);
    assert_eq!(story.refreshes(), 0);
    story.advance(1);
    // Good for five minutes more: nobody waits.
    assert_eq!(story.number("default").await, 1);
    story.settle().await;
    assert_eq!(story.number("default").await, 2);
    assert_eq!(story.number("default").await, 2);
    assert_eq!(story.refreshes(), 1);
    // Long after its end, as after a night.
    story.advance(100_000);
    assert_eq!(story.status().await, "connected");
    assert_eq!(story.number("default").await, 3);
    let calls = story.server().token_calls();
    assert!(calls.iter().all(|call| call.ok), "{calls:?}");
    assert_eq!(story.house.count("credential.refreshed").await, 2);
    let events = story.house.audit().await;
    let refreshed =
        |e: &&authsome::model::AuditRecord| e.event.event.as_str() == "credential.refreshed";
    let event = &events.iter().find(refreshed).unwrap().event;
    assert_eq!(event.principal.as_ref(), Some(&story.caller.principal));
    assert_eq!(event.metadata["rotated"], json!(true));
}

async fn a_refresh_token_that_is_not_replaced_is_kept(place: Place) {
    let story = Story::begin(place).await;
    story.server().rotate(false);
    for number in 2..5 {
        story.advance(3_600);
        assert_eq!(story.number("default").await, number);
    }
    assert_eq!(story.refreshes(), 3);
}

async fn a_good_token_bridges_a_provider_that_is_away(place: Place) {
    let story = Story::begin(place).await;
    let elsewhere = OAuthServer::start();
    let faults = [
        Fault::Status(503),
        Fault::Status(429),
        Fault::Garbage,
        Fault::Reset,
        Fault::Redirect(elsewhere.url("/token")),
        Fault::Truncated,
        Fault::Huge,
    ];
    let mut old = Vec::new();
    for number in 0..faults.len() {
        old.push(story.log_in(&format!("c{number}")).await);
    }
    story.advance(3_400);
    for (number, fault) in faults.iter().enumerate() {
        let name = format!("c{number}");
        let seen = story.server().seen(Endpoint::Token);
        story.server().fault(Endpoint::Token, Some(fault.clone()));
        for _ in 0..3 {
            assert_eq!(story.get(&name).await.unwrap(), old[number], "{fault:?}");
            story.settle().await;
        }
        assert_eq!(story.server().seen(Endpoint::Token), seen + 1, "{fault:?}");
    }
    assert_eq!(elsewhere.seen(Endpoint::Token), 0);
    let failed = story.house.count("credential.refresh_failed").await;
    assert_eq!(failed, faults.len());
    // It comes back, and the pause is over.
    story.server().fault(Endpoint::Token, None);
    story.advance(60);
    for (number, fault) in faults.iter().enumerate() {
        let name = format!("c{number}");
        story.get(&name).await.unwrap();
        story.settle().await;
        let token = story.get(&name).await.unwrap();
        assert_ne!(token, old[number], "{fault:?}");
        assert!(story.server().living(&token).is_some(), "{fault:?}");
    }
}

async fn an_answer_that_was_lost_ends_in_a_login(place: Place) {
    let story = Story::begin(place).await;
    story.advance(3_400);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::AnswerLost));
    assert_eq!(story.number("default").await, 1);
    story.settle().await;
    story.server().fault(Endpoint::Token, None);
    story.advance(60);
    drop(story.get("default").await);
    story.settle().await;
    // The provider has rotated the token away and takes the old one for stolen.
    assert_eq!(code(story.get("default").await), ErrorCode::TokenExpired);
    assert_eq!(story.status().await, "expired");
}

async fn a_caller_who_leaves_loses_nothing(place: Place) {
    let story = Arc::new(Story::begin(place).await);
    story.advance(4_000);
    let seen = story.server().seen(Endpoint::Token);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::AnswerHeld));
    let caller = tokio::spawn({
        let story = Arc::clone(&story);
        async move { story.get("default").await.map(drop) }
    });
    story.server().arrived(Endpoint::Token, seen + 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    story.server().release();
    assert_eq!(story.number("default").await, 2);
    assert_eq!(story.refreshes(), 1);
}

async fn what_a_dead_process_left_is_settled_first(place: Place) {
    let story = Story::begin(place).await;
    let key = {
        let mut reader = story.house.store.read().await.unwrap();
        let found = reader
            .find_default_connection(&story.caller.vault, &provider("acme"))
            .await;
        found.unwrap().unwrap().connection.key()
    };
    let lease = RefreshLease {
        version: 1,
        held: Some(Held {
            by: "a process that was killed".to_owned(),
            until: story.now() + Duration::seconds(40),
        }),
        tried_at: story.now(),
        failures: 0,
        not_before: None,
        last_error: None,
    };
    let write = story
        .house
        .store
        .write(move |tx| Box::pin(async move { tx.put_refresh_lease(&key, &lease).await }));
    write.await.unwrap();
    if story.place.is_postgres() {
        // A replica that may still be at it; the token is not due.
        assert_eq!(story.number("default").await, 1);
        story.advance(40);
    }
    // Nobody knows what became of the refresh token.
    assert_eq!(story.number("default").await, 2);
    assert_eq!(story.refreshes(), 1);
}

async fn a_logout_during_a_refresh_stands(place: Place) {
    let story = Arc::new(Story::begin(place).await);
    story.advance(4_000);
    let seen = story.server().seen(Endpoint::Token);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::AnswerHeld));
    let caller = tokio::spawn({
        let story = Arc::clone(&story);
        async move { story.get("default").await.map(drop) }
    });
    story.server().arrived(Endpoint::Token, seen + 1).await;
    let connections = &story.house.services.connections;
    let (at, name) = (provider("acme"), connection("default"));
    let out = connections.logout(&story.caller, &at, &name).await;
    out.unwrap();
    story.server().release();
    let refused = code(caller.await.unwrap());
    assert_eq!(refused, ErrorCode::ConnectionNotFound);
    assert!(!story.house.has_connections(&story.caller).await);
}

async fn a_login_during_a_refresh_stands(place: Place) {
    let story = Arc::new(Story::begin(place).await);
    let tokens = story.at.log_in().await;
    story.advance(4_000);
    let seen = story.server().seen(Endpoint::Token);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::AnswerHeld));
    let caller = tokio::spawn({
        let story = Arc::clone(&story);
        async move { story.get("default").await }
    });
    story.server().arrived(Endpoint::Token, seen + 1).await;
    let token = tokens.access_token.reveal().to_owned();
    story.put("default", tokens, 50).await;
    story.server().release();
    assert_eq!(caller.await.unwrap().unwrap(), token);
    assert_eq!(story.get("default").await.unwrap(), token);
    assert_eq!(story.house.count("credential.refreshed").await, 0);
}

async fn a_life_that_makes_no_sense_is_none(place: Place) {
    let story = Story::begin(place).await;
    let hour = Some(Duration::HOUR);
    let cases: [(Value, Option<Duration>); 10] = [
        (json!(3600), hour),
        (json!("3600"), hour),
        (json!(3600.9), hour),
        (json!(1e300), Some(Duration::hours(24 * 366 * 10))),
        (json!(0), None),
        (json!(-5), None),
        (json!("soon"), None),
        (json!([3600]), None),
        (json!(true), None),
        (json!(null), None),
    ];
    for (value, life) in cases {
        story.advance(31);
        story.server().expires_in(value.clone());
        let release = story.again("acme").await.unwrap();
        let expected = life.map(|life| story.now() + life);
        assert_eq!(release.expires_at, expected, "{value}");
        let token = story.get("default").await.unwrap();
        assert!(story.server().living(&token).is_some(), "{value}");
    }
    assert_eq!(story.refreshes(), 10);
    // What does not end is not renewed.
    story.advance(1_000_000);
    assert_eq!(story.number("default").await, 11);
}

async fn what_is_used_is_renewed_ahead_of_time(place: Place) {
    let story = Story::begin(place).await;
    story.log_in("unused").await;
    story.advance(1_000);
    assert_eq!(story.number("default").await, 1);
    story.advance(2_179);
    story.tick().await;
    assert_eq!(story.refreshes(), 0);
    story.advance(1);
    story.tick().await;
    assert_eq!(story.refreshes(), 1);
    story.tick().await;
    story.advance(120);
    assert_eq!(story.number("default").await, 3);
    assert_eq!(story.refreshes(), 1);
    // Nobody uses it for an hour.
    story.advance(3_600);
    story.tick().await;
    assert_eq!(story.refreshes(), 1);
}

async fn a_provider_that_is_away_is_asked_less_and_less(place: Place) {
    let story = Story::begin(place).await;
    assert_eq!(story.number("default").await, 1);
    story.advance(3_400);
    let seen = story.server().seen(Endpoint::Token);
    story
        .server()
        .fault(Endpoint::Token, Some(Fault::Status(500)));
    let mut asked = Vec::new();
    for second in (0..3_600).step_by(10) {
        let before = story.server().seen(Endpoint::Token);
        drop(story.get("default").await);
        // A token that is good for a while is given out before its renewal has ended.
        story.settle().await;
        if story.server().seen(Endpoint::Token) > before {
            asked.push(second);
        }
        story.advance(10);
    }
    assert_eq!(story.server().seen(Endpoint::Token) - seen, asked.len());
    assert!((6..=12).contains(&asked.len()), "{asked:?}");
    assert!(asked.windows(2).all(|w| w[1] - w[0] >= 30), "{asked:?}");
}

async fn a_refused_token_is_renewed_once_in_a_while(place: Place) {
    let story = Story::begin(place).await;
    let first = story.get("default").await.unwrap();
    let second = story.renewed_by_force().await;
    assert_ne!(second, first);
    for _ in 0..5 {
        assert_eq!(story.renewed_by_force().await, second);
    }
    assert_eq!(story.refreshes(), 1);
    story.advance(30);
    assert_ne!(story.renewed_by_force().await, second);
    assert_eq!(story.refreshes(), 2);
    // Nothing can be done for what does not renew itself.
    let key = super::house::OPENAI_KEY;
    story
        .house
        .login(&story.caller, "openai", "default", key)
        .await;
    let release = story.again("openai").await.unwrap();
    assert_eq!(release.injection.secrets[0].reveal(), key);
    assert!(!release.injection.refreshable);
    // A provider that is away leaves what there is.
    story.advance(30);
    story.server().fault(Endpoint::Token, Some(Fault::Reset));
    let third = story.get("default").await.unwrap();
    assert_eq!(story.renewed_by_force().await, third);
}

async fn an_export_and_a_reveal_are_fresh(place: Place) {
    let story = Story::begin(place).await;
    let connections = &story.house.services.connections;
    let export = async |at: Option<&str>| {
        let at = at.map(provider);
        let name = connection("default");
        let text = connections
            .export(&story.caller, at.as_ref(), &name, ExportFormat::Env)
            .await;
        text.map(|text| text.reveal().trim_start_matches("ACME_TOKEN=").to_owned())
    };
    for number in [2, 3] {
        story.advance(4_000);
        let text = export((number == 2).then_some("acme")).await.unwrap();
        assert_eq!(story.server().living(&text), Some(number));
    }
    story.advance(4_000);
    let shown = async |reveal| {
        let (at, name) = (provider("acme"), connection("default"));
        connections.show(&story.caller, &at, &name, reveal).await
    };
    let Some(Credential::OAuth2 { access_token, .. }) = shown(true).await.unwrap().credential
    else {
        panic!("an OAuth login");
    };
    assert_eq!(story.server().living(access_token.reveal()), Some(4));
    story.server().revoke_refresh_tokens();
    story.advance(4_000);
    assert_eq!(code(export(Some("acme")).await), ErrorCode::TokenExpired);
    assert_eq!(export(None).await.unwrap(), "");
    assert_eq!(code(shown(true).await), ErrorCode::TokenExpired);
    let kept = shown(false).await.unwrap();
    assert_eq!(kept.connection.state.status(), "expired");
}

async fn a_connection_without_a_client_says_so(place: Place) {
    let story = Story::begin(place).await;
    let write = story.house.store.write(move |tx| {
        Box::pin(async move { tx.delete_provider_client(&provider("acme")).await })
    });
    write.await.unwrap();
    story.advance(3_400);
    assert_eq!(story.number("default").await, 1);
    story.advance(1_000);
    let refused = story.get("default").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RefreshFailed);
    assert!(refused.message().contains("no OAuth client"), "{refused}");
    assert_eq!(story.refreshes(), 0);
}
