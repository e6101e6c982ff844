//! The keys that programs log in with, from what a person filled in or a provider's key file. Pure.

use super::answers::{Answers, Problem};
use crate::model::GrantKey;
use crate::model::provider::Flow;
use crate::oauth;
use crate::secret::{ClientSecret, SigningKey, Typed};
use serde_json::Value;
use url::Url;

/// Longest id or secret, in bytes.
const LONGEST: usize = 2_048;
/// Longest private key, in bytes: an RSA key of 16,384 bits has 12 KiB.
const LONGEST_KEY: usize = 32 * 1024;

/// The key for a flow. A key file that was pasted whole is read for its parts; one that names another
/// token endpoint than `token_url` is refused.
pub(super) fn grant_key(
    flow: Flow,
    answers: &Answers,
    token_url: Option<&Url>,
) -> Result<GrantKey, Problem> {
    let file = key_file(answers)?;
    let answers = file.as_ref().unwrap_or(answers);
    match flow {
        Flow::ClientCredentials => Ok(GrantKey::ClientCredentials {
            client_id: plain(answers, &["client_id"], "client id")?,
            client_secret: ClientSecret::new(plain(answers, &["client_secret"], "client secret")?),
        }),
        Flow::JwtBearer => {
            check_endpoint(answers, token_url)?;
            Ok(GrantKey::JwtBearer {
                issuer: plain(answers, &["issuer", "client_email"], "issuer")?,
                subject: optional(answers, &["subject"], "subject")?,
                key_id: optional(answers, &["key_id", "private_key_id"], "key id")?,
                signing_key: signing_key(answers)?,
            })
        }
        Flow::GithubApp => Ok(GrantKey::GithubApp {
            app_id: plain(answers, &["app_id", "client_id"], "app id")?,
            installation_id: number(answers, "installation_id", "installation id")?,
            signing_key: signing_key(answers)?,
        }),
        Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce | Flow::ApiKey | Flow::Browser => {
            Err(Problem::wrong("no key is taken here"))
        }
    }
}

/// A JSON key file in the place of the private key, with the other answers beside it.
fn key_file(answers: &Answers) -> Result<Option<Answers>, Problem> {
    let typed = answers.text("private_key");
    if !typed.starts_with('{') {
        return Ok(None);
    }
    let wrong = || Problem::malformed("the key file is not a JSON object of texts");
    let file: serde_json::Map<String, Value> = serde_json::from_str(typed).map_err(|_| wrong())?;
    let mut fields: Vec<(String, Typed)> = Vec::new();
    for (name, value) in file {
        match value {
            Value::String(text) => fields.push((name, Typed::new(text))),
            Value::Number(number) => fields.push((name, Typed::new(number.to_string()))),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    let beside = answers
        .fields()
        .filter(|(name, typed)| *name != "private_key" && !typed.reveal().trim().is_empty())
        .map(|(name, typed)| (name.to_owned(), typed.clone()));
    fields.extend(beside);
    Ok(Some(Answers::new(fields)))
}

/// A signed assertion is worth a token at the endpoint it is for: it goes to the provider's own alone.
fn check_endpoint(answers: &Answers, token_url: Option<&Url>) -> Result<(), Problem> {
    let Some(named) = answers.some("token_uri") else {
        return Ok(());
    };
    let named: Option<Url> = named.parse().ok();
    if named.as_ref() == token_url {
        return Ok(());
    }
    Err(Problem::wrong(
        "the key file is for another token endpoint than this provider's",
    ))
}

fn plain(answers: &Answers, names: &[&str], what: &str) -> Result<String, Problem> {
    optional(answers, names, what)?.ok_or_else(|| Problem::wrong(format!("the {what} is missing")))
}

fn optional(answers: &Answers, names: &[&str], what: &str) -> Result<Option<String>, Problem> {
    let Some(text) = answers.first(names) else {
        return Ok(None);
    };
    if text.len() > LONGEST || !text.bytes().all(|c| (0x20..0x7f).contains(&c)) {
        return Err(Problem::malformed(format!(
            "the {what} is visible ASCII, at most 2,048 characters"
        )));
    }
    Ok(Some(text.to_owned()))
}

/// It becomes a part of a path.
fn number(answers: &Answers, name: &str, what: &str) -> Result<String, Problem> {
    let text = plain(answers, &[name], what)?;
    if text.len() <= 20 && text.bytes().all(|c| c.is_ascii_digit()) {
        return Ok(text);
    }
    Err(Problem::malformed(format!("the {what} is a number")))
}

fn signing_key(answers: &Answers) -> Result<SigningKey, Problem> {
    let text = answers
        .some("private_key")
        .ok_or_else(|| Problem::wrong("the private key is missing"))?;
    if text.len() > LONGEST_KEY {
        return Err(Problem::malformed("the private key is longer than 32 KiB"));
    }
    let key = SigningKey::new(format!("{text}\n"));
    if oauth::is_signing_key(&key) {
        return Ok(key);
    }
    Err(Problem::malformed(
        "the private key cannot be read: it is a PEM file (RSA, EC P-256 or Ed25519) or the JSON file of the provider",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
    use serde_json::json;

    fn answers(fields: &[(&str, &str)]) -> Answers {
        let fields = fields
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Typed::new(*text)));
        Answers::new(fields)
    }

    fn read(flow: Flow, fields: &[(&str, &str)]) -> Result<GrantKey, String> {
        let url = "https://acme.example/token".parse().unwrap();
        grant_key(flow, &answers(fields), Some(&url)).map_err(|problem| problem.text)
    }

    fn pems() -> [String; 3] {
        [
            KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap(),
            KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(),
            KeyPair::generate_for(&PKCS_ED25519).unwrap(),
        ]
        .map(|pair| pair.serialize_pem())
    }

    #[test]
    fn a_client_needs_its_id_and_its_secret() {
        let flow = Flow::ClientCredentials;
        let key = read(flow, &[("client_id", " me\n"), ("client_secret", "s ")]);
        let Ok(GrantKey::ClientCredentials {
            client_id,
            client_secret,
        }) = key
        else {
            panic!("{key:?}")
        };
        assert_eq!((client_id.as_str(), client_secret.reveal()), ("me", "s"));
        for (fields, said) in [
            (vec![("client_secret", "s")], "client id is missing"),
            (vec![("client_id", "me")], "client secret is missing"),
            (
                vec![("client_id", "a\nb"), ("client_secret", "s")],
                "visible ASCII",
            ),
        ] {
            let problem = read(flow, &fields).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn a_service_account_is_read_from_fields_or_from_its_key_file() {
        for pem in pems() {
            let fields = [("issuer", "robot"), ("private_key", pem.as_str())];
            assert!(read(Flow::JwtBearer, &fields).is_ok(), "{}", &pem[..40]);
        }
        let [pem, ..] = pems();
        let file = |token_uri: &str| {
            json!({
                "type": "service_account", "private_key_id": "k1", "private_key": pem,
                "client_email": "robot@acme.example", "token_uri": token_uri,
            })
            .to_string()
        };
        let whole = file("https://acme.example/token");
        let pasted = [
            ("private_key", whole.as_str()),
            ("subject", "ada@acme.example"),
        ];
        let key = read(Flow::JwtBearer, &pasted);
        let Ok(GrantKey::JwtBearer {
            issuer,
            subject,
            key_id,
            ..
        }) = key
        else {
            panic!("{key:?}")
        };
        assert_eq!(issuer, "robot@acme.example");
        assert_eq!(subject.as_deref(), Some("ada@acme.example"));
        assert_eq!(key_id.as_deref(), Some("k1"));
        let elsewhere = file("https://evil.example/token");
        let problem = read(Flow::JwtBearer, &[("private_key", &elsewhere)]).unwrap_err();
        assert!(problem.contains("another token endpoint"), "{problem}");
    }

    #[test]
    fn an_app_needs_numbers_and_a_key() {
        let [pem, ..] = pems();
        let good = [
            ("app_id", "12"),
            ("installation_id", "34"),
            ("private_key", pem.as_str()),
        ];
        assert!(read(Flow::GithubApp, &good).is_ok());
        for (name, value, said) in [
            ("installation_id", "34/../1", "is a number"),
            ("installation_id", "", "is missing"),
            ("app_id", "", "is missing"),
            (
                "private_key",
                "-----BEGIN PUBLIC KEY-----",
                "cannot be read",
            ),
            ("private_key", "{not json", "not a JSON object"),
            ("private_key", "", "is missing"),
        ] {
            let changed = good.map(|field| {
                if field.0 == name {
                    (name, value)
                } else {
                    field
                }
            });
            let problem = read(Flow::GithubApp, &changed).unwrap_err();
            assert!(problem.contains(said), "{name}={value}: {problem}");
            assert!(value.is_empty() || !problem.contains(value));
        }
    }
}
