-- When a connection came to be: a refresh renews obtained_at, and a new login at the same name replaces
-- the credential.
ALTER TABLE connections ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;
UPDATE connections SET added_at = obtained_at;

-- Who used a connection, when last and how often. Written about once a minute: what happened since
-- is in the daemon's memory. Goes with the connection.
CREATE TABLE connection_uses (
    vault_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Absent for a person, who reads a secret in a browser.
    identity TEXT REFERENCES identities (handle) ON DELETE CASCADE,
    last_at BIGINT NOT NULL,
    uses BIGINT NOT NULL CHECK (uses > 0),
    FOREIGN KEY (vault_id, provider, name) REFERENCES connections (vault_id, provider, name) ON DELETE CASCADE
);
CREATE UNIQUE INDEX connection_uses_by_user ON connection_uses (vault_id, provider, name, COALESCE(identity, ''));
CREATE INDEX connection_uses_by_identity ON connection_uses (identity);

-- When an identity last proved itself; apart from identities, as it changes all the time.
CREATE TABLE identity_seen (
    handle TEXT PRIMARY KEY NOT NULL REFERENCES identities (handle) ON DELETE CASCADE,
    seen_at BIGINT NOT NULL
);
