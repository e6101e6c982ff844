-- A login may be begun by its person, on a page: it has no identity then. SQLite cannot take a
-- NOT NULL away, so the table is made anew; logins in progress stay.

CREATE TABLE login_sessions_of_all (
    id TEXT PRIMARY KEY NOT NULL,
    -- Absent where the principal began it.
    identity TEXT REFERENCES identities (handle) ON DELETE CASCADE,
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

INSERT INTO login_sessions_of_all
    (id, identity, principal_id, vault_id, provider, connection, flow, status, detail, scopes,
     base_url, force, browser_hash, form_hash, state_hash, sealed, created_at, expires_at)
    SELECT id, identity, principal_id, vault_id, provider, connection, flow, status, detail, scopes,
     base_url, force, browser_hash, form_hash, state_hash, sealed, created_at, expires_at
    FROM login_sessions;

DROP TABLE login_sessions;
ALTER TABLE login_sessions_of_all RENAME TO login_sessions;

CREATE INDEX login_sessions_by_identity ON login_sessions (identity, status);
CREATE INDEX login_sessions_by_person ON login_sessions (principal_id) WHERE identity IS NULL;
CREATE INDEX login_sessions_by_expiry ON login_sessions (expires_at);
