//! Writing: with what an event records, or not at all.

use crate::model::{
    AuditEvent, AuditRecord, ConnectionName, EventId, Handle, PrincipalId, ProviderName,
};
use crate::store::value::{Value, to_json};
use crate::store::{Error, Tx};

const ROWS: usize = 128;
const COLUMNS: usize = 10;

impl Tx {
    /// Writes an event as part of this change. Without it nothing of the change stands.
    pub async fn audit(&mut self, event: AuditEvent) -> Result<EventId, Error> {
        let before = self.events_so_far();
        let id = self.record(event)?.id.clone();
        self.write_events_after(before).await?;
        Ok(id)
    }

    /// Writes the rows of the events recorded after the first `count`.
    pub(in crate::store) async fn write_events_after(&mut self, count: usize) -> Result<(), Error> {
        let batches = batches(self.events_after(count))?;
        self.write_batches(batches).await
    }

    /// Writes events of another log under the ids and times they had there. Subscribers are not
    /// told: nothing of it happened now. The caller has marked them.
    pub async fn insert_past_events(&mut self, records: &[AuditRecord]) -> Result<(), Error> {
        self.write_batches(batches(records)?).await
    }

    async fn write_batches(&mut self, batches: Vec<(usize, Vec<Value>)>) -> Result<(), Error> {
        for (rows, values) in batches {
            let statement = self.insert_events(rows);
            self.run(statement, values).await?;
        }
        Ok(())
    }

    /// The statements that write the events recorded in this transaction, with their values.
    pub(in crate::store) fn event_statements(&self) -> Result<Vec<(String, Vec<Value>)>, Error> {
        let batches = batches(self.events_after(0))?.into_iter();
        Ok(batches
            .map(|(rows, values)| (self.insert_events(rows), values))
            .collect())
    }

    fn insert_events(&self, rows: usize) -> String {
        format!(
            "{} INTO audit_events (id, at, event, source, outcome, identity, principal_id, \
             provider, connection, metadata) VALUES {}",
            self.insert(),
            self.rows(rows, COLUMNS)
        )
    }
}

/// The values of several rows each, with how many rows they are.
fn batches(records: &[AuditRecord]) -> Result<Vec<(usize, Vec<Value>)>, Error> {
    let mut batches = Vec::new();
    for chunk in records.chunks(ROWS) {
        let mut values = Vec::with_capacity(chunk.len() * COLUMNS);
        for record in chunk {
            values.extend(row_values(record)?);
        }
        batches.push((chunk.len(), values));
    }
    Ok(batches)
}

fn row_values(record: &AuditRecord) -> Result<[Value; COLUMNS], Error> {
    let event = &record.event;
    Ok([
        Value::from(record.id.as_str()),
        Value::from(record.at),
        Value::from(event.event.as_str()),
        Value::from(event.source.as_str()),
        Value::from(event.outcome.as_str()),
        Value::from(event.identity.as_ref().map(Handle::as_str)),
        Value::from(event.principal.as_ref().map(PrincipalId::as_str)),
        Value::from(event.provider.as_ref().map(ProviderName::as_str)),
        Value::from(event.connection.as_ref().map(ConnectionName::as_str)),
        Value::from(to_json(&event.metadata)?),
    ])
}
