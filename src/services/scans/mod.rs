//! Plaintext that somebody found on a machine, held against what is stored.
//!
//! Says of each find whether it is stored, differs or is missing, and stores what is asked to be.
//! It never gives a secret out: a find comes as a keyed digest, or whole where it is to be stored.

mod definitions;
mod service;
mod stored;
mod taking;

pub use service::{
    Compared, Comparison, FindingState, FoundSecret, PlaintextFinding, ScanWish, Scans,
};
