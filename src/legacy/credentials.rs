//! Opened records: connections, their defaults, and OAuth clients. Pure.
//!
//! The old format binds no record to its place, so a record must say itself where it belongs, and
//! one that names another place was moved by somebody.

use super::home::{OldClient, OldConnection, OldDefault, Owner};
use super::text::{label, moment, sendable, site};
use crate::model::connection::Account;
use crate::model::key::LONGEST_KEY;
use crate::model::{ConnectionName, ConnectionState, Credential, ProviderClient, ProviderName};
use crate::secret::{AccessToken, ApiKey, ClientSecret, CookieValue, RefreshToken};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// Longest token or cookie, in bytes.
const LONGEST_TOKEN: usize = 64 * 1024;
const MOST_COOKIES: usize = 100;
const MOST_SCOPES: usize = 200;

type Refused = &'static str;

/// The connection record of the API (schema version 2). Never printed: it holds secrets.
#[derive(Deserialize)]
struct Record {
    provider: Option<String>,
    identity: Option<String>,
    vault_id: Option<String>,
    connection_name: Option<String>,
    auth_type: String,
    status: String,
    base_url: Option<String>,
    api_url: Option<String>,
    scopes: Option<Scopes>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    token_type: Option<String>,
    expires_at: Option<String>,
    obtained_at: Option<String>,
    api_key: Option<String>,
    credentials: Option<BTreeMap<String, String>>,
    account: Option<AccountRecord>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scopes {
    List(Vec<String>),
    Text(String),
}

#[derive(Deserialize)]
struct AccountRecord {
    id: Option<Value>,
    label: Option<Value>,
}

/// Reads the record that is filed under `owner`, `provider` and `name`.
pub(super) fn connection(
    text: &str,
    owner: Owner,
    provider: ProviderName,
    name: ConnectionName,
) -> Result<OldConnection, Refused> {
    // The cause of a failure could quote a secret: it is left out.
    let mut record: Record =
        serde_json::from_str(text).map_err(|_| "it is not a connection as 0.5 wrote them")?;
    check_place(&record, &owner, &provider, &name)?;
    let obtained_at = record.obtained_at.as_deref().and_then(moment);
    let ended =
        (record.status == "expired").then(|| obtained_at.unwrap_or(OffsetDateTime::UNIX_EPOCH));
    let expires_at = end(record.expires_at.as_deref())?.or(ended);
    let state = state(&record, expires_at)?;
    let credential = credential(&mut record, expires_at)?;
    let account = record.account.take();
    Ok(OldConnection {
        owner,
        provider,
        name,
        state,
        credential,
        scopes: scopes(record.scopes)?,
        base_url: place(record.base_url.as_deref())?,
        api_url: match record.api_url {
            None => None,
            Some(text) => Some(label(&text).ok_or("its api_url is not one line of text")?),
        },
        account: Account {
            id: account.as_ref().and_then(|a| plain(a.id.as_ref())),
            label: account.as_ref().and_then(|a| plain(a.label.as_ref())),
        },
        obtained_at,
    })
}

fn check_place(
    record: &Record,
    owner: &Owner,
    provider: &ProviderName,
    name: &ConnectionName,
) -> Result<(), Refused> {
    let says =
        |field: &Option<String>, place: &str| field.as_deref().is_none_or(|found| found == place);
    let in_place = says(&record.provider, provider.as_str())
        && says(&record.connection_name, name.as_str())
        && match owner {
            Owner::Vault(vault) => says(&record.vault_id, vault.as_str()),
            Owner::Identity(handle) => says(&record.identity, handle.as_str()),
        };
    if in_place {
        Ok(())
    } else {
        Err("it says that it belongs elsewhere: it was moved")
    }
}

fn end(text: Option<&str>) -> Result<Option<OffsetDateTime>, Refused> {
    text.map(|text| moment(text).ok_or("its expires_at is no time"))
        .transpose()
}

/// One that expired and can be renewed is renewed when it is used next; whether it still can, the
/// provider says.
fn state(record: &Record, expires_at: Option<OffsetDateTime>) -> Result<ConnectionState, Refused> {
    let renews = record
        .refresh_token
        .as_deref()
        .is_some_and(|t| !t.is_empty());
    match record.status.as_str() {
        "connected" => Ok(ConnectionState::Connected { expires_at }),
        "expired" if renews => Ok(ConnectionState::Connected { expires_at }),
        "expired" => Ok(ConnectionState::Expired {
            since: expires_at.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }),
        "revoked" => Err("it was revoked"),
        _ => Err("it was not connected"),
    }
}

fn credential(
    record: &mut Record,
    expires_at: Option<OffsetDateTime>,
) -> Result<Credential, Refused> {
    match record.auth_type.as_str() {
        "api_key" => {
            let key = record.api_key.take().ok_or("it holds no key")?;
            let key = key.trim();
            if !sendable(key, LONGEST_KEY) || key.contains(' ') {
                return Err("its key is empty, too long, or holds what cannot be sent");
            }
            Ok(Credential::ApiKey {
                key: ApiKey::new(key),
            })
        }
        "oauth2" => tokens(record, expires_at),
        "browser" => cookies(record, expires_at),
        _ => Err("its auth_type is not one we know"),
    }
}

fn tokens(record: &mut Record, expires_at: Option<OffsetDateTime>) -> Result<Credential, Refused> {
    let access = record.access_token.take().ok_or("it holds no token")?;
    let refresh = record.refresh_token.take().filter(|text| !text.is_empty());
    let fits = |text: &str| sendable(text, LONGEST_TOKEN);
    if !fits(&access) || !refresh.as_deref().is_none_or(fits) {
        return Err("its token is empty, too long, or holds what cannot be sent");
    }
    let token_type = record
        .token_type
        .take()
        .unwrap_or_else(|| "Bearer".to_owned());
    if !sendable(&token_type, 64) {
        return Err("its token_type is not a word");
    }
    Ok(Credential::OAuth2 {
        access_token: AccessToken::new(access),
        refresh_token: refresh.map(RefreshToken::new),
        token_type,
        expires_at,
    })
}

fn cookies(record: &mut Record, expires_at: Option<OffsetDateTime>) -> Result<Credential, Refused> {
    let held = record.credentials.take().unwrap_or_default();
    let name_fits = |name: &str| sendable(name, 256) && !name.contains(['=', ';', ',', ' ']);
    let value_fits =
        |value: &str| value.is_empty() || (sendable(value, LONGEST_TOKEN) && !value.contains(';'));
    if held.is_empty() || held.len() > MOST_COOKIES {
        return Err("it holds no cookies, or too many");
    }
    if !held
        .iter()
        .all(|(name, value)| name_fits(name) && value_fits(value))
    {
        return Err("one of its cookies holds what cannot be sent");
    }
    Ok(Credential::Cookies {
        cookies: held
            .into_iter()
            .map(|(name, value)| (name, CookieValue::new(value)))
            .collect(),
        expires_at,
    })
}

fn scopes(found: Option<Scopes>) -> Result<Vec<String>, Refused> {
    let list = match found {
        None => Vec::new(),
        Some(Scopes::List(list)) => list,
        Some(Scopes::Text(text)) => text.split_whitespace().map(str::to_owned).collect(),
    };
    if list.len() <= MOST_SCOPES && list.iter().all(|scope| sendable(scope, 512)) {
        Ok(list)
    } else {
        Err("its scopes are not words")
    }
}

/// Where a login's tokens are sent for renewal: refused rather than guessed.
fn place(text: Option<&str>) -> Result<Option<String>, Refused> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => site(text)
            .map(Some)
            .ok_or("its base_url is no plain web address"),
    }
}

/// An account is a label for people; one that does not read is none.
fn plain(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => label(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Metadata {
    provider: Option<String>,
    vault_id: Option<String>,
    default_connection: Option<String>,
}

/// Which connection is the default; `None` where none was.
pub(super) fn default(
    text: &str,
    owner: Owner,
    provider: ProviderName,
) -> Result<Option<OldDefault>, Refused> {
    let read: Metadata =
        serde_json::from_str(text).map_err(|_| "it is not metadata as 0.5 wrote it")?;
    let in_place = read
        .provider
        .as_deref()
        .is_none_or(|p| p == provider.as_str())
        && match &owner {
            Owner::Vault(vault) => read.vault_id.as_deref().is_none_or(|v| v == vault.as_str()),
            Owner::Identity(_) => true,
        };
    if !in_place {
        return Err("it says that it belongs elsewhere: it was moved");
    }
    let Some(name) = read.default_connection else {
        return Ok(None);
    };
    let name = name
        .parse()
        .map_err(|_| "the default's name is not one we take")?;
    Ok(Some(OldDefault {
        owner,
        provider,
        name,
    }))
}

#[derive(Deserialize)]
struct ClientRecord {
    provider: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    base_url: Option<String>,
}

/// The OAuth client at `provider`.
pub(super) fn client(text: &str, provider: ProviderName) -> Result<OldClient, Refused> {
    let read: ClientRecord =
        serde_json::from_str(text).map_err(|_| "it is not a client as 0.5 wrote them")?;
    if read
        .provider
        .as_deref()
        .is_some_and(|p| p != provider.as_str())
    {
        return Err("it says that it belongs elsewhere: it was moved");
    }
    let client_id = read.client_id.ok_or("it has no client id")?;
    let secret = read.client_secret.filter(|text| !text.is_empty());
    let fits = |text: &str| sendable(text, LONGEST_KEY);
    if !fits(&client_id) || !secret.as_deref().is_none_or(fits) {
        return Err("its client id or secret is empty, too long, or holds what cannot be sent");
    }
    Ok(OldClient {
        provider,
        client: ProviderClient {
            client_id,
            client_secret: secret.map(ClientSecret::new),
            base_url: place(read.base_url.as_deref())?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(record: &Value) -> Result<OldConnection, Refused> {
        connection(
            &record.to_string(),
            Owner::Vault("vault_1".parse().unwrap()),
            "github".parse().unwrap(),
            "work".parse().unwrap(),
        )
    }

    fn oauth() -> Value {
        json!({
            "schema_version": 2, "provider": "github", "identity": "scout-1",
            "principal_id": "principal_1", "vault_id": "vault_1", "connection_name": "work",
            "auth_type": "oauth2", "status": "connected", "base_url": "https://github.com",
            "scopes": ["repo"], "access_token": "invented-a", "refresh_token": "invented-r",
            "token_type": "bearer", "expires_at": "2030-01-02T03:04:05.678901Z",
            "obtained_at": "2026-11-21T01:20:16.367873Z", "api_key": null, "credentials": null,
            "account": {"id": 7, "label": " octo "}, "metadata": {},
        })
    }

    fn with(field: &str, value: Value) -> Value {
        let mut record = oauth();
        record[field] = value;
        record
    }

    #[test]
    fn every_part_of_a_login_is_kept() {
        let read = read(&oauth()).unwrap();
        let ends = moment("2030-01-02T03:04:05.678Z");
        let Credential::OAuth2 {
            access_token,
            refresh_token,
            token_type,
            expires_at,
        } = &read.credential
        else {
            panic!("an OAuth login");
        };
        assert!(access_token.matches("invented-a"));
        assert!(refresh_token.as_ref().unwrap().matches("invented-r"));
        assert_eq!(
            (token_type.as_str(), *expires_at),
            ("bearer", ends),
            "to the millisecond"
        );
        assert_eq!(read.state, ConnectionState::Connected { expires_at: ends });
        assert_eq!(read.base_url.as_deref(), Some("https://github.com"));
        assert_eq!(read.account.id.as_deref(), Some("7"));
        assert_eq!(read.account.label.as_deref(), Some("octo"));
    }

    #[test]
    fn fields_that_are_missing_are_none_and_unknown_ones_are_passed_over() {
        let least =
            json!({"auth_type": "api_key", "status": "connected", "api_key": " k\n", "x": 1});
        let least = read(&least).unwrap();
        assert!(matches!(&least.credential, Credential::ApiKey { key } if key.matches("k")));
        assert!(least.scopes.is_empty() && least.obtained_at.is_none());
        let written_in_one = read(&with("scopes", json!(" repo  read:user "))).unwrap();
        assert_eq!(written_in_one.scopes, ["repo", "read:user"]);
        let odd_account = read(&with("account", json!({"id": ["x"], "label": "\u{7}"}))).unwrap();
        assert_eq!(odd_account.account, Account::default());
    }

    #[test]
    fn one_that_expired_and_can_be_renewed_is_connected_and_past_its_end() {
        let renews = read(&with("status", json!("expired"))).unwrap();
        assert_eq!(renews.state.status(), "connected");
        let mut record = with("status", json!("expired"));
        record["refresh_token"] = Value::Null;
        record["expires_at"] = Value::Null;
        let ended = read(&record).unwrap();
        let since = moment("2026-11-21T01:20:16.367Z").unwrap();
        assert_eq!(ended.state, ConnectionState::Expired { since });
        assert_eq!(ended.credential.expires_at(), Some(since));
    }

    #[test]
    fn a_record_in_a_place_it_does_not_name_is_refused() {
        for (field, elsewhere) in [
            ("provider", "gitlab"),
            ("connection_name", "default"),
            ("vault_id", "vault_2"),
        ] {
            let refused = read(&with(field, json!(elsewhere))).unwrap_err();
            assert!(refused.contains("moved"), "{field}: {refused}");
        }
        let names = r#"{"provider": "gitlab", "vault_id": "vault_1", "default_connection": "a"}"#;
        let owner = || Owner::Vault("vault_1".parse().unwrap());
        assert!(default(names, owner(), "github".parse().unwrap()).is_err());
        assert!(default(names, owner(), "gitlab".parse().unwrap()).is_ok());
        let ours = r#"{"provider": "gitlab", "client_id": "x"}"#;
        assert!(client(ours, "github".parse().unwrap()).is_err());
        assert!(client(ours, "gitlab".parse().unwrap()).is_ok());
    }

    #[test]
    fn what_could_end_a_header_or_fill_the_memory_is_refused() {
        let long = "a".repeat(LONGEST_TOKEN + 1);
        for (field, value) in [
            ("access_token", json!("")),
            ("access_token", json!("a\r\nb")),
            ("access_token", json!(long)),
            ("refresh_token", json!("é")),
            ("token_type", json!("")),
            ("expires_at", json!("soon")),
            ("scopes", json!(vec!["s"; MOST_SCOPES + 1])),
            ("base_url", json!("ftp://x.example")),
        ] {
            assert!(read(&with(field, value)).is_err(), "{field}");
        }
        let cookies = |cookies: Value| {
            let mut record = with("credentials", cookies);
            record["auth_type"] = json!("browser");
            read(&record)
        };
        assert!(cookies(json!({"a": "b", "empty": ""})).is_ok());
        for bad in [
            json!({}),
            json!({"a": "b;c"}),
            json!({"a=b": "c"}),
            json!({"a": 7}),
        ] {
            assert!(cookies(bad).is_err());
        }
    }
}
