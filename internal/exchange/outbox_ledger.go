// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
)

// The first byte of an outbox's record, before it is sealed.
const (
	outAccepted byte = 1 // then the length of an outRecord, four bytes, the record, and the body if it is small
	outClosed   byte = 2 // then the id: the delivery has ended, or never was one
	outRefused  byte = 3 // then the id, 1 for unsure, and the code: it is not sent again, and its origin is to be told
)

type outRecord struct {
	_       struct{} `cbor:",toarray"`
	Draft   Draft
	Body    parcel.Body
	Digests []byte
	At      int64 // Unix milliseconds of the acceptance
	Source  source

	inline  []byte // the body, nil where it has a file of its own
	index   uint64
	refused fault.Code // how it ended, and has to be told; empty for nothing
	unsure  bool
}

func encodeAccepted(r *outRecord) []byte {
	fields := canon.Must(r)
	b := make([]byte, 0, 5+len(fields)+len(r.inline))
	b = append(b, outAccepted)
	b = binary.BigEndian.AppendUint32(b, uint32(len(fields)))
	return append(append(b, fields...), r.inline...)
}

func decodeAccepted(b []byte) (*outRecord, error) {
	if len(b) < 5 || b[0] != outAccepted {
		return nil, errors.New("it is not of an accepted delivery")
	}
	n := uint64(binary.BigEndian.Uint32(b[1:]))
	if n > uint64(len(b)-5) {
		return nil, errors.New("its fields are cut")
	}
	r := &outRecord{}
	if err := canon.Unmarshal(b[5:5+n], r); err != nil {
		return nil, err
	}
	if rest := b[5+n:]; uint64(len(rest)) == r.Body.Size {
		r.inline = rest
	} else if len(rest) > 0 {
		return nil, fmt.Errorf("it has %d bytes of a body of %d", len(rest), r.Body.Size)
	}
	if want := parcel.Chunks(r.Body.Size) * 32; uint64(len(r.Digests)) != want {
		return nil, fmt.Errorf("it has %d bytes of digests, not %d", len(r.Digests), want)
	}
	return r, nil
}

func encodeClosed(id parcel.ID) []byte { return append([]byte{outClosed}, id[:]...) }

func decodeClosed(b []byte) (parcel.ID, error) {
	if len(b) != 1+len(parcel.ID{}) || b[0] != outClosed {
		return parcel.ID{}, errors.New("it is neither of an accepted nor of a closed delivery")
	}
	return parcel.ID(b[1:]), nil
}

func encodeRefused(id parcel.ID, unsure bool, code fault.Code) []byte {
	b := append([]byte{outRefused}, id[:]...)
	if unsure {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return append(b, code...)
}

func decodeRefused(b []byte) (id parcel.ID, unsure bool, code fault.Code, err error) {
	head := 1 + len(id)
	if len(b) <= head+1 || b[0] != outRefused || b[head] > 1 || !fault.Known(fault.Code(b[head+1:])) {
		return id, false, "", errors.New("it is not of a refused delivery")
	}
	return parcel.ID(b[1:head]), b[head] == 1, fault.Code(b[head+1:]), nil
}

// replay takes up one record.
func (o *Outbox) replay(records map[parcel.ID]*outRecord, index uint64, sealed []byte) error {
	b, err := o.seal.Open(nil, sealed, nil)
	if err != nil {
		return fmt.Errorf("outbox record %d: %w", index, err)
	}
	if err := take(records, index, b); err != nil {
		return fmt.Errorf("outbox record %d: %w", index, err)
	}
	return nil
}

func take(records map[parcel.ID]*outRecord, index uint64, b []byte) error {
	switch b[0] {
	case outAccepted:
		r, err := decodeAccepted(b)
		if err != nil {
			return err
		}
		r.index = index
		records[r.Draft.ID] = r
	case outRefused:
		id, unsure, code, err := decodeRefused(b)
		if err != nil {
			return err
		}
		if r := records[id]; r != nil {
			r.refused, r.unsure = code, unsure
		}
	default:
		id, err := decodeClosed(b)
		if err != nil {
			return err
		}
		delete(records, id)
	}
	return nil
}

// recover takes up every record that has its body, and removes the rest.
func (o *Outbox) recover(records map[parcel.ID]*outRecord) error {
	for id, r := range records {
		o.hold(r)
		o.ender.removed(r.Source.Dir) // that it was removed need not be on the disk yet
		whole, err := o.whole(r)
		if err != nil {
			return err
		}
		if !whole {
			o.end(r.outgoing())
			continue
		}
		// The source may be where it was: its removal was lost with the power.
		err = o.takeAwayAgain(id, r.Source)
		if errors.Is(err, errStranded) {
			continue
		}
		if err != nil {
			if err := o.withdraw(id); err != nil {
				return err
			}
			continue
		}
		out := r.outgoing()
		out.Attempt, out.Unsure = 1, true
		if r.refused != "" {
			out.Unsure, out.ended = r.unsure, &Outcome{Code: r.refused}
		}
		o.push(out)
	}
	return o.sweep()
}

func (r *outRecord) outgoing() *Outgoing {
	return &Outgoing{
		Draft: r.Draft, Body: r.Body, Digests: splitDigests(r.Digests), Accepted: time.UnixMilli(r.At),
		index: r.index, inline: r.inline, source: r.Source.Dir,
	}
}

// hold counts a delivery as accepted.
func (o *Outbox) hold(r *outRecord) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.live[r.Draft.ID] = held{index: r.index, subject: r.Draft.Subject, inline: len(r.inline)}
	o.inline += len(r.inline)
}

// whole tells whether the body of a record is there.
func (o *Outbox) whole(r *outRecord) (bool, error) {
	if r.inline != nil {
		return true, nil
	}
	info, err := o.files.Disk.Stat(o.path(r.Draft.ID, bodyExt))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || !info.Mode.IsRegular() || info.Size != vault.SealedSize(int64(r.Body.Size)) {
		return false, fmt.Errorf("body of parcel %s: mode %v, %d bytes: %w", r.Draft.ID, info.Mode, info.Size, err)
	}
	return true, nil
}

// sweep removes files that no record speaks of: a crash came before their record,
// or between their end and their removal.
func (o *Outbox) sweep() error {
	names, err := o.files.Disk.ReadDir(o.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := parcel.ParseID(name[:len(name)-len(filepath.Ext(name))])
		if _, live := o.Held(id); err != nil || live {
			continue
		}
		if err := o.files.Disk.Remove(filepath.Join(o.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// The files of a delivery, after its id.
const (
	bodyExt   = ".body"
	sourceExt = ".source" // the file that was adopted, on its way to be removed
)

func (o *Outbox) path(id parcel.ID, ext string) string {
	return filepath.Join(o.dir, id.String()+ext)
}

func joinDigests(digests []parcel.ChunkDigest) []byte {
	b := make([]byte, 0, 32*len(digests))
	for i := range digests {
		b = append(b, digests[i][:]...)
	}
	return b
}

// splitDigests is the reverse; decodeAccepted has looked at the length.
func splitDigests(b []byte) []parcel.ChunkDigest {
	digests := make([]parcel.ChunkDigest, 0, len(b)/32)
	for ; len(b) >= 32; b = b[32:] {
		digests = append(digests, parcel.ChunkDigest(b[:32]))
	}
	return digests
}
