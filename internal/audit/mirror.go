// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"

	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// What [Mirror.Add] can refuse records for, besides ErrFork, ErrSignature and ErrCommitment.
var (
	ErrGap      = errors.New("audit: records are missing before these")
	ErrUnproven = errors.New("audit: the records are not proven by the checkpoint")
)

const maxMirrorBatch = 64 << 10 // records in one Add

// MirrorConfig says where copies are kept, and whose.
type MirrorConfig struct {
	Dir  string         // a directory "mirror/<origin>" is made for each origin
	Keys note.Verifiers // of the origins
	Disk durable.Disk   // nil means that of the operating system
	Rand io.Reader      // see durable.LogOptions
	Log  *slog.Logger   // nil means none

	SegmentBytes int64
	Fatal        func(error)
}

// Mirror keeps copies of the journals of other processes. It takes only records
// that a signed checkpoint proves, so its directories verify like the originals.
type Mirror struct {
	c      MirrorConfig
	mu     sync.Mutex
	stores map[string]*mirrored
}

// mirrored is the copy of one origin; one Add works on it at a time.
type mirrored struct {
	mu sync.Mutex
	s  *store
}

// OpenMirror prepares copies in c.Dir. The journal of an origin is opened when it is first named.
func OpenMirror(c MirrorConfig) (*Mirror, error) {
	if c.Disk == nil {
		c.Disk = durable.OS()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Keys == nil {
		return nil, errors.New("audit: a mirror needs the keys of its origins")
	}
	return &Mirror{c: c, stores: map[string]*mirrored{}}, nil
}

// MirrorDir returns the directory in which a mirror in dir keeps origin.
func MirrorDir(dir, origin string) string { return filepath.Join(dir, "mirror", fileName(origin)) }

// fileName escapes every byte that is not a letter, digit or hyphen as %XX.
func fileName(origin string) string {
	var b bytes.Buffer
	for _, c := range []byte(origin) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Next returns the index of the first record of origin that is still to be
// added. A copy that does not exist is made, so origin must be one that the caller knows.
func (m *Mirror) Next(origin string) (uint64, error) {
	o, err := m.open(origin)
	if err != nil {
		return 0, err
	}
	return o.s.log.Next(), nil
}

func (m *Mirror) open(origin string) (*mirrored, error) {
	if err := checkName(origin); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if o := m.stores[origin]; o != nil {
		return o, nil
	}
	s, err := openStore(storeConfig{
		dir: MirrorDir(m.c.Dir, origin), keys: m.c.Keys, disk: m.c.Disk, rand: m.c.Rand,
		segmentBytes: m.c.SegmentBytes, fatal: m.c.Fatal, log: m.c.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("open mirror of %s: %w", clip(origin), err)
	}
	o := &mirrored{s: s}
	m.stores[origin] = o
	return o, nil
}

// Add takes records that follow one another, and returns the index of the next
// one wanted. checkpoint is one of origin over at least one record; records
// behind it are left out. Where the records end before the checkpoint, proof is
// the origin's Consistency from their end. Records that are there already are
// compared. With no records the checkpoint alone is taken: a puller that has all
// records calls Add once more with it, for it may have been lost with the power.
// On an error nothing was taken that is not proven.
func (m *Mirror) Add(origin string, records []Record, checkpoint []byte, proof tlog.TreeProof) (uint64, error) {
	if len(records) > maxMirrorBatch {
		return 0, fmt.Errorf("audit: %d records at once", len(records))
	}
	c, err := OpenCheckpoint(checkpoint, m.c.Keys)
	if err != nil {
		return 0, err
	}
	if c.Origin != origin {
		return 0, fmt.Errorf("%w: it is of %s", ErrSignature, clip(c.Origin))
	}
	o, err := m.open(origin)
	if err != nil {
		return 0, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.add(records, c, checkpoint, proof); err != nil {
		return 0, fmt.Errorf("mirror of %s: %w", clip(origin), err)
	}
	return o.s.log.Next(), nil
}

func (o *mirrored) add(records []Record, c Checkpoint, signed []byte, proof tlog.TreeProof) error {
	if err := o.catchUp(); err != nil {
		return err
	}
	fresh, err := o.compare(records, c)
	if err != nil {
		return err
	}
	g := o.s.growth()
	for _, r := range fresh {
		if err := addChecked(&g, r, c.Origin); err != nil {
			return err
		}
	}
	if err := o.prove(&g.Tree, c, proof); err != nil {
		return err
	}
	if err := o.append(fresh); err != nil {
		return err
	}
	if err := o.s.adopt(&g); err != nil {
		return err
	}
	if c.Size != o.s.tree.size || c.Size == o.s.head.Size && o.s.signed != nil {
		return nil // not all is here that it covers, or it is known
	}
	return o.s.publish(c, signed)
}

// catchUp takes into the tree what an Add that failed has appended.
func (o *mirrored) catchUp() error {
	if o.s.tree.size == o.s.log.Next() {
		return nil
	}
	if err := o.s.log.Sync(); err != nil {
		return err
	}
	return o.s.integrate(o.s.log.Durable())
}

// append takes records, which are proven, to the disk.
func (o *mirrored) append(records []Record) error {
	for _, r := range records {
		commit := o.s.log.Append(r.Raw)
		if commit.Done() == nil {
			return commit.Wait()
		}
	}
	return o.s.log.Sync()
}

// compare leaves out the records that are here already and those that c does not cover.
func (o *mirrored) compare(records []Record, c Checkpoint) ([]Record, error) {
	have := o.s.log.Next()
	for i, r := range records {
		if i > 0 && r.Index != records[i-1].Index+1 {
			return nil, fmt.Errorf("%w: %d follows %d", ErrGap, r.Index, records[i-1].Index)
		}
	}
	if len(records) > 0 && records[0].Index > have {
		return nil, fmt.Errorf("%w: %d are here, these begin with %d", ErrGap, have, records[0].Index)
	}
	known := 0
	for known < len(records) && records[known].Index < have {
		known++
	}
	if err := o.same(records[:known]); err != nil {
		return nil, err
	}
	end := known
	for end < len(records) && records[end].Index < c.Size {
		end++
	}
	return records[known:end], nil
}

// same compares records with those that are here.
func (o *mirrored) same(records []Record) error {
	if len(records) == 0 {
		return nil
	}
	i := 0
	return o.s.log.Read(records[0].Index, len(records), func(index uint64, raw []byte) error {
		if !bytes.Equal(raw, records[i].Raw) {
			return fmt.Errorf("%w: record %d is not the one that was mirrored", ErrFork, index)
		}
		i++
		return nil
	})
}

// addChecked adds the leaf of r, which must be whole, to a tree.
func addChecked(g *growth, r Record, origin string) error {
	content, err := decodeContent(r.Raw)
	if err == nil {
		err = content.CheckDetail()
	}
	if err == nil && content.Leaf.Component != origin {
		err = fmt.Errorf("%w: it is of component %s", ErrRecord, clip(content.Leaf.Component))
	}
	if err != nil {
		return fmt.Errorf("record %d: %w", r.Index, err)
	}
	return g.add(content.Hash())
}

// prove says whether tree and c are of one log.
func (o *mirrored) prove(tree *Tree, c Checkpoint, proof tlog.TreeProof) error {
	if c.Size < tree.size { // an older checkpoint, sent again
		root, err := o.s.rootAt(c.Size)
		if err == nil && root != c.Root {
			err = fmt.Errorf("%w: at size %d", ErrFork, c.Size)
		}
		return err
	}
	root, err := tree.Root()
	if err != nil {
		return err
	}
	switch {
	case c.Size == tree.size && root != c.Root:
		return fmt.Errorf("%w: at size %d", ErrFork, c.Size)
	case c.Size == tree.size || tree.size == 0:
		return nil
	case len(proof) == 0:
		return fmt.Errorf("%w: they end at %d of %d without a proof", ErrUnproven, tree.size, c.Size)
	}
	if err := tlog.CheckTree(proof, int64(c.Size), c.Root, int64(tree.size), root); err != nil {
		return fmt.Errorf("%w: %d records of %d: %w", ErrUnproven, tree.size, c.Size, err)
	}
	return nil
}

// Read returns records of origin, as [Journal.Read] does.
func (m *Mirror) Read(origin string, from uint64, max int) ([]Record, error) {
	o, err := m.open(origin)
	if err != nil {
		return nil, err
	}
	return o.s.read(from, max, maxBytes)
}

// Consistency proves from the copy what [Journal.Consistency] proves from the original.
func (m *Mirror) Consistency(origin string, old uint64) (tlog.TreeProof, []byte, error) {
	o, err := m.open(origin)
	if err != nil {
		return nil, nil, err
	}
	return o.s.consistency(old)
}

// Close completes the tiles and ends all writers.
func (m *Mirror) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, o := range m.stores {
		o.mu.Lock()
		errs = append(errs, o.s.settle(), o.s.log.Close())
		o.mu.Unlock()
	}
	return errors.Join(errs...)
}
