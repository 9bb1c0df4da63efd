-- +goose Up
CREATE TABLE export_targets (
	id        TEXT PRIMARY KEY,
	name      TEXT NOT NULL UNIQUE,
	settings  TEXT NOT NULL,             -- JSON
	enabled   BIGINT NOT NULL,
	revision  BIGINT NOT NULL,
	sent      BIGINT NOT NULL,           -- entries
	dropped   BIGINT NOT NULL,           -- entries that were given up
	last_sent BIGINT NOT NULL
);

CREATE TABLE export_positions (
	target TEXT NOT NULL REFERENCES export_targets (id),
	origin TEXT NOT NULL,
	next   BIGINT NOT NULL,              -- index of the entry to be sent next
	PRIMARY KEY (target, origin)
);

-- +goose Down
DROP TABLE export_positions;
DROP TABLE export_targets;
