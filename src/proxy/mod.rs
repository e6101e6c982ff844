//! The intercepting proxy of one run: loopback only, one secret per run, its CA in memory.
//!
//! A child's `CONNECT` to a host that a [`Route`] names is terminated with a certificate of this
//! run; every request inside is matched, asked for at [`Resolve`], given the credential and sent
//! on over verified TLS. Everything else is tunnelled untouched. The proxy knows no daemon: who
//! holds the credentials is behind [`Resolve`]. It never injects into cleartext, never follows a
//! redirect, never writes a key to disk and never hands a secret back to the child.
//!
//! HTTP semantics: RFC 9110; HTTP/1.1: RFC 9112; HTTP/2: RFC 9113; problem details: RFC 9457.

mod again;
mod bundle;
mod ca;
mod entry;
mod environment;
mod exchange;
mod forms;
mod frames;
mod guard;
mod head;
mod headers;
mod host;
mod inject;
mod intercept;
mod known;
pub mod matcher;
mod path;
mod placeholders;
mod prefixed;
mod problem;
mod range;
mod request_body;
mod resolve;
mod response;
mod scrub;
mod serve;
mod shared;
mod start;
mod trailers;
mod tunnel;
mod upstream;
mod websocket;
mod writes_through;

pub use bundle::{Bundle, system_roots};
pub use environment::{ChildSettings, NODE_PROXY, child_environment, trusted_files};
pub use resolve::{Placeholder, Refusal, Resolve, Route};
pub use start::{Error, Limits, Notice, ProxyConfig, RunningProxy, check_root_file, start};
pub use upstream::trusting;
