// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"path/filepath"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/tlog"
)

const lookahead = 1024 // entries looked at to tell what was done

// entriesWrong: the records do not have the signed root. It names the first bad
// entry with the leaf hashes in the tiles, which the signed root proves.
func (v *verifier) entriesWrong(n uint64) error {
	theirs := v.provenLeaves()
	bad, err := v.firstDifference(theirs, n)
	if err != nil {
		return err
	}
	switch {
	case bad < int64(min(n, v.head.Size)):
		ours, err := v.ourLeaves(bad)
		if err != nil {
			return err
		}
		kind, what := classify(ours, theirs.window(bad, lookahead))
		v.r.add(bad, kind, "%s", what)
	case n < v.head.Size:
		if !v.unreadable(n) {
			v.r.add(int64(n), Truncated, "the checkpoint covers %d entries, here are %d", v.head.Size, n)
		}
	default:
		v.r.add(NoIndex, Rewritten, "the entries do not have the root of the checkpoint, and the tiles that could tell which are missing or changed")
		for _, d := range v.tilesBad {
			if d.missing {
				v.missing(d)
			}
		}
	}
	return nil
}

// unreadable says whether the walk ended because entry n cannot be read.
func (v *verifier) unreadable(n uint64) bool {
	for _, f := range v.r.Findings {
		if f.Index == int64(n) && (f.Kind == Damaged || f.Kind == Malformed) {
			return true
		}
	}
	return false
}

// leafTiles reads leaf hashes that a signed root proves. Where a tile cannot be
// proven it has no hashes and is broken.
type leafTiles struct {
	size   uint64
	hashes tlog.HashReader
	broken bool
	number int64 // of the tile in data
	data   []tlog.Hash
}

func (v *verifier) provenLeaves() *leafTiles {
	tree := tlog.Tree{N: int64(v.head.Size), Hash: v.head.Root}
	return &leafTiles{size: v.head.Size, hashes: tlog.TileHashReader(tree, v.tiles), number: -1}
}

// tile returns the leaf hashes from number*256 on; none if they cannot be proven.
func (l *leafTiles) tile(number int64) []tlog.Hash {
	if number == l.number {
		return l.data
	}
	l.number, l.data = number, nil
	var indexes []int64
	for i := number * tileWidth; i < (number+1)*tileWidth && uint64(i) < l.size; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	if len(indexes) == 0 {
		return nil
	}
	hashes, err := l.hashes.ReadHashes(indexes)
	if err != nil {
		l.broken = true
		return nil
	}
	l.data = hashes
	return hashes
}

// leaf returns the hash of one leaf, if it can be proven.
func (l *leafTiles) leaf(i int64) (tlog.Hash, bool) {
	hashes := l.tile(i / tileWidth)
	if i%tileWidth >= int64(len(hashes)) {
		return tlog.Hash{}, false
	}
	return hashes[i%tileWidth], true
}

func (l *leafTiles) window(from, count int64) []tlog.Hash {
	var hashes []tlog.Hash
	for i := from; i < from+count; i++ {
		h, ok := l.leaf(i)
		if !ok {
			break
		}
		hashes = append(hashes, h)
	}
	return hashes
}

// firstDifference walks over the records again and returns the index of the
// first whose leaf is not the proven one, or n.
func (v *verifier) firstDifference(theirs *leafTiles, n uint64) (int64, error) {
	bad := int64(n)
	err := v.rescan(0, func(index uint64, content *audit.Content) error {
		h, ok := theirs.leaf(int64(index))
		if ok && h != content.Hash() {
			bad = int64(index)
			return durable.ErrStop
		}
		return nil
	})
	return bad, err
}

// rescan reads the records from index from that can be read.
func (v *verifier) rescan(from uint64, fn func(uint64, *audit.Content) error) error {
	end := v.tree.Size()
	_, err := durable.Scan(v.o.Disk, filepath.Join(v.dir, journalDir), from, audit.MaxRecord, func(index uint64, raw []byte) error {
		if index >= end {
			return durable.ErrStop
		}
		content, err := audit.DecodeRecord(raw)
		if err != nil {
			return durable.ErrStop
		}
		return fn(index, &content)
	})
	var corrupt *durable.CorruptError
	if errors.As(err, &corrupt) {
		return nil // reported by the first walk
	}
	return err
}

func (v *verifier) ourLeaves(from int64) ([]tlog.Hash, error) {
	var ours []tlog.Hash
	err := v.rescan(uint64(from), func(_ uint64, content *audit.Content) error {
		if len(ours) == lookahead {
			return durable.ErrStop
		}
		ours = append(ours, content.Hash())
		return nil
	})
	return ours, err
}

// classify says what was done to entries that should be theirs and are ours.
// The first of both differ.
func classify(ours, theirs []tlog.Hash) (Kind, string) {
	here, signed := contains(ours, theirs[0]), contains(theirs, ours[0])
	switch {
	case here && signed:
		return Reordered, "an entry is in the place of another"
	case signed:
		return Deleted, "an entry that was signed is not here"
	case here:
		return Inserted, "an entry is here that was not signed"
	}
	return Edited, "the entry is not the one that was signed"
}

func contains(list []tlog.Hash, h tlog.Hash) bool {
	for _, x := range list {
		if x == h {
			return true
		}
	}
	return false
}
