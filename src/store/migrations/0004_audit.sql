-- Ways through the log to what is rare. What happens thousands of times a second is in none of them, so
-- that writing it costs no more than before.
CREATE INDEX audit_events_by_event ON audit_events (event, at, seq) WHERE event <> 'credential.resolved';
CREATE INDEX audit_events_by_outcome ON audit_events (outcome, at, seq) WHERE outcome <> 'success';
-- Ids of our own tell their time; those that were taken over from elsewhere do not.
CREATE INDEX audit_events_by_foreign_id ON audit_events (id) WHERE substr(id, 17, 1) <> '7';

-- How many events there were in each hour and each day (UTC): all of them, and those of one event, agent,
-- account or provider.
CREATE TABLE audit_counts (
    kind TEXT NOT NULL CHECK (kind IN ('all', 'event', 'identity', 'principal', 'provider')),
    -- Empty for all of them.
    value TEXT NOT NULL,
    span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    -- The beginning of the hour or day.
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (kind, value, span, at, outcome)
) {{clustered}};
CREATE INDEX audit_counts_by_hour ON audit_counts (at) WHERE span = 'hour';

-- The same for every combination there was; what an event does not name is empty.
CREATE TABLE audit_counts_each (
    span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    identity TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (span, at, event, outcome, identity, principal_id, provider)
) {{clustered}};

-- The events up to this one are in the counts. By their sequence and not by their time: an event may be
-- written under a time that is long over.
CREATE TABLE audit_counted (
    one BIGINT PRIMARY KEY NOT NULL CHECK (one = 1),
    seq BIGINT NOT NULL
);
INSERT INTO audit_counted (one, seq) VALUES (1, 0);
