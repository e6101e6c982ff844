//! One scan: what is each find, and where is it stored.

use super::definitions::{Definitions, secret_variables};
use super::stored::{Mark, Stored};
use super::taking::{self, Terms};
use crate::model::placeholder::standing;
use crate::model::{AuditEvent, Caller, ConnectionName, EventName, Provider, ProviderName};
use crate::secret::ApiKey;
use crate::services::setup::Core;
use crate::services::{Error, Providers};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most finds of one scan.
const MOST_FINDS: usize = 1_000;
/// Longest name of a variable, in bytes.
const LONGEST_VARIABLE: usize = 256;
/// Most providers that one find may be of.
const MOST_NAMED: usize = 16;

/// What a find holds.
#[derive(Debug)]
pub enum FoundSecret {
    /// HMAC-SHA256 of it under the salt of the scan: it can be compared and nothing else.
    Digest([u8; 32]),
    /// Itself, to be stored.
    Whole(ApiKey),
}

/// A secret that lies somewhere in plain text.
#[derive(Debug)]
pub struct PlaintextFinding {
    /// The variable it stands in.
    pub variable: Option<String>,
    /// Whose it may be, where the place or the shape tells.
    pub providers: Vec<ProviderName>,
    pub secret: FoundSecret,
}

/// What `POST /credentials/compare` asks for.
#[derive(Debug)]
pub struct ScanWish {
    /// The key of the digests, made for this scan.
    pub salt: [u8; 32],
    pub finds: Vec<PlaintextFinding>,
    /// The usual name of what is stored.
    pub connection: ConnectionName,
    /// Replace a connection of that name.
    pub replace: bool,
}

/// How a find stands to what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingState {
    /// No definition is for it.
    Unknown,
    /// A provider's, and not stored.
    Missing,
    Same,
    /// There is a connection, and it has another secret.
    Different,
    /// What stands in a file in place of the secret.
    Placeholder,
    /// It was missing or different, and is stored now.
    Imported,
}

/// What is known of one find.
#[derive(Debug, Clone)]
pub struct Compared {
    pub provider: Option<ProviderName>,
    pub state: FindingState,
    /// The connection that is the same, or differs, or was made.
    pub connection: Option<ConnectionName>,
    /// The connection that requests to the provider use after this scan, where none is named.
    pub default_connection: Option<ConnectionName>,
    /// What may stand in its place.
    pub placeholder: Option<String>,
    /// Why it cannot be stored.
    pub problem: Option<String>,
}

/// The answer, in the order of the finds.
#[derive(Debug, Clone)]
pub struct Comparison {
    pub finds: Vec<Compared>,
    /// The providers with a connection, and the variables that programs look for it in.
    pub connected: Vec<(ProviderName, Vec<String>)>,
}

/// Holds finds against what is stored.
#[derive(Debug, Clone)]
pub struct Scans {
    core: Arc<Core>,
    providers: Providers,
}

impl Scans {
    pub(in crate::services) const fn new(core: Arc<Core>, providers: Providers) -> Self {
        Self { core, providers }
    }

    /// Compares every find with the caller's connections, and stores those that came whole and are
    /// not there. Audited before anything is said.
    pub async fn compare(&self, caller: &Caller, wish: ScanWish) -> Result<Comparison, Error> {
        check(&wish)?;
        let definitions = Definitions::of(self.providers.list().await?);
        let stored = Stored::of(&self.core, caller).await?;
        let mut scan = Scan {
            core: &self.core,
            caller,
            salt: wish.salt,
            terms: Terms {
                connection: wish.connection,
                replace: wish.replace,
            },
            replaced: BTreeSet::new(),
            definitions,
            stored,
        };
        let mut finds = Vec::new();
        for find in wish.finds {
            finds.push(scan.judge(find).await?);
        }
        for find in &mut finds {
            let at = find.provider.as_ref();
            let used = at.and_then(|provider| scan.stored.default_at(provider));
            find.default_connection = used.cloned();
        }
        let event = event(caller, &finds, &scan.stored);
        self.core.store.audit(vec![event]).await?;
        Ok(Comparison {
            connected: scan.connected(),
            finds,
        })
    }
}

/// One scan at work.
struct Scan<'a> {
    core: &'a Core,
    caller: &'a Caller,
    salt: [u8; 32],
    terms: Terms,
    /// Providers whose usual connection this scan has replaced: once is enough.
    replaced: BTreeSet<ProviderName>,
    definitions: Definitions,
    stored: Stored,
}

impl Scan<'_> {
    async fn judge(&mut self, find: PlaintextFinding) -> Result<Compared, Error> {
        let mark = match &find.secret {
            FoundSecret::Digest(bytes) => Mark::from_bytes(*bytes),
            FoundSecret::Whole(key) => Mark::of(&self.salt, key.reveal().trim()),
        };
        let candidates = self
            .definitions
            .candidates(find.variable.as_deref(), &find.providers);
        for provider in &candidates {
            let name = &provider.name;
            let stored = &mut self.stored;
            stored
                .open(self.core, self.caller, &self.salt, name)
                .await?;
        }
        if let Some(placed) = self.known(&candidates, &mark) {
            return Ok(placed);
        }
        let Some(provider) = self.likeliest(&candidates, &find.secret) else {
            return Ok(Compared::unknown());
        };
        let mut judged = self.not_stored(&provider);
        if let FoundSecret::Whole(key) = &find.secret {
            self.take(&mut judged, &provider, key, mark).await?;
        }
        Ok(judged)
    }

    /// A find that is stored, or is a placeholder.
    fn known(&self, candidates: &[Arc<Provider>], mark: &Mark) -> Option<Compared> {
        for provider in candidates {
            let held = self.stored.at(&provider.name).iter();
            let mut same = held.filter(|held| held.marks.iter().any(|own| own.is(mark)));
            if let Some(held) = same.next() {
                let name = Some(held.name.clone());
                return Some(Compared::of(provider, FindingState::Same, name));
            }
            let fake = standing(&provider.name, provider.placeholder.as_deref());
            if Mark::of(&self.salt, &fake).is(mark) {
                return Some(Compared::of(provider, FindingState::Placeholder, None));
            }
        }
        None
    }

    /// Of several definitions the one with a connection, else the first that takes such a key.
    fn likeliest(
        &self,
        candidates: &[Arc<Provider>],
        secret: &FoundSecret,
    ) -> Option<Arc<Provider>> {
        let fits = |provider: &&Arc<Provider>| match secret {
            FoundSecret::Whole(key) => taking::refusal(provider, key).is_none(),
            FoundSecret::Digest(_) => true,
        };
        let is_connected = |provider: &&Arc<Provider>| !self.stored.at(&provider.name).is_empty();
        candidates
            .iter()
            .filter(fits)
            .find(is_connected)
            .or_else(|| candidates.iter().find(fits))
            .or_else(|| candidates.first())
            .cloned()
    }

    fn not_stored(&self, provider: &Provider) -> Compared {
        match self.stored.default_at(&provider.name).cloned() {
            Some(name) => Compared::of(provider, FindingState::Different, Some(name)),
            None => Compared::of(provider, FindingState::Missing, None),
        }
    }

    /// Stores a find, or says why not.
    async fn take(
        &mut self,
        judged: &mut Compared,
        provider: &Provider,
        key: &ApiKey,
        mark: Mark,
    ) -> Result<(), Error> {
        judged.problem = taking::refusal(provider, key);
        if judged.problem.is_some() {
            return Ok(());
        }
        let terms = Terms {
            replace: self.terms.replace && !self.replaced.contains(&provider.name),
            ..self.terms.clone()
        };
        let Some(place) = taking::name_for(&self.stored, provider, &terms) else {
            judged.problem = Some("it has too many connections already".to_owned());
            return Ok(());
        };
        let name = taking::store(self.core, self.caller, provider, key, place).await?;
        if terms.replace {
            self.replaced.insert(provider.name.clone());
        }
        self.stored.add(&provider.name, name.clone(), mark);
        judged.state = FindingState::Imported;
        judged.connection = Some(name);
        Ok(())
    }

    fn connected(&self) -> Vec<(ProviderName, Vec<String>)> {
        let names = self.stored.providers().into_iter();
        names
            .filter_map(|name| {
                let provider = self.definitions.get(name)?;
                Some((name.clone(), secret_variables(provider)))
            })
            .collect()
    }
}

impl Compared {
    const fn unknown() -> Self {
        Self {
            provider: None,
            state: FindingState::Unknown,
            connection: None,
            default_connection: None,
            placeholder: None,
            problem: None,
        }
    }

    fn of(provider: &Provider, state: FindingState, connection: Option<ConnectionName>) -> Self {
        Self {
            provider: Some(provider.name.clone()),
            state,
            connection,
            default_connection: None,
            placeholder: Some(standing(&provider.name, provider.placeholder.as_deref())),
            problem: None,
        }
    }
}

fn check(wish: &ScanWish) -> Result<(), Error> {
    if wish.finds.len() > MOST_FINDS {
        let text = format!("at most {MOST_FINDS} finds at once");
        return Err(Error::invalid(text));
    }
    for find in &wish.finds {
        let too_long = |name: &String| name.len() > LONGEST_VARIABLE;
        if find.variable.as_ref().is_some_and(too_long) {
            let text = format!("a variable has at most {LONGEST_VARIABLE} characters");
            return Err(Error::invalid(text));
        }
        if find.providers.len() > MOST_NAMED {
            let text = format!("a find names at most {MOST_NAMED} providers");
            return Err(Error::invalid(text));
        }
    }
    Ok(())
}

/// What was asked and what came of it; whose credentials were held against it.
fn event(caller: &Caller, finds: &[Compared], stored: &Stored) -> AuditEvent {
    let count = |state: FindingState| finds.iter().filter(|find| find.state == state).count();
    AuditEvent::new(EventName::CredentialCompared)
        .by(caller)
        .with("finds", finds.len())
        .with("same", count(FindingState::Same))
        .with("different", count(FindingState::Different))
        .with("missing", count(FindingState::Missing))
        .with("imported", count(FindingState::Imported))
        .with("providers", stored.opened())
}
