//! Sending a person to a provider, and what comes back (RFC 6749 section 4.1, RFC 7636, RFC 9207).

use super::answer::clean;
use super::error::{Error, Step};
use crate::secret::{AuthorizationCode, Token};
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use url::Url;

/// Proves at the token endpoint that it was us who asked (RFC 7636 section 4.1); S256 only.
#[derive(Debug)]
pub struct PkceVerifier(Token);

impl PkceVerifier {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Token::new(text))
    }

    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// What is asked of a provider.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    pub authorization_url: &'a Url,
    pub client_id: &'a str,
    pub redirect_uri: &'a Url,
    pub scopes: &'a [String],
    /// A space (RFC 6749 section 3.3), but for services that read something else.
    pub scope_separator: &'a str,
    /// Further parameters of the definition; they never replace the protocol's own.
    pub extra: &'a [(String, String)],
    pub state: &'a Token,
}

/// Where to send the person, and what to keep until they come back.
#[derive(Debug)]
pub struct Authorization {
    pub url: Url,
    pub verifier: PkceVerifier,
}

/// Parameters that are ours alone.
const OWN: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

impl AuthorizationRequest<'_> {
    pub fn authorize(&self) -> Result<Authorization, Error> {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        self.authorize_with(verifier)
    }

    fn authorize_with(&self, verifier: PkceCodeVerifier) -> Result<Authorization, Error> {
        let unusable = |reason: &str| Error::Unusable {
            step: Step::Authorization,
            reason: reason.to_owned(),
        };
        let mut endpoint = self.authorization_url.clone();
        endpoint.set_fragment(None);
        if endpoint
            .query_pairs()
            .any(|(name, _)| OWN.contains(&name.as_ref()))
        {
            return Err(unusable(
                "the authorization URL sets a parameter of the protocol itself",
            ));
        }
        let client = oauth2::basic::BasicClient::new(ClientId::new(self.client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(endpoint))
            .set_redirect_uri(RedirectUrl::from_url(self.redirect_uri.clone()));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let state = CsrfToken::new(self.state.reveal().to_owned());
        let mut request = client.authorize_url(|| state).set_pkce_challenge(challenge);
        if !self.scopes.is_empty() {
            request = request.add_extra_param("scope", self.scopes.join(self.scope_separator));
        }
        for (name, value) in self.extra {
            if !OWN.contains(&name.as_str()) {
                request = request.add_extra_param(name, value);
            }
        }
        let (url, _) = request.url();
        Ok(Authorization {
            url,
            verifier: PkceVerifier::new(PkceCodeVerifier::into_secret(verifier)),
        })
    }
}

/// What a provider's redirect brought.
#[derive(Debug, Default)]
pub struct Callback {
    pub code: Option<AuthorizationCode>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    /// Who claims to have answered (RFC 9207).
    pub issuer: Option<String>,
}

impl Callback {
    /// The code, if it comes from the issuer the login went to. `promised` is whether that issuer
    /// says that it names itself in every answer: one that then does not is a mix-up.
    pub fn accept(self, issuer: Option<&str>, promised: bool) -> Result<AuthorizationCode, Error> {
        let step = Step::Authorization;
        let mixed_up = match (&self.issuer, issuer) {
            (Some(given), Some(expected)) => given != expected,
            (None, Some(_)) => promised,
            (_, None) => false,
        };
        if mixed_up {
            return Err(Error::Malformed {
                step,
                reason: "it comes from another issuer than the login went to",
            });
        }
        if let Some(code) = self.error {
            return Err(Error::Refused {
                step,
                code: clean(&code, 64, |c| c.is_ascii_graphic()),
                description: self
                    .error_description
                    .map(|text| clean(&text, 300, |c| !c.is_control())),
            });
        }
        let code = self.code.filter(|code| !code.reveal().is_empty());
        code.ok_or(Error::Malformed {
            step,
            reason: "it has no code",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_the_published_one() {
        let asked = AuthorizationRequest {
            authorization_url: &url("https://provider.example/authorize"),
            client_id: "client",
            redirect_uri: &url("http://127.0.0.1:7998/auth/callback/oauth"),
            scopes: &[],
            scope_separator: " ",
            extra: &[],
            state: &Token::new("the-state"),
        };
        let published = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let verifier = PkceCodeVerifier::new(published.to_owned());
        let authorization = asked.authorize_with(verifier).unwrap();
        let query: BTreeMap<_, _> = authorization.url.query_pairs().collect();
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(query["code_challenge"], challenge);
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(authorization.verifier.reveal(), published);
    }

    fn ask(authorization_url: &str, extra: &[(&str, &str)]) -> Result<Authorization, Error> {
        let extra: Vec<_> = extra
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        AuthorizationRequest {
            authorization_url: &url(authorization_url),
            client_id: "client",
            redirect_uri: &url("http://127.0.0.1:7998/auth/callback/oauth"),
            scopes: &["repo".to_owned(), "read:user".to_owned()],
            scope_separator: " ",
            extra: &extra,
            state: &Token::new("the-state"),
        }
        .authorize()
    }

    #[test]
    fn the_url_asks_for_a_code_with_s256() {
        let extra = [
            ("access_type", "offline"),
            ("state", "evil"),
            ("redirect_uri", "https://evil"),
        ];
        let made = ask("https://p.example/authorize?tenant=a", &extra).unwrap();
        let pairs: Vec<_> = made.url.query_pairs().into_owned().collect();
        let query: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(pairs.len(), query.len(), "no parameter twice");
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["scope"], "repo read:user");
        assert_eq!(query["state"], "the-state");
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(
            query["redirect_uri"],
            "http://127.0.0.1:7998/auth/callback/oauth"
        );
        assert_eq!(
            (&*query["tenant"], &*query["access_type"]),
            ("a", "offline")
        );
        assert!(made.verifier.reveal().len() >= 43);
        assert!(ask("https://p.example/authorize?state=x", &[]).is_err());
    }

    #[test]
    fn a_code_counts_only_from_the_issuer_that_was_asked() {
        let from = |issuer: Option<&str>| Callback {
            code: Some(AuthorizationCode::new("code")),
            issuer: issuer.map(str::to_owned),
            ..Callback::default()
        };
        let us = Some("https://as.example");
        assert!(from(us).accept(us, true).is_ok());
        assert!(from(None).accept(us, false).is_ok());
        assert!(from(None).accept(us, true).is_err());
        assert!(
            from(Some("https://evil.example"))
                .accept(us, false)
                .is_err()
        );
        assert!(
            from(Some("https://any.example"))
                .accept(None, false)
                .is_ok()
        );
        let refused = Callback {
            error: Some("access_denied".to_owned()),
            error_description: Some("no\u{7}pe".to_owned()),
            ..from(us)
        };
        let said = refused.accept(us, true).unwrap_err().to_string();
        assert_eq!(
            said,
            "authorization: the provider answered `access_denied` (nope)"
        );
        assert!(Callback::default().accept(None, false).is_err());
    }
}
