-- Times are Unix milliseconds, booleans 0 or 1. {{blob}}, {{serial}} and {{clustered}} are filled in
-- for the database at hand; everything else is the same text on both.

CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value {{blob}} NOT NULL
);

-- Headers of key-encryption keys: parameters and proof of the right key, never the key.
CREATE TABLE kek_slots (
    id TEXT PRIMARY KEY NOT NULL,
    header {{blob}} NOT NULL,
    canary {{blob}} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retiring')),
    created_at BIGINT NOT NULL
);

-- Data keys, wrapped. The owner is 'server' or the id of a vault.
CREATE TABLE data_keys (
    owner TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    kek_id TEXT NOT NULL REFERENCES kek_slots (id),
    wrapped {{blob}} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retiring')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, version)
);
CREATE INDEX data_keys_by_kek ON data_keys (kek_id);

CREATE TABLE vaults (
    id TEXT PRIMARY KEY NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE principals (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT UNIQUE,
    password_hash TEXT,
    role TEXT NOT NULL CHECK (role IN ('admin', 'user')),
    vault_id TEXT NOT NULL UNIQUE REFERENCES vaults (id),
    is_local BIGINT NOT NULL CHECK (is_local IN (0, 1)),
    disabled BIGINT NOT NULL CHECK (disabled IN (0, 1)),
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX principals_one_local ON principals (is_local) WHERE is_local = 1;

CREATE TABLE identities (
    handle TEXT PRIMARY KEY NOT NULL,
    did TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE claims (
    handle TEXT PRIMARY KEY NOT NULL REFERENCES identities (handle) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('required', 'pending', 'accepted', 'rejected', 'revoked')),
    principal_id TEXT REFERENCES principals (id),
    expires_at BIGINT,
    decided_at BIGINT
);
CREATE INDEX claims_by_principal ON claims (principal_id);

-- Claim links, set-up and invitation tokens, sign-in codes: only their SHA-256.
CREATE TABLE one_time_tokens (
    hash {{blob}} PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT,
    payload TEXT NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX one_time_tokens_by_subject ON one_time_tokens (kind, subject);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);

CREATE TABLE browser_sessions (
    hash {{blob}} PRIMARY KEY NOT NULL,
    principal_id TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    -- The agent that opened it for its person, if one did; it ends with that agent's claim.
    identity TEXT REFERENCES identities (handle) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX browser_sessions_by_principal ON browser_sessions (principal_id);
CREATE INDEX browser_sessions_by_identity ON browser_sessions (identity);
CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);

CREATE TABLE sign_in_attempts (
    key TEXT PRIMARY KEY NOT NULL,
    failures BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (last_at);

CREATE TABLE login_sessions (
    id TEXT PRIMARY KEY NOT NULL,
    identity TEXT NOT NULL REFERENCES identities (handle) ON DELETE CASCADE,
    principal_id TEXT NOT NULL REFERENCES principals (id),
    vault_id TEXT NOT NULL REFERENCES vaults (id),
    provider TEXT NOT NULL,
    connection TEXT NOT NULL,
    flow TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN
        ('pending', 'waiting_for_user', 'processing', 'completed', 'failed', 'expired', 'cancelled')),
    detail TEXT,
    scopes TEXT,
    base_url TEXT,
    force BIGINT NOT NULL CHECK (force IN (0, 1)),
    browser_hash {{blob}},
    form_hash {{blob}},
    state_hash {{blob}} UNIQUE,
    sealed {{blob}},
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX login_sessions_by_identity ON login_sessions (identity, status);
CREATE INDEX login_sessions_by_expiry ON login_sessions (expires_at);

CREATE TABLE connections (
    vault_id TEXT NOT NULL REFERENCES vaults (id),
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    is_default BIGINT NOT NULL CHECK (is_default IN (0, 1)),
    auth_type TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('connected', 'expired', 'revoked')),
    expires_at BIGINT,
    ended_at BIGINT,
    scopes TEXT NOT NULL,
    base_url TEXT,
    api_url TEXT,
    account_id TEXT,
    account_label TEXT,
    principal_id TEXT NOT NULL REFERENCES principals (id),
    obtained_at BIGINT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    -- Absent once the credential has been wiped.
    sealed {{blob}},
    PRIMARY KEY (vault_id, provider, name)
);
CREATE UNIQUE INDEX connections_one_default ON connections (vault_id, provider) WHERE is_default = 1;
CREATE INDEX connections_by_provider ON connections (provider);

CREATE TABLE provider_clients (
    provider TEXT PRIMARY KEY NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    metadata TEXT NOT NULL,
    sealed {{blob}} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE custom_providers (
    name TEXT PRIMARY KEY NOT NULL,
    -- Sealed: where a credential may go is not for whoever can write to the database.
    sealed {{blob}} NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE used_proofs (
    key {{blob}} PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX used_proofs_by_expiry ON used_proofs (expires_at);

CREATE TABLE audit_events (
    seq {{serial}},
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    source TEXT NOT NULL,
    outcome TEXT NOT NULL,
    identity TEXT,
    principal_id TEXT,
    provider TEXT,
    connection TEXT,
    metadata TEXT NOT NULL
);
CREATE INDEX audit_events_by_time ON audit_events (at, seq);
CREATE INDEX audit_events_by_principal ON audit_events (principal_id, at, seq);
CREATE INDEX audit_events_by_provider ON audit_events (provider, at, seq);
