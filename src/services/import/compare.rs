//! Whether what is here is what the old home held. Pure.

use crate::legacy::OldConnection;
use crate::model::{Connection, ConnectionState, Credential, ProviderClient};
use time::OffsetDateTime;

/// What differs between a connection here and the old one, in a word; `None` where nothing does.
pub(super) fn connection(
    here: &Connection,
    credential: Option<&Credential>,
    old: &OldConnection,
    now: OffsetDateTime,
) -> Option<&'static str> {
    let state = |state: ConnectionState| match state {
        ConnectionState::Connected { expires_at } => ("connected", expires_at),
        // Since when is noted by each program for itself.
        ConnectionState::Expired { .. } => ("expired", None),
        ConnectionState::Revoked { .. } => ("revoked", None),
    };
    let was = if old.credential.is_refreshable() {
        old.state.clone()
    } else {
        old.state.clone().at(now)
    };
    let differences = [
        (
            credential.is_none_or(|credential| !same_credential(credential, &old.credential)),
            "its credential",
        ),
        (state(here.state_at(now)) != state(was), "its state"),
        (here.scopes != old.scopes, "its scopes"),
        (here.base_url != old.base_url, "its base URL"),
        (here.api_url != old.api_url, "its API URL"),
        (here.account != old.account, "its account"),
    ];
    differences
        .into_iter()
        .find_map(|(differs, what)| differs.then_some(what))
}

fn same_credential(one: &Credential, other: &Credential) -> bool {
    match (one, other) {
        (Credential::ApiKey { key: a }, Credential::ApiKey { key: b }) => a.matches(b.reveal()),
        (
            Credential::OAuth2 {
                access_token: a,
                refresh_token: a_refresh,
                token_type: a_type,
                expires_at: a_end,
            },
            Credential::OAuth2 {
                access_token: b,
                refresh_token: b_refresh,
                token_type: b_type,
                expires_at: b_end,
            },
        ) => {
            let same_refresh = match (a_refresh, b_refresh) {
                (Some(a), Some(b)) => a.matches(b.reveal()),
                (None, None) => true,
                _ => false,
            };
            a.matches(b.reveal()) && same_refresh && a_type == b_type && a_end == b_end
        }
        (
            Credential::Cookies {
                cookies: a,
                expires_at: a_end,
            },
            Credential::Cookies {
                cookies: b,
                expires_at: b_end,
            },
        ) => {
            let same = |(x, y): (_, _)| {
                let ((a_name, a), (b_name, b)): ((&String, &crate::secret::CookieValue), _) =
                    (x, y);
                let (b_name, b): (&String, &crate::secret::CookieValue) = (b_name, b);
                a_name == b_name && a.matches(b.reveal())
            };
            a.len() == b.len() && a_end == b_end && a.iter().zip(b).all(same)
        }
        _ => false,
    }
}

pub(super) fn same_client(one: &ProviderClient, other: &ProviderClient) -> bool {
    let same_secret = match (&one.client_secret, &other.client_secret) {
        (Some(a), Some(b)) => a.matches(b.reveal()),
        (None, None) => true,
        _ => false,
    };
    one.client_id == other.client_id && same_secret && one.base_url == other.base_url
}
