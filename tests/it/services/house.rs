//! A daemon's inside without its web: real store, real vaults, all services, a clock to turn.

use crate::support::postgres::TestPostgres;
use authsome::catalog::Catalog;
use authsome::clock::{Clock as _, ManualClock, from_unix_millis};
use authsome::crypto::SigningKeyPair;
use authsome::crypto::proof::{ProofRequest, issue};
use authsome::model::{
    AuditRecord, Caller, ConnectionName, ErrorCode, Handle, LoginSessionId, MasterKeySource,
    ProviderName, SignedIn,
};
use authsome::oauth::{Reach, Transport};
use authsome::secret::{MasterKey, Password, Token, Typed};
use authsome::services::{
    Answers, AuditQuery, BeginLogin, Destination, Error, Mode, NewSession, RefreshStops, Release,
    Services, ServicesConfig, SignUp, SignedRequest, Unspent,
};
use authsome::store::{AuditFilter, Location, PrincipalRecord, Store};
use authsome::vault::Vaults;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use time::Duration;

/// Runs every story named on SQLite and on PostgreSQL; each gets a [`Place`](house::Place).
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::services::house::Place::sqlite()).await;
            }
        )+}
        mod postgresql {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                if let Some(place) = $crate::services::house::Place::postgres() {
                    super::$story(place).await;
                }
            }
        )+}
    };
}
pub(crate) use crate::support::hosted::PASSWORD;
pub(crate) use on_both;

pub(crate) const LOCAL_URL: &str = "http://127.0.0.1:7998";
pub(crate) const HOSTED_URL: &str = "https://authsome.example.test";
pub(crate) const OPENAI_KEY: &str = "sk-0123456789abcdefghijkl";
pub(crate) const SETUP: &str = "a-setup-token-of-an-operator";

/// Where a daemon lives; it can be started there again and again.
pub(crate) struct Place {
    location: Location,
    pub(crate) clock: Arc<ManualClock>,
    home: TempDir,
    transport: Transport,
    variables: BTreeMap<String, Typed>,
    stops: RefreshStops,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self::at(Location::Sqlite(home.path().join("store.db")), home)
    }

    /// `None` where PostgreSQL is not installed.
    pub(crate) fn postgres() -> Option<Self> {
        let url = TestPostgres::shared()?.database();
        let home = tempfile::tempdir().unwrap();
        Some(Self::at(Location::Postgres(SecretString::from(url)), home))
    }

    fn at(location: Location, home: TempDir) -> Self {
        Self {
            location,
            clock: Arc::new(ManualClock::at(from_unix_millis(1_800_000_000_123))),
            home,
            transport: Transport::new(|| None, Reach::public()),
            variables: BTreeMap::new(),
            stops: RefreshStops::default(),
        }
    }

    /// Where refreshes stop at a moment; the default stops none.
    pub(crate) fn with_stops(mut self, stops: RefreshStops) -> Self {
        self.stops = stops;
        self
    }

    /// Where the daemon's environment names OAuth clients.
    pub(crate) fn with_variables(mut self, variables: &[(&str, &str)]) -> Self {
        let pairs = variables.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), Typed::new(*value)));
        self.variables = pairs.collect();
        self
    }

    /// Where providers are reached in that way.
    pub(crate) fn with_transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.location, Location::Postgres(_))
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.home.path().join("store.db")
    }

    pub(crate) fn bind_secret(&self) -> Token {
        let text = std::fs::read_to_string(self.home.path().join("bind.secret")).unwrap();
        Token::new(text.trim_end())
    }

    pub(crate) fn providers_dir(&self) -> PathBuf {
        let dir = self.home.path().join("providers");
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    pub(crate) async fn local(&self) -> House {
        self.start(Mode::Local).await
    }

    pub(crate) async fn hosted(&self) -> House {
        self.start(Mode::Hosted).await
    }

    /// A local daemon, and an agent of its administrator as the services know it.
    pub(crate) async fn local_with_scout(&self) -> (House, Agent, Caller) {
        let house = self.local().await;
        let scout = house.local_agent(self, "scout").await;
        let caller = house.caller(&scout).await;
        (house, scout, caller)
    }

    async fn start(&self, mode: Mode) -> House {
        let store = Store::open(self.location.clone(), self.clock.clone())
            .await
            .unwrap();
        let key = MasterKey::new("a master key for stories, 32 bytes long");
        let vaults = Vaults::unlock(&store, MasterKeySource::Env(key))
            .await
            .unwrap();
        let url = match mode {
            Mode::Local => LOCAL_URL,
            Mode::Hosted => HOSTED_URL,
        };
        let config = ServicesConfig {
            mode,
            base_url: url.to_owned(),
            proof_origins: vec![url.to_owned()],
            legacy_proof: mode == Mode::Local,
            transport: self.transport.clone(),
            home: self.home.path().to_owned(),
            providers_dir: self.providers_dir(),
            bind_secret: self.home.path().join("bind.secret"),
            version: "0.0.0-test",
            client_variables: self.variables.clone(),
            refresh_stops: self.stops.clone(),
        };
        let catalog = Catalog::with_custom(self.providers_dir());
        let (at, under) = (self.clock.clone(), vaults.clone());
        let services = Services::start(config, store.clone(), under, catalog, at)
            .await
            .unwrap();
        House {
            services: Arc::new(services),
            store,
            vaults,
            clock: self.clock.clone(),
            url,
        }
    }
}

/// A running set of services.
pub(crate) struct House {
    pub(crate) services: Arc<Services>,
    pub(crate) store: Store,
    pub(crate) vaults: Vaults,
    pub(crate) clock: Arc<ManualClock>,
    url: &'static str,
}

/// An identity's holder.
pub(crate) struct Agent {
    pub(crate) handle: Handle,
    pub(crate) key: SigningKeyPair,
}

impl Agent {
    pub(crate) fn new(handle: &str) -> Self {
        Self {
            handle: handle.parse().unwrap(),
            key: SigningKeyPair::generate(),
        }
    }
}

/// A request with the proof that came with it.
pub(crate) struct Signed {
    pub(crate) proof: String,
    path: &'static str,
}

impl Signed {
    pub(crate) fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            proof: Some(&self.proof),
            ..unsigned(self.path)
        }
    }
}

/// A request without a proof.
pub(crate) fn unsigned(path: &str) -> SignedRequest<'_> {
    SignedRequest {
        proof: None,
        method: "POST",
        path_and_query: path,
        body_sha256: Sha256::digest(b"").into(),
    }
}

pub(crate) fn provider(name: &str) -> ProviderName {
    name.parse().unwrap()
}

pub(crate) fn connection(name: &str) -> ConnectionName {
    name.parse().unwrap()
}

pub(crate) fn somewhere() -> IpAddr {
    Ipv4Addr::new(192, 0, 2, 7).into()
}

/// The code of a refusal.
pub(crate) fn code<T>(result: Result<T, Error>) -> ErrorCode {
    match result {
        Ok(_) => panic!("this should have been refused"),
        Err(error) => error.code(),
    }
}

impl House {
    pub(crate) async fn close(self) {
        drop(self.services);
        self.store.close().await;
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub(crate) fn sign(&self, agent: &Agent, path: &'static str) -> Signed {
        self.sign_for(agent, self.url, path)
    }

    /// A proof for another origin than this daemon's.
    pub(crate) fn sign_for(&self, agent: &Agent, origin: &str, path: &'static str) -> Signed {
        let proof = issue(
            &agent.key,
            &ProofRequest {
                handle: &agent.handle,
                method: "POST",
                url: &format!("{origin}{path}"),
                body: b"",
                now: self.clock.now(),
            },
        );
        Signed {
            proof: proof.unwrap(),
            path,
        }
    }

    /// The agent's registration, signed.
    pub(crate) async fn register(
        &self,
        agent: &Agent,
    ) -> Result<authsome::services::IdentityStatus, Error> {
        let signed = self.sign(agent, "/identities/register");
        self.services
            .identities
            .register(&signed.request(), agent.handle.clone(), agent.key.did())
            .await
    }

    /// The token of a claim URL.
    pub(crate) async fn claim_token(&self, agent: &Agent) -> Token {
        let url = self.register(agent).await.unwrap().claim_url.unwrap();
        Token::new(url.rsplit('/').next().unwrap())
    }

    pub(crate) async fn authenticate(&self, agent: &Agent) -> Result<Unspent, Error> {
        let signed = self.sign(agent, "/x");
        self.services
            .identities
            .authenticate(&signed.request())
            .await
    }

    pub(crate) async fn try_caller(&self, agent: &Agent) -> Result<Caller, Error> {
        let unspent = self.authenticate(agent).await?;
        self.services.identities.spend(unspent).await
    }

    pub(crate) async fn caller(&self, agent: &Agent) -> Caller {
        self.try_caller(agent).await.unwrap()
    }

    /// An agent of the home's own administrator.
    pub(crate) async fn local_agent(&self, place: &Place, handle: &str) -> Agent {
        let agent = Agent::new(handle);
        self.register(&agent).await.unwrap();
        let signed = self.sign(&agent, "/bind");
        self.services
            .identities
            .bind_local(&signed.request(), &agent.handle, &place.bind_secret())
            .await
            .unwrap();
        agent
    }

    /// An agent that `owner` has claimed.
    pub(crate) async fn agent_of(&self, owner: &SignedIn, handle: &str) -> Agent {
        let agent = Agent::new(handle);
        let token = self.claim_token(&agent).await;
        let identities = &self.services.identities;
        identities.accept(owner, &token).await.unwrap();
        agent
    }

    pub(crate) async fn sign_up(
        &self,
        email: &str,
        token: Option<&str>,
    ) -> Result<NewSession, Error> {
        let form = SignUp {
            email: email.to_owned(),
            password: Password::new(PASSWORD),
            token: token.map(Token::new),
        };
        self.services.accounts.sign_up(form, somewhere()).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Result<NewSession, Error> {
        let password = Password::new(password);
        let accounts = &self.services.accounts;
        accounts.sign_in(email, password, somewhere(), None).await
    }

    /// The first administrator of a hosted daemon.
    pub(crate) async fn first_admin(&self) -> SignedIn {
        let given = Some(Token::new(SETUP));
        self.services.accounts.prepare_setup(given).await.unwrap();
        let opened = self.sign_up("admin@example.test", Some(SETUP)).await;
        opened.unwrap().session.person
    }

    /// Somebody whom the administrator invited.
    pub(crate) async fn guest(&self, admin: &SignedIn, email: &str) -> SignedIn {
        let accounts = &self.services.accounts;
        let role = authsome::model::Role::User;
        let link = accounts.invite(admin, role, None).await.unwrap().url;
        let token = link.split_once("token=").unwrap().1.to_owned();
        let opened = self.sign_up(email, Some(&token)).await.unwrap();
        opened.session.person
    }

    /// Everybody there is: each has a vault, with an account or without.
    pub(crate) async fn people(&self) -> Vec<PrincipalRecord> {
        let mut reader = self.store.read().await.unwrap();
        reader.list_principals().await.unwrap()
    }

    pub(crate) async fn has_connections(&self, caller: &Caller) -> bool {
        let connections = &self.services.connections;
        !connections.list(caller).await.unwrap().is_empty()
    }

    pub(crate) async fn begin(&self, caller: &Caller, at: &str, name: &str) -> LoginSessionId {
        let view = self.services.logins.begin(caller, wish(at, name)).await;
        view.unwrap().session.id
    }

    /// Logs in from a terminal.
    pub(crate) async fn login(&self, caller: &Caller, at: &str, name: &str, key: &str) {
        let mut wish = wish(at, name);
        wish.force = true;
        let logins = &self.services.logins;
        let id = logins.begin(caller, wish).await.unwrap().session.id;
        logins.resume(caller, &id, typed(key)).await.unwrap();
    }

    /// The injected value of one resolve.
    pub(crate) async fn resolve(
        &self,
        agent: &Agent,
        at: &str,
        name: Option<&str>,
    ) -> Result<String, Error> {
        let unspent = self.authenticate(agent).await?;
        let name = name.map(connection);
        let resolver = &self.services.resolver;
        let release = resolver
            .resolve(
                unspent,
                &provider(at),
                name.as_ref(),
                Destination::default(),
            )
            .await?;
        Ok(release.injection.secrets[0].reveal().to_owned())
    }

    /// What one request gets of the default connection of a provider.
    pub(crate) async fn release(&self, signed: &Signed, at: &str) -> Result<Release, Error> {
        let identities = &self.services.identities;
        let unspent = identities.authenticate(&signed.request()).await?;
        let resolver = &self.services.resolver;
        resolver
            .resolve(unspent, &provider(at), None, Destination::default())
            .await
    }

    /// The names of all events, oldest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        let all = self.audit().await;
        all.iter()
            .map(|record| record.event.event.as_str().to_owned())
            .collect()
    }

    /// All events, oldest first.
    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        let filter = AuditFilter {
            limit: 1000,
            ..AuditFilter::default()
        };
        let mut reader = self.store.read().await.unwrap();
        let mut all = reader.list_audit(&filter).await.unwrap().records;
        all.reverse();
        all
    }

    pub(crate) async fn count(&self, event: &str) -> usize {
        self.events().await.iter().filter(|e| *e == event).count()
    }
}

pub(crate) fn wish(at: &str, name: &str) -> BeginLogin {
    BeginLogin {
        provider: provider(at),
        connection: connection(name),
        flow: None,
        scopes: None,
        base_url: None,
        force: false,
        new_client: false,
    }
}

pub(crate) fn typed(key: &str) -> Answers {
    Answers::new([("api_key".to_owned(), Typed::new(key))])
}

pub(crate) fn newest(limit: u32) -> AuditQuery {
    AuditQuery {
        limit: Some(limit),
        ..AuditQuery::default()
    }
}
