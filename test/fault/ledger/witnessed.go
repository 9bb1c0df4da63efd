// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"slices"

	"dukou.dev/dukou/internal/audit"

	"golang.org/x/mod/sumdb/tlog"
)

// witnessed holds a log, read from its beginning, against every checkpoint that a
// witness was ever seen to keep.
type witnessed struct {
	tree  audit.Tree
	left  []audit.Checkpoint // by size
	wrong []string
}

func newWitnessed(checkpoints [][]byte) (*witnessed, error) {
	w := &witnessed{}
	for _, signed := range checkpoints {
		c, err := audit.ParseCheckpoint(signed)
		if err != nil {
			return nil, err
		}
		w.left = append(w.left, c)
	}
	slices.SortStableFunc(w.left, func(a, b audit.Checkpoint) int { return int(a.Size) - int(b.Size) })
	return w, w.compare()
}

// add takes the next entry.
func (w *witnessed) add(c *audit.Content) error {
	if err := w.tree.Add(c.Hash(), nil); err != nil {
		return err
	}
	return w.compare()
}

// compare holds the tree against the checkpoints of its size.
func (w *witnessed) compare() error {
	for len(w.left) > 0 && w.left[0].Size == w.tree.Size() {
		root, err := w.root()
		if err != nil {
			return err
		}
		if root != w.left[0].Root {
			w.wrong = append(w.wrong, fmt.Sprintf("a witness has seen another log of %d entries", w.tree.Size()))
		}
		w.left = w.left[1:]
	}
	return nil
}

func (w *witnessed) root() (tlog.Hash, error) {
	if w.tree.Size() == 0 {
		return tlog.TreeHash(0, nil)
	}
	return w.tree.Root()
}

// end gives what was wrong; a witness that has seen more than there is, too.
func (w *witnessed) end() []string {
	for _, c := range w.left {
		w.wrong = append(w.wrong, fmt.Sprintf("a witness has seen %d entries, there are %d", c.Size, w.tree.Size()))
	}
	return w.wrong
}
