// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// MaxBody bounds the body of a delivery, in bytes: 96 GiB, whose digests fill one
// record of an outbox.
const MaxBody = 96 << 30

// Patience is how long after its acceptance a delivery is still tried. It is shorter
// than an inbox remembers.
const Patience = 14 * 24 * time.Hour

// maxItem bounds one record of an outbox or inbox, in bytes.
const maxItem = 4 << 20

// ledgerBytes is the length of a segment of a ledger: each flow has several ledgers.
const ledgerBytes = 8 << 20

// trimEvery is the number of ended deliveries after which the ledger is trimmed.
const trimEvery = 1000

// Draft is a delivery before it is labelled.
type Draft struct {
	_         struct{} `cbor:",toarray"`
	ID        parcel.ID
	Flow      string
	Subject   string
	Assurance label.Assurance
	Evidence  []byte
	Fields    []byte // canonical content
	Origin    string // name where it came from, for the receipt
}

// Outcome is how a delivery ended.
type Outcome struct {
	Code    fault.Code // empty when it was released
	Receipt Receipt    // when it was released
}

// Outgoing is one accepted delivery.
type Outgoing struct {
	Draft
	Body     parcel.Body
	Digests  []parcel.ChunkDigest
	Accepted time.Time
	Attempt  int // failed attempts in this process; a restart counts as one

	index uint64 // of its record in the ledger
	due   time.Time
}

// The states of an outbox's records.
const (
	outAccepted uint8 = 1 // the record is durable; the delivery is accepted once its body is in the outbox, too
	outClosed   uint8 = 2 // the origin was told; nothing is left
)

type outRecord struct {
	_       struct{} `cbor:",toarray"`
	State   uint8
	Draft   Draft
	Body    parcel.Body
	Digests []byte
	At      int64 // Unix milliseconds of the acceptance
}

// Settled tells the origin of a delivery how it ended, durably, and may take the
// body away. After a crash it is called again, since the attempt that brought the
// outcome is made again and the inbox remembers; the body may then be gone.
type Settled func(out *Outgoing, o Outcome) error

// Outbox keeps accepted deliveries in a directory until they have ended: a ledger,
// and a body for each. Accepted is what has both. A record without a body was never
// sent, and a body without a record never acknowledged; either is forgotten.
type Outbox struct {
	dir     string
	root    *os.Root
	log     *durable.Log
	settled Settled
	sync    *DirSync
	step    func() // a test's, called after each durable effect

	mu      sync.Mutex
	origins map[string]*DirSync // of the directories that Adopt moves from
	waiting waiting
	live    map[parcel.ID]held
	closed  int
	changed chan struct{} // closed and replaced when waiting changes
}

// held is a delivery that has not ended.
type held struct {
	index   uint64 // of the record
	subject string
}

// OpenOutbox opens or makes the outbox in dir. Nothing that Accept or Adopt
// acknowledged is lost.
func OpenOutbox(dir string, settled Settled) (*Outbox, error) {
	return openOutbox(dir, settled, func() {})
}

func openOutbox(dir string, settled Settled, step func()) (*Outbox, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	o := &Outbox{
		dir: dir, root: root, settled: settled, sync: NewDirSync(dir), step: step,
		origins: map[string]*DirSync{}, live: map[parcel.ID]held{}, changed: make(chan struct{}),
	}
	records := map[parcel.ID]*outRecord{}
	o.log, err = durable.OpenLog(filepath.Join(dir, "ledger"), durable.LogOptions{MaxRecord: maxItem, SegmentBytes: ledgerBytes}, func(index uint64, b []byte) error {
		return o.replay(records, index, b)
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	if err := o.recover(records); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

func (o *Outbox) replay(records map[parcel.ID]*outRecord, index uint64, b []byte) error {
	var r outRecord
	if err := canon.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("outbox record %d: %w", index, err)
	}
	switch r.State {
	case outAccepted:
		records[r.Draft.ID] = &r
		o.live[r.Draft.ID] = held{index: index, subject: r.Draft.Subject}
	case outClosed:
		delete(records, r.Draft.ID)
		delete(o.live, r.Draft.ID)
	default:
		return fmt.Errorf("outbox record %d has state %d", index, r.State)
	}
	return nil
}

// recover takes up every record that has its body, and removes the rest.
func (o *Outbox) recover(records map[parcel.ID]*outRecord) error {
	for id, r := range records {
		info, err := o.root.Lstat(bodyName(id))
		if errors.Is(err, fs.ErrNotExist) {
			o.close(id)
			continue
		}
		if err != nil || !info.Mode().IsRegular() {
			return fmt.Errorf("body of parcel %s: mode %v: %w", id, info, err)
		}
		digests, err := splitDigests(r.Digests)
		if err != nil {
			return err
		}
		o.push(&Outgoing{Draft: r.Draft, Body: r.Body, Digests: digests, Accepted: time.UnixMilli(r.At), Attempt: 1, index: o.live[id].index})
	}
	return o.sweep()
}

// sweep removes bodies that no record speaks of: a crash came before their record,
// or between their end and their removal.
func (o *Outbox) sweep() error {
	names, err := durable.OS().ReadDir(o.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		ext := filepath.Ext(name)
		id, err := parcel.ParseID(name[:len(name)-len(ext)])
		if _, live := o.live[id]; err != nil || (live && ext == bodyExt) {
			continue
		}
		if err := o.root.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

const bodyExt = ".body"

func bodyName(id parcel.ID) string { return id.String() + bodyExt }

// Path is where the body of a delivery lies.
func (o *Outbox) Path(id parcel.ID) string { return filepath.Join(o.dir, bodyName(id)) }

// OpenBody opens the spooled body of a delivery.
func (o *Outbox) OpenBody(out *Outgoing) (*os.File, error) { return o.root.Open(bodyName(out.ID)) }

// Held tells whether a delivery was accepted and has not ended, and whose it is.
func (o *Outbox) Held(id parcel.ID) (subject string, held bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d, ok := o.live[id]
	return d.subject, ok
}

// Pending is the number of deliveries that were accepted and have not ended.
func (o *Outbox) Pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.live)
}

// Settle ends a delivery: the origin is told, then the body is removed, then the
// record is closed. When it fails the caller gives the delivery back by Later.
func (o *Outbox) Settle(out *Outgoing, outcome Outcome) error {
	if err := o.settled(out, outcome); err != nil {
		return fmt.Errorf("tell how parcel %s ended: %w", out.ID, err)
	}
	o.step()
	if err := o.root.Remove(bodyName(out.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	o.step()
	o.close(out.ID)
	return nil
}

// close writes the last record without waiting: when it is lost, the record before
// it has no body, or the delivery is made again and its inbox remembers.
func (o *Outbox) close(id parcel.ID) {
	b := canon.Must(&outRecord{State: outClosed, Draft: Draft{ID: id}})
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.log.Append(b)
	delete(o.live, id)
	if o.closed++; o.closed%trimEvery == 0 {
		o.trim(c.Index)
	}
}

// trim removes the segments of the ledger that hold nothing of a live delivery.
func (o *Outbox) trim(oldest uint64) {
	for _, d := range o.live {
		oldest = min(oldest, d.index)
	}
	if err := o.log.Trim(oldest); err != nil {
		panic(&durable.SyncError{Path: o.dir, Err: err})
	}
}

// Close ends the outbox; nothing may be under way.
func (o *Outbox) Close() error { return errors.Join(o.log.Close(), o.root.Close()) }
