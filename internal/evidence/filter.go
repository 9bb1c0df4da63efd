// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// filter is a query as numbers.
type filter struct {
	from, to int64          // Unix milliseconds, from included
	kinds    map[int64]bool // that may match
	narrow   bool           // the kinds are not all
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

// textFilter is where a text may be.
type textFilter struct {
	text    string // ASCII letters in lower case
	digits  string // the text where it may begin a parcel's id, else empty
	kinds   map[int64]bool
	words   []int64    // that have it
	parcels [][16]byte // that begin with it
	few     bool       // words and parcels are all there are
	seen    map[int64]bool
}

// maxFew is how many words or parcels with a text are looked for each by itself.
const maxFew = 64

// matches tells whether an entry is one that is looked for. The words of the row must be
// known to the text filter.
func (f *filter) matches(r *row) bool {
	return f.kinds[r.kind] && r.at >= f.from && r.at < f.to &&
		f.subject.matches(r.subject) && f.object.matches(r.object) && f.address.matches(r.address) &&
		(f.parcel == nil || *f.parcel == r.parcel) && (f.text == nil || f.text.matches(r))
}

func (t *textFilter) matches(r *row) bool {
	return t.kinds[r.kind] || t.seen[r.subject] || t.seen[r.object] ||
		t.digits != "" && r.parcel != [16]byte{} && strings.HasPrefix(hex.EncodeToString(r.parcel[:]), t.digits)
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
			return nil, invalid("parcel", "32 hexadecimal digits")
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

// lower makes ASCII letters small, as both databases compare them.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

func (x *Index) textFilter(ctx context.Context, f *filter, k *kinds, text string) (*textFilter, error) {
	t := &textFilter{text: text, kinds: map[int64]bool{}, seen: map[int64]bool{}}
	for id := range f.kinds {
		s := k.shapes[id]
		if strings.Contains(lower(s[inFlow]+"\x00"+s[inAction]+"\x00"+s[inReason]), text) {
			t.kinds[id] = true
		}
	}
	if len(text) >= 4 && len(text) <= 32 && strings.Trim(text, "0123456789abcdef") == "" {
		t.digits = text
	}
	return t, x.findWords(ctx, f, t)
}

// findWords finds the words and parcels that have a text, if there are few.
func (x *Index) findWords(ctx context.Context, f *filter, t *textFilter) error {
	column := "word" // LIKE leaves the case of ASCII letters alone in SQLite
	if x.db.Kind == store.Postgres {
		column = `lower(word COLLATE "C")`
	}
	pattern := "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(t.text) + "%"
	err := each(ctx, x.db, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		t.words = append(t.words, id)
		t.seen[id] = true
		return err
	}, `SELECT id FROM evidence_words WHERE last >= $1 AND `+column+` LIKE $2 ESCAPE '!' LIMIT $3`, f.from/partLength, pattern, maxFew+1)
	if err != nil {
		return err
	}
	if t.few = len(t.words) <= maxFew; t.few && t.digits != "" {
		return x.findParcels(ctx, f, t)
	}
	return nil
}

func (x *Index) findParcels(ctx context.Context, f *filter, t *textFilter) error {
	low, err := hex.DecodeString(t.digits + strings.Repeat("0", 32-len(t.digits)))
	if err != nil {
		return err
	}
	high, err := hex.DecodeString(t.digits + strings.Repeat("f", 32-len(t.digits)))
	if err != nil {
		return err
	}
	parts := partList{from: f.from, next: f.to}
	for i := 0; t.few; i++ {
		part, ok, err := parts.at(ctx, x.db, i)
		if err != nil || !ok {
			return err
		}
		err = each(ctx, x.db, func(rows *sql.Rows) error {
			var id []byte
			if err := rows.Scan(&id); err != nil {
				return err
			}
			if p := parcelOf(id); !slices.Contains(t.parcels, p) {
				t.parcels = append(t.parcels, p)
			}
			return nil
		}, `SELECT DISTINCT parcel FROM evidence WHERE part = $1 AND parcel >= $2 AND parcel <= $3 LIMIT $4`, part, low, high, maxFew+1)
		if err != nil {
			return err
		}
		t.few = len(t.parcels) <= maxFew
	}
	return nil
}

// know looks at the words of rows for the text, where not all that have it are known.
func (x *Index) know(ctx context.Context, t *textFilter, rows []row) error {
	if t == nil || t.few {
		return nil
	}
	var ids []int64
	for i := range rows {
		for _, id := range []int64{rows[i].subject, rows[i].object} {
			if _, known := t.seen[id]; !known && id != 0 {
				t.seen[id] = false
				ids = append(ids, id)
			}
		}
	}
	texts, err := x.wordsOf(ctx, ids)
	for id, text := range texts {
		t.seen[id] = strings.Contains(lower(text), t.text)
	}
	return err
}

// textCache are the texts of words that were shown lately.
type textCache map[int64]string

// wordsOf finds the texts of words.
func (x *Index) wordsOf(ctx context.Context, ids []int64) (map[int64]string, error) {
	found := make(map[int64]string, len(ids))
	var missing []int64
	x.mu.RLock()
	for _, id := range ids {
		if text, ok := x.texts[id]; ok {
			found[id] = text
		} else if id != 0 {
			missing = append(missing, id)
		}
	}
	x.mu.RUnlock()
	if len(missing) == 0 {
		return found, nil
	}
	fresh := map[int64]string{}
	for chunk := range slices.Chunk(missing, wordsAtOnce) {
		err := each(ctx, x.db, func(rows *sql.Rows) error {
			var id int64
			var text string
			err := rows.Scan(&id, &text)
			fresh[id], found[id] = text, text
			return err
		}, `SELECT id, word FROM evidence_words WHERE id IN (`+params(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return nil, err
		}
	}
	x.remember(fresh)
	return found, nil
}

func (x *Index) remember(fresh map[int64]string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.texts)+len(fresh) > maxKnownWords {
		clear(x.texts)
	}
	for id, text := range fresh {
		x.texts[id] = text
	}
}

// parcelOf is a parcel's id as a row has it.
func parcelOf(b []byte) (id [16]byte) {
	copy(id[:], b)
	return id
}

// unknown says that there is no such entry, or none that the caller may see: it is not
// told which.
func unknown(format string, args ...any) error { return problem.New(problem.Unknown, format, args...) }
