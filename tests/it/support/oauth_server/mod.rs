//! A real OAuth 2.0 authorization server on loopback over TLS, with an API behind it.
//!
//! Codes, tokens and token families are stored and checked as a good provider does: a code works
//! once, a refresh token that was rotated away ends its family, a client proves who it is the way
//! it was registered. It runs on a thread of its own; dropping it ends it.
//!
//! | path | what |
//! |---|---|
//! | `/authorize` | the consent page, RFC 6749 section 4.1 with PKCE (S256 only), RFC 9207 |
//! | `/token` | code, refresh, client credentials, device code (RFC 8628), JWT bearer (RFC 7523) |
//! | `/device/authorize`, `/device` | the device flow and its page |
//! | `/register`, `/revoke` | RFC 7591, RFC 7009 |
//! | `/.well-known/…` | RFC 8414, its elder from `OpenID`, RFC 9728; with the issuer's path as they say |
//! | `/app/installations/{id}/access_tokens` | a GitHub App's token for a signed assertion |
//! | `/userinfo`, `/api/*`, `/mcp` | resources that take an access token which is alive, and no other |
//!
//! Every endpoint can be made to fail; see [`Fault`].

mod assertion;
mod assertion_tests;
mod authorize;
mod controls;
mod device;
mod faults;
mod forms;
mod person;
mod resources;
mod server;
mod settings;
mod store;
mod tests;
mod token;
mod well_known;

pub(crate) use faults::{Endpoint, Fault};
pub(crate) use forms::Auth;
pub(crate) use server::OAuthServer;
pub(crate) use settings::{Issuer, TokenStyle};
