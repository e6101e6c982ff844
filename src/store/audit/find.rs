//! One event by its id, without an index of all ids: ours tell when they were made.

use super::list::{COLUMNS, EXAMINED, read};
use crate::model::{AuditRecord, EventId};
use crate::store::value::{Value, args};
use crate::store::{Error, Reader};
use uuid::Uuid;

impl Reader {
    /// The event of that id. One whose id says another time than it was written under, because the
    /// clock was set back, is looked for among the [`EXAMINED`] before that.
    pub async fn find_audit(&mut self, id: &EventId) -> Result<Option<AuditRecord>, Error> {
        let Some(made) = made_at(id) else {
            let foreign = "substr(id, 17, 1) <> '7' AND id = $1".to_owned();
            return self.find_where(foreign, args![id.as_str()]).await;
        };
        let there = "at = $1 AND id = $2".to_owned();
        let found = self.find_where(there, args![made, id.as_str()]).await?;
        if found.is_some() {
            return Ok(found);
        }
        let near = format!(
            "seq IN (SELECT seq FROM audit_events WHERE at <= $1 ORDER BY at DESC, seq DESC \
             LIMIT {EXAMINED}) AND id = $2"
        );
        self.find_where(near, args![made, id.as_str()]).await
    }

    async fn find_where(
        &mut self,
        condition: String,
        values: Vec<Value>,
    ) -> Result<Option<AuditRecord>, Error> {
        let statement = format!("SELECT {COLUMNS} FROM audit_events WHERE {condition} LIMIT 1");
        let row = self.one(statement, values).await?;
        row.map(|row| read(&row).map(|(_, record)| record))
            .transpose()
    }
}

/// Unix milliseconds inside an id of ours, `evt_` and a UUID of version 7. `None` for another's, by the
/// same sign as the index of those.
fn made_at(id: &EventId) -> Option<i64> {
    let text = id.as_str();
    if text.get(16..17) != Some("7") {
        return None;
    }
    let stamp = text
        .strip_prefix("evt_")
        .and_then(|hex| Uuid::try_parse(hex).ok())
        .and_then(|uuid| uuid.get_timestamp());
    let Some((seconds, nanos)) = stamp.map(|stamp| stamp.to_unix()) else {
        return Some(i64::MAX);
    };
    let millis = seconds.saturating_mul(1_000) + u64::from(nanos / 1_000_000);
    Some(i64::try_from(millis).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_ours_says_when_it_was_made() {
        let ours = "evt_0192f3a1b2c37d4e8f5061728394a5b6".parse().unwrap();
        assert_eq!(made_at(&ours), Some(0x0192_f3a1_b2c3));
        let old = "evt_0192f3a1b2c34d4e8f5061728394a5b6".parse().unwrap();
        assert_eq!(made_at(&old), None);
        assert_eq!(made_at(&"evt_1".parse().unwrap()), None);
        let neither = "0123456789abcdef7".parse().unwrap();
        assert_eq!(made_at(&neither), Some(i64::MAX));
    }
}
