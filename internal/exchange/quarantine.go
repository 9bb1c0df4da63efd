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
	"slices"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
)

// maxReason bounds the text beside a refused body, in bytes.
const maxReason = 1 << 10

// maxAbout bounds what lies beside a refused body.
const maxAbout = parcel.MaxHeader + 8<<10

// Held is a delivery that an inbox refused for good.
type Held struct {
	Header  *parcel.Header
	Content parcel.Record
	Subject string // of the label
	Code    fault.Code
	Reason  string    // for people on this host
	Since   time.Time // when it was refused

	raw []byte // the header
}

// Name is the name in the content of a file.
func (h *Held) Name() string {
	name, _ := h.Content["name"].(string)
	return name
}

// about is what lies beside a body in quarantine, all that it takes to release it.
type about struct {
	_       struct{} `cbor:",toarray"`
	Header  []byte
	Subject string
	Code    fault.Code
	Reason  string
	At      int64 // Unix milliseconds
}

// Quarantined is a body that an inbox refused for good, to be read.
type Quarantined struct {
	Body
	Held
}

// OpenQuarantined opens what the inbox in dir refused of a parcel, for an
// administrator: reading it takes the component's key.
func OpenQuarantined(disk durable.Disk, dir string, key vault.Key, id parcel.ID) (*Quarantined, error) {
	held, err := readAbout(disk, dir, key, id)
	if err != nil {
		return nil, err
	}
	body, err := openSealed(disk, heldPath(dir, id), key, quarantinedName(id))
	if err != nil {
		return nil, err
	}
	return &Quarantined{Body: *body, Held: *held}, nil
}

func quarantinedName(id parcel.ID) string { return "quarantine " + id.String() }

func heldPath(dir string, id parcel.ID) string { return filepath.Join(dir, quarantine, id.String()) }

func readAbout(disk durable.Disk, dir string, key vault.Key, id parcel.ID) (*Held, error) {
	sealed, err := durable.ReadFileOn(disk, heldPath(dir, id)+aboutExt, maxAbout+vault.Overhead)
	if err != nil {
		return nil, err
	}
	data, err := key.Sealer(quarantine).Open(nil, sealed, id[:])
	var a about
	if err == nil {
		err = canon.Unmarshal(data, &a)
	}
	if err != nil {
		return nil, fmt.Errorf("what is beside parcel %s: %w", id, err)
	}
	h := &Held{Subject: a.Subject, Code: a.Code, Reason: a.Reason, Since: time.UnixMilli(a.At), raw: a.Header}
	if h.Header, err = parcel.Decode(a.Header); err == nil {
		h.Content, err = parcel.DecodeRecord(h.Header.Fields)
	}
	if err != nil {
		return nil, fmt.Errorf("what is beside parcel %s: %w", id, err)
	}
	return h, nil
}

// HeldCount is how many bodies lie in quarantine.
func (b *Inbox) HeldCount() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

// Held is what is known of a delivery in quarantine; fault.ParcelUnknown when it does not
// lie there.
func (b *Inbox) Held(id parcel.ID) (*Held, error) {
	h, err := readAbout(b.files.Disk, b.dir, b.key, id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.ParcelUnknown, err, "parcel %s is not in quarantine", id)
	}
	return h, err
}

// HeldID names a delivery in quarantine.
type HeldID struct {
	ID    parcel.ID
	Since time.Time // about when it came there
}

// HeldIDs lists what lies in quarantine, the newest first.
func (b *Inbox) HeldIDs() ([]HeldID, error) {
	dir := filepath.Join(b.dir, quarantine)
	names, err := b.files.Disk.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []HeldID
	for _, name := range names {
		id, err := parcel.ParseID(name)
		if err != nil {
			continue
		}
		info, err := b.files.Disk.Stat(filepath.Join(dir, name))
		if err != nil {
			continue // it was released meanwhile
		}
		list = append(list, HeldID{id, info.Modified})
	}
	slices.SortStableFunc(list, func(x, y HeldID) int { return y.Since.Compare(x.Since) })
	return list, nil
}

func (b *Inbox) countHeld() error {
	names, err := b.files.Disk.ReadDir(filepath.Join(b.dir, quarantine))
	for _, name := range names {
		if _, err := parcel.ParseID(name); err == nil {
			b.held++
		}
	}
	return err
}

// isolate brings a refused body to quarantine, encrypted, what is known of it first. It
// does nothing when that was done before.
func (b *Inbox) isolate(r inRecord) error {
	part := b.part(r.ID)
	if _, err := b.files.Disk.Stat(part); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	path := heldPath(b.dir, r.ID)
	_, before := b.files.Disk.Stat(path)
	beside := canon.Must(about{Header: r.Header, Subject: r.Subject, Code: r.Code, Reason: r.Reason, At: r.At})
	sealed := b.key.Sealer(quarantine).Seal(nil, beside, r.ID[:])
	if err := b.files.WriteFile(path+aboutExt, sealed, 0o600); err != nil {
		return err
	}
	if err := b.sealPart(part, path, r.ID); err != nil {
		return err
	}
	if before != nil {
		b.mu.Lock()
		b.held++
		b.mu.Unlock()
	}
	return b.files.Disk.Remove(part)
}

// dropHeld takes what was released out of quarantine for good. It does nothing when that
// was done before.
func (b *Inbox) dropHeld(id parcel.ID) error {
	path := heldPath(b.dir, id)
	err := b.files.Disk.Remove(path)
	if err == nil {
		b.mu.Lock()
		b.held -= min(b.held, 1) // while the inbox opens nothing was counted yet
		b.mu.Unlock()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := b.files.Disk.Remove(path + aboutExt); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return b.files.SyncDir(filepath.Dir(path))
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
	return eachChunk(source, w.Chunk)
}

// eachChunk reads a body from its beginning to its end.
func eachChunk(source io.ReaderAt, take func([]byte) error) error {
	chunk := make([]byte, vault.ChunkSize)
	for at := int64(0); ; at += vault.ChunkSize {
		n, err := source.ReadAt(chunk, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n == 0 {
			return nil
		}
		if err := take(chunk[:n]); err != nil {
			return err
		}
	}
}
