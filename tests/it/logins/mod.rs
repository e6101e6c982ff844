//! Each way of logging in, from the agent's request to a credential that works.

mod cookies;
mod device;
mod dynamic;
mod headless;
mod pkce;
