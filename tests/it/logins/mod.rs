//! Each way of logging in, from the agent's request to a credential that works.

mod cookies;
pub(crate) mod device;
pub(crate) mod dynamic;
mod headless;
mod pkce;
