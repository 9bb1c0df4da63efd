// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"dukou.dev/dukou/internal/store"
)

// Force is the policy in force.
type Force struct {
	Version     uint64       `json:"version" doc:"0: no policy is in force yet"`
	Digest      string       `json:"digest,omitempty" doc:"SHA-256 of the bundle's payload, in hexadecimal"`
	Created     time.Time    `json:"created,omitzero"`
	Until       time.Time    `json:"until,omitzero" doc:"when it ends, if nothing else comes into force"`
	Source      bool         `json:"source" doc:"the files that it was made of are here; those of a bundle that was applied as a file are not"`
	Waits       *Publication `json:"waits,omitempty" doc:"the publication that waits to be confirmed, or is on its way"`
	Components  int          `json:"components"`
	Flows       int          `json:"flows"`
	Publication string       `json:"publication,omitempty" doc:"id of the publication that made it, or that it goes back from"`
}

// Waits is the publication that waits to be confirmed, or is on its way; nil for none.
func (d *Desk) Waits(ctx context.Context) (*Publication, error) {
	list, err := underWay(ctx, d.db)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Force tells which policy is in force.
func (d *Desk) Force(ctx context.Context) (Force, error) {
	var f Force
	var err error
	if f.Waits, err = d.Waits(ctx); err != nil {
		return f, err
	}
	p := d.InForce()
	if p == nil {
		return f, nil
	}
	f.Version, f.Digest, f.Created, f.Until = p.Version, digestOf(p), store.Time(p.Created), store.Time(p.NotAfter)
	f.Components, f.Flows = len(p.Components), len(p.Flows)
	err = d.db.QueryRowContext(ctx, `SELECT id FROM policies WHERE bundle_digest = $1 OR return_digest = $1`, f.Digest).Scan(&f.Publication)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return f, err
	}
	_, err = sourceOf(ctx, d.db, f.Digest)
	if f.Source = err == nil; errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return f, err
}

// Waiting is one thing that waits for a security administrator.
type Waiting struct {
	Kind, ID, Title string
	Name            string // of a publication, as a person has written it
	Partner         string // whose part it is
	Serial          uint64 // of the part
	Verb            string // of the command line, for what is to be done with it
	Since, Until    time.Time
}

// Waiting lists what waits for the security administrators.
func (d *Desk) Waiting(ctx context.Context) ([]Waiting, error) {
	var list []Waiting
	publications, err := underWay(ctx, d.db)
	if err != nil {
		return nil, err
	}
	for _, p := range publications {
		if p.State == Unconfirmed {
			list = append(list, Waiting{Kind: "publication", ID: p.ID, Title: "Confirm that policy does what it should: " + p.Title, Name: p.Title, Verb: "policy confirm", Since: p.Since, Until: p.Deadline})
		}
	}
	rows, err := d.db.QueryContext(ctx, `SELECT `+draftColumns+` FROM drafts WHERE origin = $1 ORDER BY created, id`, string(FromPartner))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scanDraft(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, Waiting{Kind: "part", ID: one.ID, Title: one.Title, Partner: one.Partner, Serial: one.Serial, Verb: "policy draft difference", Since: one.Created})
	}
	return list, rows.Err()
}
