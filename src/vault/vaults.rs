//! The unlocked keys of one daemon, and sealing and opening with them.

use super::unlock::{self, Unlocked, owner_name};
use super::{CredentialAddress, EncryptionStatus, Error, RecordAddress, codec, slot};
use crate::crypto::envelope::{self, Header};
use crate::crypto::keys::WrapContext;
use crate::crypto::{DataKey, KeyEncryptionKey};
use crate::model::{
    Credential, LoginSessionId, MasterKeySource, ProviderClient, ProviderName, VaultId,
};
use crate::store::{self, KeyOwner, KeyState, Store, Tx};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The unlocked vaults. Cheap to clone; the keys are wiped when the last clone goes.
#[derive(Debug, Clone)]
pub struct Vaults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    kek: KeyEncryptionKey,
    status: EncryptionStatus,
    /// Unwrapped keys by owner; small (a hundred bytes each), so all of them stay.
    keys: RwLock<HashMap<KeyOwner, Arc<OwnerKeys>>>,
}

/// All generations of one owner's data key.
#[derive(Debug)]
struct OwnerKeys {
    active: u32,
    by_generation: BTreeMap<u32, DataKey>,
}

impl Vaults {
    /// Unlocks the store with the master key from `input`; makes the key and the metadata where
    /// there is nothing at all yet.
    pub async fn unlock(store: &Store, input: MasterKeySource) -> Result<Self, Error> {
        let Unlocked { kek, status } = unlock::unlock(store, &input).await?;
        let vaults = Self(Arc::new(Inner {
            store: store.clone(),
            kek,
            status,
            keys: RwLock::default(),
        }));
        vaults.keys_of(&KeyOwner::Server).await?;
        Ok(vaults)
    }

    /// The id of this installation; part of every record's associated data.
    fn instance(&self) -> &str {
        self.0.store.instance_id()
    }

    /// The id of the key-encryption key in use.
    pub fn key_id(&self) -> String {
        self.0.kek.key_id().to_string()
    }

    pub fn status(&self) -> &EncryptionStatus {
        &self.0.status
    }

    /// Reads the stored metadata again: the canary and the server's key must still open.
    pub async fn check(&self) -> Result<(), Error> {
        let mut reader = self.0.store.read().await?;
        let key_id = self.key_id();
        let slots = reader.list_kek_slots().await?;
        let Some(found) = slots.iter().find(|slot| slot.id == key_id) else {
            return Err(Error::Metadata { key_id });
        };
        slot::check_canary(found, self.instance(), &self.0.kek)?;
        let rows = reader.list_data_keys(&KeyOwner::Server).await?;
        self.unwrap_all(&KeyOwner::Server, rows).map(|_| ())
    }

    /// Gives a new vault its data key, in the transaction that makes the vault.
    pub async fn create_vault(&self, tx: &mut Tx, vault: &VaultId) -> Result<(), Error> {
        let owner = KeyOwner::Vault(vault.clone());
        let row = unlock::new_data_key(&self.0.kek, self.instance(), owner, tx.now())?;
        tx.insert_data_key(&row).await?;
        Ok(())
    }

    /// A data key for a vault that is not stored yet, ready to seal with: the row belongs into the
    /// transaction that makes the vault.
    pub fn prepare_vault(
        &self,
        vault: &VaultId,
        now: OffsetDateTime,
    ) -> Result<store::DataKey, Error> {
        let owner = KeyOwner::Vault(vault.clone());
        let row = unlock::new_data_key(&self.0.kek, self.instance(), owner.clone(), now)?;
        let keys = Arc::new(self.unwrap_all(&owner, vec![row.clone()])?);
        self.0
            .keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(owner, keys);
        Ok(row)
    }

    pub async fn seal_credential(
        &self,
        at: &CredentialAddress<'_>,
        credential: &Credential,
    ) -> Result<Vec<u8>, Error> {
        let json = codec::write_credential(credential)?;
        self.seal(&at.into(), codec::SCHEMA, &json).await
    }

    pub async fn open_credential(
        &self,
        at: &CredentialAddress<'_>,
        sealed: &[u8],
    ) -> Result<Credential, Error> {
        let json = self.open(&at.into(), codec::SCHEMA, sealed).await?;
        codec::read_credential(&json)
    }

    /// Seals our OAuth client at a provider, for the row of `version`.
    pub async fn seal_client(
        &self,
        provider: &ProviderName,
        version: i64,
        client: &ProviderClient,
    ) -> Result<Vec<u8>, Error> {
        let json = codec::write_client(client)?;
        let at = RecordAddress::client(provider, version);
        self.seal(&at, codec::SCHEMA, &json).await
    }

    pub async fn open_client(
        &self,
        provider: &ProviderName,
        version: i64,
        sealed: &[u8],
    ) -> Result<ProviderClient, Error> {
        let at = RecordAddress::client(provider, version);
        let json = self.open(&at, codec::SCHEMA, sealed).await?;
        codec::read_client(&json)
    }

    /// Seals a registered definition, for the row written at `version`.
    pub async fn seal_definition(
        &self,
        provider: &ProviderName,
        version: i64,
        json: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let at = RecordAddress::definition(provider, version);
        self.seal(&at, codec::SCHEMA, json).await
    }

    /// The definition's JSON.
    pub async fn open_definition(
        &self,
        provider: &ProviderName,
        version: i64,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let at = RecordAddress::definition(provider, version);
        self.open(&at, codec::SCHEMA, sealed).await
    }

    /// Seals what a login keeps between its steps; the caller's format.
    pub async fn seal_login(
        &self,
        session: &LoginSessionId,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.seal(&RecordAddress::login(session), codec::SCHEMA, plaintext)
            .await
    }

    pub async fn open_login(
        &self,
        session: &LoginSessionId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.open(&RecordAddress::login(session), codec::SCHEMA, sealed)
            .await
    }

    /// Seals any record. `schema` is the version of the plaintext's format, from 1.
    pub async fn seal(
        &self,
        at: &RecordAddress<'_>,
        schema: u16,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let owner = owner(at);
        let keys = self.keys_of(&owner).await?;
        let key = keys.get(keys.active, &owner)?;
        let header = Header {
            generation: keys.active,
            schema,
        };
        envelope::seal(key, header, &at.full(self.instance()), plaintext)
            .map_err(|source| Error::sealing(at.kind, source))
    }

    /// Opens a record that was sealed for exactly `at`, in the format `schema` or an earlier one.
    pub async fn open(
        &self,
        at: &RecordAddress<'_>,
        schema: u16,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let wrong = |source| Error::opening(at.kind, source);
        let owner = owner(at);
        let generation = envelope::peek(sealed).map_err(wrong)?.generation;
        let keys = self.keys_of(&owner).await?;
        let key = keys
            .by_generation
            .get(&generation)
            .ok_or(Error::Integrity { kind: at.kind })?;
        let opened = envelope::open(key, &at.full(self.instance()), sealed).map_err(wrong)?;
        if (1..=schema).contains(&opened.header.schema) {
            Ok(opened.plaintext)
        } else {
            Err(Error::Newer {
                kind: at.kind,
                found: u32::from(opened.header.schema),
            })
        }
    }

    async fn keys_of(&self, owner: &KeyOwner) -> Result<Arc<OwnerKeys>, Error> {
        let cached = {
            let keys = self.0.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.get(owner).cloned()
        };
        match cached {
            Some(keys) => Ok(keys),
            None => self.load(owner).await,
        }
    }

    async fn load(&self, owner: &KeyOwner) -> Result<Arc<OwnerKeys>, Error> {
        let rows = self.0.store.read().await?.list_data_keys(owner).await?;
        let keys = Arc::new(self.unwrap_all(owner, rows)?);
        self.0
            .keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(owner.clone(), keys.clone());
        Ok(keys)
    }

    fn unwrap_all(&self, owner: &KeyOwner, rows: Vec<store::DataKey>) -> Result<OwnerKeys, Error> {
        let mut active = None;
        let mut by_generation = BTreeMap::new();
        for row in rows {
            let generation = u32::try_from(row.version).unwrap_or(0);
            let key = self.unwrap_one(owner, generation, &row.wrapped)?;
            if row.state == KeyState::Active {
                active = active.max(Some(generation));
            }
            by_generation.insert(generation, key);
        }
        active.map_or_else(
            || Err(no_key(owner)),
            |active| {
                Ok(OwnerKeys {
                    active,
                    by_generation,
                })
            },
        )
    }

    fn unwrap_one(
        &self,
        owner: &KeyOwner,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<DataKey, Error> {
        let context = WrapContext {
            instance: self.instance(),
            owner: owner_name(owner),
            generation,
            key_id: self.0.kek.key_id(),
        };
        self.0
            .kek
            .unwrap_key(wrapped, &context)
            .map_err(|source| Error::DataKey {
                owner: owner_name(owner).to_owned(),
                source,
            })
    }
}

impl OwnerKeys {
    fn get(&self, generation: u32, owner: &KeyOwner) -> Result<&DataKey, Error> {
        self.by_generation
            .get(&generation)
            .ok_or_else(|| no_key(owner))
    }
}

fn no_key(owner: &KeyOwner) -> Error {
    Error::NoDataKey {
        owner: owner_name(owner).to_owned(),
    }
}

fn owner(at: &RecordAddress<'_>) -> KeyOwner {
    at.vault
        .map_or(KeyOwner::Server, |vault| KeyOwner::Vault(vault.clone()))
}
