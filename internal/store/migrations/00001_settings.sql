-- +goose Up
CREATE TABLE settings (
	name     TEXT PRIMARY KEY,
	value    TEXT NOT NULL,           -- JSON
	revision BIGINT NOT NULL
);

-- +goose Down
DROP TABLE settings;
