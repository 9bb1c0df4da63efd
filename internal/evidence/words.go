// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what is kept in memory of the words.
const (
	maxKnownWords = 100_000
	wordsAtOnce   = 100 // in one statement: SQLite looks for each parameter among those before it
)

// word is a text that rows name by number.
type word struct {
	id   int64
	last int64 // the latest part that uses it, as the table says
}

// wordCache are the words that were used lately. It is for one goroutine.
type wordCache struct {
	last  int64 // the largest number in use
	known map[string]word
}

// learnt are the words of one batch, which the cache takes in once they are on the disk.
type learnt struct {
	last  int64
	words map[string]word
}

func (c *wordCache) take(l learnt) {
	if len(c.known)+len(l.words) > maxKnownWords {
		clear(c.known)
	}
	maps.Copy(c.known, l.words)
	c.last = l.last
}

// learn finds the numbers of all words of a batch, and gives numbers to those that have none.
func (c *wordCache) learn(ctx context.Context, tx *sql.Tx, entries []*entry) (learnt, error) {
	l := learnt{last: c.last, words: map[string]word{}}
	used := map[string]int64{} // the latest part in which each is used
	for _, e := range entries {
		for _, text := range []string{e.subject, e.object, e.address} {
			if part, seen := used[text]; text != "" && (!seen || part < e.part()) {
				used[text] = e.part()
			}
		}
	}
	var unknown []string
	for text := range used {
		if w, ok := c.known[text]; ok {
			l.words[text] = w
		} else {
			unknown = append(unknown, text)
		}
	}
	slices.Sort(unknown) // the same numbers after the same logs
	if err := l.look(ctx, tx, unknown); err != nil {
		return l, err
	}
	if err := l.name(ctx, tx, unknown, used); err != nil {
		return l, err
	}
	return l, l.renew(ctx, tx, used)
}

// look finds the numbers of words that the table has.
func (l *learnt) look(ctx context.Context, tx *sql.Tx, texts []string) error {
	for chunk := range slices.Chunk(texts, wordsAtOnce) {
		err := each(ctx, tx, func(rows *sql.Rows) error {
			var text string
			var w word
			err := rows.Scan(&w.id, &text, &w.last)
			l.words[text] = w
			return err
		}, `SELECT id, word, last FROM evidence_words WHERE word IN (`+params(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// name gives numbers to those of texts that have none yet.
func (l *learnt) name(ctx context.Context, tx *sql.Tx, texts []string, used map[string]int64) error {
	fresh := make([]string, 0, len(texts))
	for _, text := range texts {
		if _, ok := l.words[text]; !ok {
			l.last++
			l.words[text] = word{l.last, used[text]}
			fresh = append(fresh, text)
		}
	}
	for chunk := range slices.Chunk(fresh, wordsAtOnce) {
		args := make([]any, 0, 3*len(chunk))
		for _, text := range chunk {
			args = append(args, l.words[text].id, text, l.words[text].last)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO evidence_words (id, word, last) VALUES `+tuples(len(chunk), 3), args...); err != nil {
			return err
		}
	}
	return nil
}

// renew notes the part in which words are used, so that Prune leaves them.
func (l *learnt) renew(ctx context.Context, tx *sql.Tx, used map[string]int64) error {
	older := map[int64][]int64{} // numbers by part
	for text, part := range used {
		if w := l.words[text]; w.last < part {
			w.last = part
			l.words[text] = w
			older[part] = append(older[part], w.id)
		}
	}
	for part, ids := range older {
		for chunk := range slices.Chunk(ids, wordsAtOnce) {
			_, err := tx.ExecContext(ctx, `UPDATE evidence_words SET last = $1 WHERE last < $1 AND id IN (`+params(2, len(chunk))+`)`,
				append([]any{part}, anys(chunk)...)...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// params are n parameters from number first on: "$1, $2".
func params(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}

// tuples are n lists of parameters: "($1, $2), ($3, $4)".
func tuples(n, width int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + params(1+i*width, width) + ")")
	}
	return b.String()
}

func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}
