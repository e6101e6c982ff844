//! The one transaction.

use super::plan::Plan;
use super::report::Report;
use super::service::Import;
use crate::model::{AuditEvent, ErrorCode, EventName};
use crate::services::Error;
use crate::store::Tx;
use futures_util::FutureExt as _;

impl Import {
    /// All of it, or nothing.
    pub(super) async fn write(&self, plan: Plan, report: &Report) -> Result<(), Error> {
        let event = event(report);
        self.store
            .write(move |tx| {
                async move {
                    write_people(tx, &plan).await?;
                    write_records(tx, &plan).await?;
                    tx.audit(event).await?;
                    Ok::<_, Error>(())
                }
                .boxed()
            })
            .await
    }
}

async fn write_people(tx: &mut Tx, plan: &Plan) -> Result<(), Error> {
    for (record, key) in &plan.accounts {
        tx.create_principal(record).await?;
        tx.insert_data_key(key).await?;
    }
    for record in &plan.replaced_accounts {
        expect(tx.replace_principal(record).await?)?;
    }
    for identity in &plan.identities {
        tx.create_identity(identity).await?;
    }
    for claim in &plan.claims {
        expect(tx.put_claim(claim).await?)?;
    }
    Ok(())
}

async fn write_records(tx: &mut Tx, plan: &Plan) -> Result<(), Error> {
    for definition in &plan.definitions {
        tx.put_custom_provider(definition).await?;
    }
    for (record, from_version) in &plan.clients {
        match from_version {
            Some(version) => expect(tx.replace_provider_client(record, *version).await?)?,
            None => tx.insert_provider_client(record).await?,
        }
    }
    for one in &plan.connections {
        match one.from_version {
            Some(version) => {
                let replaced = tx.replace_connection(&one.connection, &one.sealed, version);
                expect(replaced.await?)?;
            }
            None => tx.insert_connection(&one.connection, &one.sealed).await?,
        }
    }
    for one in &plan.defaults {
        match &one.name {
            Some(name) => {
                let set = tx.set_default_connection(&one.vault, &one.provider, name);
                expect(set.await?)?;
            }
            None => {
                tx.ensure_default_connection(&one.vault, &one.provider)
                    .await?;
            }
        }
    }
    tx.insert_past_events(&plan.events).await?;
    Ok(())
}

/// Another daemon of the same database was here since the plan was made.
fn expect(done: bool) -> Result<(), Error> {
    if done {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::Conflict,
        "the database changed while the import was prepared; nothing was written",
    )
    .hint("run it again"))
}

fn event(report: &Report) -> AuditEvent {
    let mut event = AuditEvent::new(EventName::HomeImported).with("from", "0.5");
    for (kind, counts) in &report.counts {
        let counts = serde_json::to_value(counts).unwrap_or_default();
        event = event.with(kind.as_str(), counts);
    }
    event
}
