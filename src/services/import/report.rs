//! What an import did, or would do.

use crate::legacy::{Kind, Skipped};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;

/// What became of one thing of the old home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was not here and is now.
    Imported,
    /// It was here already, and equal.
    Unchanged,
    /// It was here, differed, and was overwritten.
    Replaced,
    /// It is here and differs; it was left as it is.
    Differs,
    /// It could not be taken over.
    Skipped,
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Unchanged => "unchanged",
            Self::Replaced => "replaced",
            Self::Differs => "differs",
            Self::Skipped => "skipped",
        }
    }
}

/// How many things of one kind had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub imported: u64,
    pub unchanged: u64,
    pub replaced: u64,
    pub differs: u64,
    pub skipped: u64,
}

impl Counts {
    const fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Imported => &mut self.imported,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Replaced => &mut self.replaced,
            Outcome::Differs => &mut self.differs,
            Outcome::Skipped => &mut self.skipped,
        };
        *count += 1;
    }
}

/// Something a person should know about one thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    pub kind: Kind,
    pub name: String,
    /// `differs`, `skipped`, or what else happened to it.
    pub outcome: Outcome,
    pub reason: String,
}

/// The account of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub counts: BTreeMap<Kind, Counts>,
    pub remarks: Vec<Remark>,
}

impl Report {
    pub(super) fn add(&mut self, kind: Kind, outcome: Outcome) {
        self.counts.entry(kind).or_default().add(outcome);
    }

    /// Counts it and says why.
    pub(super) fn tell(
        &mut self,
        kind: Kind,
        name: impl Display,
        outcome: Outcome,
        reason: impl Into<String>,
    ) {
        self.add(kind, outcome);
        self.note(kind, name, outcome, reason);
    }

    /// Says something about what is counted elsewhere.
    pub(super) fn note(
        &mut self,
        kind: Kind,
        name: impl Display,
        outcome: Outcome,
        reason: impl Into<String>,
    ) {
        self.remarks.push(Remark {
            kind,
            name: name.to_string(),
            outcome,
            reason: reason.into(),
        });
    }

    pub(super) fn skipped(&mut self, skipped: &[Skipped]) {
        for one in skipped {
            self.tell(one.kind, &one.name, Outcome::Skipped, one.reason.clone());
        }
    }

    /// What is here and differs, to compare two reports.
    pub(super) fn differing(&self) -> Vec<&Remark> {
        let differs = |remark: &&Remark| remark.outcome == Outcome::Differs;
        self.remarks.iter().filter(differs).collect()
    }

    /// How many things had an outcome, of all kinds.
    pub fn total(&self, outcome: Outcome) -> u64 {
        let of = |counts: &Counts| match outcome {
            Outcome::Imported => counts.imported,
            Outcome::Unchanged => counts.unchanged,
            Outcome::Replaced => counts.replaced,
            Outcome::Differs => counts.differs,
            Outcome::Skipped => counts.skipped,
        };
        self.counts.values().map(of).sum()
    }
}
