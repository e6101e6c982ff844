-- Whether a connection renews itself: one that does is not over when its access token is.
ALTER TABLE connections ADD COLUMN refreshable BIGINT NOT NULL DEFAULT 0 CHECK (refreshable IN (0, 1));

-- Who renews a connection at the moment, and how its renewals went. One row for each connection that
-- was ever renewed; it goes with the connection.
CREATE TABLE refresh_leases (
    vault_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The version of the connection all of this is about: what was said of an earlier one is void.
    version BIGINT NOT NULL,
    -- Nobody when absent.
    holder TEXT,
    until BIGINT,
    tried_at BIGINT NOT NULL,
    -- Since the last success.
    failures BIGINT NOT NULL CHECK (failures >= 0),
    not_before BIGINT,
    last_error TEXT,
    PRIMARY KEY (vault_id, provider, name),
    FOREIGN KEY (vault_id, provider, name) REFERENCES connections (vault_id, provider, name) ON DELETE CASCADE,
    CHECK ((holder IS NULL) = (until IS NULL))
);
