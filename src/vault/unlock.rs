//! Start-up: from a master key to unlocked keys, or a refusal that names both key ids.
//!
//! A key is made, and metadata written, only where the store has neither metadata nor any sealed
//! record. Everything else is compared first: the key id, then the canary, then the server's key.

use super::slot::{self, Header};
use super::{EncryptionStatus, Error};
use crate::crypto::keys::WrapContext;
use crate::crypto::{DataKey, KeyEncryptionKey};
use crate::model::MasterKeySource;
use crate::store::{self, KekSlot, KeyOwner, KeyState, Store, Tx};
use futures_util::FutureExt as _;

/// What start-up found out.
pub(super) struct Unlocked {
    pub(super) kek: KeyEncryptionKey,
    pub(super) status: EncryptionStatus,
}

pub(super) async fn unlock(store: &Store, input: &MasterKeySource) -> Result<Unlocked, Error> {
    let mut reader = store.read().await?;
    let mut slots = reader.list_kek_slots().await?;
    if slots.is_empty() {
        if reader.has_sealed_records().await? {
            return Err(Error::MetadataMissing);
        }
        let fresh = begin(store, input).await?;
        slots = reader.list_kek_slots().await?;
        // Another replica may have been faster; what the store says now is what counts.
        if matches!(slots.as_slice(), [only] if only.id == fresh.kek.key_id().to_string()) {
            return Ok(fresh);
        }
    }
    drop(reader);
    open(slots, store.instance_id().to_owned(), input.clone()).await
}

async fn open(
    slots: Vec<KekSlot>,
    instance: String,
    input: MasterKeySource,
) -> Result<Unlocked, Error> {
    // Data keys are unwrapped with one key alone: a database that is half way to another is for the
    // program that took it there.
    let [slot] = <[KekSlot; 1]>::try_from(slots).map_err(|slots| Error::SeveralKeys {
        stored: ids(&slots),
    })?;
    blocking(move || {
        let Some(master) = input.load()? else {
            return Err(Error::MissingKey {
                stored: slot.id,
                origin: input.origin(),
            });
        };
        match slot::open(&slot, &instance, &master)? {
            Ok((kek, params)) => Ok(Unlocked {
                kek,
                status: EncryptionStatus::new(&input, params),
            }),
            Err(given) => Err(Error::WrongKey {
                stored: slot.id,
                given: given.to_string(),
                origin: input.origin(),
            }),
        }
    })
    .await
}

/// Writes the first metadata of an empty store, unless another process does so at the same time.
async fn begin(store: &Store, input: &MasterKeySource) -> Result<Unlocked, Error> {
    let instance = store.instance_id().to_owned();
    let now = store.clock().now();
    let input = input.clone();
    let (slot, server_key, fresh) = blocking(move || {
        let master = match input.load()? {
            Some(master) => master,
            None => input.create()?,
        };
        let header = Header::fresh(&master);
        let kek = header.derive(&master)?;
        let status = EncryptionStatus::new(&input, header.params);
        let header = header.to_bytes();
        let slot = KekSlot {
            id: kek.key_id().to_string(),
            canary: slot::seal_canary(&kek, &instance, &header)?,
            header,
            state: KeyState::Active,
            created_at: now,
        };
        let server_key = new_data_key(&kek, &instance, KeyOwner::Server, now)?;
        Ok((slot, server_key, Unlocked { kek, status }))
    })
    .await?;
    store
        .write(move |tx: &mut Tx| {
            async move {
                // Writers take turns: nobody comes between this look and the commit.
                if tx.list_kek_slots().await?.is_empty() {
                    tx.insert_kek_slot(&slot).await?;
                    tx.insert_data_key(&server_key).await?;
                }
                Ok::<_, Error>(())
            }
            .boxed()
        })
        .await?;
    Ok(fresh)
}

/// A new random data key for `owner`, as a row to store.
pub(super) fn new_data_key(
    kek: &KeyEncryptionKey,
    instance: &str,
    owner: KeyOwner,
    now: time::OffsetDateTime,
) -> Result<store::DataKey, Error> {
    const FIRST: u32 = 1;
    let context = WrapContext {
        instance,
        owner: owner_name(&owner),
        generation: FIRST,
        key_id: kek.key_id(),
    };
    let wrapped = kek
        .wrap(&DataKey::generate(), &context)
        .map_err(|source| Error::DataKey {
            owner: owner_name(&owner).to_owned(),
            source,
        })?;
    Ok(store::DataKey {
        owner,
        version: i64::from(FIRST),
        kek_id: kek.key_id().to_string(),
        wrapped,
        state: KeyState::Active,
        created_at: now,
    })
}

/// The owner as wrapped keys and messages name it; no vault id looks like `server`.
pub(super) fn owner_name(owner: &KeyOwner) -> &str {
    match owner {
        KeyOwner::Server => "server",
        KeyOwner::Vault(vault) => vault.as_str(),
    }
}

fn ids(slots: &[KekSlot]) -> String {
    let ids: Vec<&str> = slots.iter().map(|slot| slot.id.as_str()).collect();
    ids.join(" and ")
}

/// Argon2id, files and the keyring keep a thread busy for tens of milliseconds.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Aborted)?
}
