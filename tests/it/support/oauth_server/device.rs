//! The device flow (RFC 8628): the code, the polls, and the page where a person allows it.

use super::forms::{
    Fields, Presented, Refusal, content_type, escaped, page, random, random_user_code, refuse,
};
use super::server::Shared;
use super::settings::Document;
use super::store::Grant;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CODE_LIFE: Duration = Duration::from_mins(15);
/// What a poll that comes too early adds to the interval (RFC 8628 section 3.5).
const PENALTY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Open,
    Allowed,
    Denied,
    Used,
}

#[derive(Debug)]
struct Device {
    grant: Grant,
    user_code: String,
    until: Instant,
    interval: Duration,
    polled: Option<Instant>,
    decision: Decision,
}

/// By device code.
#[derive(Debug, Default)]
pub(super) struct Devices(BTreeMap<String, Device>);

impl Devices {
    fn start(&mut self, grant: Grant, interval: Duration) -> (String, String) {
        let (code, user_code) = (random("device"), random_user_code());
        let device = Device {
            grant,
            user_code: user_code.clone(),
            until: Instant::now() + CODE_LIFE,
            interval,
            polled: None,
            decision: Decision::Open,
        };
        self.0.insert(code.clone(), device);
        (code, user_code)
    }

    /// Whether there is such a code that waits for a decision; people type it in any case.
    pub(super) fn decide(&mut self, user_code: &str, is_allowed: bool) -> bool {
        let typed = user_code.trim().to_ascii_uppercase();
        let mut devices = self.0.values_mut();
        let found =
            devices.find(|device| device.user_code == typed && device.decision == Decision::Open);
        found.is_some_and(|device| {
            device.decision = if is_allowed {
                Decision::Allowed
            } else {
                Decision::Denied
            };
            true
        })
    }

    pub(super) fn expire(&mut self) {
        let now = Instant::now();
        for device in self.0.values_mut() {
            device.until = now;
        }
    }

    /// The poll counts as too early, whenever it comes.
    pub(super) fn slow_down(&mut self, code: &str, now: Instant) {
        if let Some(device) = self.0.get_mut(code) {
            device.polled = Some(now);
            device.interval += PENALTY;
        }
    }

    pub(super) fn poll(
        &mut self,
        code: &str,
        client: &str,
        now: Instant,
    ) -> Result<Grant, Refusal> {
        let unknown = refuse("invalid_grant", "there is no such device code");
        let device = self.0.get_mut(code).ok_or(unknown)?;
        if device.grant.client != client || device.decision == Decision::Used {
            return Err(unknown);
        }
        if device.until <= now {
            return Err(refuse("expired_token", "the device code has expired"));
        }
        let earliest = device.polled.map(|last| last + device.interval);
        device.polled = Some(now);
        if earliest.is_some_and(|earliest| now < earliest) {
            device.interval += PENALTY;
            return Err(refuse("slow_down", "poll less often"));
        }
        match device.decision {
            Decision::Open => Err(refuse("authorization_pending", "nobody has decided yet")),
            Decision::Denied => Err(refuse("access_denied", "the person said no")),
            Decision::Used => Err(unknown),
            Decision::Allowed => {
                device.decision = Decision::Used;
                Ok(device.grant.clone())
            }
        }
    }
}

/// `POST /device/authorize`, as a form or as JSON.
pub(super) async fn start(
    State(server): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let kind = content_type(&headers).to_owned();
    server.device_requests.lock().unwrap().push(kind);
    let fields = Fields::from_body(&headers, &body)?;
    let presented = Presented::read(&headers, &fields)?;
    let interval = server.settings.lock().unwrap().device_interval;
    let mut store = server.store.lock().unwrap();
    // GitHub and others want no secret here, even of a client that has one.
    let known = store.client(&presented.id).map(|client| client.id.clone());
    let client = match presented.secret {
        Some(_) => store.authenticate(&presented)?.id,
        None => known.ok_or(refuse("invalid_client", "there is no such client"))?,
    };
    let grant = Grant {
        client,
        scopes: fields.scopes(),
        refreshable: true,
    };
    let (device_code, user_code) = store.devices.start(grant, interval);
    let page = server.url("/device");
    drop(store);
    let answer = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": CODE_LIFE.as_secs(),
        "interval": interval.as_secs(),
    });
    let Value::Object(answer) = answer else {
        unreachable!("it is an object");
    };
    let settings = server.settings.lock().unwrap();
    let answer = settings.changed(Document::Device, answer);
    Ok(Json(answer).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    user_code: String,
}

/// `GET /device`.
pub(super) async fn form(Query(given): Query<Given>) -> Response {
    let code = escaped(&given.user_code);
    let form = format!(
        "<form method=\"post\" action=\"/device\">\
         <p><label>Code <input type=\"text\" name=\"user_code\" value=\"{code}\" required></label></p>\
         <p><button name=\"decision\" value=\"allow\">Allow</button> \
         <button name=\"decision\" value=\"deny\">Deny</button></p></form>"
    );
    page(StatusCode::OK, "Connect a device", &form)
}

/// `POST /device`.
pub(super) async fn decision(
    State(server): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let fields = Fields::from_body(&headers, &body)?;
    let is_allowed = fields.need("decision")? == "allow";
    let code = fields.need("user_code")?;
    let mut store = server.store.lock().unwrap();
    Ok(if !store.devices.decide(code, is_allowed) {
        page(StatusCode::NOT_FOUND, "No device waits with this code", "")
    } else if is_allowed {
        page(StatusCode::OK, "Your device is connected", "")
    } else {
        page(StatusCode::OK, "Your device was refused", "")
    })
}
