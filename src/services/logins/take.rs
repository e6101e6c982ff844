//! What a person answered becomes a credential: a key, a program's key with its first token, cookies.

use super::answer::{checked_key, is_malformed};
use super::answers::{Answers, Problem};
use super::complete::Grant;
use super::service::Logins;
use super::{account, cookies, keys, scopes, sites};
use crate::model::connection::Account;
use crate::model::provider::Flow;
use crate::model::{Credential, LoginSession, Provider};
use crate::secret::ApiKey;
use crate::services::Error;
use crate::services::endpoints::{self, Endpoints};
use crate::services::failure::is_out_of_reach;
use crate::services::minting::{self, Unminted};

impl Logins {
    /// The grant, or what is wrong with the answers; nothing is stored yet.
    pub(super) async fn grant(
        &self,
        login: &LoginSession,
        provider: &Provider,
        answers: &Answers,
    ) -> Result<Result<Grant, Problem>, Error> {
        if sites::is_asked(provider, login.base_url.as_deref()) {
            return Err(endpoints::no_site(provider));
        }
        match login.flow {
            Flow::ApiKey => Ok(key(login, provider, answers)),
            Flow::Browser => Ok(self.cookies(login, provider, answers)),
            Flow::ClientCredentials | Flow::JwtBearer | Flow::GithubApp => {
                self.minted(login, provider, answers).await
            }
            Flow::Pkce | Flow::DeviceCode | Flow::DcrPkce => Err(Error::invalid(format!(
                "one logs in to {} at its own site",
                provider.display_name
            ))),
        }
    }

    fn cookies(
        &self,
        login: &LoginSession,
        provider: &Provider,
        answers: &Answers,
    ) -> Result<Grant, Problem> {
        let settings = provider.browser.as_ref();
        let settings = settings.ok_or_else(|| Problem::wrong("it has no browser session"))?;
        let credential = cookies::credential(settings, answers, self.core.now())?;
        Ok(granted(login, credential))
    }

    /// The key is shown to the provider at once: one that does not work is not stored.
    async fn minted(
        &self,
        login: &LoginSession,
        provider: &Provider,
        answers: &Answers,
    ) -> Result<Result<Grant, Problem>, Error> {
        let site = login.base_url.as_deref();
        let endpoints = Endpoints::new(provider, site)?;
        let token_url = endpoints.token().ok();
        let key = match keys::grant_key(login.flow, answers, token_url.as_ref()) {
            Ok(key) => key,
            Err(problem) => return Ok(Err(problem)),
        };
        let wanted = scopes::wanted(login, endpoints.settings());
        let tokens = match minting::mint(&self.core, provider, site, &key, wanted).await {
            Ok(tokens) => tokens,
            Err(Unminted::Ours(error)) => return Err(error),
            Err(Unminted::Provider(said)) => {
                let text = format!("{}: {said}", provider.display_name);
                return Ok(Err(if is_out_of_reach(&said) {
                    Problem::out_of_reach(text)
                } else {
                    Problem::wrong(text)
                }));
            }
        };
        let account = account::look_up(&self.core.config.transport, &endpoints, &tokens).await;
        let now = self.core.now();
        let scopes = tokens.scopes.clone().unwrap_or_else(|| wanted.to_vec());
        Ok(Ok(Grant {
            scopes,
            account,
            issued_to: None,
            credential: Credential::Minted {
                key,
                access_token: tokens.access_token,
                expires_at: tokens.expires_in.map(|life| now + life),
            },
        }))
    }
}

fn key(login: &LoginSession, provider: &Provider, answers: &Answers) -> Result<Grant, Problem> {
    if !answers.has("api_key") {
        return Err(Problem::malformed("`data.api_key` is missing"));
    }
    let typed = ApiKey::new(answers.text("api_key"));
    let key = checked_key(provider, &typed).map_err(|problem| {
        let text = problem.to_string();
        if is_malformed(&problem) {
            Problem::malformed(text)
        } else {
            Problem::wrong(text)
        }
    })?;
    Ok(granted(login, Credential::ApiKey { key }))
}

fn granted(login: &LoginSession, credential: Credential) -> Grant {
    Grant {
        credential,
        scopes: login.scopes.clone().unwrap_or_default(),
        account: Account::default(),
        issued_to: None,
    }
}
