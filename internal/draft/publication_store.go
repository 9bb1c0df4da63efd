// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"database/sql"
	"time"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/store"
)

const publicationColumns = `id, title, draft, draft_revision, base, version, bundle_digest, return_version, return_digest, confirm_within,
	author, author_name, created, state, since, deadline, result, by_name, outcome`

func scanPublication(row store.Row, more ...any) (Publication, error) {
	var p Publication
	var base, version, back, confirm, created, since, deadline int64
	var outcome string
	err := row.Scan(append([]any{&p.ID, &p.Title, &p.Draft, &p.DraftRevision, &base, &version, &p.Digest, &back, &p.ReturnDigest, &confirm,
		&p.Author, &p.AuthorName, &created, &p.State, &since, &deadline, &p.Result, &p.By, &outcome}, more...)...)
	if err != nil {
		return p, err
	}
	p.Base, p.Version, p.ReturnVersion = uint64(base), uint64(version), uint64(back)
	p.ConfirmWithin = int(time.Duration(confirm) * time.Millisecond / time.Minute)
	p.Created, p.Since, p.Deadline = store.Time(created), store.Time(since), store.Time(deadline)
	p.Outcome, err = outcomeOf(outcome)
	return p, err
}

func readPublication(ctx context.Context, q querier, id string) (Publication, error) {
	return scanPublication(q.QueryRowContext(ctx, `SELECT `+publicationColumns+` FROM policies WHERE id = $1`, id))
}

// documents are the bundles of a publication; the signed ones are empty before it is
// approved, and the signed return once it must not be used any more.
type documents struct{ bundle, back, signed, signedBack []byte }

func readDocuments(ctx context.Context, q querier, id string) (d documents, err error) {
	err = q.QueryRowContext(ctx, `SELECT bundle, return_bundle, signed_bundle, signed_return FROM policies WHERE id = $1`, id).
		Scan(&d.bundle, &d.back, &d.signed, &d.signedBack)
	return d, err
}

func insertPublication(ctx context.Context, tx *sql.Tx, m *made) error {
	none := []byte{}
	back := m.back
	if back == nil {
		back = none
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO policies (`+publicationColumns+`, files, base_digest, bundle, return_bundle, signed_bundle, signed_return)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		m.ID, m.Title, m.Draft, m.DraftRevision, int64(m.Base), int64(m.Version), m.Digest, int64(m.ReturnVersion), m.ReturnDigest,
		(time.Duration(m.ConfirmWithin) * time.Minute).Milliseconds(), m.Author, m.AuthorName, m.Created.UnixMilli(), string(m.State),
		m.Since.UnixMilli(), int64(0), "", "", "", m.folder.encode(), m.baseDigest, m.bundle, back, none, none)
	return err
}

// move is a change of a publication's state.
type move struct {
	from, to   State
	deadline   time.Time
	result, by string
	outcome    *Outcome // what result says
	forget     bool     // the signed return, which must not be used any more
}

// move makes a change if the publication is in the state that it starts from. It is false
// when somebody else was first.
func (d *Desk) move(ctx context.Context, id string, m move) (bool, error) {
	var deadline int64
	if !m.deadline.IsZero() {
		deadline = m.deadline.UnixMilli()
	}
	outcome, err := m.outcome.encoded()
	if err != nil {
		return false, err
	}
	done := false
	err = d.db.Tx(ctx, func(tx *sql.Tx) error {
		forget, args := "", []any{id, string(m.from), string(m.to), d.Now().UnixMilli(), deadline, m.result, m.by, outcome}
		if m.forget {
			forget, args = ", signed_return = $9", append(args, []byte{})
		}
		r, err := tx.ExecContext(ctx, `UPDATE policies SET state = $3, since = $4, deadline = $5, result = $6,
			by_name = CASE WHEN $7 = '' THEN by_name ELSE $7 END, outcome = $8`+forget+` WHERE id = $1 AND state = $2`, args...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		done = n == 1
		return err
	})
	if err != nil {
		return false, err
	}
	if done {
		d.Tell(topicPolicy, id)
	}
	return done, nil
}

// approve keeps the signed bundles of a prepared publication, which is applied from then on.
func (d *Desk) approve(ctx context.Context, id string, bundle, back []byte) error {
	if back == nil {
		back = []byte{}
	}
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := nothingWaits(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE policies SET state = $3, since = $4, signed_bundle = $5, signed_return = $6 WHERE id = $1 AND state = $2`,
			id, string(Prepared), string(Applying), d.Now().UnixMilli(), bundle, back)
		return err
	})
}

// underWay are the publications that something is still to be done for.
func underWay(ctx context.Context, q querier) ([]Publication, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+publicationColumns+` FROM policies WHERE state IN ('applying', 'unconfirmed', 'returning') ORDER BY version`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Publication
	for rows.Next() {
		p, err := scanPublication(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// lapse forgets the bundles of what was prepared long ago. Its row stays: its versions
// are not given again.
func (d *Desk) lapse(ctx context.Context) error {
	outcome, err := (&Outcome{Code: codeLapsed}).encoded()
	if err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE policies SET state = $1, since = $2, files = $3, bundle = $3, return_bundle = $3, result = $4, outcome = $5 WHERE state = $6 AND created < $7`,
			string(Lapsed), d.Now().UnixMilli(), []byte{}, "Nobody approved it.", outcome, string(Prepared), d.Now().Add(-lapseAfter).UnixMilli())
		return err
	})
}

// lapseAfter is longer than a proposal can be open or due.
const lapseAfter = 90 * 24 * time.Hour

// Publications is a page of the publications.
func (d *Desk) Publications(ctx context.Context, p store.Page) ([]Publication, string, error) {
	return store.List[Publication]{
		Table: "policies", Columns: publicationColumns, Scan: func(row store.Row) (Publication, error) { return scanPublication(row) },
		Place: func(one *Publication) store.Place { return store.PlaceOf(one.Created, one.ID) },
	}.Page(ctx, d.db, p)
}

// Publication is one publication.
func (d *Desk) Publication(ctx context.Context, id string) (Publication, error) {
	p, err := readPublication(ctx, d.db, id)
	return p, unknown(err, "publication", id)
}

// Document is a bundle of a publication as its approvers look at it and sign it: the
// return, or the new one, which has signatures once it was approved.
func (d *Desk) Document(ctx context.Context, id string, back bool) ([]byte, error) {
	docs, err := readDocuments(ctx, d.db, id)
	if err != nil {
		return nil, unknown(err, "publication", id)
	}
	payload := docs.bundle
	switch {
	case back:
		payload = docs.back // signed it would be one more way back, for whoever reads it
	case len(docs.signed) > 0:
		return docs.signed, nil
	}
	if len(payload) == 0 {
		return nil, unknown(sql.ErrNoRows, "bundle of publication", id)
	}
	return (&envelope.Signed{Payload: payload}).Encode(), nil
}
