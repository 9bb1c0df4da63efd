// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Add registers a source. A sender of JSON gets a token, which is told once.
func (i *Intake) Add(ctx context.Context, s Settings) (made Source, token string, err error) {
	if err := s.check(); err != nil {
		return made, "", err
	}
	var hashed string
	if s.Kind == JSON {
		token, hashed = newToken()
	}
	id := store.NewID()
	err = i.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := room(ctx, tx, &s, ""); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO intake_sources (id, name, zone, kind, fingerprint, token, rate, enabled, revision, taken, refused, last)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 1, 0, 0, 0)`, id, s.Name, s.Zone, string(s.Kind), s.Fingerprint, hashed, s.Rate)
		return err
	})
	if err != nil {
		return made, "", err
	}
	i.Tell("intake", id)
	made, err = i.Get(ctx, id)
	return made, token, err
}

// room refuses a name or a certificate that another source has, and one source too many.
func room(ctx context.Context, tx *sql.Tx, s *Settings, but string) error {
	var name, certificate, all int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM intake_sources WHERE name = $1 AND id <> $2`, s.Name, but).Scan(&name); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM intake_sources WHERE fingerprint = $1 AND fingerprint <> '' AND id <> $2`, s.Fingerprint, but).Scan(&certificate); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM intake_sources WHERE id <> $1`, but).Scan(&all); err != nil {
		return err
	}
	switch {
	case name > 0:
		return problem.New(problem.Conflict, "another source is called %s", s.Name)
	case certificate > 0:
		return problem.New(problem.Conflict, "another source has this certificate")
	case all >= MaxSources:
		return problem.New(problem.Conflict, "there are %d sources already", all)
	default:
		return nil
	}
}

// Change changes a source of a revision. Its connections end, and are made anew if it
// may still send.
func (i *Intake) Change(ctx context.Context, id string, revision int64, s Settings, on bool) (Source, error) {
	if err := s.check(); err != nil {
		return Source{}, err
	}
	enabled := 0
	if on {
		enabled = 1
	}
	err := i.db.Tx(ctx, func(tx *sql.Tx) error {
		var has int64
		var kind Kind
		err := tx.QueryRowContext(ctx, `SELECT revision, kind FROM intake_sources WHERE id = $1`, id).Scan(&has, &kind)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return errUnknown()
		case err != nil:
			return err
		case has != revision:
			return problem.New(problem.Stale, "the source was changed meanwhile: read it again")
		case kind != s.Kind:
			return problem.New(problem.Conflict, "how a source sends does not change: register another")
		}
		if err := room(ctx, tx, &s, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE intake_sources SET name = $2, zone = $3, fingerprint = $4, rate = $5, enabled = $6, revision = $7 WHERE id = $1`,
			id, s.Name, s.Zone, s.Fingerprint, s.Rate, enabled, has+1)
		return err
	})
	if err != nil {
		return Source{}, err
	}
	i.drop(id)
	i.Tell("intake", id)
	return i.Get(ctx, id)
}

// Renew gives a source of JSON another token; the old one ends.
func (i *Intake) Renew(ctx context.Context, id string) (token string, err error) {
	token, hashed := newToken()
	done, err := i.db.ExecContext(ctx, `UPDATE intake_sources SET token = $2, revision = revision + 1 WHERE id = $1 AND kind = 'json'`, id, hashed)
	if err != nil {
		return "", err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return "", errors.Join(err, errUnknown())
	}
	i.Tell("intake", id)
	return token, nil
}

// Remove removes a source; what it has sent stays.
func (i *Intake) Remove(ctx context.Context, id string) error {
	done, err := i.db.ExecContext(ctx, `DELETE FROM intake_sources WHERE id = $1`, id)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errUnknown())
	}
	i.drop(id)
	i.Tell("intake", id)
	return nil
}

func errUnknown() error { return problem.New(problem.Unknown, "there is no such source") }

const columns = `id, name, zone, kind, fingerprint, rate, enabled, revision, taken, refused, last`

func (i *Intake) scan(row store.Row) (Source, error) {
	var s Source
	var enabled, last int64
	err := row.Scan(&s.ID, &s.Name, &s.Zone, &s.Kind, &s.Fingerprint, &s.Rate, &enabled, &s.Revision, &s.Taken, &s.Refused, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return s, errUnknown()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if c := i.counts[s.ID]; c != nil {
		s.Taken, s.Refused, last = s.Taken+c.taken, s.Refused+c.refused, max(last, c.last)
	}
	s.On, s.Connected = enabled != 0, len(i.conns[s.ID])
	if last > 0 {
		s.Last = time.UnixMilli(last).UTC()
	}
	return s, err
}

// Get reads a source.
func (i *Intake) Get(ctx context.Context, id string) (Source, error) {
	return i.scan(i.db.QueryRowContext(ctx, `SELECT `+columns+` FROM intake_sources WHERE id = $1`, id))
}

// byFingerprint finds the source whose certificate it is.
func (i *Intake) byFingerprint(ctx context.Context, sum string) (Source, error) {
	return i.scan(i.db.QueryRowContext(ctx, `SELECT `+columns+` FROM intake_sources WHERE kind = 'syslog' AND fingerprint = $1 AND enabled = 1`, sum))
}

// byToken finds the source that has a token. The token is looked up by its hash, so how
// long that takes tells nothing of it.
func (i *Intake) byToken(ctx context.Context, name, token string) (Source, error) {
	return i.scan(i.db.QueryRowContext(ctx, `SELECT `+columns+` FROM intake_sources WHERE kind = 'json' AND name = $1 AND token = $2 AND enabled = 1`, name, hashOf(token)))
}

// List lists all sources by name.
func (i *Intake) List(ctx context.Context) ([]Source, error) {
	rows, err := i.db.QueryContext(ctx, `SELECT `+columns+` FROM intake_sources ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Source{}
	for rows.Next() {
		s, err := i.scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// flush writes the counts. What cannot be written is counted again.
func (i *Intake) flush(ctx context.Context) error {
	i.mu.Lock()
	counts := i.counts
	i.counts = map[string]*count{}
	i.mu.Unlock()
	var errs []error
	for id, c := range counts {
		_, err := i.db.ExecContext(ctx, `UPDATE intake_sources SET taken = taken + $2, refused = refused + $3, last = $4 WHERE id = $1`, id, c.taken, c.refused, c.last)
		if err != nil {
			i.counted(id, c.taken, c.refused)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func newToken() (token, hashed string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token = hex.EncodeToString(b[:])
	return token, hashOf(token)
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
