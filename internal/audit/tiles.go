// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles is a tree in files, laid out as C2SP tlog-tiles says. A partial tile that is not
// there is made of what lies below it: full tiles, or the records of the journal.
type Tiles struct {
	disk durable.Disk
	dir  string // of the journal or mirror
	made map[tlog.Tile][]byte
}

const maxMade = 16 // partial tiles that ReadTiles remembers; a tree has few

// OpenTiles returns the tiles of the journal or mirror in dir.
func OpenTiles(disk durable.Disk, dir string) *Tiles {
	return &Tiles{disk: disk, dir: dir, made: map[tlog.Tile][]byte{}}
}

// path leaves out the height, which tlog-tiles fixes at 8.
func (t *Tiles) path(tile tlog.Tile) string {
	rest := strings.TrimPrefix(tile.Path(), "tile/8/")
	return filepath.Join(t.dir, tlogDir, "tile", filepath.FromSlash(rest))
}

// Read returns tile.W hashes. A tile that has become full since serves its part.
func (t *Tiles) Read(tile tlog.Tile) ([]byte, error) {
	data, err := t.Stored(tile)
	if tile.W == tileWidth || !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	full := tile
	full.W = tileWidth
	if data, err := t.Stored(full); err == nil {
		return data[:tile.W*tlog.HashSize], nil
	}
	if tile.L == 0 {
		data, err = t.fromRecords(tile)
	} else {
		data, err = t.fromBelow(tile)
	}
	if err != nil {
		return nil, fmt.Errorf("make tile %s: %w", tile.Path(), err)
	}
	return data, nil
}

// fromRecords makes a tile of leaves.
func (t *Tiles) fromRecords(tile tlog.Tile) ([]byte, error) {
	first := uint64(tile.N) * tileWidth
	data := make([]byte, 0, tileBytes)
	_, err := durable.Scan(t.disk, filepath.Join(t.dir, logDir), first, MaxRecord, func(_ uint64, raw []byte) error {
		r, err := decodeSealed(raw)
		if err != nil {
			return err
		}
		h := tlog.RecordHash(r.Leaf)
		if data = append(data, h[:]...); len(data) == tile.W*tlog.HashSize {
			return durable.ErrStop
		}
		return nil
	})
	if err == nil && len(data) != tile.W*tlog.HashSize {
		err = fmt.Errorf("%w: the records end", fs.ErrNotExist)
	}
	return data, err
}

// fromBelow makes a tile of the full ones of the level below.
func (t *Tiles) fromBelow(tile tlog.Tile) ([]byte, error) {
	data := make([]byte, 0, tileBytes)
	for i := range int64(tile.W) {
		below, err := t.Stored(tlog.Tile{H: tileHeight, L: tile.L - 1, N: tile.N*tileWidth + i, W: tileWidth})
		if err != nil {
			return nil, err
		}
		h := tileHash(below)
		data = append(data, h[:]...)
	}
	return data, nil
}

// Stored returns the hashes of a tile as its own file has them.
func (t *Tiles) Stored(tile tlog.Tile) ([]byte, error) {
	data, err := durable.ReadFileOn(t.disk, t.path(tile), tileBytes)
	if err != nil {
		return nil, fmt.Errorf("read tile: %w", err)
	}
	if len(data) != tile.W*tlog.HashSize {
		return nil, fmt.Errorf("read tile %s: %d bytes", tile.Path(), len(data))
	}
	return data, nil
}

// writeFull makes tiles durable that have become full, with one sync of each directory.
// They take the place of their partial ones.
func (t *Tiles) writeFull(files durable.Files, full []fullTile) error {
	var dirs []string
	for _, f := range full {
		name := t.path(f.tile)
		if err := t.write(files, name, f.data); err != nil {
			return err
		}
		if dir := filepath.Dir(name); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range dirs {
		if err := files.SyncDir(dir); err != nil {
			return err
		}
	}
	for _, f := range full {
		if err := t.removePartial(t.path(f.tile) + ".p"); err != nil {
			return err
		}
	}
	return nil
}

// write leaves only the name to be synced.
func (t *Tiles) write(files durable.Files, name string, data []byte) error {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	temp := name + ".tmp"
	f, err := t.disk.OpenFile(temp, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err := files.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		f, err = t.disk.OpenFile(temp, flags, 0o600)
	}
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return errors.Join(err, f.Close())
	}
	files.Sync(f, temp)
	return errors.Join(f.Close(), t.disk.Rename(temp, name))
}

// writePartial makes a partial tile durable.
func (t *Tiles) writePartial(files durable.Files, tile tlog.Tile, data []byte) error {
	name := t.path(tile)
	if err := t.write(files, name, data); err != nil {
		return err
	}
	return files.SyncDir(filepath.Dir(name))
}

func (t *Tiles) removePartial(dir string) error {
	names, err := t.disk.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := t.disk.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return t.disk.Remove(dir)
}

// Height is that of [tlog.TileReader]. With ReadTiles and SaveTiles it makes Tiles
// one, so that tlog.TileHashReader checks every tile against a root before it is used.
func (t *Tiles) Height() int { return tileHeight }

// ReadTiles reads tiles; see [tlog.TileReader]. It is asked for the partial ones again and
// again, and remembers them: it is not for a journal in use, nor for many goroutines.
func (t *Tiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if data[i] = t.made[tile]; data[i] != nil {
			continue
		}
		b, err := t.Read(tile)
		if err != nil {
			return nil, err
		}
		if data[i] = b; tile.W < tileWidth && len(t.made) < maxMade {
			t.made[tile] = b
		}
	}
	return data, nil
}

// SaveTiles does nothing: the tiles are on the disk already.
func (t *Tiles) SaveTiles([]tlog.Tile, [][]byte) {}

var _ tlog.TileReader = (*Tiles)(nil)
