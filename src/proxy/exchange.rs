//! One request and its response, once it is known where they belong.

use super::again::{Again, Second};
use super::forms::Needles;
use super::host::Authority;
use super::problem::{Body, Problem};
use super::range::Wanted;
use super::request_body::{self, Checked};
use super::resolve::Resolve;
use super::shared::{Answer, Shared};
use super::start::Notice;
use super::upstream::{self, UpstreamError};
use super::{headers, inject, range, response, trailers};
use crate::model::ProviderName;
use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// What holds for one request and its response.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// The providers whose placeholders may be in the body.
    pub(super) at_home: BTreeSet<ProviderName>,
    /// What the response is searched for.
    pub(super) needles: Option<Arc<Needles>>,
    /// The headers that were put in.
    pub(super) injected: Vec<String>,
    /// What to do when the credential is not taken.
    pub(super) again: Option<Again>,
}

/// Makes the request one for `authority` and no other, in the form it is sent upstream.
pub(super) fn rewrite<B>(request: &mut Request<B>, authority: &Authority) -> Result<(), Problem> {
    readdress(request, authority, Scheme::HTTPS, 443)
}

/// The same for a request in cleartext.
pub(super) fn rewrite_plain<B>(
    request: &mut Request<B>,
    authority: &Authority,
) -> Result<(), Problem> {
    readdress(request, authority, Scheme::HTTP, 80)
}

fn readdress<B>(
    request: &mut Request<B>,
    authority: &Authority,
    scheme: Scheme,
    default_port: u16,
) -> Result<(), Problem> {
    if request.headers().get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(Problem::bad_request(
            "there is more than one Content-Length",
        ));
    }
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    if !path.as_str().starts_with('/') {
        return Err(Problem::bad_request(
            "only paths that begin with `/` are sent on",
        ));
    }
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(authority.for_uri(default_port))
        .path_and_query(path)
        .build();
    *request.uri_mut() =
        uri.map_err(|_| Problem::bad_request("the request target is not a URI"))?;
    *request.version_mut() = Version::HTTP_11;
    headers::strip_hop_by_hop(request.headers_mut());
    request.headers_mut().remove(HOST);
    Ok(())
}

/// Stops a request whose head carries a placeholder that does not belong `at_home` here.
pub(super) fn check_head<R: Resolve, B>(
    shared: &Shared<R>,
    request: &Request<B>,
    at_home: &BTreeSet<ProviderName>,
    host: &str,
) -> Result<(), Problem> {
    let here = |provider: &ProviderName| at_home.contains(provider);
    match shared
        .placeholders
        .foreign_in_head(request.uri(), request.headers(), &here)
    {
        None => Ok(()),
        Some(provider) => Err(stopped(shared, provider, host)),
    }
}

fn stopped<R: Resolve>(shared: &Shared<R>, provider: &ProviderName, host: &str) -> Problem {
    let notice = Notice::PlaceholderStopped {
        provider: provider.clone(),
        host: host.to_owned(),
    };
    shared.notices.tell(notice);
    Problem::placeholder(provider, host)
}

/// Puts the credential in and takes the provider's own placeholder out.
pub(super) fn inject<R: Resolve, B>(
    shared: &Shared<R>,
    request: &mut Request<B>,
    answer: &Answer,
    provider: &ProviderName,
) -> Result<(), Problem> {
    if answer.injection.provider != *provider {
        return Err(Problem::unusable_credential(
            provider,
            "the credential is another provider's",
        ));
    }
    shared.placeholders.remove_own(request);
    inject::apply(request, &answer.injection)
        .map_err(|error| Problem::unusable_credential(provider, &error.to_string()))
}

/// Sends a request to a matched host over verified TLS.
pub(super) async fn send<R: Resolve>(
    shared: &Shared<R>,
    request: Request<Incoming>,
    terms: Terms,
    host: &str,
) -> Result<Response<Body>, Problem> {
    let client = shared
        .upstream
        .secure()
        .map_err(|error| Problem::upstream(error, host))?;
    exchange(shared, client, request, terms, host).await
}

/// Sends a request in cleartext, without any credential.
pub(super) async fn send_plain<R: Resolve>(
    shared: &Shared<R>,
    request: Request<Incoming>,
    host: &str,
) -> Result<Response<Body>, Problem> {
    exchange(
        shared,
        shared.upstream.plain(),
        request,
        Terms::default(),
        host,
    )
    .await
}

async fn exchange<R: Resolve, C>(
    shared: &Shared<R>,
    client: &Client<C, Body>,
    request: Request<Incoming>,
    terms: Terms,
    host: &str,
) -> Result<Response<Body>, Problem>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let (parts, body) = request.into_parts();
    let keep = terms.again.is_some();
    let checked = request_body::check(body, &shared.placeholders, terms.at_home, keep).await;
    let (body, kept, broke_off) = match checked {
        Checked::Whole(kept) => (kept.body(), Some(kept), None),
        Checked::Stream(body, broke_off) => (body, None, Some(broke_off)),
        Checked::Foreign(provider) => return Err(stopped(shared, &provider, host)),
        Checked::Broken => return Err(Problem::bad_request("the request body broke off")),
    };
    let second = terms.again.zip(kept);
    let second = second.map(|(again, kept)| Second::new(again, parts.clone(), kept));
    let mut exchange = Exchange {
        client,
        host,
        injected: terms.injected,
        needles: terms.needles,
    };
    let answered = exchange.ask(parts, body).await;
    if let Some(provider) = broke_off.as_deref().and_then(OnceLock::get) {
        return Err(stopped(shared, provider, host));
    }
    let answered = answered?;
    let Some(second) = second.filter(|_| answered.is_unauthorized()) else {
        return answered.pass();
    };
    let authority = second.authority().clone();
    let Some((parts, kept)) = second.renew(shared).await? else {
        return answered.pass();
    };
    exchange.needles = shared.known.needles(&authority);
    exchange.ask(parts, kept.body()).await?.pass()
}

/// What is the same for both tries of a request.
struct Exchange<'a, C> {
    client: &'a Client<C, Body>,
    host: &'a str,
    injected: Vec<String>,
    needles: Option<Arc<Needles>>,
}

impl<C> Exchange<'_, C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    async fn ask(&self, mut parts: Parts, body: Body) -> Result<Answered, Problem> {
        let needles = self.needles.clone();
        let readable = |needles: &Arc<Needles>| response::ask_readable(&mut parts.headers, needles);
        let wanted = needles.as_ref().and_then(readable);
        let method = parts.method.clone();
        let body = trailers::without(body, self.injected.clone());
        let asked = self.client.request(Request::from_parts(parts, body)).await;
        let response = asked.map_err(|error| failed(&error, self.host))?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Problem::malformed_response(
                "it switches protocols, and nobody asked it to",
            ));
        }
        Ok(Answered {
            response,
            method,
            needles,
            wanted,
        })
    }
}

/// An answer of the upstream that has not been passed on yet.
struct Answered {
    response: Response<Incoming>,
    method: Method,
    needles: Option<Arc<Needles>>,
    wanted: Option<Wanted>,
}

impl Answered {
    fn is_unauthorized(&self) -> bool {
        self.response.status() == StatusCode::UNAUTHORIZED
    }

    fn pass(self) -> Result<Response<Body>, Problem> {
        let passed = response::pass(self.response, &self.method, self.needles.as_ref())?;
        let Some(wanted) = self.wanted else {
            return Ok(passed);
        };
        let (mut parts, body) = passed.into_parts();
        let body = range::narrow(&mut parts, body, wanted)?;
        Ok(Response::from_parts(parts, body))
    }
}

/// What the child is told of an exchange that failed; the causes go to the log, once.
pub(super) fn failed(error: &hyper_util::client::legacy::Error, host: &str) -> Problem {
    if upstream::is_request_body(error) {
        return Problem::bad_request("the request body broke off or is badly framed");
    }
    let kind: UpstreamError = upstream::classify(error);
    let cause: &dyn std::error::Error = error;
    tracing::debug!(
        upstream.host = host,
        error = cause,
        "an upstream request failed"
    );
    Problem::upstream(kind, host)
}
