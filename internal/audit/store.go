// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"

	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The parts of the directory of a journal or mirror.
const (
	logDir         = "journal"
	tlogDir        = "tlog"
	checkpointName = "checkpoint"
	readChunk      = 4096 // records integrated at once
	readAgain      = 10
)

// storeConfig is what a journal and a mirror have in common.
type storeConfig struct {
	dir          string
	keys         note.Verifiers // of the origin
	disk         durable.Disk
	rand         io.Reader
	segmentBytes int64
	fatal        func(error)
	log          *slog.Logger
}

// store is a record log and the tree over it. The log is the truth: the tree
// continues it from the last checkpoint, or is built anew.
//
// One goroutine at a time changes tree, head and signed, which it may read without mu;
// others hold mu.
type store struct {
	c       storeConfig
	tiles   *Tiles
	log     *durable.Log
	file    headFile
	settled uint64 // size of the tree whose partial tiles are on the disk

	mu     sync.Mutex
	tree   Tree
	head   Checkpoint
	signed []byte // head, signed; nil before the first
}

func openStore(c storeConfig) (*store, error) {
	s := &store{c: c, tiles: OpenTiles(c.disk, c.dir)}
	s.file = headFile{files: s.files(), name: filepath.Join(c.dir, tlogDir, checkpointName)}
	if err := durable.MkdirAllOn(c.disk, filepath.Join(c.dir, tlogDir), 0o700); err != nil {
		return nil, err
	}
	if err := s.loadHead(); err != nil {
		return nil, err
	}
	most := int64(MaxRecord)
	if c.segmentBytes > 0 {
		most = min(most, c.segmentBytes/2)
	}
	log, err := durable.OpenLog(filepath.Join(c.dir, logDir), durable.LogOptions{
		Disk: c.disk, Rand: c.rand, SegmentBytes: c.segmentBytes, MaxRecord: int(most), From: s.head.Size, Fatal: c.fatal,
	}, nil)
	if err != nil {
		return nil, err
	}
	s.log = log
	if err := s.catchUp(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return s, nil
}

func (s *store) files() durable.Files { return durable.Files{Disk: s.c.disk, Fatal: s.c.fatal} }

// ReadCheckpoint returns the signed checkpoint of the journal or mirror in dir,
// nil if there is none yet. It verifies nothing.
func ReadCheckpoint(disk durable.Disk, dir string) ([]byte, error) {
	var signed []byte
	for range readAgain { // it is written in place, perhaps at this moment
		before := signed
		var err error
		signed, err = durable.ReadFileOn(disk, filepath.Join(dir, tlogDir, checkpointName), MaxCheckpoint)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read checkpoint: %w", err)
		}
		if before != nil && bytes.Equal(before, signed) {
			break
		}
	}
	return signed, nil
}

func (s *store) loadHead() error {
	signed, err := ReadCheckpoint(s.c.disk, s.c.dir)
	if err != nil || signed == nil {
		return err
	}
	s.head, err = OpenCheckpoint(signed, s.c.keys)
	s.signed = signed
	return err
}

// catchUp brings the tree to the end of the log.
func (s *store) catchUp() error {
	if end := s.log.Durable(); end < s.head.Size {
		return fmt.Errorf("%w: it ends at %d, and its checkpoint covers %d", ErrRollback, end, s.head.Size)
	}
	if s.head.Size > 0 {
		tree, err := loadTree(s.tiles, s.head)
		if err != nil {
			s.c.log.Warn("building the tree of the audit journal anew", "why", err, "entries", s.head.Size)
		} else {
			s.tree = tree
		}
	}
	return s.integrate(s.log.Durable())
}

// integrate takes the records up to end, which are on the disk, into the tree.
func (s *store) integrate(end uint64) error {
	for s.tree.size < end {
		if err := s.integrateSome(end); err != nil {
			return fmt.Errorf("build tree: %w", err)
		}
	}
	return nil
}

func (s *store) integrateSome(end uint64) error {
	g := s.growth()
	count := min(readChunk, int(end-g.size))
	err := s.log.Read(g.size, count, func(index uint64, raw []byte) error {
		r, err := decodeSealed(raw)
		if err != nil {
			return fmt.Errorf("record %d: %w", index, err)
		}
		if err := g.add(tlog.RecordHash(r.Leaf)); err != nil {
			return err
		}
		if index+1 == s.head.Size {
			return s.checkHead(&g.Tree)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.adopt(&g)
}

// checkHead compares a tree that was built anew with what was signed before.
func (s *store) checkHead(tree *Tree) error {
	root, err := tree.Root()
	if err != nil {
		return err
	}
	if root != s.head.Root {
		return fmt.Errorf("%w: the records do not have the root of its checkpoint of size %d", ErrFork, s.head.Size)
	}
	return nil
}

// grow takes leaves into the tree, the first of which is that of record from.
func (s *store) grow(from uint64, hashes []tlog.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
	if from != s.tree.size {
		return fmt.Errorf("audit: leaf %d does not continue a tree of %d", from, s.tree.size)
	}
	g := s.growth()
	for _, h := range hashes {
		if err := g.add(h); err != nil {
			return err
		}
	}
	return s.adopt(&g)
}

// growth is the next tree of a store, and the tiles that its new leaves filled.
type growth struct {
	Tree
	full []fullTile
}

type fullTile struct {
	tile tlog.Tile
	data []byte
}

func (s *store) growth() growth { return growth{Tree: s.tree.clone()} }

func (g *growth) add(leaf tlog.Hash) error {
	return g.Add(leaf, func(tile tlog.Tile, data []byte) error {
		g.full = append(g.full, fullTile{tile, data})
		return nil
	})
}

// adopt makes g the tree. Its full tiles are on the disk before anybody looks for them.
func (s *store) adopt(g *growth) error {
	if err := s.tiles.writeFull(s.files(), g.full); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tree = g.Tree
	return nil
}

// publish makes c, signed, the checkpoint. What it covers is on the disk, records and
// full tiles; readers make the partial ones of the records.
func (s *store) publish(c Checkpoint, signed []byte) error {
	if err := s.file.replace(signed); err != nil {
		return err
	}
	s.mu.Lock()
	s.head, s.signed = c, signed
	s.mu.Unlock()
	return nil
}

// settle writes the partial tiles of the checkpoint, which spare readers some work and
// let them name an entry that was changed.
func (s *store) settle() error {
	if s.settled == s.head.Size || s.tree.size != s.head.Size {
		return nil
	}
	err := s.tree.Edge(func(tile tlog.Tile, data []byte) error {
		if shift := tileHeight * tile.L; s.head.Size>>shift == s.settled>>shift {
			return nil
		}
		return s.tiles.writePartial(s.files(), tile, data)
	})
	if err == nil {
		s.settled = s.head.Size
	}
	return err
}

// ReadHashes serves the whole tree; the caller holds mu. See [tlog.HashReader].
func (s *store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok, err := s.tree.hash(index)
		if err == nil && !ok {
			h, err = s.storedHash(index)
		}
		if err != nil {
			return nil, err
		}
		hashes[i] = h
	}
	return hashes, nil
}

func (s *store) storedHash(index int64) (tlog.Hash, error) {
	tile := tlog.TileForIndex(tileHeight, index)
	tile.W = tileWidth
	data, err := s.tiles.Read(tile)
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.HashFromTile(tile, data, index)
}

// rootAt returns the root that the tree had at an earlier size.
func (s *store) rootAt(size uint64) (tlog.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > s.tree.size {
		return tlog.Hash{}, fmt.Errorf("audit: the tree has %d leaves, not %d", s.tree.size, size)
	}
	return tlog.TreeHash(int64(size), s)
}

// consistency proves that the tree of the checkpoint continues the tree of size old.
func (s *store) consistency(old uint64) (tlog.TreeProof, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old > s.head.Size {
		return nil, s.signed, fmt.Errorf("%w: %d leaves are asked for, the checkpoint covers %d", ErrRollback, old, s.head.Size)
	}
	if old == 0 || old == s.head.Size {
		return nil, s.signed, nil
	}
	proof, err := tlog.ProveTree(int64(s.head.Size), int64(old), s)
	return proof, s.signed, err
}

// read returns records up to limit bytes, at least one if there is one.
func (s *store) read(from uint64, max, limit int) ([]Record, error) {
	var records []Record
	err := s.log.Read(from, max, func(index uint64, raw []byte) error {
		if limit -= len(raw); limit < 0 && len(records) > 0 {
			return durable.ErrStop
		}
		records = append(records, Record{Index: index, Raw: append([]byte(nil), raw...)})
		return nil
	})
	return records, err
}
