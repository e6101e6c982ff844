//! The plaintext inside a sealed credential: JSON, schema version 1.
//!
//! A version may gain optional fields; a change that an older reader would misunderstand gets the
//! next number, which the envelope's header carries. Times are Unix milliseconds.

use super::Error;
use crate::clock::{from_unix_millis, to_unix_millis};
use crate::model::{Credential, GrantKey, ProviderClient};
use crate::secret::{AccessToken, ApiKey, ClientSecret, CookieValue, RefreshToken, SigningKey};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The schema version this program writes; it reads this one and no later.
pub(super) const SCHEMA: u16 = 1;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Plain<'a> {
    ApiKey {
        #[serde(borrow)]
        key: Cow<'a, str>,
    },
    #[serde(rename = "oauth2")]
    OAuth2 {
        #[serde(borrow)]
        access_token: Cow<'a, str>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        refresh_token: Option<Cow<'a, str>>,
        token_type: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<i64>,
    },
    Minted {
        #[serde(borrow)]
        key: PlainKey<'a>,
        #[serde(borrow)]
        access_token: Cow<'a, str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<i64>,
    },
    Cookies {
        #[serde(borrow)]
        cookies: BTreeMap<String, Cow<'a, str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<i64>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "grant", rename_all = "snake_case")]
enum PlainKey<'a> {
    ClientCredentials {
        #[serde(borrow)]
        client_id: Cow<'a, str>,
        #[serde(borrow)]
        client_secret: Cow<'a, str>,
    },
    JwtBearer {
        #[serde(borrow)]
        issuer: Cow<'a, str>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        subject: Option<Cow<'a, str>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        key_id: Option<Cow<'a, str>>,
        #[serde(borrow)]
        signing_key: Cow<'a, str>,
    },
    GithubApp {
        #[serde(borrow)]
        app_id: Cow<'a, str>,
        #[serde(borrow)]
        installation_id: Cow<'a, str>,
        #[serde(borrow)]
        signing_key: Cow<'a, str>,
    },
}

#[derive(Serialize, Deserialize)]
struct PlainClient<'a> {
    #[serde(borrow, default)]
    client_id: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    base_url: Option<Cow<'a, str>>,
}

pub(super) fn write_credential(credential: &Credential) -> Result<Zeroizing<Vec<u8>>, Error> {
    let plain = match credential {
        Credential::ApiKey { key } => Plain::ApiKey {
            key: key.reveal().into(),
        },
        Credential::OAuth2 {
            access_token,
            refresh_token,
            token_type,
            expires_at,
        } => Plain::OAuth2 {
            access_token: access_token.reveal().into(),
            refresh_token: refresh_token.as_ref().map(|token| token.reveal().into()),
            token_type: token_type.clone(),
            expires_at: expires_at.map(to_unix_millis),
        },
        Credential::Minted {
            key,
            access_token,
            expires_at,
        } => Plain::Minted {
            key: plain_key(key),
            access_token: access_token.reveal().into(),
            expires_at: expires_at.map(to_unix_millis),
        },
        Credential::Cookies {
            cookies,
            expires_at,
        } => Plain::Cookies {
            cookies: cookies
                .iter()
                .map(|(name, value)| (name.clone(), value.reveal().into()))
                .collect(),
            expires_at: expires_at.map(to_unix_millis),
        },
    };
    to_json(&plain, "credential")
}

pub(super) fn read_credential(json: &[u8]) -> Result<Credential, Error> {
    let plain: Plain<'_> = from_json(json, "credential")?;
    Ok(match plain {
        Plain::ApiKey { key } => Credential::ApiKey {
            key: ApiKey::new(key),
        },
        Plain::OAuth2 {
            access_token,
            refresh_token,
            token_type,
            expires_at,
        } => Credential::OAuth2 {
            access_token: AccessToken::new(access_token),
            refresh_token: refresh_token.map(RefreshToken::new),
            token_type,
            expires_at: expires_at.map(from_unix_millis),
        },
        Plain::Minted {
            key,
            access_token,
            expires_at,
        } => Credential::Minted {
            key: grant_key(key),
            access_token: AccessToken::new(access_token),
            expires_at: expires_at.map(from_unix_millis),
        },
        Plain::Cookies {
            cookies,
            expires_at,
        } => Credential::Cookies {
            cookies: cookies
                .into_iter()
                .map(|(name, value)| (name, CookieValue::new(value)))
                .collect(),
            expires_at: expires_at.map(from_unix_millis),
        },
    })
}

fn plain_key(key: &GrantKey) -> PlainKey<'_> {
    match key {
        GrantKey::ClientCredentials {
            client_id,
            client_secret,
        } => PlainKey::ClientCredentials {
            client_id: client_id.into(),
            client_secret: client_secret.reveal().into(),
        },
        GrantKey::JwtBearer {
            issuer,
            subject,
            key_id,
            signing_key,
        } => PlainKey::JwtBearer {
            issuer: issuer.into(),
            subject: subject.as_deref().map(Cow::from),
            key_id: key_id.as_deref().map(Cow::from),
            signing_key: signing_key.reveal().into(),
        },
        GrantKey::GithubApp {
            app_id,
            installation_id,
            signing_key,
        } => PlainKey::GithubApp {
            app_id: app_id.into(),
            installation_id: installation_id.into(),
            signing_key: signing_key.reveal().into(),
        },
    }
}

fn grant_key(plain: PlainKey<'_>) -> GrantKey {
    match plain {
        PlainKey::ClientCredentials {
            client_id,
            client_secret,
        } => GrantKey::ClientCredentials {
            client_id: client_id.into_owned(),
            client_secret: ClientSecret::new(client_secret),
        },
        PlainKey::JwtBearer {
            issuer,
            subject,
            key_id,
            signing_key,
        } => GrantKey::JwtBearer {
            issuer: issuer.into_owned(),
            subject: subject.map(Cow::into_owned),
            key_id: key_id.map(Cow::into_owned),
            signing_key: SigningKey::new(signing_key),
        },
        PlainKey::GithubApp {
            app_id,
            installation_id,
            signing_key,
        } => GrantKey::GithubApp {
            app_id: app_id.into_owned(),
            installation_id: installation_id.into_owned(),
            signing_key: SigningKey::new(signing_key),
        },
    }
}

pub(super) fn write_client(client: &ProviderClient) -> Result<Zeroizing<Vec<u8>>, Error> {
    let plain = PlainClient {
        client_id: client.client_id.as_str().into(),
        client_secret: client.client_secret.as_ref().map(|s| s.reveal().into()),
        base_url: client.base_url.as_deref().map(Cow::from),
    };
    to_json(&plain, "client")
}

pub(super) fn read_client(json: &[u8]) -> Result<ProviderClient, Error> {
    let plain: PlainClient<'_> = from_json(json, "client")?;
    Ok(ProviderClient {
        client_id: plain.client_id.into_owned(),
        client_secret: plain.client_secret.map(ClientSecret::new),
        base_url: plain.base_url.map(Cow::into_owned),
    })
}

/// Writes into a buffer that is large enough from the start, so that no growth leaves copies behind.
fn to_json(plain: &impl Serialize, kind: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut counted = Counter(0);
    serde_json::to_writer(&mut counted, plain).map_err(|_| Error::TooLarge { kind })?;
    let mut json = Zeroizing::new(Vec::with_capacity(counted.0));
    serde_json::to_writer(&mut *json, plain).map_err(|_| Error::TooLarge { kind })?;
    Ok(json)
}

/// An opened record that does not read is as wrong as one that does not open. The cause would
/// quote the plaintext, so it is dropped.
fn from_json<'a, T: Deserialize<'a>>(json: &'a [u8], kind: &'static str) -> Result<T, Error> {
    serde_json::from_slice(json).map_err(|_| Error::Integrity { kind })
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(credential: &Credential) -> String {
        String::from_utf8(write_credential(credential).unwrap().to_vec()).unwrap()
    }

    /// The format is a promise: these exact texts are in people's databases.
    #[test]
    fn every_form_is_written_and_read_as_promised() {
        let at = Some(from_unix_millis(1_893_553_445_000));
        let cases = [
            (
                Credential::ApiKey {
                    key: ApiKey::new("sk-\"é\n"),
                },
                r#"{"type":"api_key","key":"sk-\"é\n"}"#,
            ),
            (
                Credential::OAuth2 {
                    access_token: AccessToken::new("a"),
                    refresh_token: Some(RefreshToken::new("r")),
                    token_type: "Bearer".into(),
                    expires_at: at,
                },
                r#"{"type":"oauth2","access_token":"a","refresh_token":"r","token_type":"Bearer","expires_at":1893553445000}"#,
            ),
            (
                Credential::Minted {
                    key: GrantKey::GithubApp {
                        app_id: "12".to_owned(),
                        installation_id: "34".to_owned(),
                        signing_key: SigningKey::new("pem"),
                    },
                    access_token: AccessToken::new("a"),
                    expires_at: at,
                },
                r#"{"type":"minted","key":{"grant":"github_app","app_id":"12","installation_id":"34","signing_key":"pem"},"access_token":"a","expires_at":1893553445000}"#,
            ),
            (
                Credential::Minted {
                    key: GrantKey::JwtBearer {
                        issuer: "i".to_owned(),
                        subject: None,
                        key_id: Some("k".to_owned()),
                        signing_key: SigningKey::new("pem"),
                    },
                    access_token: AccessToken::new("a"),
                    expires_at: None,
                },
                r#"{"type":"minted","key":{"grant":"jwt_bearer","issuer":"i","key_id":"k","signing_key":"pem"},"access_token":"a"}"#,
            ),
            (
                Credential::Minted {
                    key: GrantKey::ClientCredentials {
                        client_id: "c".to_owned(),
                        client_secret: ClientSecret::new("s"),
                    },
                    access_token: AccessToken::new("a"),
                    expires_at: None,
                },
                r#"{"type":"minted","key":{"grant":"client_credentials","client_id":"c","client_secret":"s"},"access_token":"a"}"#,
            ),
            (
                Credential::Cookies {
                    cookies: [("sid".to_owned(), CookieValue::new("c"))].into(),
                    expires_at: None,
                },
                r#"{"type":"cookies","cookies":{"sid":"c"}}"#,
            ),
        ];
        for (credential, text) in cases {
            assert_eq!(written(&credential), text);
            let read = read_credential(text.as_bytes()).unwrap();
            assert_eq!(written(&read), text);
        }
    }

    #[test]
    fn an_added_field_is_ignored_and_a_broken_record_is_refused() {
        assert!(read_credential(br#"{"type":"api_key","key":"k","later":1}"#).is_ok());
        for text in [
            "",
            "{}",
            "[]",
            r#"{"type":"other"}"#,
            r#"{"type":"api_key"}"#,
        ] {
            assert!(read_credential(text.as_bytes()).unwrap_err().is_integrity());
        }
    }

    #[test]
    fn a_client_survives() {
        let client = ProviderClient {
            client_id: "us".to_owned(),
            client_secret: Some(ClientSecret::new("shh")),
            base_url: None,
        };
        let read = read_client(&write_client(&client).unwrap()).unwrap();
        assert_eq!(read.client_id, "us");
        assert_eq!(read.client_secret.unwrap().reveal(), "shh");
        assert_eq!(read.base_url, None);
    }
}
