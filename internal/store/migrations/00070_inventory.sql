-- +goose Up
CREATE TABLE component_requests (
	id          TEXT PRIMARY KEY,
	component   TEXT NOT NULL,
	role        TEXT NOT NULL,
	zone        TEXT NOT NULL,
	fingerprint TEXT NOT NULL UNIQUE,
	data        BYTEA NOT NULL,
	handed_in   BIGINT NOT NULL,
	by_name     TEXT NOT NULL,
	state       TEXT NOT NULL              -- waiting, admitted, dismissed, removed
);
CREATE TABLE configurations (
	component TEXT NOT NULL,
	number    BIGINT NOT NULL,             -- from 1, in the order in which they were taken
	source    TEXT NOT NULL,               -- component, imported
	taken     BIGINT NOT NULL,
	seen      BIGINT NOT NULL,             -- when the component last said the same
	digest    TEXT NOT NULL,
	data      BYTEA NOT NULL,              -- canonical
	PRIMARY KEY (component, number)
);
CREATE TABLE configuration_states (
	component TEXT PRIMARY KEY,
	intended  BIGINT NOT NULL,             -- number that was last accepted, 0 for none
	accepted  BIGINT NOT NULL,
	by_name   TEXT NOT NULL,
	checked   BIGINT NOT NULL,             -- last comparison, 0 for none
	state     TEXT NOT NULL,               -- same, drift, unaccepted, unknown
	since     BIGINT NOT NULL,             -- of the state
	told      TEXT NOT NULL                -- digest of the drift that was last told of
);

-- +goose Down
DROP TABLE configuration_states;
DROP TABLE configurations;
DROP TABLE component_requests;
