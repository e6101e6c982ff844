//! What was registered, asked, granted and issued. No HTTP.
//!
//! Every token that follows from one grant belongs to its family: a code used twice or a refresh
//! token used after it was rotated away ends the family (RFC 6749 section 4.1.2, RFC 9700
//! section 4.14.2).

use super::forms::{Auth, Presented, Refusal, random, refuse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const CODE_LIFE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    /// None for a public client.
    pub(super) secret: Option<String>,
    pub(super) auth: Auth,
    pub(super) redirect_uris: Vec<String>,
}

/// What a person is asked to allow.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) challenge: String,
    pub(super) scopes: Vec<String>,
}

#[derive(Debug)]
struct Code {
    asked: Asked,
    until: Instant,
    /// The family it yielded.
    used: Option<u64>,
}

#[derive(Debug)]
struct Access {
    number: usize,
    client: String,
    family: u64,
    until: Option<Instant>,
    is_revoked: bool,
}

#[derive(Debug)]
struct Refresh {
    client: String,
    family: u64,
    scopes: Vec<String>,
    is_rotated: bool,
    is_revoked: bool,
}

/// What a grant is worth.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    /// Whether it outlives its access token.
    pub(super) refreshable: bool,
}

impl Grant {
    /// What nobody has to be asked for again: the client can come back itself.
    pub(super) fn without_refresh(client: String, scopes: Vec<String>) -> Self {
        Self {
            client,
            scopes,
            refreshable: false,
        }
    }
}

/// How tokens are made just now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Of the access token.
    pub(super) until: Option<Instant>,
    pub(super) rotate: bool,
}

#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scopes: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    clients: BTreeMap<String, Client>,
    asked: BTreeMap<String, Asked>,
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    families: u64,
    ended: BTreeSet<u64>,
    pub(super) devices: super::device::Devices,
    /// Who may sign assertions, and with what.
    pub(super) keys: Vec<(String, Algorithm, DecodingKey)>,
    /// The ids of assertions that were used.
    pub(super) used_assertions: BTreeSet<String>,
}

impl Store {
    pub(super) fn register(&mut self, client: Client) {
        self.clients.insert(client.id.clone(), client);
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.get(id)
    }

    /// The client, if it proves who it is in the way it was registered.
    pub(super) fn authenticate(&self, presented: &Presented) -> Result<Client, Refusal> {
        let client = self.clients.get(&presented.id);
        let client = client.ok_or(refuse("invalid_client", "there is no such client"))?;
        if client.auth != presented.auth {
            let other_way = "the client was registered with another way to authenticate";
            return Err(refuse("invalid_client", other_way));
        }
        if client.secret != presented.secret {
            return Err(refuse("invalid_client", "the client's secret is wrong"));
        }
        Ok(client.clone())
    }

    /// Keeps a request until the person decides; answers with its id.
    pub(super) fn ask(&mut self, asked: Asked) -> String {
        let id = random("ask");
        self.asked.insert(id.clone(), asked);
        id
    }

    /// The request, once.
    pub(super) fn decide(&mut self, id: &str) -> Option<Asked> {
        self.asked.remove(id)
    }

    pub(super) fn allow(&mut self, asked: Asked, now: Instant) -> String {
        let code = random("code");
        let until = now + CODE_LIFE;
        let used = None;
        self.codes.insert(code.clone(), Code { asked, until, used });
        code
    }

    /// RFC 6749 section 4.1.3 and RFC 7636 section 4.6.
    pub(super) fn redeem(
        &mut self,
        code: &str,
        client: &str,
        redirect_uri: Option<&str>,
        verifier: &str,
    ) -> Result<Grant, Refusal> {
        let wrong = |why| Err(refuse("invalid_grant", why));
        let Some(found) = self.codes.get(code) else {
            return wrong("there is no such code");
        };
        if found.asked.client != client {
            return wrong("the code belongs to another client");
        }
        if let Some(family) = found.used {
            self.ended.insert(family);
            return wrong("the code was used before");
        }
        if found.until < Instant::now() {
            return wrong("the code has expired");
        }
        if redirect_uri != Some(&*found.asked.redirect_uri) {
            return wrong("the redirect URI is not the one that was asked with");
        }
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        if !(43..=128).contains(&verifier.len()) || hash != found.asked.challenge {
            return wrong("the verifier does not fit the challenge");
        }
        Ok(Grant {
            client: client.to_owned(),
            scopes: found.asked.scopes.clone(),
            refreshable: true,
        })
    }

    /// Remembers what a code yielded.
    pub(super) fn used(&mut self, code: &str, issued: &Issued) {
        let family = self.access.get(&issued.access).map(|token| token.family);
        if let Some(code) = self.codes.get_mut(code) {
            code.used = family;
        }
    }

    /// The first tokens of a new family.
    pub(super) fn issue(&mut self, grant: &Grant, terms: &Terms) -> Issued {
        self.families += 1;
        let family = self.families;
        let refresh = grant.refreshable.then(|| self.make_refresh(grant, family));
        Issued {
            access: self.make_access(&grant.client, family, terms),
            refresh,
            scopes: grant.scopes.clone(),
        }
    }

    /// RFC 6749 section 6.
    pub(super) fn refresh(
        &mut self,
        token: &str,
        client: &str,
        narrowed: &[String],
        terms: &Terms,
    ) -> Result<Issued, Refusal> {
        let wrong = |why| Err(refuse("invalid_grant", why));
        let Some(found) = self.refresh.get_mut(token) else {
            return wrong("there is no such refresh token");
        };
        if found.client != client {
            return wrong("the refresh token belongs to another client");
        }
        if found.is_rotated {
            self.ended.insert(found.family);
            return wrong("the refresh token was used before");
        }
        if found.is_revoked || self.ended.contains(&found.family) {
            return wrong("the refresh token was revoked");
        }
        if !narrowed.iter().all(|scope| found.scopes.contains(scope)) {
            return Err(refuse(
                "invalid_scope",
                "the grant does not hold this scope",
            ));
        }
        found.is_rotated = terms.rotate;
        let (family, scopes) = (found.family, found.scopes.clone());
        let grant = Grant {
            client: client.to_owned(),
            scopes: scopes.clone(),
            refreshable: true,
        };
        let refresh = terms.rotate.then(|| self.make_refresh(&grant, family));
        Ok(Issued {
            access: self.make_access(client, family, terms),
            refresh,
            scopes: if narrowed.is_empty() {
                scopes
            } else {
                narrowed.to_vec()
            },
        })
    }

    fn make_access(&mut self, client: &str, family: u64, terms: &Terms) -> String {
        let token = random("at");
        let made = Access {
            number: self.access.len() + 1,
            client: client.to_owned(),
            family,
            until: terms.until,
            is_revoked: false,
        };
        self.access.insert(token.clone(), made);
        token
    }

    fn make_refresh(&mut self, grant: &Grant, family: u64) -> String {
        let token = random("rt");
        let made = Refresh {
            client: grant.client.clone(),
            family,
            scopes: grant.scopes.clone(),
            is_rotated: false,
            is_revoked: false,
        };
        self.refresh.insert(token.clone(), made);
        token
    }

    /// The number of an access token that is alive, counted from 1 in the order of issue.
    pub(super) fn living(&self, token: &str, now: Instant) -> Option<usize> {
        let found = self.access.get(token)?;
        let is_alive = !found.is_revoked
            && !self.ended.contains(&found.family)
            && found.until.is_none_or(|until| now < until);
        is_alive.then_some(found.number)
    }

    /// RFC 7009: a token nobody knows is revoked already.
    pub(super) fn revoke(&mut self, token: &str, client: &str) -> Result<(), Refusal> {
        let foreign = refuse("unauthorized_client", "the token belongs to another client");
        if let Some(access) = self.access.get_mut(token) {
            if access.client != client {
                return Err(foreign);
            }
            access.is_revoked = true;
        }
        if let Some(refresh) = self.refresh.get(token) {
            if refresh.client != client {
                return Err(foreign);
            }
            self.ended.insert(refresh.family);
        }
        Ok(())
    }

    pub(super) fn expire_access_tokens(&mut self) {
        for token in self.access.values_mut() {
            token.is_revoked = true;
        }
    }

    pub(super) fn forget_clients(&mut self) {
        self.clients.clear();
    }

    pub(super) fn revoke_refresh_tokens(&mut self) {
        for token in self.refresh.values_mut() {
            token.is_revoked = true;
        }
    }
}
