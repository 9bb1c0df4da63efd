-- +goose Up
CREATE TABLE intake_sources (
	id          TEXT PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,
	zone        TEXT NOT NULL,
	kind        TEXT NOT NULL,           -- syslog, json
	fingerprint TEXT NOT NULL,           -- SHA-256 of a syslog sender's certificate, hexadecimal
	token       TEXT NOT NULL,           -- SHA-256 of a JSON sender's token, hexadecimal
	rate        BIGINT NOT NULL,         -- entries a second
	enabled     BIGINT NOT NULL,
	revision    BIGINT NOT NULL,
	taken       BIGINT NOT NULL,         -- entries
	refused     BIGINT NOT NULL,
	last        BIGINT NOT NULL
);

-- +goose Down
DROP TABLE intake_sources;
