-- +goose Up
-- What the sentences beside them say, in codes (JSON); empty in rows from before.
ALTER TABLE policies ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE proposals ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE proposals ADD COLUMN outcome TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE proposals DROP COLUMN outcome;
ALTER TABLE proposals DROP COLUMN about;
ALTER TABLE policies DROP COLUMN outcome;
