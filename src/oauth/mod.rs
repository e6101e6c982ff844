//! OAuth 2.0 as a client speaks it, and nothing of ours: no store, no vault, no login.
//!
//! Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), refresh (section 6), client
//! credentials (section 4.4), assertions (RFC 7523), revocation (RFC 7009). Every answer of a provider is hostile until
//! it is parsed: `transport` bounds what may be asked and answered, `answer` says what a token
//! answer is, and no error repeats what a provider sent beyond its own error code and description.

mod address;
mod answer;
mod ask;
mod assertion;
mod authorize;
mod client;
mod device;
mod document;
mod error;
mod metadata;
mod registration;
mod sent;
mod transport;
mod userinfo;

pub use answer::Tokens;
pub use ask::Encoding;
pub use assertion::{Assertion, is_signing_key};
pub use authorize::{Authorization, AuthorizationRequest, Callback, PkceVerifier};
pub use client::{ClientAuth, OAuthClient, Revocable};
pub use device::{DeviceLogin, Polled};
pub use error::{Error, Step, TransportError};
pub use metadata::{AuthorizationServer, Discovered};
pub use registration::Registered;
pub use transport::{Reach, Transport};

/// Some services refuse a client without a name.
const USER_AGENT: &str = concat!("authsome/", env!("CARGO_PKG_VERSION"));
