-- +goose Up
CREATE TABLE proposals (
	id            TEXT PRIMARY KEY,
	kind          TEXT NOT NULL,
	title         TEXT NOT NULL,
	payload       TEXT NOT NULL,           -- JSON, exactly as its digest is over it
	difference    TEXT NOT NULL,
	digest        TEXT NOT NULL,
	proposer      TEXT NOT NULL,           -- id of the account
	proposer_name TEXT NOT NULL,
	duty          TEXT NOT NULL,
	reason        TEXT NOT NULL,
	created       BIGINT NOT NULL,
	expires       BIGINT NOT NULL,
	due           BIGINT NOT NULL,         -- 0 for at once
	state         TEXT NOT NULL,
	votes         TEXT NOT NULL,           -- JSON, changed with the state
	result        TEXT NOT NULL,
	changed       BIGINT NOT NULL,
	revision      BIGINT NOT NULL,
	first_try     BIGINT NOT NULL,         -- when doing it was first tried, 0 for never
	next_try      BIGINT NOT NULL          -- not before, after something was away
);
CREATE INDEX proposals_created ON proposals (created, id);
CREATE INDEX proposals_state ON proposals (state);

-- +goose Down
DROP TABLE proposals;
