//! Our own OAuth client at a Provider.

use crate::secret::ClientSecret;

/// What a provider knows us by, for everybody on this daemon. All of it is sealed: whoever could
/// change the site would have the secret sent there.
#[derive(Debug, Clone)]
pub struct ProviderClient {
    pub client_id: String,
    /// Absent for a public client.
    pub client_secret: Option<ClientSecret>,
    /// The site it is registered at, where a provider is installed in many places.
    pub base_url: Option<String>,
}
