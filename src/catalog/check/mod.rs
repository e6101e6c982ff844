//! Every rule of a definition, one file for each group of fields.

mod api_key;
mod fields;
mod hosts;
mod injections;
mod names;
mod oauth;
mod run;
mod sites;
mod urls;

pub use run::Checked;
pub(super) use run::run;
