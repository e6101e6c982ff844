//! Logins in progress, as the agent that began them sees them.

use super::{Answer, Json, convert};
use crate::api::{self, WireSecret, paths};
use crate::model::provider::Flow;
use crate::model::{ErrorCode, LoginSessionId};
use crate::secret::Typed;
use crate::server::error::ApiError;
use crate::server::extract::{self, Path, SignedBy};
use crate::server::state::App;
use crate::services::{Answers, BeginLogin};
use axum::extract::State;

/// Begins a login; the answer says what the person has to do.
#[utoipa::path(post, path = paths::LOGINS, tag = "logins", request_body = api::StartLogin,
    responses((status = 200, body = api::LoginSession), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn begin(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    extract::Json(body): extract::Json<api::StartLogin>,
) -> Answer<api::LoginSession> {
    let wish = BeginLogin {
        provider: body.provider,
        connection: body.connection,
        flow: body.flow.as_deref().map(flow).transpose()?,
        scopes: body.scopes,
        base_url: body.base_url,
        force: body.force,
        new_client: body.new_client,
    };
    let view = app.services.logins.begin(&caller, wish).await?;
    Ok(Json(convert::login(view)))
}

fn flow(text: &str) -> Result<Flow, ApiError> {
    Flow::from_wire(text).ok_or_else(|| {
        ApiError::field(
            &["body", "flow"],
            "value_error",
            "known flows are pkce, device_code, dcr_pkce, client_credentials, jwt_bearer, github_app, api_key and browser",
        )
    })
}

/// Where a login stands. Another identity's login answers as one that does not exist.
#[utoipa::path(get, path = paths::LOGIN, tag = "logins",
    params(("id" = String, Path, description = "The login")),
    responses((status = 200, body = api::LoginSession), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn show(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    Path((id,)): Path<(LoginSessionId,)>,
) -> Answer<api::LoginSession> {
    let view = app.services.logins.show(&caller, &id).await?;
    Ok(Json(convert::login(view)))
}

/// Finishes a login with what was typed in the terminal.
#[utoipa::path(post, path = paths::LOGIN_RESUME, tag = "logins",
    params(("id" = String, Path, description = "The login")),
    request_body = api::ResumeLogin,
    responses((status = 200, body = api::LoginSession), (status = 410, body = api::ErrorBody)))]
pub(in crate::server) async fn resume(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    Path((id,)): Path<(LoginSessionId,)>,
    extract::Json(body): extract::Json<api::ResumeLogin>,
) -> Answer<api::LoginSession> {
    let answers = answers(body.data)?;
    let view = app.services.logins.resume(&caller, &id, answers).await?;
    Ok(Json(convert::login(view)))
}

/// Gives up a login that nobody will finish; its link no longer works.
#[utoipa::path(post, path = paths::LOGIN_CANCEL, tag = "logins",
    params(("id" = String, Path, description = "The login")),
    responses((status = 200, body = api::LoginSession), (status = 404, body = api::ErrorBody)))]
pub(in crate::server) async fn cancel(
    State(app): State<App>,
    SignedBy(caller): SignedBy,
    Path((id,)): Path<(LoginSessionId,)>,
) -> Answer<api::LoginSession> {
    let view = app.services.logins.cancel(&caller, &id).await?;
    Ok(Json(convert::login(view)))
}

/// What was typed, whichever field it came in.
fn answers(data: api::LoginAnswer) -> Result<Answers, ApiError> {
    let typed = |name: &str, secret: &WireSecret| (name.to_owned(), Typed::new(secret.reveal()));
    match (data.api_key, data.key, data.credentials, data.code) {
        (Some(key), None, None, None) => Ok(Answers::new([typed("api_key", &key)])),
        (None, Some(fields), None, None) => {
            let fields = fields.iter().map(|(name, secret)| typed(name, secret));
            Ok(Answers::new(fields))
        }
        (None, None, Some(cookies), None) => {
            let pairs: serde_json::Map<String, serde_json::Value> = cookies
                .iter()
                .map(|(name, value)| (name.clone(), value.reveal().into()))
                .collect();
            let text = zeroize::Zeroizing::new(serde_json::Value::Object(pairs).to_string());
            Ok(Answers::new([(
                "cookies".to_owned(),
                Typed::new(text.as_str()),
            )]))
        }
        (None, None, None, Some(_)) => Err(ApiError::new(
            ErrorCode::UnsupportedFlow,
            "a code comes back to the browser that began the login",
        )),
        _ => Err(ApiError::field(
            &["body", "data"],
            "value_error",
            "give one of api_key, key and credentials",
        )),
    }
}
