//! Logins that wait for somebody.

use super::Logins;
use crate::services::{Actor, Error};

impl Logins {
    /// How many logins of the actor's account are begun and not done, whoever began them.
    pub async fn count_waiting<'a>(&self, actor: impl Into<Actor<'a>>) -> Result<i64, Error> {
        let principal = actor.into().principal();
        let mut reader = self.core.store.read().await?;
        let counted = reader.count_waiting_logins(principal, self.core.now());
        Ok(counted.await?)
    }
}
