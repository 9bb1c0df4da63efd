// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/store"
)

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

func (t *textFilter) matches(r *row) bool {
	return t.kinds[r.kind] || t.seen[r.subject] || t.seen[r.object] ||
		t.digits != "" && r.parcel != [16]byte{} && strings.HasPrefix(hex.EncodeToString(r.parcel[:]), t.digits)
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
