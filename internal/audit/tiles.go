// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"dukou.dev/dukou/internal/durable"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles is a tree in files, laid out as C2SP tlog-tiles says.
type Tiles struct {
	disk durable.Disk
	dir  string
}

// OpenTiles returns the tiles of the journal or mirror in dir.
func OpenTiles(disk durable.Disk, dir string) *Tiles {
	return &Tiles{disk: disk, dir: filepath.Join(dir, tlogDir)}
}

// path leaves out the height, which tlog-tiles fixes at 8.
func (t *Tiles) path(tile tlog.Tile) string {
	rest := strings.TrimPrefix(tile.Path(), "tile/8/")
	return filepath.Join(t.dir, "tile", filepath.FromSlash(rest))
}

// Read returns tile.W hashes. A tile that has become full since serves its part.
func (t *Tiles) Read(tile tlog.Tile) ([]byte, error) {
	data, err := t.readFile(tile)
	if tile.W < tileWidth && errors.Is(err, fs.ErrNotExist) {
		full := tile
		full.W = tileWidth
		var ferr error
		if data, ferr = t.readFile(full); ferr == nil {
			return data[:tile.W*tlog.HashSize], nil
		}
	}
	return data, err
}

func (t *Tiles) readFile(tile tlog.Tile) ([]byte, error) {
	data, err := durable.ReadFileOn(t.disk, t.path(tile), tileBytes)
	if err != nil {
		return nil, fmt.Errorf("read tile: %w", err)
	}
	if len(data) != tile.W*tlog.HashSize {
		return nil, fmt.Errorf("read tile %s: %d bytes", tile.Path(), len(data))
	}
	return data, nil
}

// write makes the tile durable. A full one takes the place of its partial ones.
func (t *Tiles) write(tile tlog.Tile, data []byte) error {
	name := t.path(tile)
	err := durable.WriteFileOn(t.disk, name, data, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err := durable.MkdirAllOn(t.disk, filepath.Dir(name), 0o700); err != nil {
			return err
		}
		err = durable.WriteFileOn(t.disk, name, data, 0o600)
	}
	if err == nil && tile.W == tileWidth {
		err = t.removePartial(name + ".p")
	}
	return err
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

// ReadTiles reads tiles; see [tlog.TileReader].
func (t *Tiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		b, err := t.Read(tile)
		if err != nil {
			return nil, err
		}
		data[i] = b
	}
	return data, nil
}

// SaveTiles does nothing: the tiles are on the disk already.
func (t *Tiles) SaveTiles([]tlog.Tile, [][]byte) {}

var _ tlog.TileReader = (*Tiles)(nil)
