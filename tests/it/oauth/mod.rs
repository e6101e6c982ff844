//! Our OAuth client at a provider that keeps its books, and at one that misbehaves.

mod broken;
mod grants;
pub(crate) mod harness;
