// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// put and get keep a number in a setting.
func put(ctx context.Context, tx *sql.Tx, name string, n int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO settings (name, value, revision) VALUES ($1, '{}', $2)
		ON CONFLICT (name) DO UPDATE SET revision = excluded.revision`, name, n)
	return err
}

func get(ctx context.Context, tx *sql.Tx, name string) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(revision), 0) FROM settings WHERE name = $1`, name).Scan(&n)
	return n, err
}

// TestTxAsIfAlone: what many read and write at once adds up.
func TestTxAsIfAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const writers, each = 4, 10
		ctx := context.Background()
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for done := 0; done < each; {
					err := db.Tx(ctx, func(tx *sql.Tx) error {
						n, err := get(ctx, tx, "counter")
						if err != nil {
							return err
						}
						return put(ctx, tx, "counter", n+1)
					})
					if err == nil {
						done++
					} else if !strings.Contains(err.Error(), "40001") { // given up after many tries: told, and not counted
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		var n int64
		if err := db.QueryRowContext(ctx, `SELECT revision FROM settings WHERE name = 'counter'`).Scan(&n); err != nil || n != writers*each {
			t.Errorf("counted to %d, %v; want %d", n, err, writers*each)
		}
	})
}

// TestTxAllOrNothing: what a transaction did before it failed is not there.
func TestTxAllOrNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		failed := errors.New("the second half fails")
		err := db.Tx(ctx, func(tx *sql.Tx) error { return errors.Join(put(ctx, tx, "half", 1), failed) })
		if !errors.Is(err, failed) {
			t.Errorf("got %v", err)
		}
		var n int
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM settings WHERE name = 'half'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows are there, %v", n, err)
		}
	})
}

// TestOpenAgain: what was there is there, and a database of a later program is refused.
func TestOpenAgain(t *testing.T) {
	ctx := context.Background()
	for name, where := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a b?#%.db") },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			url := where(t)
			for n := range int64(3) {
				db, err := store.Open(ctx, url)
				if err != nil {
					t.Fatal(err)
				}
				err = db.Tx(ctx, func(tx *sql.Tx) error {
					had, err := get(ctx, tx, "opened")
					if had != n {
						t.Errorf("opened %d times before, want %d", had, n)
					}
					return errors.Join(err, put(ctx, tx, "opened", n+1))
				})
				if n == 2 {
					_, later := db.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
					err = errors.Join(err, later)
				}
				if err := errors.Join(err, db.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if db, err := store.Open(ctx, url); err == nil {
				t.Error("a database of a later program was opened", db.Close())
			} else if !strings.Contains(err.Error(), "99999") {
				t.Errorf("refused for %v", err)
			}
		})
	}
}

// TestWherePasswordsAre: an address that cannot be opened is not repeated.
func TestWherePasswordsAre(t *testing.T) {
	for _, where := range []string{"", "center.db", "mysql://u:hunter2@h/d", "postgres://u:hunter2@%zz/d", "sqlite:", "postgres://u:hunter2@127.0.0.1:1/d?connect_timeout=1"} {
		db, err := store.Open(context.Background(), where)
		if err == nil {
			t.Errorf("%q was opened: %v", where, db.Close())
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
}
