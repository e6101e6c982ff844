//! One request and its response, once it is known where they belong.

use super::host::Authority;
use super::problem::{Body, Problem};
use super::request_body::{self, Checked};
use super::resolve::Resolve;
use super::shared::{Answer, Shared};
use super::start::Notice;
use super::upstream::{self, UpstreamError};
use super::{headers, inject, response};
use crate::model::ProviderName;
use http::header::HOST;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use std::collections::BTreeSet;

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
    response::limit_accept_encoding(request.headers_mut());
    inject::apply(request, &answer.injection)
        .map_err(|error| Problem::unusable_credential(provider, &error.to_string()))
}

/// Sends a request to a matched host over verified TLS.
pub(super) async fn send<R: Resolve>(
    shared: &Shared<R>,
    request: Request<Incoming>,
    answer: Option<&Answer>,
    at_home: BTreeSet<ProviderName>,
    host: &str,
) -> Result<Response<Body>, Problem> {
    let client = shared
        .upstream
        .secure()
        .map_err(|error| Problem::upstream(error, host))?;
    exchange(shared, client, request, answer, (at_home, host)).await
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
        None,
        (BTreeSet::new(), host),
    )
    .await
}

async fn exchange<R: Resolve, C>(
    shared: &Shared<R>,
    client: &Client<C, Body>,
    request: Request<Incoming>,
    answer: Option<&Answer>,
    (at_home, host): (BTreeSet<ProviderName>, &str),
) -> Result<Response<Body>, Problem>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let (body, broke_off) = match request_body::check(body, &shared.placeholders, at_home).await {
        Checked::Send(body, broke_off) => (body, broke_off),
        Checked::Foreign(provider) => return Err(stopped(shared, &provider, host)),
        Checked::Broken => return Err(Problem::bad_request("the request body broke off")),
    };
    let response = client.request(Request::from_parts(parts, body)).await;
    if let Some(provider) = broke_off.get() {
        return Err(stopped(shared, provider, host));
    }
    let response = response.map_err(|error| failed(&error, host))?;
    response::pass(
        response,
        &method,
        answer.and_then(|answer| answer.needles.as_ref()),
    )
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
