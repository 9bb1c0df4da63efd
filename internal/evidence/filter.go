// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/problem"
)

// filter is a query as numbers.
type filter struct {
	from, to int64          // Unix milliseconds, from included
	kinds    map[int64]bool // that may match
	narrow   bool           // the kinds are not all
	byClass  bool           // the kinds are chosen by class alone: other ways are rarer
	broad    bool           // and there are no other ways: most rows are likely to be of them
	subject  wordFilter
	object   wordFilter
	address  wordFilter
	parcel   *[16]byte
	text     *textFilter // nil for none
}

// wordFilter chooses words by number.
type wordFilter struct {
	is  map[int64]bool // nil: any
	not map[int64]bool
}

func (w *wordFilter) matches(id int64) bool {
	return (w.is == nil || w.is[id]) && !w.not[id]
}

// matches tells whether an entry is one that is looked for. The words of the row must be
// known to the text filter.
func (f *filter) matches(r *row) bool {
	return f.kinds[r.kind] && r.at >= f.from && r.at < f.to &&
		f.subject.matches(r.subject) && f.object.matches(r.object) && f.address.matches(r.address) &&
		(f.parcel == nil || *f.parcel == r.parcel) && (f.text == nil || f.text.matches(r))
}

// compile makes a filter of a query that was checked.
func (x *Index) compile(ctx context.Context, s Scope, q *Query) (*filter, error) {
	if err := q.check(s); err != nil {
		return nil, err
	}
	f := &filter{}
	f.from, f.to = q.bounds()
	if q.Parcel != "" {
		id, err := reader.ParseParcel(strings.ToLower(q.Parcel))
		if err != nil {
			return nil, invalid("parcel", problem.Hex(32))
		}
		f.parcel = &id
	}
	k := x.allKinds()
	f.kinds = k.choose(s, q)
	f.narrow = len(f.kinds) < len(k.shapes)
	for field, w := range map[Field]*wordFilter{FieldSubject: &f.subject, FieldObject: &f.object, FieldAddress: &f.address} {
		var err error
		if *w, err = x.wordFilter(ctx, q.Is[field], q.Not[field]); err != nil {
			return nil, err
		}
	}
	if q.Text == "" {
		return f, nil
	}
	var err error
	f.text, err = x.textFilter(ctx, f, &k, lower(clean(q.Text)))
	return f, err
}

func (x *Index) allKinds() kinds {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.kinds
}

// choose gives the kinds in a scope that a query does not exclude.
func (k *kinds) choose(s Scope, q *Query) map[int64]bool {
	chosen := map[int64]bool{}
	for id, shape := range k.shapes {
		if s.Sees(audit.Class(shape[inClass])) && shape.fits(q) {
			chosen[id] = true
		}
	}
	return chosen
}

// fits holds a kind against the fields of a query that a kind has.
func (s *shape) fits(q *Query) bool {
	for field, values := range q.Is {
		if i, ok := field.inShape(); ok && len(values) > 0 && !slices.Contains(values, s[i]) {
			return false
		}
	}
	for field, values := range q.Not {
		if i, ok := field.inShape(); ok && slices.Contains(values, s[i]) {
			return false
		}
	}
	from := q.Is[FieldAddress] // only administrators' acts have one
	return len(from) == 0 || slices.Contains(from, "") || s[inClass] == string(audit.ClassAdmin)
}

// wordFilter finds the numbers of values. The empty value is that of rows without one.
func (x *Index) wordFilter(ctx context.Context, is, not []string) (w wordFilter, err error) {
	if len(is) > 0 {
		if w.is, err = x.numbers(ctx, is); err != nil {
			return w, err
		}
	}
	if len(not) > 0 {
		w.not, err = x.numbers(ctx, not)
	}
	return w, err
}

func (x *Index) numbers(ctx context.Context, texts []string) (map[int64]bool, error) {
	ids := map[int64]bool{}
	var words []string
	for _, text := range texts {
		if text == "" {
			ids[0] = true
		} else {
			words = append(words, clean(text))
		}
	}
	if len(words) == 0 {
		return ids, nil
	}
	return ids, each(ctx, x.db, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids[id] = true
		return err
	}, `SELECT id FROM evidence_words WHERE word IN (`+params(1, len(words))+`)`, anys(words)...)
}

// parcelOf is a parcel's id as a row has it.
func parcelOf(b []byte) (id [16]byte) {
	copy(id[:], b)
	return id
}

// unknown says that there is no such entry, or none that the caller may see: it is not
// told which.
func unknown(format string, args ...any) error { return problem.New(problem.Unknown, format, args...) }
