//! Agents that were at work lately.

use super::names::Names;
use crate::model::Handle;
use crate::server::pages::render::When;
use crate::services::{IdentityStatus, VaultActivity};
use std::cmp::Reverse;
use std::collections::HashMap;
use time::OffsetDateTime;

/// Agents that are shown, and services that each is told to have used.
const MOST: usize = 5;
const MOST_USED: usize = 3;

/// The part of the page.
#[derive(Debug)]
pub(super) struct AtWork {
    pub(super) rows: Vec<Row>,
    /// Those that are not shown.
    pub(super) more: usize,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) handle: String,
    /// `None` where it has never been here since that is noted.
    pub(super) seen: Option<When>,
    /// Names of services and where they are, the latest first.
    pub(super) used: Vec<(String, String)>,
    pub(super) used_more: usize,
}

pub(super) fn at_work(
    agents: &[IdentityStatus],
    seen: &HashMap<Handle, OffsetDateTime>,
    activity: &VaultActivity,
    names: &Names,
    now: OffsetDateTime,
) -> AtWork {
    let mut latest: Vec<&Handle> = agents.iter().map(|agent| &agent.handle).collect();
    latest.sort_by_key(|handle| (Reverse(seen.get(*handle)), *handle));
    let more = latest.len().saturating_sub(MOST);
    let shown = latest.into_iter().take(MOST);
    AtWork {
        rows: shown
            .map(|handle| {
                let mut used = activity.of_agent(handle);
                let mut providers = std::collections::HashSet::new();
                used.retain(|one| providers.insert(one.provider.clone()));
                Row {
                    handle: handle.to_string(),
                    seen: seen.get(handle).map(|at| When::new(*at, now)),
                    used_more: used.len().saturating_sub(MOST_USED),
                    used: used
                        .iter()
                        .take(MOST_USED)
                        .map(|one| {
                            let name = names.get(&one.provider).to_owned();
                            (name, one.provider.to_string())
                        })
                        .collect(),
                }
            })
            .collect(),
        more,
    }
}
