-- +goose Up
CREATE TABLE retention_rules (
	class    TEXT PRIMARY KEY,           -- of audit entries
	days     BIGINT NOT NULL,
	reason   TEXT NOT NULL,
	proposal TEXT NOT NULL,              -- id of the two-person act that made it so
	changed  BIGINT NOT NULL
);

CREATE TABLE retention_windows (         -- kinds of audit that are off for a time
	proposal TEXT PRIMARY KEY,           -- id of the two-person act that made it so
	class    TEXT NOT NULL,
	from_ms  BIGINT NOT NULL,
	to_ms    BIGINT NOT NULL,
	index_off  BIGINT NOT NULL,          -- 1: entries of the window are not indexed
	export_off BIGINT NOT NULL,          -- 1: they are not exported
	reason   TEXT NOT NULL,
	changed  BIGINT NOT NULL
);

CREATE TABLE retention_runs (            -- what was destroyed
	day       BIGINT PRIMARY KEY,        -- of the run, since 1970
	at        BIGINT NOT NULL,
	keys_before BIGINT NOT NULL,         -- detail keys of earlier days are destroyed; day since 1970
	removed   BIGINT NOT NULL            -- rows of the index
);

CREATE TABLE retention_disk (            -- how full the disk was
	at    BIGINT PRIMARY KEY,
	used  BIGINT NOT NULL,               -- bytes
	total BIGINT NOT NULL
);

-- +goose Down
DROP TABLE retention_disk;
DROP TABLE retention_runs;
DROP TABLE retention_windows;
DROP TABLE retention_rules;
