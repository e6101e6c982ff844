//! Properties: every secret that leaves has its audit row, and no principal observes another.
//!
//! Two principals do what comes, in an order that chance gives and every run repeats, and a model
//! of a few lines says what each must see.

use super::house::{Agent, House, Place, connection, on_both, provider};
use authsome::model::{Caller, Credential, Outcome};
use authsome::services::ExportFormat;
use std::collections::BTreeMap;

on_both!(every_release_has_its_row_and_nobody_sees_anothers);

const NAMES: [&str; 3] = ["default", "home", "work"];
const STEPS: usize = 80;

/// Numbers that are the same in every run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// What left: the event that must tell of it, whose it was, and the connection.
type Releases = BTreeMap<(&'static str, String, String), usize>;

/// One principal with an agent, and what its Vault must hold.
struct Player {
    agent: Agent,
    caller: Caller,
    keys: BTreeMap<&'static str, String>,
}

impl Player {
    /// Does one thing, checks what came of it against the model, and notes what was released.
    async fn step(&mut self, house: &House, numbers: &mut Numbers, released: &mut Releases) {
        let name = NAMES[numbers.below(NAMES.len())];
        let (openai, wanted) = (provider("openai"), connection(name));
        let connections = &house.services.connections;
        let own = self.keys.get(name).cloned();
        match numbers.below(8) {
            0 | 1 => {
                let key = format!(
                    "sk-{:08}{:016}",
                    numbers.below(100_000_000),
                    numbers.0 >> 14
                );
                house.login(&self.caller, "openai", name, &key).await;
                self.keys.insert(name, key);
            }
            2 => {
                let got = house.resolve(&self.agent, "openai", Some(name)).await.ok();
                assert_eq!(got, own);
                self.note("credential.resolved", name, got.is_some(), released);
            }
            3 => {
                let shown = connections.show(&self.caller, &openai, &wanted, true).await;
                let got = shown.ok().and_then(|shown| shown.credential);
                let got = got.map(|credential| match credential {
                    Credential::ApiKey { key } => key.reveal().to_owned(),
                    other => panic!("{other:?}"),
                });
                assert_eq!(got, own);
                self.note("credential.revealed", name, got.is_some(), released);
            }
            4 => {
                let hidden = connections.show(&self.caller, &openai, &wanted, false);
                let hidden = hidden.await.ok();
                assert_eq!(hidden.is_some(), own.is_some());
                assert!(hidden.is_none_or(|shown| shown.credential.is_none()));
            }
            5 => {
                let one = (numbers.below(2) == 0).then_some(&openai);
                let text = connections
                    .export(&self.caller, one, &wanted, ExportFormat::Json)
                    .await
                    .map(|text| text.reveal().to_owned())
                    .unwrap_or_default();
                let exported: Vec<_> = self
                    .keys
                    .iter()
                    .filter(|(_, key)| text.contains(*key))
                    .collect();
                assert_eq!(exported.is_empty(), !text.contains("sk-"), "{text}");
                for (name, _) in exported {
                    self.note("credential.exported", name, true, released);
                }
            }
            6 => {
                let gone = connections.logout(&self.caller, &openai, &wanted).await;
                assert_eq!(gone.is_ok(), self.keys.remove(name).is_some());
            }
            _ => {
                let listed = connections.list(&self.caller).await.unwrap();
                let mut names: Vec<String> = listed
                    .iter()
                    .flat_map(|group| &group.connections)
                    .map(|listed| listed.name.to_string())
                    .collect();
                names.sort();
                assert!(names.iter().eq(self.keys.keys()), "{names:?}");
            }
        }
    }

    fn note(&self, event: &'static str, name: &str, happened: bool, released: &mut Releases) {
        if happened {
            let whose = self.caller.principal.to_string();
            *released.entry((event, whose, name.to_owned())).or_default() += 1;
        }
    }
}

async fn every_release_has_its_row_and_nobody_sees_anothers(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let mut players = Vec::new();
    for who in ["one", "other"] {
        let person = house.guest(&admin, &format!("{who}@example.test")).await;
        let agent = house.agent_of(&person, who).await;
        players.push(Player {
            caller: house.caller(&agent).await,
            agent,
            keys: BTreeMap::new(),
        });
    }
    let mut numbers = Numbers(7);
    let mut released = Releases::new();
    for _ in 0..STEPS {
        let player = numbers.below(players.len());
        players[player]
            .step(&house, &mut numbers, &mut released)
            .await;
    }
    let mut recorded = Releases::new();
    for record in house.audit().await {
        let event = record.event;
        let names = [
            "credential.resolved",
            "credential.revealed",
            "credential.exported",
        ];
        let Some(name) = names.into_iter().find(|name| *name == event.event.as_str()) else {
            continue;
        };
        if event.outcome == Outcome::Success {
            let whose = event.principal.unwrap().to_string();
            let connection = event.connection.unwrap().to_string();
            *recorded.entry((name, whose, connection)).or_default() += 1;
        }
    }
    assert!(released.len() > 6, "{released:?}");
    assert_eq!(recorded, released);
}
