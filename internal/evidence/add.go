// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"dukou.dev/dukou/internal/audit"
)

// run are entries of one log that follow one another.
type run struct {
	origin  string
	from    uint64 // index of the first
	entries []entry
}

// ofParcels tells whether some of the entries are of parcels.
func (r run) ofParcels() bool {
	return slices.ContainsFunc(r.entries, func(e entry) bool { return e.parcel != [16]byte{} })
}

// errMoved says that somebody else has added to the index.
var errMoved = errors.New("evidence: another process fills this index")

// rowsAtOnce is how many rows one statement adds.
const rowsAtOnce = 64

const rowWidth = 9

// Add adds entries of a log that follow one another, the first of which has index from.
// Those that are there already are left out; a gap is an error. Run does this for all
// logs; Add is for who has the leaves in hand.
func (x *Index) Add(ctx context.Context, origin string, from uint64, leaves []audit.Leaf) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	next := x.next(origin)
	if from > next {
		return fmt.Errorf("evidence: %s is indexed to %d, these begin with %d", component(origin), next, from)
	}
	r := run{origin: origin, from: next}
	for i := range leaves {
		if from+uint64(i) >= next {
			r.entries = append(r.entries, entryOf(&leaves[i]))
		}
	}
	return x.add(ctx, []run{r})
}

// next is the index of the first entry of a log that is not in the tables.
func (x *Index) next(origin string) uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if s := x.logs[origin]; s != nil {
		return s.next
	}
	return 0
}

// addition is what one transaction adds.
type addition struct {
	runs    []run
	entries []*entry // those of the runs that are kept
	kinds   map[shape]int64
	words   learnt
	logs    map[string]int64 // numbers of logs that are new
}

// add adds all of the runs, or nothing, and moves the logs' cursors in the same
// transaction. It is called with writing held.
func (x *Index) add(ctx context.Context, runs []run) error {
	a := addition{runs: slices.DeleteFunc(runs, func(r run) bool { return len(r.entries) == 0 })}
	if len(a.runs) == 0 {
		return nil
	}
	for i := range a.runs {
		for j := range a.runs[i].entries {
			if e := &a.runs[i].entries[j]; !e.skip {
				a.entries = append(a.entries, e)
			}
		}
	}
	err := x.db.Tx(ctx, func(tx *sql.Tx) error { return x.write(ctx, tx, &a) })
	if errors.Is(err, errMoved) {
		return errors.Join(err, x.load(ctx))
	}
	if err != nil {
		return err
	}
	x.words.take(a.words)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.kinds = x.kinds.with(a.kinds)
	for origin, number := range a.logs {
		x.logs[origin], x.names[number] = &logState{number: number}, origin
	}
	for _, r := range a.runs {
		x.logs[r.origin].next = r.from + uint64(len(r.entries))
	}
	return nil
}

// write is what happens in the transaction. It sets anew all that it changes of a.
func (x *Index) write(ctx context.Context, tx *sql.Tx, a *addition) (err error) {
	a.logs = map[string]int64{}
	for _, r := range a.runs {
		if err := x.advance(ctx, tx, r, a.logs); err != nil {
			return err
		}
	}
	if a.words, err = x.words.learn(ctx, tx, a.entries); err != nil {
		return err
	}
	if err := x.newKinds(ctx, tx, a); err != nil {
		return err
	}
	if err := x.writeRows(ctx, tx, a); err != nil {
		return err
	}
	return x.countHours(ctx, tx, a)
}

// advance moves the cursor of a log over a run, from where it must stand.
func (x *Index) advance(ctx context.Context, tx *sql.Tx, r run, fresh map[string]int64) error {
	end := int64(r.from) + int64(len(r.entries))
	if x.logs[r.origin] == nil {
		number := int64(len(x.names) + len(fresh) + 1)
		fresh[r.origin] = number
		_, err := tx.ExecContext(ctx, `INSERT INTO evidence_logs (log, origin, next) VALUES ($1, $2, $3)`, number, clean(r.origin), end)
		return err
	}
	done, err := tx.ExecContext(ctx, `UPDATE evidence_logs SET next = $1 WHERE origin = $2 AND next = $3`, end, clean(r.origin), int64(r.from))
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errMoved, err)
	}
	return nil
}

// newKinds gives numbers to the kinds of the batch that have none.
func (x *Index) newKinds(ctx context.Context, tx *sql.Tx, a *addition) error {
	a.kinds = map[shape]int64{}
	last := x.kinds.last
	of := map[string]int{} // new kinds by log
	for _, e := range a.entries {
		if x.kindOf(e.shape, a) != 0 {
			continue
		}
		if log := e.shape[inLog]; x.kinds.ofLog[log]+of[log] >= x.most.kinds {
			if e.shape = e.shape.general(); x.kindOf(e.shape, a) != 0 {
				continue
			}
		}
		last++
		a.kinds[e.shape] = last
		of[e.shape[inLog]]++
		if _, err := tx.ExecContext(ctx, `INSERT INTO evidence_kinds (id, shape) VALUES ($1, $2)`, last, e.shape.text()); err != nil {
			return err
		}
	}
	return nil
}

// kindOf is the number of a kind, 0 for none.
func (x *Index) kindOf(s shape, a *addition) int64 {
	if id, ok := x.kinds.ids[s]; ok {
		return id
	}
	return a.kinds[s]
}

func (x *Index) writeRows(ctx context.Context, tx *sql.Tx, a *addition) error {
	args := make([]any, 0, len(a.entries)*rowWidth)
	for i := range a.runs {
		args = x.appendRows(args, &a.runs[i], a)
	}
	const into = `INSERT INTO evidence (at, idx, log, part, kind, subject, object, address, parcel) VALUES `
	if len(args) >= rowsAtOnce*rowWidth {
		many, err := tx.PrepareContext(ctx, into+tuples(rowsAtOnce, rowWidth))
		if err != nil {
			return err
		}
		defer many.Close()
		for ; len(args) >= rowsAtOnce*rowWidth; args = args[rowsAtOnce*rowWidth:] {
			if _, err := many.ExecContext(ctx, args[:rowsAtOnce*rowWidth]...); err != nil {
				return err
			}
		}
	}
	if len(args) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, into+tuples(len(args)/rowWidth, rowWidth), args...)
	return err
}

// appendRows appends the columns of a run's rows.
func (x *Index) appendRows(args []any, r *run, a *addition) []any {
	number := a.logs[r.origin]
	if s := x.logs[r.origin]; s != nil {
		number = s.number
	}
	for i := range r.entries {
		e := &r.entries[i]
		if e.skip {
			continue
		}
		args = append(args, e.at, int64(r.from)+int64(i), number, e.part(), x.kindOf(e.shape, a),
			a.words.column(e.subject), a.words.column(e.object), a.words.column(e.address), parcelColumn(e.parcel))
	}
	return args
}

// column is the number of a word, or NULL for none.
func (l *learnt) column(text string) any {
	if text == "" {
		return nil
	}
	return l.words[text].id
}

func parcelColumn(p [16]byte) any {
	if p == [16]byte{} {
		return nil
	}
	return p[:]
}

// countHours counts the batch into the hours of each kind.
func (x *Index) countHours(ctx context.Context, tx *sql.Tx, a *addition) error {
	type slot struct{ kind, hour int64 }
	counts := map[slot]int64{}
	for _, e := range a.entries {
		counts[slot{x.kindOf(e.shape, a), e.at / hourLength}]++
	}
	args := make([]any, 0, 3*len(counts))
	for s, n := range counts {
		args = append(args, s.kind, s.hour, n)
	}
	for chunk := range slices.Chunk(args, 3*wordsAtOnce) {
		_, err := tx.ExecContext(ctx, `INSERT INTO evidence_hours (kind, hour, n) VALUES `+tuples(len(chunk)/3, 3)+
			` ON CONFLICT (kind, hour) DO UPDATE SET n = evidence_hours.n + excluded.n`, chunk...)
		if err != nil {
			return err
		}
	}
	return nil
}
