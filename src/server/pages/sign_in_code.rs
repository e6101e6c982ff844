//! The link of `authsome ui`: signs the browser in that opens it.

use super::render::{Page, see_other, with_cookie};
use crate::api::paths;
use crate::secret::Token;
use crate::server::cookies::Cookie;
use crate::server::error::ApiError;
use crate::server::extract::{Browser, browser_name};
use crate::server::state::App;
use http::HeaderMap;

/// Signs the browser in with a code from the terminal; a link on another site may not do that.
pub(super) async fn redeem(
    app: &App,
    code: &Token,
    browser: &Browser,
    headers: &HeaderMap,
) -> Page {
    let site = headers
        .get("sec-fetch-site")
        .map(http::HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"none" | b"same-origin")) {
        let refused = ApiError::forbidden("another site may not sign you in");
        return Err(refused.hint("run `authsome ui` in a terminal").into());
    }
    let accounts = &app.services.accounts;
    let opened = accounts
        .redeem_sign_in_code(code, browser.cookie.as_ref(), browser_name(headers))
        .await?;
    let cookie = Cookie::Session.set(&app.origins, &opened.token, "/", opened.session.expires_at);
    Ok(with_cookie(see_other(paths::DASHBOARD)?, cookie))
}
