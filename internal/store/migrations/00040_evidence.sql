-- +goose Up
-- The index of audit entries is a view of the logs: internal/evidence makes its tables.
CREATE TABLE saved_searches (
	id      TEXT PRIMARY KEY,
	account TEXT NOT NULL,
	name    TEXT NOT NULL,
	query   TEXT NOT NULL,
	created BIGINT NOT NULL,
	UNIQUE (account, name)
);

-- +goose Down
DROP TABLE saved_searches;
