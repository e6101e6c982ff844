//! Every grant the client speaks, at a provider that keeps its books.

use super::harness::{BACK, Login, callback, refresh_token};
use crate::support::oauth_server::{Auth, Endpoint, TokenStyle};
use authsome::oauth::{ClientAuth, OAuthClient, Revocable};
use authsome::secret::ClientSecret;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_code_becomes_tokens_in_every_style() {
    for auth in [ClientAuth::Basic, ClientAuth::Body] {
        let login = Login::new(auth);
        for style in [
            TokenStyle::Json,
            TokenStyle::Form,
            TokenStyle::ErrorsWith200,
        ] {
            for as_list in [false, true] {
                login.server.token_style(style);
                login.server.scopes_as_list(as_list);
                let tokens = login.log_in().await;
                assert_eq!(tokens.expires_in, Some(Duration::from_hours(1)));
                assert_eq!(tokens.scopes.as_deref().unwrap(), ["read", "write"]);
                assert!(tokens.refresh_token.is_some());
                assert_eq!(login.call(&tokens).0, 200);
            }
        }
        let calls = login.server.token_calls();
        assert_eq!(calls.len(), 6);
        assert!(
            calls
                .iter()
                .all(|call| call.ok && call.client_id == "web:1")
        );
    }
}

#[tokio::test]
async fn a_public_client_logs_in_without_a_secret() {
    let mut login = Login::new(ClientAuth::Body);
    login.server.client("public", None, Auth::None, &[BACK]);
    login.client = OAuthClient {
        id: "public".to_owned(),
        secret: None,
        auth: ClientAuth::Basic,
        resource: None,
    };
    let tokens = login.log_in().await;
    assert_eq!(login.call(&tokens).0, 200);
    assert_eq!(login.server.token_calls()[0].auth, Auth::None);
    let refused = login.client_credentials().await.unwrap_err();
    assert_eq!(refused.code(), Some("unauthorized_client"));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_in_every_style() {
    for style in [
        TokenStyle::Json,
        TokenStyle::Form,
        TokenStyle::ErrorsWith200,
    ] {
        let mut login = Login::new(ClientAuth::Basic);
        login.server.token_style(style);
        login.client.secret = Some(ClientSecret::new("wrong"));
        let (code, verifier) = login.allowed();
        let refused = login.exchange(&code, &verifier).await.unwrap_err();
        assert_eq!(refused.code(), Some("invalid_client"), "{style:?}");
        assert!(!refused.is_final());
    }
}

#[tokio::test]
async fn a_person_who_says_no_yields_no_code() {
    let login = Login::new(ClientAuth::Body);
    let back = login.server.deny(login.authorize().url.as_str());
    let refused = callback(&back).accept(None, false).unwrap_err();
    assert_eq!(refused.code(), Some("access_denied"));
    assert_eq!(login.server.seen(Endpoint::Token), 0);
}

#[tokio::test]
async fn another_verifier_yields_nothing() {
    let login = Login::new(ClientAuth::Body);
    let (code, _) = login.allowed();
    let other = login.authorize().verifier;
    let refused = login.exchange(&code, &other).await.unwrap_err();
    assert_eq!(refused.code(), Some("invalid_grant"));
}

#[tokio::test]
async fn a_code_used_again_ends_what_it_gave() {
    let login = Login::new(ClientAuth::Body);
    let (code, verifier) = login.allowed();
    let tokens = login.exchange(&code, &verifier).await.unwrap();
    assert_eq!(login.call(&tokens).0, 200);
    let refused = login.exchange(&code, &verifier).await.unwrap_err();
    assert_eq!(refused.code(), Some("invalid_grant"));
    assert_eq!(login.call(&tokens).0, 401);
    assert!(
        login
            .refresh(refresh_token(&tokens))
            .await
            .unwrap_err()
            .is_final()
    );
}

#[tokio::test]
async fn a_refresh_token_that_stays_works_again() {
    let login = Login::new(ClientAuth::Body);
    login.server.rotate(false);
    let tokens = login.log_in().await;
    login.server.expire_access_tokens();
    assert_eq!(login.call(&tokens), (401, Value::Null));
    for number in [2, 3] {
        let fresh = login.refresh(refresh_token(&tokens)).await.unwrap();
        assert!(fresh.refresh_token.is_none());
        assert_eq!(login.call(&fresh), (200, json!(number)));
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_used_again_ends_the_family() {
    for style in [
        TokenStyle::Json,
        TokenStyle::Form,
        TokenStyle::ErrorsWith200,
    ] {
        let login = Login::new(ClientAuth::Basic);
        login.server.token_style(style);
        let first = login.log_in().await;
        let second = login.refresh(refresh_token(&first)).await.unwrap();
        let third = login.refresh(refresh_token(&second)).await.unwrap();
        assert_eq!(login.call(&third), (200, json!(3)));

        let refused = login.refresh(refresh_token(&first)).await.unwrap_err();
        assert!(refused.is_final(), "{refused}");
        assert_eq!(login.call(&third).0, 401);
        let refused = login.refresh(refresh_token(&third)).await.unwrap_err();
        assert!(refused.is_final(), "{refused}");
    }
}

#[tokio::test]
async fn a_refresh_token_the_provider_took_back_is_final() {
    let login = Login::new(ClientAuth::Body);
    let tokens = login.log_in().await;
    login.server.revoke_refresh_tokens();
    let refused = login.refresh(refresh_token(&tokens)).await.unwrap_err();
    assert!(refused.is_final(), "{refused}");
    assert_eq!(login.call(&tokens).0, 200);
}

#[tokio::test]
async fn a_client_acts_for_itself() {
    for auth in [ClientAuth::Basic, ClientAuth::Body] {
        let login = Login::new(auth);
        let tokens = login.client_credentials().await.unwrap();
        assert!(tokens.refresh_token.is_none());
        assert_eq!(tokens.scopes.as_deref().unwrap(), ["read"]);
        assert_eq!(login.call(&tokens), (200, json!(1)));
    }
}

#[tokio::test]
async fn revoking_a_refresh_token_takes_its_access_tokens_along() {
    for auth in [ClientAuth::Basic, ClientAuth::Body] {
        let login = Login::new(auth);
        let tokens = login.log_in().await;
        let other = login.log_in().await;
        let refresh = refresh_token(&tokens).clone();
        login
            .revoke(Revocable::Refresh(refresh.clone()))
            .await
            .unwrap();
        assert_eq!(login.call(&tokens).0, 401);
        assert!(login.refresh(&refresh).await.unwrap_err().is_final());
        // What is gone is gone.
        login.revoke(Revocable::Refresh(refresh)).await.unwrap();

        assert_eq!(login.call(&other).0, 200);
        login
            .revoke(Revocable::Access(other.access_token.clone()))
            .await
            .unwrap();
        assert_eq!(login.call(&other).0, 401);
        assert!(login.refresh(refresh_token(&other)).await.is_ok());
    }
}

#[tokio::test]
async fn a_life_is_read_however_it_is_written() {
    let login = Login::new(ClientAuth::Body);
    let longest = Duration::from_hours(24 * 366 * 10);
    for style in [TokenStyle::Json, TokenStyle::Form] {
        login.server.token_style(style);
        for (written, read) in [
            (json!("28800"), Some(Duration::from_hours(8))),
            (json!(3600.9), Some(Duration::from_hours(1))),
            (json!(0), None),
            (json!("0"), None),
            (json!(-60), None),
            (json!(u64::MAX), Some(longest)),
            (json!(1e300), Some(longest)),
            (json!("soon"), None),
            (Value::Null, None),
        ] {
            login.server.expires_in(written.clone());
            let tokens = login.client_credentials().await.unwrap();
            assert_eq!(tokens.expires_in, read, "{written} {style:?}");
            assert_eq!(login.call(&tokens).0, 200, "{written}");
        }
    }
}
