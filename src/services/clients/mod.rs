//! Our own OAuth clients at providers: one for each, for everybody on this daemon.

mod environment;
mod issued;
mod known;
mod service;

pub(super) use known::{
    at_site, check_site, check_text, find, missing, named, prepare, put, speaker, version,
};
pub use service::{ClientSource, ClientView, NewClient, ProviderClients};
