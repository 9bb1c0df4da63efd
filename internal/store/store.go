// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package store is the center's database: a file of SQLite by default, PostgreSQL by one
// setting. The packages that keep something in it have their own plain SQL, which both
// understand: numbered parameters ($1), ON CONFLICT, RETURNING, and the types BIGINT,
// TEXT and BYTEA. Times are Unix milliseconds. The tables are in migrations/.
//
// What the logs tell can be made again from the logs; what only administrators know
// (accounts, proposals, drafts, settings) is here and nowhere else, so a change is on
// the disk when its transaction ends.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Kind is what holds the data.
type Kind string

// The kinds.
const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
)

// DB is an open database, whose tables are those of this program's version.
type DB struct {
	*sql.DB
	Kind Kind
}

// Open opens the database at a URL, "sqlite:PATH" or "postgres://…", and brings its
// tables to this version. One that a later version has made is refused.
func Open(ctx context.Context, where string) (*DB, error) {
	db, err := connect(where)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func connect(where string) (*DB, error) {
	if path, ok := strings.CutPrefix(where, "sqlite:"); ok {
		return openSQLite(path)
	}
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("a database is sqlite:PATH or postgres://USER@HOST/NAME") // not where itself: it may hold a password
	}
	db, err := sql.Open("pgx", where)
	if err != nil {
		return nil, errors.New("the URL of the database is not one that PostgreSQL's driver understands")
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	return &DB{db, Postgres}, nil
}

// openSQLite opens a file so that an ended transaction survives a power cut
// (synchronous=FULL), and readers do not wait for the writer (WAL).
func openSQLite(path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("sqlite:PATH wants a path")
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "trusted_schema(OFF)", "temp_store(MEMORY)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	return &DB{db, SQLite}, nil
}

func (db *DB) migrate(ctx context.Context) error {
	dialect := goose.DialectSQLite3
	if db.Kind == Postgres {
		dialect = goose.DialectPostgres
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db.DB, files)
	if err != nil {
		return fmt.Errorf("the database's migrations: %w", err)
	}
	has, wants, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("the database's version: %w", err)
	}
	if has > wants {
		return fmt.Errorf("the database is of version %d, and this program knows %d: a later one has used it", has, wants)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the database to version %d: %w", wants, err)
	}
	return nil
}

// attempts bounds how often a transaction is begun anew when another was in its way.
const attempts = 10

// Tx runs fn in a transaction that either happens wholly, as if alone, or not at all.
// fn may be called several times: it must have no effect but on tx and on variables that
// it sets anew. When Tx returns nil the change is on the disk.
func (db *DB) Tx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	for n := 1; ; n++ {
		err := db.once(ctx, fn)
		if err == nil || n == attempts || !inTheWay(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(time.Duration(n) * 5 * time.Millisecond):
		}
	}
}

func (db *DB) once(ctx context.Context, fn func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: db.isolation()})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // of no effect once it has ended
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// isolation is the strictest there is: one writer at a time for SQLite (immediate
// transactions), conflicts found out for PostgreSQL.
func (db *DB) isolation() sql.IsolationLevel {
	if db.Kind == Postgres {
		return sql.LevelSerializable
	}
	return sql.LevelDefault
}

// inTheWay tells whether a transaction failed only because of another.
func inTheWay(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization_failure, deadlock_detected
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// NewID is a name for a row that nobody has used: 128 random bits as 32 hex digits.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
