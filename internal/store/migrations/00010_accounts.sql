-- +goose Up
CREATE TABLE accounts (
	id           TEXT PRIMARY KEY,
	name         TEXT NOT NULL UNIQUE,
	person       TEXT NOT NULL,
	duty         TEXT NOT NULL,           -- empty until one is granted
	state        TEXT NOT NULL,           -- invited, active, disabled
	timezone     TEXT NOT NULL,
	language     TEXT NOT NULL,
	code         TEXT NOT NULL,           -- SHA-256 of what its maker told the person; empty once redeemed
	password     TEXT NOT NULL,           -- argon2id
	password_at  BIGINT NOT NULL,
	totp         BYTEA NOT NULL,          -- sealed
	totp_next    BYTEA NOT NULL,          -- sealed; waits for its first right code
	totp_step    BIGINT NOT NULL,         -- the last of which a code was used
	approver_key TEXT NOT NULL,           -- Ed25519, hex; empty for none
	created      BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	granted_by   TEXT NOT NULL,
	redeemed     BIGINT NOT NULL,
	revision     BIGINT NOT NULL
);
CREATE UNIQUE INDEX accounts_approver_key ON accounts (approver_key) WHERE approver_key <> '';

CREATE TABLE account_passwords (          -- those that may not be used again
	account TEXT NOT NULL,
	at      BIGINT NOT NULL,
	hash    TEXT NOT NULL,
	PRIMARY KEY (account, at)
);

CREATE TABLE account_links (
	id       TEXT PRIMARY KEY,            -- SHA-256 of the token
	purpose  TEXT NOT NULL,               -- first, grant, recover
	duty     TEXT NOT NULL,
	account  TEXT NOT NULL,               -- that it makes usable; empty for a new one
	code     TEXT NOT NULL,               -- SHA-256 of what the other of the two has; empty for none
	created  BIGINT NOT NULL,
	expires  BIGINT NOT NULL,
	failures BIGINT NOT NULL,             -- wrong codes
	name     TEXT NOT NULL,               -- the rest: what waits for the first right code
	person   TEXT NOT NULL,
	password TEXT NOT NULL,
	totp     BYTEA NOT NULL,
	redeemed BIGINT NOT NULL              -- when, or 0
);

CREATE TABLE account_failures (
	subject TEXT PRIMARY KEY,             -- account:ID, name:SHA-256, address:IP
	count   BIGINT NOT NULL,
	last    BIGINT NOT NULL,
	until   BIGINT NOT NULL               -- locked until then
);

CREATE TABLE account_sessions (
	id             TEXT PRIMARY KEY,
	secret         TEXT NOT NULL UNIQUE,  -- SHA-256
	account        TEXT NOT NULL,
	state          TEXT NOT NULL,         -- factor, password, full
	bearer         BIGINT NOT NULL,
	created        BIGINT NOT NULL,
	used           BIGINT NOT NULL,
	expires        BIGINT NOT NULL,
	fresh          BIGINT NOT NULL,       -- when a second factor was shown
	address        TEXT NOT NULL,
	agent          TEXT NOT NULL,
	ceremony       TEXT NOT NULL,         -- of a passkey, under way
	ceremony_until BIGINT NOT NULL
);
CREATE INDEX account_sessions_account ON account_sessions (account);

CREATE TABLE account_passkeys (
	id         TEXT PRIMARY KEY,
	account    TEXT NOT NULL,
	name       TEXT NOT NULL,
	rp         TEXT NOT NULL,             -- the domain that it was made for
	credential TEXT NOT NULL,             -- JSON
	handle     TEXT NOT NULL UNIQUE,      -- the credential's own id, hex
	created    BIGINT NOT NULL,
	used       BIGINT NOT NULL
);
CREATE INDEX account_passkeys_account ON account_passkeys (account);

CREATE TABLE account_tokens (
	id        TEXT PRIMARY KEY,
	account   TEXT NOT NULL,
	name      TEXT NOT NULL,
	secret    TEXT NOT NULL UNIQUE,       -- SHA-256
	read_only BIGINT NOT NULL,
	created   BIGINT NOT NULL,
	expires   BIGINT NOT NULL,
	used      BIGINT NOT NULL,
	UNIQUE (account, name)
);

CREATE TABLE account_recoveries (
	duty       TEXT PRIMARY KEY,          -- that has lost its accounts
	asked_by   TEXT NOT NULL,
	asked_duty TEXT NOT NULL,
	reason     TEXT NOT NULL,
	code       TEXT NOT NULL,             -- SHA-256 of what who asked tells the person
	created    BIGINT NOT NULL,
	expires    BIGINT NOT NULL,
	confirmed  TEXT NOT NULL,             -- by whom
	link       TEXT NOT NULL
);

-- +goose Down
DROP TABLE account_recoveries;
DROP TABLE account_tokens;
DROP TABLE account_passkeys;
DROP TABLE account_sessions;
DROP TABLE account_failures;
DROP TABLE account_links;
DROP TABLE account_passwords;
DROP TABLE accounts;
