-- +goose Up
CREATE TABLE channels (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE,
	kind     TEXT NOT NULL,
	config   TEXT NOT NULL,           -- JSON, without secrets
	sealed   BYTEA NOT NULL,          -- the secrets, under the center's vault key
	revision BIGINT NOT NULL
);

CREATE TABLE notices (
	id         TEXT PRIMARY KEY,
	channel    TEXT NOT NULL,
	alert      TEXT NOT NULL,
	firing     BIGINT NOT NULL,
	message    TEXT NOT NULL,         -- JSON
	created_ms BIGINT NOT NULL,
	due_ms     BIGINT NOT NULL,
	tries      BIGINT NOT NULL,
	error      TEXT NOT NULL,         -- of the last try
	ended_ms   BIGINT NOT NULL,       -- 0 while it waits
	taken      BIGINT NOT NULL        -- 1 when the channel took it, 0 when it was given up
);
CREATE INDEX notices_waiting ON notices (channel, ended_ms, created_ms);
CREATE INDEX notices_alert ON notices (alert, channel);

-- +goose Down
DROP TABLE notices;
DROP TABLE channels;
