//! What the stories are told with: a real daemon, agents, browsers, upstreams, databases,
//! an authorization server.

pub(crate) mod agent;
pub(crate) mod browser;
pub(crate) mod child;
pub(crate) mod chromium;
pub(crate) mod collector;
pub(crate) mod daemon;
pub(crate) mod disk;
pub(crate) mod forge;
pub(crate) mod hosted;
pub(crate) mod http;
pub(crate) mod http2;
pub(crate) mod live;
pub(crate) mod oauth_home;
pub(crate) mod oauth_server;
pub(crate) mod old_home;
pub(crate) mod past;
pub(crate) mod patterns;
pub(crate) mod people;
pub(crate) mod postgres;
pub(crate) mod pty;
pub(crate) mod records;
pub(crate) mod replicas;
pub(crate) mod seen;
pub(crate) mod skip;
pub(crate) mod tls_server;
pub(crate) mod trap;
pub(crate) mod upstream;
pub(crate) mod vault_home;
