//! What the audit log records: who did what with which connection, and how it ended.

use super::names::{ConnectionName, EventId, Handle, PrincipalId, ProviderName};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

macro_rules! event_names {
    ($($(#[$doc:meta])* $variant:ident => $text:literal),+ $(,)?) => {
        /// The events the daemon itself writes; the text is what `authsome log` and scripts see.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum EventName {
            $($(#[$doc])* $variant,)+
            /// An event an agent reported by `POST /audit/events`; shape checked, meaning its own.
            External(String),
        }

        impl EventName {
            /// Every name of the daemon's own.
            pub const OURS: &[&str] = &[$($text),+];

            pub fn as_str(&self) -> &str {
                match self { $(Self::$variant => $text,)+ Self::External(text) => text }
            }
            /// Reads a stored name; one that is not ours is external.
            pub fn from_stored(text: &str) -> Self {
                match text { $($text => Self::$variant,)+ other => Self::External(other.to_owned()) }
            }
        }
    };
}

event_names! {
    IdentityRegistered => "identity.registered",
    IdentityRevoked => "identity.revoked",
    ClaimAccepted => "claim.accepted",
    ClaimRejected => "claim.rejected",
    AccountCreated => "account.created",
    AccountSignedIn => "account.signed_in",
    AccountSignedOut => "account.signed_out",
    AccountSignInFailed => "account.sign_in_failed",
    AccountPasswordChanged => "account.password_changed",
    AccountDisabled => "account.disabled",
    AccountEnabled => "account.enabled",
    AccountRoleChanged => "account.role_changed",
    InvitationCreated => "invitation.created",
    InvitationWithdrawn => "invitation.withdrawn",
    LoginStarted => "login.started",
    LoginCompleted => "login.completed",
    LoginFailed => "login.failed",
    CredentialResolved => "credential.resolved",
    CredentialRevealed => "credential.revealed",
    CredentialExported => "credential.exported",
    /// Plaintext that somebody found on a machine was held against what is stored.
    CredentialCompared => "credential.compared",
    CredentialRefused => "credential.refused",
    CredentialRefreshed => "credential.refreshed",
    CredentialRefreshFailed => "credential.refresh_failed",
    /// A stored record did not open: changed, moved, or sealed under another key.
    IntegrityFailed => "vault.integrity_failed",
    ConnectionLoggedOut => "connection.logged_out",
    ConnectionDefaultSet => "connection.default_set",
    ProviderRegistered => "provider.registered",
    ProviderClientSet => "provider.client_set",
    ProviderClientForgotten => "provider.client_forgotten",
    ProviderRemoved => "provider.removed",
    ProviderRevoked => "provider.revoked",
    ProofRefused => "proof.refused",
    /// Somebody took a copy of the log.
    AuditExported => "audit.exported",
    /// What a home of 0.5 held was taken over.
    HomeImported => "home.imported",
}

impl EventName {
    /// Checks the name of an event that an agent reports: 1 to 64 of `a-z 0-9 . _ -`.
    pub fn external(text: &str) -> Option<Self> {
        let ok = (1..=64).contains(&text.len())
            && text.bytes().all(|c| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-')
            });
        ok.then(|| Self::External(text.to_owned()))
    }

    /// Sign-outs, new passwords, accounts that are shut out, and whatever else becomes of accounts; an agent
    /// that ends takes the browsers along that it signed in. A failed sign-in ends nothing.
    pub fn may_end_sessions(&self) -> bool {
        match self {
            Self::External(_) | Self::AccountSignInFailed => false,
            Self::IdentityRevoked => true,
            other => other.as_str().starts_with("account."),
        }
    }
}

/// How what the event tells of ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Success,
    Failure,
    /// Not allowed, and so not done.
    Refused,
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Refused => "refused",
        }
    }

    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            "success" => Some(Self::Success),
            "failure" => Some(Self::Failure),
            "refused" => Some(Self::Refused),
            _ => None,
        }
    }
}

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventSource {
    Daemon,
    /// Reported by an agent; everything but the name and metadata is still the server's.
    External,
}

impl EventSource {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::External => "external",
        }
    }

    pub fn from_stored(text: &str) -> Self {
        if text == "external" {
            Self::External
        } else {
            Self::Daemon
        }
    }
}

/// An event about to be written. The id and time are given by the server when it is.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    pub event: EventName,
    pub source: EventSource,
    pub outcome: Outcome,
    pub identity: Option<Handle>,
    pub principal: Option<PrincipalId>,
    pub provider: Option<ProviderName>,
    pub connection: Option<ConnectionName>,
    /// Further facts as a JSON object; never a secret. At most 16 KiB when external.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

impl AuditEvent {
    /// A successful event of the daemon with nobody named yet.
    pub fn new(event: EventName) -> Self {
        Self {
            event,
            source: EventSource::Daemon,
            outcome: Outcome::Success,
            identity: None,
            principal: None,
            provider: None,
            connection: None,
            metadata: serde_json::Map::new(),
        }
    }

    #[must_use]
    pub fn by(mut self, caller: &super::Caller) -> Self {
        self.identity = Some(caller.handle.clone());
        self.principal = Some(caller.principal.clone());
        self
    }

    #[must_use]
    pub fn by_person(mut self, person: &super::SignedIn) -> Self {
        self.principal = Some(person.principal.clone());
        self
    }

    /// By whoever began a login, whether they are there or not.
    #[must_use]
    pub fn for_login(mut self, login: &super::LoginSession) -> Self {
        self.identity.clone_from(&login.identity);
        self.principal = Some(login.principal.clone());
        self
    }

    #[must_use]
    pub fn on(mut self, provider: &ProviderName, connection: Option<&ConnectionName>) -> Self {
        self.provider = Some(provider.clone());
        self.connection = connection.cloned();
        self
    }

    #[must_use]
    pub fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Adds a fact. The caller vouches that it is not a secret.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }
}

/// An event as it stands in the store.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    pub id: EventId,
    pub at: OffsetDateTime,
    pub event: AuditEvent,
}
