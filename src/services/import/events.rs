//! Audit events, under the ids and times they had.

use super::plan::Draft;
use super::report::Outcome;
use super::service::Import;
use crate::legacy::Kind;
use crate::model::EventId;
use crate::services::Error;
use crate::store::Reading;
use std::collections::BTreeSet;

impl Import {
    pub(super) async fn events(
        &self,
        reader: &mut Reading,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        let events = &draft.old.events;
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(());
        };
        let here: BTreeSet<EventId> = reader
            .list_event_ids(first.at, last.at)
            .await?
            .into_iter()
            .collect();
        for event in events {
            if here.contains(&event.id) {
                draft.report.add(Kind::Events, Outcome::Unchanged);
            } else {
                draft.plan.events.push(event.clone());
                draft.report.add(Kind::Events, Outcome::Imported);
            }
        }
        Ok(())
    }
}
