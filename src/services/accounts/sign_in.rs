//! Signing in with a password, and changing it.
//!
//! Known and unknown accounts take the same steps and the same time. A try is counted before its
//! password is looked at, so that many at once do not slip past the count together; the right
//! password takes the count back.

use super::ComingFrom;
use super::backoff::{FORGOTTEN_AFTER, Guard};
use super::service::{Accounts, NewSession};
use super::sessions::{Opening, by};
use super::typed;
use crate::crypto::{hex, password, random};
use crate::model::{AuditEvent, Email, ErrorCode, EventName, Outcome, PrincipalId, SignedIn};
use crate::secret::{Password, Token};
use crate::services::Error;
use crate::store::{Attempts, PrincipalRecord, Tx};
use futures_util::FutureExt as _;
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};

impl Accounts {
    /// `AuthenticationFailed` for a wrong pair, alike for known and unknown accounts;
    /// `TooManyRequests` with a time to come back after too many. `previous` is the session cookie
    /// the browser had, which ends.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Password,
        from: impl Into<ComingFrom>,
        previous: Option<&Token>,
    ) -> Result<NewSession, Error> {
        let from = from.into();
        let email = Email::from_typed(email).ok();
        let keys = Keys::new(email.as_ref().map_or("", Email::as_str), from.address);
        self.count_try(&keys).await?;
        let looked = self.look_at(email.as_ref(), &password).await;
        let (found, record) = self.forgiven(&keys, looked).await?;
        let Some(record) = record else {
            self.tell_failed(&keys, found.as_ref(), from.address)
                .await?;
            return Err(wrong());
        };
        let rehashed = self.rehashed(&record, password).await?;
        let opening = Opening::new(previous).in_browser(from.browser);
        let write = self.core.store.write(move |tx| {
            async move {
                let id = record.principal.id.clone();
                // The account may have been shut out, or its password changed, while we hashed.
                let now = tx.find_principal(&id).await?.ok_or_else(wrong)?;
                if now.principal.disabled || now.password_hash != record.password_hash {
                    return Err(wrong());
                }
                if let (Some(old), Some(new)) = (&record.password_hash, &rehashed) {
                    tx.replace_password_hash(&id, old, new).await?;
                }
                tx.clear_attempts(&keys.account).await?;
                let event = by(EventName::AccountSignedIn, &id);
                tx.audit(event.with("from", from.address.to_string()))
                    .await?;
                opening.write(tx, &now.principal).await
            }
            .boxed()
        });
        write.await
    }

    /// The account of that address, and again if the password is its own.
    async fn look_at(
        &self,
        email: Option<&Email>,
        given: &Password,
    ) -> Result<(Option<PrincipalRecord>, Option<PrincipalRecord>), Error> {
        let found = match email {
            Some(email) => {
                let mut reader = self.core.store.read().await?;
                reader.find_principal_by_email(email).await?
            }
            None => None,
        };
        let verified = self.verified(found.as_ref(), given).await?;
        Ok((found, verified))
    }

    /// Takes the count back when the password could not be looked at: a busy daemon is not the
    /// fault of whoever signs in.
    async fn forgiven<T>(&self, keys: &Keys, looked: Result<T, Error>) -> Result<T, Error> {
        if looked.is_err() {
            let account = keys.account.clone();
            let forgive = self.core.store.write(move |tx| {
                async move { Ok::<_, Error>(tx.forgive_failure(&account).await?) }.boxed()
            });
            // What failed first is the news.
            drop(forgive.await);
        }
        looked
    }

    /// The account, if the password is its own and it is not shut out.
    async fn verified(
        &self,
        found: Option<&PrincipalRecord>,
        given: &Password,
    ) -> Result<Option<PrincipalRecord>, Error> {
        if !typed::could_be_a_password(given) {
            return Ok(None);
        }
        let stored = found.and_then(|record| record.password_hash.clone());
        let fits = self.hasher.verify(given.clone(), stored).await?;
        Ok(found
            .filter(|record| fits && !record.principal.disabled)
            .cloned())
    }

    /// A new hash of a right password whose stored one is of older parameters.
    async fn rehashed(
        &self,
        record: &PrincipalRecord,
        given: Password,
    ) -> Result<Option<String>, Error> {
        match &record.password_hash {
            Some(stored) if password::needs_rehash(stored) => {
                self.hasher.hash(given).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Changes the password, ends every session of the person and opens a new one.
    pub async fn change_password(
        &self,
        person: &SignedIn,
        current: Password,
        new: Password,
        from: impl Into<ComingFrom>,
    ) -> Result<NewSession, Error> {
        let from = from.into();
        typed::new_password(&new, person.email.as_ref())?;
        let keys = Keys::new(person.principal.as_str(), from.address);
        self.count_try(&keys).await?;
        let mut reader = self.core.store.read().await?;
        let found = reader.find_principal(&person.principal).await?;
        drop(reader);
        let verified = self.verified(found.as_ref(), &current).await;
        let Some(record) = self.forgiven(&keys, verified).await? else {
            self.tell_failed(&keys, found.as_ref(), from.address)
                .await?;
            return Err(Error::new(
                ErrorCode::AuthenticationFailed,
                "the current password is wrong",
            ));
        };
        let hashed = self.hasher.hash(new).await;
        let hashed = self.forgiven(&keys, hashed).await?;
        let opening = Opening::new(None).in_browser(from.browser);
        let write = self.core.store.write(move |tx| {
            async move {
                let principal = record.principal;
                let old = record.password_hash.unwrap_or_default();
                if !tx
                    .replace_password_hash(&principal.id, &old, &hashed)
                    .await?
                {
                    return Err(wrong());
                }
                tx.clear_attempts(&keys.account).await?;
                tx.delete_browser_sessions_of(&principal.id, None).await?;
                tx.audit(by(EventName::AccountPasswordChanged, &principal.id))
                    .await?;
                opening.write(tx, &principal).await
            }
            .boxed()
        });
        write.await
    }

    /// Counts a try at the account, unless one has to wait first.
    async fn count_try(&self, keys: &Keys) -> Result<(), Error> {
        let keys = keys.clone();
        let write = self.core.store.write(move |tx| {
            async move {
                let now = tx.now();
                let account = tx.find_attempts(&keys.account).await?;
                let address = tx.find_attempts(&keys.address).await?;
                let wait = remaining(Guard::Account, account, now).max(remaining(
                    Guard::Address,
                    address,
                    now,
                ));
                if wait > Duration::ZERO {
                    return Err(too_many(wait));
                }
                tx.record_failure(&keys.account, forget_after()).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }

    /// Counts a wrong password against the address it came from, and writes it down.
    async fn tell_failed(
        &self,
        keys: &Keys,
        found: Option<&PrincipalRecord>,
        from: IpAddr,
    ) -> Result<(), Error> {
        let id: Option<PrincipalId> = found.map(|record| record.principal.id.clone());
        let mut event = AuditEvent::new(EventName::AccountSignInFailed)
            .ended(Outcome::Failure)
            .with("from", from.to_string());
        event.principal = id;
        let address = keys.address.clone();
        let write = self.core.store.write(move |tx: &mut Tx| {
            async move {
                tx.record_failure(&address, forget_after()).await?;
                tx.audit(event).await?;
                Ok(())
            }
            .boxed()
        });
        write.await
    }
}

fn forget_after() -> Duration {
    Duration::try_from(FORGOTTEN_AFTER).unwrap_or(Duration::HOUR)
}

/// How long to wait still.
fn remaining(guard: Guard, attempts: Option<Attempts>, now: OffsetDateTime) -> Duration {
    let Some(attempts) = attempts else {
        return Duration::ZERO;
    };
    let failures = u32::try_from(attempts.failures).unwrap_or(u32::MAX);
    let wait = Duration::try_from(guard.wait_after(failures)).unwrap_or(Duration::MINUTE);
    (attempts.last_at + wait - now)
        .max(Duration::ZERO)
        .min(wait)
}

/// Under which keys the tries are counted.
#[derive(Debug, Clone)]
struct Keys {
    account: String,
    address: String,
}

impl Keys {
    /// The account by a hash of what was typed, whatever that was.
    fn new(account: &str, from: IpAddr) -> Self {
        let hash = random::hash_token(account);
        let hex = hex::encode(&hash[..16]);
        Self {
            account: format!("account:{hex}"),
            address: format!("address:{}", network(from)),
        }
    }
}

/// The network somebody surely controls no more of: an IPv4 address, or an IPv6 /64.
fn network(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn wrong() -> Error {
    Error::new(
        ErrorCode::AuthenticationFailed,
        "the e-mail address or the password is wrong",
    )
}

fn too_many(wait: Duration) -> Error {
    let wait = wait.unsigned_abs();
    Error::new(ErrorCode::TooManyRequests, "too many wrong passwords")
        .hint(format!("try again in {} s", wait.as_secs() + 1))
        .retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::clock::{ManualClock, SharedClock};
    use crate::model::MasterKeySource;
    use crate::oauth::{Reach, Transport};
    use crate::secret::MasterKey;
    use crate::services::accounts::SignUp;
    use crate::services::{Mode, Services, ServicesConfig};
    use crate::store::{Location, Store};
    use crate::vault::Vaults;
    use std::path::Path;
    use std::sync::Arc;

    async fn services(home: &Path) -> Services {
        let clock: SharedClock = Arc::new(ManualClock::at(OffsetDateTime::UNIX_EPOCH));
        let place = Location::Sqlite(home.join("store.db"));
        let store = Store::open(place, clock.clone()).await.unwrap();
        let key = MasterKey::new("a master key for stories, 32 bytes long");
        let vaults = Vaults::unlock(&store, MasterKeySource::Env(key)).await;
        let config = ServicesConfig {
            mode: Mode::Local,
            transport: Transport::new(|| None, Reach::public()),
            base_url: "http://127.0.0.1:7998".to_owned(),
            proof_origins: Vec::new(),
            legacy_proof: false,
            home: home.to_owned(),
            providers_dir: home.join("providers"),
            bind_secret: home.join("bind.secret"),
            version: "test",
            client_variables: std::collections::BTreeMap::new(),
            refresh_stops: crate::services::RefreshStops::default(),
        };
        Services::start(config, store, vaults.unwrap(), Catalog::bundled(), clock)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn whom_an_overloaded_daemon_turns_away_has_not_failed() {
        let home = tempfile::tempdir().unwrap();
        let services = services(home.path()).await;
        let accounts = &services.accounts;
        let from = IpAddr::from([192, 0, 2, 7]);
        let right = || Password::new("correct horse battery");
        let form = SignUp {
            email: "a@example.test".to_owned(),
            password: right(),
            token: None,
        };
        let opened = accounts.sign_up(form, from).await.unwrap();
        let flood = accounts.hasher.flood();
        for _ in 0..20 {
            let busy = accounts.sign_in("a@example.test", right(), from, None);
            let busy = busy.await.unwrap_err();
            assert!(busy.message().contains("at this moment"), "{busy}");
            let person = &opened.session.person;
            let busy =
                accounts.change_password(person, right(), Password::new("new password"), from);
            let busy = busy.await.unwrap_err();
            assert!(busy.message().contains("at this moment"), "{busy}");
        }
        drop(flood);
        accounts
            .sign_in("a@example.test", right(), from, None)
            .await
            .unwrap();
    }

    #[test]
    fn one_network_counts_as_one_address() {
        let key = |text: &str| Keys::new("", text.parse().unwrap()).address;
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }

    #[test]
    fn a_wait_ends() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let attempts = |failures| {
            Some(Attempts {
                failures,
                first_at: now,
                last_at: now,
            })
        };
        assert_eq!(remaining(Guard::Account, attempts(3), now), Duration::ZERO);
        let wait = remaining(Guard::Account, attempts(12), now);
        assert!(wait > Duration::ZERO);
        assert_eq!(
            remaining(Guard::Account, attempts(12), now + wait),
            Duration::ZERO
        );
        // A clock set back makes nobody wait longer than the wait itself.
        let before = now - Duration::days(1);
        assert_eq!(remaining(Guard::Account, attempts(12), before), wait);
    }
}
