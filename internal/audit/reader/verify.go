// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	journalDir = "journal"
	tileWidth  = 256
)

// Options are what a verifier may have besides the directory and the log's key.
type Options struct {
	Witness     []byte         // latest checkpoint that a witness keeps, cosigned; nil means none
	WitnessKeys note.Verifiers // of the witnesses, see audit.NewWitnessVerifier
	Disk        durable.Disk   // nil means that of the operating system
}

// Verify checks the whole journal, or mirror, in dir: the chain of the records,
// each detail against its commitment, the leaves against tiles and signed
// checkpoint, and this against the checkpoint of a witness. keys are those of
// the origin. What is wrong with the log is in the report; the error is for
// what keeps it from being read.
func Verify(dir string, keys note.Verifiers, o Options) (Report, error) {
	if o.Disk == nil {
		o.Disk = durable.OS()
	}
	v := &verifier{dir: dir, o: o, tiles: audit.OpenTiles(o.Disk, dir)}
	if err := v.checkpoint(keys); err != nil {
		return v.r, err
	}
	if err := v.witness(keys); err != nil {
		return v.r, err
	}
	if err := v.entries(); err != nil {
		return v.r, err
	}
	if err := v.conclude(); err != nil {
		return v.r, err
	}
	v.r.order()
	return v.r, nil
}

// verifier walks once over the records and remembers where the tree first differs.
type verifier struct {
	dir   string
	o     Options
	tiles *audit.Tiles
	r     Report

	signed    bool // there is a checkpoint that can be read
	head      audit.Checkpoint
	witnessed audit.Checkpoint // size 0 without

	tree     audit.Tree
	headRoot *tlog.Hash // of the tree at the sizes of head and witnessed
	witRoot  *tlog.Hash
	tilesBad []difference // the first ones
}

// difference is a tile that is not what the records make of it, or not there.
type difference struct {
	tile    tlog.Tile
	missing bool
}

// first returns the first entry that the tile covers.
func (d *difference) first() int64 { return d.tile.N << (8 * (d.tile.L + 1)) }

func (v *verifier) checkpoint(keys note.Verifiers) error {
	signed, err := audit.ReadCheckpoint(v.o.Disk, v.dir)
	if err != nil {
		return err
	}
	if signed == nil {
		return nil
	}
	v.head, err = audit.ParseCheckpoint(signed)
	if err != nil {
		v.r.add(NoIndex, BadSignature, "%v", err)
		return nil
	}
	v.signed = true
	v.r.Origin, v.r.Size, v.r.Root = v.head.Origin, v.head.Size, v.head.Root
	if _, err := audit.OpenCheckpoint(signed, keys); err != nil {
		v.r.add(NoIndex, BadSignature, "%v", err)
	}
	return nil
}

func (v *verifier) witness(keys note.Verifiers) error {
	if v.o.Witness == nil {
		v.r.Unproven = true
		return nil
	}
	if v.o.WitnessKeys == nil {
		return errors.New("verify: a witness's checkpoint without the key of the witness")
	}
	c, err := audit.OpenCheckpoint(v.o.Witness, keys)
	if err == nil {
		_, err = note.Open(v.o.Witness, v.o.WitnessKeys)
	}
	if err == nil && v.signed && c.Origin != v.head.Origin {
		err = fmt.Errorf("it is of %q", c.Origin)
	}
	if err != nil {
		v.r.Unproven = true
		v.r.add(NoIndex, BadWitness, "%v", err)
		return nil
	}
	v.witnessed, v.r.Witnessed = c, c.Size
	return nil
}

// entries reads all records. It ends early where one cannot be read.
func (v *verifier) entries() error {
	tail, err := durable.Scan(v.o.Disk, filepath.Join(v.dir, journalDir), 0, audit.MaxRecord, v.entry)
	v.r.Torn = tail.Torn
	v.r.Entries = v.tree.Size()
	if tail.First > 0 {
		v.r.add(0, Deleted, "the journal begins with entry %d", tail.First)
	}
	var corrupt *durable.CorruptError
	if errors.As(err, &corrupt) {
		v.r.add(int64(corrupt.Index), Damaged, "%s at offset %d: %s", corrupt.Segment, corrupt.Offset, corrupt.Reason)
		return nil
	}
	if err != nil {
		return fmt.Errorf("verify %s: %w", v.dir, err)
	}
	return nil
}

func (v *verifier) entry(index uint64, raw []byte) error {
	content, err := audit.DecodeRecord(raw)
	if err != nil {
		v.r.add(int64(index), Malformed, "%v", err)
		return durable.ErrStop
	}
	if err := content.CheckDetail(); err != nil {
		v.r.add(int64(index), WrongDetail, "%v", err)
	}
	if v.signed && content.Leaf.Component != v.head.Origin {
		v.r.add(int64(index), Malformed, "it is of component %q", content.Leaf.Component)
	}
	if err := v.tree.Add(content.Hash(), v.compareFull); err != nil {
		return err
	}
	if v.signed && v.tree.Size() == v.head.Size {
		if v.headRoot, err = v.root(); err != nil {
			return err
		}
		if err := v.tree.Edge(v.compare); err != nil {
			return err
		}
	}
	if v.tree.Size() == v.witnessed.Size {
		v.witRoot, err = v.root()
	}
	return err
}

func (v *verifier) root() (*tlog.Hash, error) {
	h, err := v.tree.Root()
	return &h, err
}

// compareFull compares a full tile, as far as the checkpoint covers it.
func (v *verifier) compareFull(tile tlog.Tile, data []byte) error {
	covered := v.head.Size >> (8 * tile.L)
	if !v.signed || uint64(tile.N)*tileWidth+tileWidth > covered {
		return nil // compared in part when the tree had the size of the checkpoint
	}
	return v.compare(tile, data)
}

// compare notes where the stored tile differs from what the records make. A partial one
// need not be there.
func (v *verifier) compare(tile tlog.Tile, ours []byte) error {
	theirs, err := v.tiles.Stored(tile)
	if err == nil && bytes.Equal(ours, theirs) || tile.W < tileWidth && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if len(v.tilesBad) < maxFindings {
		v.tilesBad = append(v.tilesBad, difference{tile: tile, missing: err != nil})
	}
	return nil
}

// conclude says what the differences mean.
func (v *verifier) conclude() error {
	n := v.tree.Size()
	switch {
	case !v.signed && n > 0 && len(v.r.Findings) == 0:
		v.r.add(NoIndex, Unsigned, "there are %d entries and no checkpoint", n)
	case v.signed && v.headRoot != nil && *v.headRoot == v.head.Root:
		v.tilesWrong()
	case v.signed && v.head.Size > 0:
		if err := v.entriesWrong(n); err != nil {
			return err
		}
	}
	v.compareWitness(n)
	return nil
}

// tilesWrong: the records have the signed root, so what differs is the tiles.
func (v *verifier) tilesWrong() {
	for _, d := range v.tilesBad {
		if d.missing {
			v.missing(d)
		} else {
			v.r.add(d.first(), WrongTile, "tile %d of level %d is not what the entries make", d.tile.N, d.tile.L)
		}
	}
}

func (v *verifier) missing(d difference) {
	v.r.add(d.first(), MissingTile, "tile %d of level %d cannot be read", d.tile.N, d.tile.L)
}

func (v *verifier) compareWitness(n uint64) {
	w := v.witnessed
	switch {
	case w.Size == 0:
		return
	case n < w.Size && len(v.r.Findings) == 0:
		v.r.add(int64(n), Truncated, "a witness has seen %d entries, here are %d", w.Size, n)
	case v.signed && v.head.Size < w.Size:
		v.r.add(NoIndex, RolledBack, "a witness has seen a checkpoint over %d entries, this one covers %d", w.Size, v.head.Size)
	case v.signed && v.head.Size == w.Size && v.head.Root != w.Root, v.witRoot != nil && *v.witRoot != w.Root:
		v.r.add(NoIndex, Forked, "a witness has seen another log of %d entries", w.Size)
	}
}
