//! `/ui/live`: an open page hears here (Server-Sent Events, HTML section 9.2) that something has
//! changed, and asks for itself what it was.
//!
//! Nothing is told but that: no names, no counts. Before each word the session is looked at again, so
//! that a browser that was signed out hears no more. A stream ends after a minute and the browser opens
//! the next: to the accept loop one is a connection between two requests, which may wait that long
//! and has to go first when room is needed.

use super::render::Page;
use crate::model::Role;
use crate::secret::Token;
use crate::server::error::ApiError;
use crate::server::extract::{Browser, ForPerson, Person, Query};
use crate::server::state::App;
use crate::services::{BrowserSession, Seat, Word};
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long a stream lasts; less than a connection may wait between two requests.
const LIFETIME: Duration = Duration::from_mins(1);
/// Silence that a proxy on the way bears.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Between two words of change at least; twice as long, up to the longest, while it goes on.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Between two looks at the session at least.
const REST: Duration = Duration::from_millis(200);

/// How long the browser waits before it opens the next stream, in milliseconds.
const OPENING: Bytes = Bytes::from_static(b"retry: 1500\n\n");
const STILL_HERE: Bytes = Bytes::from_static(b":\n\n");
const ENDED: Bytes = Bytes::from_static(b"event: ended\ndata: 1\n\n");

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx to pass on what comes as it comes.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// What the page knows already.
    after: Option<String>,
}

pub(super) async fn follow(
    State(app): State<App>,
    ForPerson(Query(asked)): ForPerson<Query<Asked>>,
    browser: Browser,
    headers: HeaderMap,
) -> Page {
    let Some(Person { session, cookie }) = browser.into_person() else {
        let refused = ApiError::unauthenticated("you are not signed in");
        return Err(refused.hint("load the page again").into());
    };
    let again = headers.get(LAST_EVENT_ID);
    let again = again.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let known = again.or(asked.after);
    let now = Instant::now();
    let story = Story {
        seat: app.services.live.sit(&session.person)?,
        known: known.unwrap_or_else(|| session.latest.clone()),
        role: session.person.role,
        cookie,
        ends: now + LIFETIME,
        heartbeat: now + HEARTBEAT,
        pause: SHORTEST_PAUSE,
        quiet: now,
        rest: now,
        next: Next::Open,
        app,
    };
    let events = stream::unfold(story, |story| Box::pin(story.go_on()));
    let headers = [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// What a stream does next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Open,
    /// Something may have happened before the seat was taken.
    Look,
    Wait,
    Leave,
}

/// One stream.
#[derive(Debug)]
struct Story {
    app: App,
    seat: Seat,
    cookie: Token,
    role: Role,
    /// What the page knows already.
    known: String,
    ends: Instant,
    heartbeat: Instant,
    pause: Duration,
    quiet: Instant,
    rest: Instant,
    next: Next,
}

/// Why a stream says something, or looks whether there is something to say.
#[derive(Debug, Clone, Copy)]
enum Cause {
    Word(Word),
    Silence,
}

impl Story {
    /// The next bytes, or the end.
    async fn go_on(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            let cause = match self.next {
                Next::Open => {
                    self.next = Next::Look;
                    return Some((Ok(OPENING), self));
                }
                Next::Leave => return None,
                Next::Look => Cause::Word(Word::LookAtSession),
                Next::Wait => self.wait().await?,
            };
            self.next = Next::Wait;
            let accounts = &self.app.services.accounts;
            // When that fails the browser comes back in a moment and asks again.
            let session = accounts.glance_at_session(&self.cookie).await.ok()?;
            let Some(session) = session else {
                self.next = Next::Leave;
                return Some((Ok(ENDED), self));
            };
            // Who is told of what is settled when a stream begins.
            if session.person.role != self.role {
                return None;
            }
            if let Some(said) = self.say(&session, cause) {
                return Some((Ok(said), self));
            }
        }
    }

    /// Waits for a reason to say something; nothing at the end of the stream, or of the daemon.
    async fn wait(&mut self) -> Option<Cause> {
        tokio::select! {
            () = self.app.stop.cancelled() => None,
            () = sleep_until(self.ends) => None,
            () = sleep_until(self.heartbeat) => Some(Cause::Silence),
            word = self.seat.word(self.quiet, self.rest) => Some(Cause::Word(word)),
        }
    }

    fn say(&mut self, session: &BrowserSession, cause: Cause) -> Option<Bytes> {
        let now = Instant::now();
        self.rest = now + REST;
        // That waits for its own word.
        let is_early = matches!(cause, Cause::Word(Word::LookAtSession)) && now < self.quiet;
        if session.latest != self.known && !is_early {
            // One thing after the other: less often.
            let goes_on = now < self.quiet + self.pause;
            self.pause = if goes_on {
                (self.pause * 2).min(LONGEST_PAUSE)
            } else {
                SHORTEST_PAUSE
            };
            self.quiet = now + self.pause;
            self.heartbeat = now + HEARTBEAT;
            self.known.clone_from(&session.latest);
            let id = &session.latest;
            return Some(format!("id: {id}\nevent: changed\ndata: 1\n\n").into());
        }
        if matches!(cause, Cause::Silence) {
            self.heartbeat = now + HEARTBEAT;
            return Some(STILL_HERE);
        }
        None
    }
}
