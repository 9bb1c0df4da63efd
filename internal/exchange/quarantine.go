// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
)

// Quarantined is a body that an inbox refused for good.
type Quarantined struct {
	Body
	Reason string
}

// OpenQuarantined opens what the inbox in dir refused of a parcel, for an
// administrator: reading it takes the component's key.
func OpenQuarantined(disk durable.Disk, dir string, key vault.Key, id parcel.ID) (*Quarantined, error) {
	path := filepath.Join(dir, quarantine, id.String())
	sealed, err := durable.ReadFileOn(disk, path+reasonExt, maxReason+vault.Overhead)
	if err != nil {
		return nil, err
	}
	reason, err := key.Sealer(quarantine).Open(nil, sealed, id[:])
	if err != nil {
		return nil, fmt.Errorf("reason of parcel %s: %w", id, err)
	}
	body, err := openSealed(disk, path, key, quarantinedName(id))
	if err != nil {
		return nil, err
	}
	return &Quarantined{Body: *body, Reason: string(reason)}, nil
}

func quarantinedName(id parcel.ID) string { return "quarantine " + id.String() }

// isolate brings a refused body to quarantine, encrypted, its reason first. It does
// nothing when that was done before.
func (b *Inbox) isolate(id parcel.ID, reason string) error {
	part := b.part(id)
	if _, err := b.files.Disk.Stat(part); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	path := filepath.Join(b.dir, quarantine, id.String())
	sealed := b.key.Sealer(quarantine).Seal(nil, []byte(reason), id[:])
	if err := b.files.WriteFile(path+reasonExt, sealed, 0o600); err != nil {
		return err
	}
	if err := b.sealPart(part, path, id); err != nil {
		return err
	}
	return b.files.Disk.Remove(part)
}

// sealPart makes the encrypted copy of a staged body, durable under its name.
func (b *Inbox) sealPart(from, to string, id parcel.ID) error {
	source, err := b.files.Disk.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer source.Close()
	temp := to + ".tmp"
	f, err := b.files.Disk.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := b.sealInto(f, source, id); err != nil {
		return errors.Join(err, f.Close(), b.files.Disk.Remove(temp))
	}
	b.files.Sync(f, temp)
	if err := errors.Join(f.Close(), b.files.Disk.Rename(temp, to)); err != nil {
		return err
	}
	return b.files.SyncDir(filepath.Dir(to))
}

func (b *Inbox) sealInto(f, source durable.File, id parcel.ID) error {
	w, err := b.key.NewWriter(f, quarantinedName(id))
	if err != nil {
		return err
	}
	chunk := make([]byte, vault.ChunkSize)
	for at := int64(0); ; at += vault.ChunkSize {
		n, err := source.ReadAt(chunk, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n == 0 {
			return nil
		}
		if err := w.Chunk(chunk[:n]); err != nil {
			return err
		}
	}
}
