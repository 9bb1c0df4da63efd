// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"dukou.dev/dukou/internal/problem"
)

// Bounds of a count.
const (
	countedRows = 200_000 // rows of a short window that are counted one by one; more are counted by the hour
	exactWindow = 6 * time.Hour
	maxBuckets  = 1000
	maxCounts   = 5000 // counts in one answer
	maxTop      = 100  // values that are named; the others are counted together
	kindsAtOnce = 400
)

// OtherValues stands for all values that are not named by themselves.
const OtherValues = "…others"

// CountQuery says what is counted. Limit and After of the query are of no effect.
type CountQuery struct {
	Query
	By     Field         // empty: all together
	Bucket time.Duration // empty: one for the whole window; whole seconds
}

// Count is how many entries there were of a value, from a time on.
type Count struct {
	Start time.Time `json:"start" doc:"begin of the bucket"`
	Value string    `json:"value,omitempty"`
	N     int64     `json:"n"`
}

// Counts is an answer to a count. It may be by whole hours where it was asked otherwise:
// From, To and Bucket say what was counted.
type Counts struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Bucket int64     `json:"bucket_seconds,omitempty"`
	Counts []Count   `json:"counts" doc:"by time, then the most first"`
	Whole  bool      `json:"whole" doc:"false: only entries since back were counted"`
	Back   time.Time `json:"back" doc:"counted back to here"`
}

// counter adds up.
type counter struct {
	from, bucket int64 // milliseconds; a bucket of 0 is the whole window
	n            map[slot]int64
}

type slot struct {
	start int64
	value int64 // a kind, or a word
}

func (c *counter) add(at, value, n int64) { c.n[slot{c.start(at), value}] += n }

func (c *counter) start(at int64) int64 {
	if c.bucket == 0 {
		return c.from
	}
	return max(c.from, at-at%c.bucket)
}

// Count counts the entries of a scope that a query chooses. What is asked by the fields
// of a kind alone is counted by the hour, at once; other fields, and short windows, row
// by row within the bounds of a search.
func (x *Index) Count(ctx context.Context, s Scope, q CountQuery) (Counts, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	f, err := x.compileCount(ctx, s, &q)
	if err != nil {
		return Counts{}, x.late(ctx, err)
	}
	_, ofKind := q.By.inShape()
	c := counter{from: f.from, bucket: q.Bucket.Milliseconds(), n: map[slot]int64{}}
	whole, back := true, f.from
	if (ofKind || q.By == "") && f.kindsOnly() {
		err = x.countKinds(ctx, f, &c)
	} else {
		whole, back, err = x.countRows(ctx, f, &c, q.By)
	}
	if err != nil {
		return Counts{}, x.late(ctx, err)
	}
	counts, err := x.named(ctx, &c, q.By)
	return Counts{
		From: time.UnixMilli(f.from).UTC(), To: time.UnixMilli(f.to).UTC(), Bucket: c.bucket / 1000, Counts: counts,
		Whole: whole, Back: time.UnixMilli(back).UTC(),
	}, x.late(ctx, err)
}

func (x *Index) compileCount(ctx context.Context, s Scope, q *CountQuery) (*filter, error) {
	if q.By != "" && !q.By.valid() {
		return nil, invalid("by", problem.Because(problem.NoSuch, fmt.Sprintf("there is no field %q", q.By), string(q.By)))
	}
	if q.Bucket < 0 || q.Bucket%time.Second != 0 {
		return nil, invalid("bucket", problem.Like("1h", "whole seconds"))
	}
	if q.To.IsZero() {
		q.To = x.c.Now()
	}
	f, err := x.compile(ctx, s, &q.Query)
	if err == nil && q.Bucket > 0 && (f.to-f.from)/q.Bucket.Milliseconds() > maxBuckets {
		return nil, invalid("bucket", problem.AtMost(problem.Count, maxBuckets))
	}
	return f, err
}

// kindsOnly tells whether the kind of a row alone decides whether it matches.
func (f *filter) kindsOnly() bool {
	free := func(w *wordFilter) bool { return w.is == nil && w.not == nil }
	return free(&f.subject) && free(&f.object) && free(&f.address) && f.parcel == nil && f.text == nil
}

// countKinds counts by the fields of kinds: row by row in a short window with few rows,
// else by whole hours, to which it widens the window.
func (x *Index) countKinds(ctx context.Context, f *filter, c *counter) error {
	first, last := f.from/hourLength, (f.to-1)/hourLength
	if f.to-f.from <= exactWindow.Milliseconds() {
		var n int64
		if err := x.hours(ctx, f, first, last, func(_, _, rows int64) { n += rows }); err != nil {
			return err
		}
		if n <= countedRows {
			return x.countExactly(ctx, f, c)
		}
	}
	f.from, f.to = first*hourLength, (last+1)*hourLength
	if c.from = f.from; c.bucket != 0 {
		c.bucket = (c.bucket + hourLength - 1) / hourLength * hourLength
	}
	return x.hours(ctx, f, first, last, func(kind, hour, n int64) { c.add(hour*hourLength, kind, n) })
}

// hours gives fn what the hours from first to last have of the filter's kinds.
func (x *Index) hours(ctx context.Context, f *filter, first, last int64, fn func(kind, hour, n int64)) error {
	return x.byKinds(ctx, f, fn, `SELECT kind, hour, n FROM evidence_hours WHERE hour >= $1 AND hour <= $2 AND kind IN (%s)`, first, last)
}

// countExactly counts rows in the database.
func (x *Index) countExactly(ctx context.Context, f *filter, c *counter) error {
	width := c.bucket
	if width == 0 {
		width = maxTime + 1
	}
	return x.byKinds(ctx, f, func(kind, bucket, n int64) { c.add(bucket*width, kind, n) },
		`SELECT kind, at / $3, COUNT(*) FROM evidence WHERE at >= $1 AND at < $2 AND kind IN (%s) GROUP BY 1, 2`, f.from, f.to, width)
}

// byKinds asks for three numbers of each of the filter's kinds, whose place in the query
// is %s.
func (x *Index) byKinds(ctx context.Context, f *filter, fn func(a, b, c int64), query string, args ...any) error {
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(f.kinds)), kindsAtOnce) {
		err := each(ctx, x.db, func(rows *sql.Rows) error {
			var a, b, c int64
			err := rows.Scan(&a, &b, &c)
			fn(a, b, c)
			return err
		}, fmt.Sprintf(query, params(1+len(args), len(chunk))), append(slices.Clone(args), anys(chunk)...)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// countRows looks at row after row, from the newest.
func (x *Index) countRows(ctx context.Context, f *filter, c *counter, by Field) (whole bool, back int64, err error) {
	w, err := x.walk(ctx, f, "", func(r row) bool {
		value := r.kind
		switch by { //nolint:exhaustive // the others are of the kind
		case FieldSubject:
			value = r.subject
		case FieldObject:
			value = r.object
		case FieldAddress:
			value = r.address
		default:
		}
		c.add(r.at, value, 1)
		return true
	})
	if w.whole {
		return true, f.from, err
	}
	return false, w.last.at, err
}

// named makes counts of numbers: those of kinds come together by the field's value.
func (x *Index) named(ctx context.Context, c *counter, by Field) ([]Count, error) {
	value, err := x.valueOf(ctx, c, by)
	if err != nil {
		return nil, err
	}
	sums := map[Count]int64{}
	total := map[string]int64{}
	for s, n := range c.n {
		name := value(s.value)
		sums[Count{Start: time.UnixMilli(s.start).UTC(), Value: name}] += n
		total[name] += n
	}
	top := topOf(total)
	merged := map[Count]int64{}
	for key, n := range sums {
		if !top[key.Value] {
			key.Value = OtherValues
		}
		merged[key] += n
	}
	if len(merged) > maxCounts {
		return nil, problem.New(problem.TooLarge, "%d counts, at most %d: ask for longer buckets or a narrower query", len(merged), maxCounts)
	}
	list := make([]Count, 0, len(merged))
	for key, n := range merged {
		key.N = n
		list = append(list, key)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
	})
	return list, nil
}

// valueOf gives the names of what was counted.
func (x *Index) valueOf(ctx context.Context, c *counter, by Field) (func(int64) string, error) {
	if by == "" {
		return func(int64) string { return "" }, nil
	}
	if i, ok := by.inShape(); ok {
		k := x.allKinds()
		return func(id int64) string { return k.shapes[id][i] }, nil
	}
	totals := map[int64]int64{}
	for s, n := range c.n {
		totals[s.value] += n
	}
	ids := make([]int64, 0, len(totals))
	for id := range totals {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int64) int { return cmp.Or(cmp.Compare(totals[b], totals[a]), cmp.Compare(a, b)) })
	words, err := x.wordsOf(ctx, ids[:min(len(ids), maxTop)])
	return func(id int64) string {
		if text, ok := words[id]; ok || id == 0 {
			return text
		}
		return OtherValues
	}, err
}

// topOf are the values that are named: the most frequent.
func topOf(total map[string]int64) map[string]bool {
	names := make([]string, 0, len(total))
	for name := range total {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(total[b], total[a]), cmp.Compare(a, b)) })
	top := map[string]bool{}
	for _, name := range names[:min(len(names), maxTop)] {
		top[name] = true
	}
	return top
}
