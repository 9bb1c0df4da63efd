-- +goose Up
CREATE TABLE alerts (
	id              TEXT PRIMARY KEY,
	rule            TEXT NOT NULL,
	component       TEXT NOT NULL,
	flow            TEXT NOT NULL,
	part            TEXT NOT NULL,
	level           BIGINT NOT NULL,
	state           TEXT NOT NULL,
	value           TEXT NOT NULL,    -- JSON: value, threshold, detail
	cause           TEXT NOT NULL,    -- id of an alert, or empty
	silence         TEXT NOT NULL,    -- id of a silence, or empty
	told            BIGINT NOT NULL,
	first_ms        BIGINT NOT NULL,
	last_ms         BIGINT NOT NULL,
	resolved_ms     BIGINT NOT NULL,  -- 0 while it fires
	times           BIGINT NOT NULL,
	acknowledged_by TEXT NOT NULL,
	acknowledged_ms BIGINT NOT NULL,
	note            TEXT NOT NULL,
	revision        BIGINT NOT NULL
);
CREATE INDEX alerts_first ON alerts (first_ms DESC, id DESC);
CREATE INDEX alerts_state ON alerts (state, first_ms DESC, id DESC);
CREATE INDEX alerts_cause ON alerts (cause);

CREATE TABLE alert_events (
	alert TEXT NOT NULL,
	seq   BIGINT NOT NULL,
	at_ms BIGINT NOT NULL,
	what  TEXT NOT NULL,
	who   TEXT NOT NULL,
	text  TEXT NOT NULL,
	PRIMARY KEY (alert, seq)
);

CREATE TABLE silences (
	id         TEXT PRIMARY KEY,
	rule       TEXT NOT NULL,
	component  TEXT NOT NULL,
	flow       TEXT NOT NULL,
	reason     TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	ends_ms    BIGINT NOT NULL,
	ended_by   TEXT NOT NULL
);

CREATE TABLE monitor_settings (
	rule     TEXT NOT NULL,
	name     TEXT NOT NULL,           -- of a component or flow; empty for all
	setting  TEXT NOT NULL,           -- JSON; empty when it was taken back
	set_by   TEXT NOT NULL,
	set_ms   BIGINT NOT NULL,
	revision BIGINT NOT NULL,
	PRIMARY KEY (rule, name)
);

CREATE TABLE monitor_hours (
	flow    TEXT NOT NULL,
	hour    BIGINT NOT NULL,          -- since 1970
	parcels BIGINT NOT NULL,
	PRIMARY KEY (flow, hour)
);

-- +goose Down
DROP TABLE monitor_hours;
DROP TABLE monitor_settings;
DROP TABLE silences;
DROP TABLE alert_events;
DROP TABLE alerts;
