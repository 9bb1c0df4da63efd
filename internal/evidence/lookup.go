// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"slices"
)

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
