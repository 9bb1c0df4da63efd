// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
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
	readChunk      = 4096 // records integrated under one lock
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
type store struct {
	c     storeConfig
	tiles *Tiles
	log   *durable.Log

	mu     sync.Mutex
	tree   Tree
	head   Checkpoint
	signed []byte // head, signed; nil before the first
}

func openStore(c storeConfig) (*store, error) {
	s := &store{c: c, tiles: OpenTiles(c.disk, c.dir)}
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

// ReadCheckpoint returns the signed checkpoint of the journal or mirror in dir,
// nil if there is none yet. It verifies nothing.
func ReadCheckpoint(disk durable.Disk, dir string) ([]byte, error) {
	signed, err := durable.ReadFileOn(disk, filepath.Join(dir, tlogDir, checkpointName), MaxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
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
	for {
		s.mu.Lock()
		err := s.integrateSome(end)
		done := s.tree.size >= end
		s.mu.Unlock()
		if err != nil || done {
			return err
		}
	}
}

func (s *store) integrateSome(end uint64) error {
	count := min(readChunk, int(end-s.tree.size))
	err := s.log.Read(s.tree.size, count, func(index uint64, raw []byte) error {
		r, err := decodeSealed(raw)
		if err != nil {
			return fmt.Errorf("record %d: %w", index, err)
		}
		if err := s.tree.Add(tlog.RecordHash(r.Leaf), s.tiles.write); err != nil {
			return err
		}
		if index+1 == s.head.Size {
			return s.checkHead()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("build tree: %w", err)
	}
	return nil
}

// checkHead compares a tree that was built anew with what was signed before.
func (s *store) checkHead() error {
	root, err := s.tree.Root()
	if err != nil {
		return err
	}
	if root != s.head.Root {
		return fmt.Errorf("%w: the records do not have the root of its checkpoint of size %d", ErrFork, s.head.Size)
	}
	return s.tree.Edge(s.tiles.write)
}

// publish makes c, signed, the checkpoint. The tiles that it needs come first;
// those that the last checkpoint needed too are there.
func (s *store) publish(tree *Tree, c Checkpoint, signed []byte) error {
	err := tree.Edge(func(tile tlog.Tile, data []byte) error {
		if shift := tileHeight * tile.L; c.Size>>shift == s.head.Size>>shift {
			return nil
		}
		return s.tiles.write(tile, data)
	})
	if err != nil {
		return err
	}
	name := filepath.Join(s.c.dir, tlogDir, checkpointName)
	if err := durable.WriteFileOn(s.c.disk, name, signed, 0o600); err != nil {
		return err
	}
	s.mu.Lock()
	s.head, s.signed = c, signed
	s.mu.Unlock()
	return nil
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
