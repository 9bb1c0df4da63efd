-- +goose Up
CREATE TABLE drafts (
	id          TEXT PRIMARY KEY,
	title       TEXT NOT NULL,
	origin      TEXT NOT NULL,           -- in-force, version, upload, partner
	partner     TEXT NOT NULL,           -- whose part was merged in, else empty
	serial      BIGINT NOT NULL,         -- of that part, else 0
	base        BIGINT NOT NULL,         -- version in force when it was made, 0 for none
	author      TEXT NOT NULL,           -- account id; empty for a partner's
	author_name TEXT NOT NULL,
	created     BIGINT NOT NULL,
	changed     BIGINT NOT NULL,
	revision    BIGINT NOT NULL,
	count       BIGINT NOT NULL,         -- of files
	size        BIGINT NOT NULL,         -- of their texts
	files       BYTEA NOT NULL           -- draft.Folder
);
CREATE INDEX drafts_by_time ON drafts (created, id);

CREATE TABLE policies (
	id             TEXT PRIMARY KEY,
	title          TEXT NOT NULL,
	draft          TEXT NOT NULL,
	draft_revision BIGINT NOT NULL,
	files          BYTEA NOT NULL,       -- the source of the bundle
	base           BIGINT NOT NULL,      -- version in force when it was made, 0 for none
	base_digest    TEXT NOT NULL,        -- of its payload
	version        BIGINT NOT NULL UNIQUE,
	bundle_digest  TEXT NOT NULL,
	bundle         BYTEA NOT NULL,       -- payload
	return_version BIGINT NOT NULL,      -- 0 where there is nothing to go back to
	return_digest  TEXT NOT NULL,
	return_bundle  BYTEA NOT NULL,       -- payload
	confirm_within BIGINT NOT NULL,      -- milliseconds
	author         TEXT NOT NULL,
	author_name    TEXT NOT NULL,
	created        BIGINT NOT NULL,
	state          TEXT NOT NULL,
	since          BIGINT NOT NULL,      -- of the state
	deadline       BIGINT NOT NULL,      -- to confirm, 0 for none
	signed_bundle  BYTEA NOT NULL,       -- with both signatures, once it is approved
	signed_return  BYTEA NOT NULL,       -- likewise; emptied when it must not be used any more
	result         TEXT NOT NULL,
	by_name        TEXT NOT NULL         -- who confirmed or rolled back
);
CREATE INDEX policies_by_state ON policies (state);
CREATE INDEX policies_by_digest ON policies (bundle_digest);
CREATE INDEX policies_by_return ON policies (return_digest);

CREATE TABLE rehearsals (
	id             TEXT PRIMARY KEY,
	draft          TEXT NOT NULL,
	draft_revision BIGINT NOT NULL,
	since          BIGINT NOT NULL,
	until          BIGINT NOT NULL,
	author         TEXT NOT NULL,
	author_name    TEXT NOT NULL,
	created        BIGINT NOT NULL,
	ended          BIGINT NOT NULL,      -- 0 while it runs
	state          TEXT NOT NULL,
	result         TEXT NOT NULL         -- JSON, draft.Result
);
CREATE INDEX rehearsals_by_time ON rehearsals (created, id);
CREATE INDEX rehearsals_by_draft ON rehearsals (draft);

CREATE TABLE partners (
	name     TEXT PRIMARY KEY,
	key      BYTEA NOT NULL,             -- Ed25519
	zones    TEXT NOT NULL,              -- JSON list
	lists    TEXT NOT NULL,              -- JSON list
	serial   BIGINT NOT NULL,            -- of the last part that was taken, 0 for none
	admitted BIGINT NOT NULL             -- 0 once it was dismissed: the serial must not begin anew
);

-- +goose Down
DROP TABLE partners;
DROP TABLE rehearsals;
DROP TABLE policies;
DROP TABLE drafts;
