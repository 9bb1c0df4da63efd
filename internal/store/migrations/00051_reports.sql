-- +goose Up
CREATE TABLE report_schedules (
	id       TEXT PRIMARY KEY,
	every    TEXT NOT NULL,            -- daily, weekly, monthly
	hour     BIGINT NOT NULL,          -- of the day, in the zone of the settings
	language TEXT NOT NULL,
	made_by  TEXT NOT NULL,            -- name of the account
	next     BIGINT NOT NULL,
	failure  TEXT NOT NULL             -- of the last try; empty when it went well
);

CREATE TABLE reports (
	id          TEXT PRIMARY KEY,      -- ascending with the time of making
	schedule    TEXT NOT NULL,         -- id, or empty
	language    TEXT NOT NULL,
	from_ms     BIGINT NOT NULL,
	to_ms       BIGINT NOT NULL,
	made        BIGINT NOT NULL,
	made_by     TEXT NOT NULL,
	unit        TEXT NOT NULL,
	html        BYTEA NOT NULL,
	html_sha256 TEXT NOT NULL,
	pdf         BYTEA NOT NULL,        -- empty when there is none
	pdf_sha256  TEXT NOT NULL,
	pdf_lacks   TEXT NOT NULL          -- why there is none
);
CREATE INDEX reports_made ON reports (made);

-- +goose Down
DROP TABLE reports;
DROP TABLE report_schedules;
