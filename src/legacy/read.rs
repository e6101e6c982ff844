//! The whole reading, in its order.

use super::address::Address;
use super::copy::Place;
use super::home::{Candidate, Kind, OldHome};
use super::key::{DataKey, Sealed};
use super::sealed::{Content, Entry};
use super::sqlite::{Database, Rows};
use super::{Error, client, credentials, events, people, sealed};
use crate::secret::MasterKey;
use std::path::Path;
use zeroize::Zeroizing;

const SERVER_DB: &str = "server/authsome.db";
const STORE_DB: &str = "server/kv_store/cache.db";
const MASTER_KEY: &str = "server/master.key";
/// The longest text that is taken for a master key (bytes).
const LONGEST_KEY: u64 = 64 * 1024;

/// Reads the home at `path`. `further` are keys to try beside the home's own `server/master.key`.
pub async fn read(path: &Path, further: Vec<Candidate>) -> Result<OldHome, Error> {
    let path = path.to_owned();
    let (place, server, store) = blocking(move || {
        let place = Place::open(&path)?;
        let server = place.copy(SERVER_DB)?.ok_or_else(|| Error::NotAHome {
            path: place.home.clone(),
        })?;
        let store = place.copy(STORE_DB)?;
        Ok((place, server, store))
    })
    .await?;
    let mut home = OldHome::default();
    read_server(&server, &mut home).await?;
    let rows = match store {
        Some(copy) => {
            let mut database = Database::open(&copy, STORE_DB).await?;
            let rows = database.rows(sealed::TABLE).await;
            database.close().await;
            rows?
        }
        None => Rows::default(),
    };
    blocking(move || {
        client::read(&place, &mut home)?;
        read_store(&rows, &place, further, &mut home)?;
        Ok(home)
    })
    .await
}

async fn read_server(copy: &Path, home: &mut OldHome) -> Result<(), Error> {
    let mut database = Database::open(copy, SERVER_DB).await?;
    let mut read = Vec::new();
    for table in [
        people::PRINCIPALS,
        people::BINDINGS,
        people::IDENTITIES,
        people::CLAIMS,
        people::DEFINITIONS,
        events::TABLE,
    ] {
        let rows = database.rows(table).await?;
        read.push(rows);
    }
    database.close().await;
    if let [principals, bindings, identities, claims, definitions, log] = read.as_slice() {
        people::accounts(principals, bindings, home);
        people::identities(identities, claims, home);
        people::definitions(definitions, home);
        events::read(log, home);
        for (kind, rows) in [
            (Kind::Accounts, principals),
            (Kind::Identities, identities),
            (Kind::Claims, claims),
            (Kind::Providers, definitions),
        ] {
            left_out(kind, rows, home);
        }
    }
    Ok(())
}

fn left_out(kind: Kind, rows: &Rows, home: &mut OldHome) {
    if rows.left_out > 0 {
        let reason = format!("{} are more than is taken over", rows.left_out);
        home.skip(kind, "(further)", reason);
    }
}

fn read_store(
    rows: &Rows,
    place: &Place,
    further: Vec<Candidate>,
    home: &mut OldHome,
) -> Result<(), Error> {
    let (mut entries, wrong) = sealed::entries(rows, place);
    left_out(Kind::Connections, rows, home);
    let metadata = sealed::take_key(&mut entries)?;
    for (name, reason) in wrong {
        home.skip(kind_of(&name), &name, reason);
    }
    let key = match metadata {
        Some(metadata) => open(&metadata, place, further, home)?,
        None if entries.is_empty() => return Ok(()),
        None => {
            return Err(Error::KeyMetadata {
                detail: "there are sealed records and no metadata",
            });
        }
    };
    for entry in entries {
        read_entry(&entry, &key, home);
    }
    Ok(())
}

fn open(
    metadata: &Sealed,
    place: &Place,
    further: Vec<Candidate>,
    home: &mut OldHome,
) -> Result<DataKey, Error> {
    let mut candidates = vec![own_key(place)];
    candidates.extend(further);
    let (opened, key) = metadata.open(candidates)?;
    home.opened = Some(opened);
    Ok(key)
}

/// The home's own master key file.
fn own_key(place: &Place) -> Candidate {
    let key = match place.read(Path::new(MASTER_KEY), LONGEST_KEY) {
        Ok(None) => Err("missing".to_owned()),
        Err(error) => Err(error.to_string()),
        Ok(Some(bytes)) => {
            let bytes = Zeroizing::new(bytes);
            match std::str::from_utf8(&bytes).map(str::trim_end) {
                Ok("") => Err("empty".to_owned()),
                Ok(text) => Ok(MasterKey::new(text)),
                Err(_) => Err("not text".to_owned()),
            }
        }
    };
    Candidate {
        origin: place.home.join(MASTER_KEY).display().to_string(),
        key,
        is_of_home: true,
    }
}

/// What an entry is counted as when it is left out before it could be opened.
fn kind_of(name: &str) -> Kind {
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    match Address::read(name) {
        Address::Client { .. } => Kind::ProviderClients,
        Address::Metadata { .. } => Kind::Defaults,
        Address::Connection { .. } | Address::Internal | Address::Refused(_) | Address::Unknown => {
            Kind::Connections
        }
    }
}

fn read_entry(entry: &Entry, key: &DataKey, home: &mut OldHome) {
    let Content::Sealed(ciphertext) = &entry.content else {
        return;
    };
    let kind = kind_of(&entry.name);
    let address = match Address::read(&entry.name) {
        Address::Internal => return,
        Address::Refused(reason) => return home.skip(kind, &entry.name, reason),
        Address::Unknown => {
            return home.skip(kind, &entry.name, "it is of a kind that 0.5 did not have");
        }
        address => address,
    };
    let text = match sealed::open(key, ciphertext) {
        Ok(text) => text,
        Err(reason) => return home.skip(kind, &entry.name, reason),
    };
    if let Err(reason) = take(&text, address, home) {
        home.skip(kind, &entry.name, reason);
    }
}

fn take(text: &str, address: Address, home: &mut OldHome) -> Result<(), &'static str> {
    match address {
        Address::Connection {
            owner,
            provider,
            name,
        } => home
            .connections
            .push(credentials::connection(text, owner, provider, name)?),
        Address::Metadata { owner, provider } => home
            .defaults
            .extend(credentials::default(text, owner, provider)?),
        Address::Client { provider } => home.clients.push(credentials::client(text, provider)?),
        Address::Internal | Address::Refused(_) | Address::Unknown => {}
    }
    Ok(())
}

/// Files, Argon2id and a thousand ciphertexts keep a thread busy for a while.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Aborted)?
}
