// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Limits of requests.
const (
	MaxRequest = 64 << 10 // bytes of a file
	maxWaiting = 200
)

// Request is a component's request to be admitted, as it was handed in.
type Request struct {
	ID          string    `json:"id"`
	Component   string    `json:"component" doc:"the name that it asks for"`
	Role        string    `json:"role"`
	Zone        string    `json:"zone,omitempty"`
	Fingerprint string    `json:"fingerprint" doc:"of its key: compare it with the component's own screen"`
	HandedIn    time.Time `json:"handedIn"`
	By          string    `json:"by" doc:"who handed it in"`
	State       string    `json:"state" enum:"waiting,admitted,dismissed,removed"`
}

// The states of a request.
const (
	waiting   = "waiting"
	admitted  = "admitted"
	dismissed = "dismissed"
	removed   = "removed"
)

const requestColumns = `id, component, role, zone, fingerprint, handed_in, by_name, state`

// HandIn takes a request file. The same file again is the same request; one that was
// removed or dismissed waits again.
func (v *Inventory) HandIn(ctx context.Context, by string, data []byte) (Request, error) {
	if len(data) > MaxRequest {
		return Request{}, problem.New(problem.TooLarge, "a request of %d bytes, at most %d", len(data), MaxRequest)
	}
	r, err := pki.OpenRequest(data)
	if err != nil {
		return Request{}, refusedRequest(err)
	}
	var kept Request
	err = v.db.Tx(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM component_requests WHERE state = 'waiting'`).Scan(&n); err != nil {
			return err
		}
		if n >= maxWaiting {
			return problem.New(problem.TooMany, "%d requests wait already: admit or remove some", n)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO component_requests (id, component, role, zone, fingerprint, data, handed_in, by_name, state)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting')
			ON CONFLICT (fingerprint) DO UPDATE SET state = 'waiting', handed_in = excluded.handed_in, by_name = excluded.by_name,
				component = excluded.component, role = excluded.role, zone = excluded.zone, data = excluded.data
				WHERE component_requests.state IN ('removed', 'dismissed')`,
			store.NewID(), r.ID, r.Role, r.Zone, r.Fingerprint(), data, v.Now().UnixMilli(), by)
		if err != nil {
			return err
		}
		kept, err = scanRequest(tx.QueryRowContext(ctx, `SELECT `+requestColumns+` FROM component_requests WHERE fingerprint = $1`, r.Fingerprint()))
		return err
	})
	if err == nil {
		v.Tell(topic, kept.Component)
	}
	return kept, err
}

// refusedRequest is why a file is not taken. Whose names are wrong is a request, and its
// sender can mend that.
func refusedRequest(err error) error {
	names, ok := errors.AsType[pki.NamesError](err)
	if !ok {
		return problem.Wrap(problem.Invalid, err, "this is no enrolment request: hand in the file request.dukou that dukou enrol made on the component's host")
	}
	why := problem.PlainLabel(pki.MaxName)
	p := problem.Wrap(problem.Invalid, err, "the request has names that cannot be ones: make it anew with dukou enrol, of %s", why.Detail)
	for _, n := range names {
		p.Fields = append(p.Fields, why.At(n.Of))
	}
	return p
}

// Requests are all that were handed in, those that wait first, then the latest.
func (v *Inventory) Requests(ctx context.Context) ([]Request, error) {
	rows, err := v.db.QueryContext(ctx, `SELECT `+requestColumns+` FROM component_requests
		ORDER BY CASE state WHEN 'waiting' THEN 0 ELSE 1 END, handed_in DESC, id LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	defer rows.Close()
	list := []Request{}
	for rows.Next() {
		r, err := scanRequest(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// Remove takes a request that waits out of the list: nobody asked for it.
func (v *Inventory) Remove(ctx context.Context, id string) error {
	res, err := v.db.ExecContext(ctx, `UPDATE component_requests SET state = 'removed' WHERE id = $1 AND state = 'waiting'`, id)
	if err != nil {
		return fmt.Errorf("remove a request: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(problem.New(problem.Unknown, "no request %q waits", id), err)
	}
	v.Tell(topic, "")
	return nil
}

// request reads one with its file.
func (v *Inventory) request(ctx context.Context, id string) (r Request, data []byte, err error) {
	row := v.db.QueryRowContext(ctx, `SELECT `+requestColumns+` FROM component_requests WHERE id = $1`, id)
	if r, err = scanRequest(row); errors.Is(err, sql.ErrNoRows) {
		return r, nil, problem.New(problem.Unknown, "there is no request %q", id)
	}
	if err != nil {
		return r, nil, err
	}
	err = v.db.QueryRowContext(ctx, `SELECT data FROM component_requests WHERE id = $1`, id).Scan(&data)
	return r, data, err
}

func (v *Inventory) setRequest(ctx context.Context, fingerprint, state string) error {
	_, err := v.db.ExecContext(ctx, `UPDATE component_requests SET state = $2 WHERE fingerprint = $1`, fingerprint, state)
	if err != nil {
		return fmt.Errorf("note a request as %s: %w", state, err)
	}
	return nil
}

func scanRequest(row store.Row) (Request, error) {
	var r Request
	var at int64
	err := row.Scan(&r.ID, &r.Component, &r.Role, &r.Zone, &r.Fingerprint, &at, &r.By, &r.State)
	r.HandedIn = time.UnixMilli(at)
	return r, err
}
