// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// ended is what is kept of a rehearsal that has ended.
type ended struct {
	Result Result `json:"result"`
	Error  string `json:"error"`
}

const columns = `id, draft, draft_revision, since, until, author, author_name, created, ended, state, result`

func (r *Rehearsals) scan(row store.Row) (Rehearsal, error) {
	var one Rehearsal
	var since, until, created, over int64
	var text string
	err := row.Scan(&one.ID, &one.Draft, &one.DraftRevision, &since, &until, &one.Author, &one.AuthorName, &created, &over, &one.State, &text)
	if err != nil {
		return one, err
	}
	one.Since, one.Until, one.Created, one.Ended = store.Time(since), store.Time(until), store.Time(created), store.Time(over)
	if text == "" {
		one.Progress = r.stage.progress(one.ID)
		one.SecondsLeft = one.Progress.Left.Seconds()
		return one, nil
	}
	var e ended
	err = json.Unmarshal([]byte(text), &e)
	one.Result, one.Error = &e.Result, e.Error
	one.Progress = Progress{Decided: e.Result.Decided}
	if one.State == Finished {
		one.Progress.Percent = 100
	}
	return one, err
}

// progress is how far the rehearsal of an id is, if it runs.
func (s *stage) progress(id string) Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || s.now.ID != id {
		return Progress{}
	}
	return s.at
}

// Get is one rehearsal.
func (r *Rehearsals) Get(ctx context.Context, id string) (Rehearsal, error) {
	one, err := r.scan(r.db.QueryRowContext(ctx, `SELECT `+columns+` FROM rehearsals WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return one, problem.New(problem.Unknown, "there is no rehearsal %q", id)
	}
	return one, err
}

// List is a page of the rehearsals.
func (r *Rehearsals) List(ctx context.Context, p store.Page) ([]Rehearsal, string, error) {
	return store.List[Rehearsal]{
		Table: "rehearsals", Columns: columns, Scan: r.scan,
		Place: func(one *Rehearsal) store.Place { return store.PlaceOf(one.Created, one.ID) },
	}.Page(ctx, r.db, p)
}

// kept is how many results are kept.
const kept = 200

func (r *Rehearsals) insert(ctx context.Context, one *Rehearsal) error {
	return r.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO rehearsals (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			one.ID, one.Draft, one.DraftRevision, one.Since.UnixMilli(), one.Until.UnixMilli(), one.Author, one.AuthorName, one.Created.UnixMilli(), int64(0), string(one.State), "")
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM rehearsals WHERE id NOT IN (SELECT id FROM rehearsals ORDER BY created DESC, id DESC LIMIT $1)`, kept)
		return err
	})
}

func (r *Rehearsals) end(ctx context.Context, id string, state State, e ended) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return r.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE rehearsals SET state = $2, ended = $3, result = $4 WHERE id = $1`, id, string(state), r.Now().UnixMilli(), string(text))
		return err
	})
}

// interrupted ends what an earlier life of the center was at.
func (r *Rehearsals) interrupted(ctx context.Context) error {
	r.stage.mu.Lock()
	mine := ""
	if r.stage.now != nil {
		mine = r.stage.now.ID
	}
	r.stage.mu.Unlock()
	return r.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE rehearsals SET state = $1, ended = $2 WHERE state = $3 AND id <> $4`,
			string(Interrupted), r.Now().UnixMilli(), string(Running), mine)
		return err
	})
}

// Said says in a sentence what the last rehearsal of a draft at a revision found.
func (r *Rehearsals) Said(ctx context.Context, draft string, revision int64) bilingual.Words {
	one, err := r.scan(r.db.QueryRowContext(ctx, `SELECT `+columns+` FROM rehearsals WHERE draft = $1 AND draft_revision = $2 AND state = $3 ORDER BY created DESC LIMIT 1`,
		draft, revision, string(Finished)))
	if err != nil || one.Result == nil {
		return bilingual.Say("rehearsal: none of this revision", "预演：此修订未做预演")
	}
	return bilingual.Say("rehearsal %s: %d decisions of %s to %s, %d would be others; %d could not be decided anew",
		"预演 %s：重新判定 %d 项（%s 至 %s），其中 %d 项结果不同；%d 项无法重新判定", one.ID, one.Result.Decided,
		one.Since.Format(time.RFC3339), one.Until.Format(time.RFC3339), one.Result.Changed, one.Result.Secret+one.Result.Sealed+one.Result.Incomplete)
}
