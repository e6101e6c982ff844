//! The cookies of a browser on this machine, read where the browser keeps them. Writes nothing.
//!
//! Firefox alone keeps them where any program of its user may read them; see `docs/decisions/0008`.

mod error;
mod firefox;

pub use error::Error;
pub use firefox::cookies;
