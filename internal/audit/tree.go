// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileBytes  = tileWidth * tlog.HashSize
)

// Tree is a Merkle tree of which only the right edge is in memory: on each
// level the last tile, while it is not full. It is not safe for concurrent use.
type Tree struct {
	size uint64
	edge [][]byte // by level: the hashes of the last tile
}

// Size returns the number of leaves.
func (t *Tree) Size() uint64 { return t.size }

// Add appends a leaf and gives full every tile that it completes; full may be nil.
func (t *Tree) Add(leaf tlog.Hash, full func(tile tlog.Tile, data []byte) error) error {
	t.size++
	h := leaf
	for level := 0; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, nil)
		}
		t.edge[level] = append(t.edge[level], h[:]...)
		if len(t.edge[level]) < tileBytes {
			return nil
		}
		data := t.edge[level]
		t.edge[level] = nil
		number := int64((t.size - 1) >> (tileHeight * (level + 1)))
		tile := tlog.Tile{H: tileHeight, L: level, N: number, W: tileWidth}
		if full != nil {
			if err := full(tile, data); err != nil {
				return err
			}
		}
		h = tileHash(data)
	}
}

// tileHash returns the root of the hashes in data, whose number is a power of two.
func tileHash(data []byte) tlog.Hash {
	if len(data) == tlog.HashSize {
		return tlog.Hash(data)
	}
	half := len(data) / 2
	return tlog.NodeHash(tileHash(data[:half]), tileHash(data[half:]))
}

// Edge gives fn every tile that is neither empty nor full.
func (t *Tree) Edge(fn func(tile tlog.Tile, data []byte) error) error {
	for level, data := range t.edge {
		if len(data) == 0 {
			continue
		}
		number := int64(t.size >> (tileHeight * (level + 1)))
		tile := tlog.Tile{H: tileHeight, L: level, N: number, W: len(data) / tlog.HashSize}
		if err := fn(tile, data); err != nil {
			return err
		}
	}
	return nil
}

// Root returns the hash of the whole tree.
func (t *Tree) Root() (tlog.Hash, error) { return tlog.TreeHash(int64(t.size), t) }

// ReadHashes serves the hashes on the right edge. See [tlog.HashReader].
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok, err := t.hash(index)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("audit: hash %d is not on the edge of the tree", index)
		}
		hashes[i] = h
	}
	return hashes, nil
}

// hash returns one hash if it is on the edge.
func (t *Tree) hash(index int64) (h tlog.Hash, ok bool, err error) {
	tile := tlog.TileForIndex(tileHeight, index)
	if tile.L >= len(t.edge) || tile.N != int64(t.size>>(tileHeight*(tile.L+1))) {
		return h, false, nil
	}
	data := t.edge[tile.L]
	if tile.W*tlog.HashSize > len(data) {
		return h, false, fmt.Errorf("audit: hash %d is not in a tree of %d", index, t.size)
	}
	tile.W = len(data) / tlog.HashSize
	h, err = tlog.HashFromTile(tile, data, index)
	return h, true, err
}

// clone copies t.
func (t *Tree) clone() Tree {
	c := Tree{size: t.size, edge: make([][]byte, len(t.edge))}
	for i := range t.edge {
		c.edge[i] = bytes.Clone(t.edge[i])
	}
	return c
}

// loadTree reads the edge of the tree of a checkpoint and compares the root.
func loadTree(tiles *Tiles, c Checkpoint) (Tree, error) {
	t := Tree{size: c.Size}
	for level := 0; c.Size>>(tileHeight*level) > 0; level++ {
		width := int(c.Size >> (tileHeight * level) % tileWidth)
		t.edge = append(t.edge, nil)
		if width == 0 {
			continue
		}
		number := int64(c.Size >> (tileHeight * (level + 1)))
		data, err := tiles.Read(tlog.Tile{H: tileHeight, L: level, N: number, W: width})
		if err != nil {
			return Tree{}, err
		}
		t.edge[level] = data
	}
	root, err := t.Root()
	if err != nil {
		return Tree{}, err
	}
	if root != c.Root {
		return Tree{}, fmt.Errorf("%w: the tiles are not those of the checkpoint of size %d", ErrFork, c.Size)
	}
	return t, nil
}
