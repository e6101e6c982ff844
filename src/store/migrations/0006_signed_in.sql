-- Which browser it is, in words of our own; never what the browser sent.
ALTER TABLE browser_sessions ADD COLUMN browser TEXT;

-- When each person last signed in; apart from principals, of which copies are kept.
CREATE TABLE sign_ins (
    principal_id TEXT PRIMARY KEY NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    at BIGINT NOT NULL
);
