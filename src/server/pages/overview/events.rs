//! What happened, in words; what happened again and again is told once.

use super::names::Names;
use crate::model::{AuditEvent, AuditRecord, ConnectionName, EventName, Outcome};
use crate::server::pages::render::When;
use time::OffsetDateTime;

/// Lines that are shown.
const MOST: usize = 10;

/// One line.
#[derive(Debug)]
pub(super) struct Happened {
    /// Which agent did it; the person where there is none.
    pub(super) agent: Option<String>,
    pub(super) what: String,
    /// The name of the provider it is about, and what that is called, with the connection.
    pub(super) about: Option<(String, String)>,
    /// What follows it.
    pub(super) rest: &'static str,
    pub(super) tone: &'static str,
    pub(super) times: usize,
    /// When last.
    pub(super) when: When,
}

pub(super) fn happened(
    records: &[AuditRecord],
    names: &Names,
    now: OffsetDateTime,
) -> Vec<Happened> {
    // Several agents at work take turns, so the same line may come again some lines later.
    let mut lines: Vec<(&AuditRecord, usize)> = Vec::new();
    for record in records {
        let same = |(line, _): &&mut (&AuditRecord, usize)| is_same(&line.event, &record.event);
        match lines.iter_mut().find(same) {
            Some((_, times)) => *times += 1,
            None => lines.push((record, 1)),
        }
    }
    let shown = lines.into_iter().take(MOST);
    shown
        .map(|(record, times)| line(record, times, names, now))
        .collect()
}

fn is_same(one: &AuditEvent, other: &AuditEvent) -> bool {
    one.event == other.event
        && one.outcome == other.outcome
        && one.identity == other.identity
        && one.provider == other.provider
        && one.connection == other.connection
}

fn line(record: &AuditRecord, times: usize, names: &Names, now: OffsetDateTime) -> Happened {
    let event = &record.event;
    let (what, rest) = words(event);
    let about = event.provider.as_ref().map(|provider| {
        let name = names.get(provider);
        let called = match &event.connection {
            Some(one) if one.as_str() != ConnectionName::DEFAULT => format!("{name} ({one})"),
            _ => name.to_owned(),
        };
        (provider.to_string(), called)
    });
    Happened {
        agent: event.identity.as_ref().map(ToString::to_string),
        what,
        about,
        rest,
        tone: match event.outcome {
            Outcome::Success => "",
            Outcome::Failure => "bad",
            Outcome::Refused => "wait",
        },
        times,
        when: When::new(record.at, now),
    }
}

/// What stands between who and what, and after it: `scout` "asked for" `github` "and was refused".
fn words(event: &AuditEvent) -> (String, &'static str) {
    let (what, rest) = match &event.event {
        EventName::IdentityRegistered => ("registered", ""),
        EventName::IdentityRevoked => ("ended the access of an agent", ""),
        EventName::ClaimAccepted => ("was accepted", ""),
        EventName::ClaimRejected => ("was declined", ""),
        EventName::AccountCreated => ("opened the account", ""),
        EventName::AccountSignedIn => ("signed in", ""),
        EventName::AccountSignedOut => ("signed out", ""),
        EventName::AccountSignInFailed => ("tried to sign in and failed", ""),
        EventName::AccountPasswordChanged => ("changed the password", ""),
        EventName::AccountDisabled => ("disabled an account", ""),
        EventName::AccountEnabled => ("enabled an account", ""),
        EventName::AccountRoleChanged => ("changed the role of an account", ""),
        EventName::InvitationCreated => ("invited somebody", ""),
        EventName::InvitationWithdrawn => ("withdrew an invitation", ""),
        EventName::LoginStarted => ("began to log in to", ""),
        EventName::LoginCompleted => ("connected", ""),
        EventName::LoginFailed => ("tried to log in to", "and failed"),
        EventName::CredentialResolved => ("used", ""),
        EventName::CredentialRevealed => ("looked at the secret of", ""),
        EventName::CredentialExported => ("exported the secret of", ""),
        EventName::CredentialCompared => ("looked for keys in plain text", ""),
        EventName::CredentialRefused => ("asked for", "and was refused"),
        EventName::CredentialRefreshed => ("had a new token from", ""),
        EventName::CredentialRefreshFailed => ("got no new token from", ""),
        EventName::IntegrityFailed => ("could not open the secret of", ""),
        EventName::ConnectionLoggedOut => ("logged out of", ""),
        EventName::ConnectionDefaultSet => ("made another connection the default of", ""),
        EventName::ProviderRegistered => ("defined", ""),
        EventName::ProviderClientSet => ("set the OAuth client of", ""),
        EventName::ProviderClientForgotten => ("forgot the OAuth client of", ""),
        EventName::ProviderRemoved => ("removed the definition of", ""),
        EventName::ProviderRevoked => ("logged everybody out of", ""),
        EventName::ProofRefused => ("was refused", ""),
        EventName::AuditExported => ("exported the audit log", ""),
        EventName::HomeImported => ("took over a home of version 0.5", ""),
        // In its own words.
        EventName::External(name) => return (format!("reported {name}"), ""),
    };
    (what.to_owned(), rest)
}
