//! The client at a provider that fails, lies, or is where nobody may go.

use super::harness::{Login, refresh_token, transport, transport_error};
use crate::support::oauth_server::{Endpoint, Fault, OAuthServer};
use crate::support::upstream::Upstream;
use authsome::oauth::{ClientAuth, Error, Reach, Revocable, Transport, TransportError};

#[tokio::test]
async fn an_endpoint_that_is_broken_gets_a_name_for_it() {
    let host = || "localhost".to_owned();
    let login = Login::new(ClientAuth::Body);
    for (fault, expected) in [
        (Fault::Huge, TransportError::TooLarge { host: host() }),
        (Fault::Reset, TransportError::Broken { host: host() }),
        (Fault::Truncated, TransportError::Broken { host: host() }),
        (Fault::AnswerLost, TransportError::Broken { host: host() }),
    ] {
        let before = login.server.seen(Endpoint::Token);
        login.server.fault(Endpoint::Token, Some(fault.clone()));
        let error = transport_error(login.client_credentials().await);
        assert_eq!(error, expected, "{fault:?}");
        // Asked once, whatever happened: a code or a refresh token works once.
        assert_eq!(login.server.seen(Endpoint::Token), before + 1, "{fault:?}");
    }
    for status in [500, 502, 503, 429, 404] {
        login
            .server
            .fault(Endpoint::Token, Some(Fault::Status(status)));
        let error = login.client_credentials().await.unwrap_err();
        assert!(
            matches!(error, Error::Status { status: said, .. } if said == status),
            "{error}"
        );
    }
    login.server.fault(Endpoint::Token, Some(Fault::Garbage));
    let error = login.client_credentials().await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    assert!(!error.to_string().contains("went wrong"), "{error}");

    login.server.fault(Endpoint::Token, None);
    assert!(login.client_credentials().await.is_ok());
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let login = Login::new(ClientAuth::Body);
    let elsewhere = Upstream::start();
    let second = OAuthServer::start();
    for target in [
        format!("{}/token", elsewhere.api_url()),
        second.url("/token"),
        login.server.url("/api/token"),
    ] {
        let before = login.server.seen(Endpoint::Token);
        login
            .server
            .fault(Endpoint::Token, Some(Fault::Redirect(target)));
        let error = transport_error(login.client_credentials().await);
        assert!(matches!(error, TransportError::Redirect { .. }), "{error}");
        assert_eq!(login.server.seen(Endpoint::Token), before + 1);
    }
    assert_eq!(elsewhere.connections(), 0);
    assert_eq!(second.seen(Endpoint::Token), 0);
    assert_eq!(login.server.seen(Endpoint::Api), 0);
}

#[tokio::test]
async fn an_answer_that_was_held_still_counts() {
    let login = Login::new(ClientAuth::Body);
    for held in [Fault::Held, Fault::AnswerHeld] {
        let before = login.server.seen(Endpoint::Token);
        login.server.fault(Endpoint::Token, Some(held.clone()));
        let release = async {
            login.server.arrived(Endpoint::Token, before + 1).await;
            if held == Fault::Held {
                assert!(login.server.token_calls().is_empty());
            }
            login.server.release();
        };
        let (tokens, ()) = tokio::join!(login.client_credentials(), release);
        assert_eq!(login.call(&tokens.unwrap()).0, 200);
    }
}

/// The one test that waits for a limit: 20 s for the whole answer.
#[tokio::test]
async fn an_endpoint_that_never_ends_is_given_up() {
    let (held, dripping) = (Login::new(ClientAuth::Body), Login::new(ClientAuth::Body));
    held.server.fault(Endpoint::Token, Some(Fault::Held));
    dripping.server.fault(Endpoint::Token, Some(Fault::Drip));
    let (first, second) = tokio::join!(held.client_credentials(), dripping.client_credentials());
    for outcome in [first, second] {
        let error = transport_error(outcome);
        assert!(matches!(error, TransportError::TimedOut { .. }), "{error}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn a_revocation_endpoint_that_is_broken_is_said_to_be() {
    let login = Login::new(ClientAuth::Body);
    let tokens = login.log_in().await;
    let revoke = || login.revoke(Revocable::Access(tokens.access_token.clone()));
    for (fault, expected) in [
        (
            Fault::Status(503),
            "revocation: the provider answered HTTP 503",
        ),
        (
            Fault::Reset,
            "revocation: `localhost` broke the connection off",
        ),
        (
            Fault::Huge,
            "revocation: `localhost` answered more than 1 MiB",
        ),
    ] {
        login.server.fault(Endpoint::Revoke, Some(fault));
        assert_eq!(revoke().await.unwrap_err().to_string(), expected);
    }
    let elsewhere = Fault::Redirect(login.server.url("/api/revoke"));
    login.server.fault(Endpoint::Revoke, Some(elsewhere));
    let error = transport_error(revoke().await);
    assert!(matches!(error, TransportError::Redirect { .. }), "{error}");
    assert_eq!(login.server.seen(Endpoint::Api), 0);
    assert_eq!(login.call(&tokens).0, 200);
}

#[tokio::test]
async fn no_private_address_is_connected_to() {
    let mut login = Login::new(ClientAuth::Body);
    login.transport = public(&login);
    let port = login.server.addr().port();
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "0.0.0.0",
        "2130706433",
    ] {
        let url = format!("https://{host}:{port}/token").parse().unwrap();
        let asked = login.client.client_credentials(&login.transport, &url, &[]);
        let error = transport_error(asked.await);
        assert!(
            matches!(error, TransportError::Private { .. }),
            "{host}: {error}"
        );
    }
    assert_eq!(login.server.seen(Endpoint::Token), 0);
}

#[tokio::test]
async fn nothing_is_asked_without_tls() {
    let login = Login::new(ClientAuth::Body);
    let port = login.server.addr().port();
    // The name is open to us; the addresses of the provider's network are not.
    for host in ["example.com", "1.1.1.1"] {
        let url = format!("http://{host}:{port}/token").parse().unwrap();
        let asked = login.client.client_credentials(&login.transport, &url, &[]);
        let error = transport_error(asked.await);
        assert!(
            matches!(error, TransportError::NotHttps { .. }),
            "{host}: {error}"
        );
    }
    let public = public(&login);
    let url = format!("http://localhost:{port}/token").parse().unwrap();
    let error = transport_error(login.client.client_credentials(&public, &url, &[]).await);
    assert!(matches!(error, TransportError::NotHttps { .. }), "{error}");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_not_trusted() {
    let mut login = Login::new(ClientAuth::Body);
    login.transport = transport(&OAuthServer::start());
    let error = transport_error(login.client_credentials().await);
    assert!(
        matches!(error, TransportError::Certificate { .. }),
        "{error}"
    );
    assert_eq!(login.server.seen(Endpoint::Token), 0);
}

#[tokio::test]
async fn a_rotation_whose_answer_was_lost_needs_a_new_login() {
    let login = Login::new(ClientAuth::Body);
    let tokens = login.log_in().await;
    login.server.fault(Endpoint::Token, Some(Fault::AnswerLost));
    let lost = login.refresh(refresh_token(&tokens)).await.unwrap_err();
    assert!(!lost.is_final(), "{lost}");
    login.server.fault(Endpoint::Token, None);
    let refused = login.refresh(refresh_token(&tokens)).await.unwrap_err();
    assert!(refused.is_final(), "{refused}");
    assert_eq!(login.call(&tokens).0, 401);
}

/// May reach the public Internet alone.
fn public(login: &Login) -> Transport {
    let tls = login.server.tls();
    Transport::new(move || Some(tls.clone()), Reach::public())
}
