//! Each way of logging in, from the agent's request to a credential that works.

pub(crate) mod cookies;
pub(crate) mod device;
pub(crate) mod dynamic;
pub(crate) mod headless;
mod pkce;
mod sites;
mod terminal;
