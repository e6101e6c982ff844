//! What last happened to one's own account.

use super::Audit;
use crate::model::AuditRecord;
use crate::services::{Actor, Error};
use crate::store::AuditFilter;

impl Audit {
    /// The latest events of the actor's own account and agents, the newest first. Everybody may see
    /// those.
    pub async fn recent<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, Error> {
        let filter = AuditFilter {
            principal: Some(actor.into().principal().clone()),
            limit,
            ..AuditFilter::default()
        };
        let mut reader = self.core.store.read().await?;
        Ok(reader.list_audit(&filter).await?.records)
    }
}
