// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/problem"
)

// Limits of saved searches.
const (
	maxSaved      = 100 // of one account
	maxSavedName  = 100 // characters
	maxSavedQuery = 4 << 10
)

// Saved is a search that an account keeps.
type Saved struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Query   string    `json:"query" doc:"as in the address of a search: class=decision&verdict=refuse; day=today and day=yesterday are those of the reader"`
	Created time.Time `json:"created"`
}

// Parameters are the names that a saved search may hold. A search of parcels has states; day
// is today or yesterday, which begin where the reader is and not when it was saved.
func Parameters() []string {
	names := []string{"from", "to", "last", "day", "parcel", "text", "not", "state", "by", "bucket", "limit"}
	for _, f := range Fields() {
		names = append(names, string(f))
	}
	return names
}

// SavedSearches gives an account's own, by name.
func (x *Index) SavedSearches(ctx context.Context, account string) ([]Saved, error) {
	list := []Saved{}
	err := each(ctx, x.db, func(rows *sql.Rows) error {
		var s Saved
		var created int64
		err := rows.Scan(&s.ID, &s.Name, &s.Query, &created)
		s.Created = time.UnixMilli(created).UTC()
		list = append(list, s)
		return err
	}, `SELECT id, name, query, created FROM saved_searches WHERE account = $1 ORDER BY name, id`, account)
	return list, err
}

// SaveSearch keeps a search of an account. One of the same name is replaced.
func (x *Index) SaveSearch(ctx context.Context, account, name, query string) (Saved, error) {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxSavedName || clean(name) != name {
		return Saved{}, invalid("name", problem.Between(problem.Characters, 1, maxSavedName))
	}
	if err := checkSaved(query); err != nil {
		return Saved{}, err
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	s := Saved{ID: hex.EncodeToString(id[:]), Name: name, Query: query, Created: x.c.Now().UTC().Truncate(time.Millisecond)}
	err := x.db.Tx(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM saved_searches WHERE account = $1 AND name <> $2`, account, name).Scan(&n); err != nil {
			return err
		}
		if n >= maxSaved {
			return problem.New(problem.Conflict, "there are %d saved searches already: delete one first", n)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM saved_searches WHERE account = $1 AND name = $2`, account, name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO saved_searches (id, account, name, query, created) VALUES ($1, $2, $3, $4, $5)`,
			s.ID, account, s.Name, s.Query, s.Created.UnixMilli())
		return err
	})
	return s, err
}

func checkSaved(query string) error {
	if len(query) > maxSavedQuery {
		return invalid("query", problem.AtMost(problem.Bytes, maxSavedQuery))
	}
	values, err := url.ParseQuery(query)
	if err != nil || clean(query) != query {
		return invalid("query", problem.Like("class=decision&verdict=refuse", "not like class=decision&verdict=refuse"))
	}
	for name := range values {
		if !slices.Contains(Parameters(), name) {
			return invalid("query", problem.Because(problem.NoSuch, fmt.Sprintf("a search has no parameter %q", name), name))
		}
	}
	return nil
}

// DeleteSearch forgets a search of an account.
func (x *Index) DeleteSearch(ctx context.Context, account, id string) error {
	done, err := x.db.ExecContext(ctx, `DELETE FROM saved_searches WHERE account = $1 AND id = $2`, account, id)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		if err != nil {
			return err
		}
		return problem.New(problem.Unknown, "you have no such saved search")
	}
	return nil
}
