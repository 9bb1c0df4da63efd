// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// querier is the database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

const draftColumns = `id, title, origin, partner, serial, base, author, author_name, created, changed, revision, count, size`

func scanDraft(row store.Row, more ...any) (Draft, error) {
	var d Draft
	var serial, base, created, changed int64
	err := row.Scan(append([]any{&d.ID, &d.Title, &d.Origin, &d.Partner, &serial, &base, &d.Author, &d.AuthorName,
		&created, &changed, &d.Revision, &d.Files, &d.Size}, more...)...)
	d.Serial, d.Base, d.Created, d.Changed = uint64(serial), uint64(base), store.Time(created), store.Time(changed)
	return d, err
}

func readDraft(ctx context.Context, q querier, id string) (Draft, Folder, error) {
	var files []byte
	d, err := scanDraft(q.QueryRowContext(ctx, `SELECT `+draftColumns+`, files FROM drafts WHERE id = $1`, id), &files)
	if err != nil {
		return d, nil, err
	}
	f, err := decodeFolder(files)
	return d, f, err
}

func insertDraft(ctx context.Context, tx *sql.Tx, d Draft, f Folder) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM drafts`).Scan(&n); err != nil {
		return err
	}
	if n >= MaxDrafts {
		return problem.New(problem.TooMany, "there are %d drafts: delete one that is not needed any more", n)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO drafts (`+draftColumns+`, files) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		d.ID, d.Title, string(d.Origin), d.Partner, int64(d.Serial), int64(d.Base), d.Author, d.AuthorName,
		d.Created.UnixMilli(), d.Changed.UnixMilli(), d.Revision, d.Files, d.Size, f.encode())
	return err
}

func updateDraft(ctx context.Context, tx *sql.Tx, d Draft, f Folder) error {
	_, err := tx.ExecContext(ctx, `UPDATE drafts SET changed = $2, revision = $3, count = $4, size = $5, files = $6 WHERE id = $1`,
		d.ID, d.Changed.UnixMilli(), d.Revision, d.Files, d.Size, f.encode())
	return err
}

// List is a page of the drafts.
func (d *Desk) List(ctx context.Context, p store.Page) ([]Draft, string, error) {
	return store.List[Draft]{
		Table: "drafts", Columns: draftColumns, Scan: func(row store.Row) (Draft, error) { return scanDraft(row) },
		Place: func(one *Draft) store.Place { return store.PlaceOf(one.Created, one.ID) },
	}.Page(ctx, d.db, p)
}

// digestOf is the digest of a policy's bundle, as its approvers compared it.
func digestOf(p *policy.Policy) string { return digest(canon.Must(p.Bundle)) }

func digest(payload []byte) string {
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:])
}

// maxReturns bounds how many returns lie behind one another.
const maxReturns = 64

// sourceOf is the files that a bundle with a digest was made of. A bundle that was put
// back has those of the one that it put back. The error is sql.ErrNoRows for none.
func sourceOf(ctx context.Context, q querier, digest string) (Folder, error) {
	for range maxReturns {
		var files []byte
		err := q.QueryRowContext(ctx, `SELECT files FROM policies WHERE bundle_digest = $1 AND state <> $2`, digest, string(Lapsed)).Scan(&files)
		if err == nil {
			return decodeFolder(files)
		}
		var back string
		if err := q.QueryRowContext(ctx, `SELECT base_digest FROM policies WHERE return_digest = $1`, digest).Scan(&back); err != nil {
			return nil, err
		}
		digest = back
	}
	return nil, fmt.Errorf("more than %d returns behind one another: %w", maxReturns, sql.ErrNoRows)
}
