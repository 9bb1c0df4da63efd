-- +goose Up
CREATE TABLE findings (
	id          TEXT PRIMARY KEY,        -- ascending with the time of opening
	title       TEXT NOT NULL,
	severity    BIGINT NOT NULL,         -- 1 notice, 2 warning, 3 grave
	owner       TEXT NOT NULL,           -- the duty that mends it
	due         BIGINT NOT NULL,
	state       TEXT NOT NULL,
	opened      BIGINT NOT NULL,
	opened_by   TEXT NOT NULL,           -- name of the account
	changed     BIGINT NOT NULL,
	revision    BIGINT NOT NULL
);
CREATE INDEX findings_state ON findings (state, due);

CREATE TABLE finding_entries (
	finding TEXT NOT NULL REFERENCES findings (id),
	log     TEXT NOT NULL,               -- component
	entry   BIGINT NOT NULL,             -- index in that log
	PRIMARY KEY (finding, log, entry)
);

CREATE TABLE finding_events (
	finding TEXT NOT NULL REFERENCES findings (id),
	number  BIGINT NOT NULL,             -- from 1
	at      BIGINT NOT NULL,
	who     TEXT NOT NULL,               -- name of the account
	duty    TEXT NOT NULL,
	what    TEXT NOT NULL,               -- opened, commented, moved, changed
	state   TEXT NOT NULL,               -- after it
	text    TEXT NOT NULL,
	PRIMARY KEY (finding, number)
);

-- +goose Down
DROP TABLE finding_events;
DROP TABLE finding_entries;
DROP TABLE findings;
