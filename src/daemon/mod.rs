//! The composition root: Config → Store → Vaults → Services → server.
//!
//! It holds no logic of its own: it takes the lock of the home, puts the parts together in their
//! order, says when it is ready, and takes them apart again when it is told to stop.

mod compose;
mod error;
mod holder;
mod import;
mod life;
mod observe;
mod outbound;
mod roots;
mod trails;

pub use crate::legacy::Kind as ImportKind;
pub use crate::services::{Adopted, ImportCounts, ImportOptions, ImportOutcome, ImportRemark};
pub use crate::store::Holder;
pub use compose::examine_store;
pub use error::Error;
pub use holder::{find_holder, holder, wait_until_released};
pub use import::{Imported, import};
pub use life::run;
pub use observe::{LogTo, settings as telemetry_settings};
pub use roots::{check_roots, unusable_roots};
