// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
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

// maxItem bounds one record of an outbox: the digests of a body of 96 GiB.
const maxItem = 4 << 20

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
	_       struct{}   `cbor:",toarray"`
	Code    fault.Code // empty when it was released
	Receipt Receipt    // when it was released
}

// Outgoing is one accepted delivery.
type Outgoing struct {
	Draft
	Body    parcel.Body
	Digests []parcel.ChunkDigest
	Attempt int // failed attempts in this process; a restart counts as one

	index uint64 // of its record in the ledger
	due   time.Time
}

// The states of an outbox's records, in the order of a life.
const (
	outAdopting uint8 = 1 // a file is about to be moved in
	outAccepted uint8 = 2 // body and record are durable
	outEnded    uint8 = 3 // outcome known; the origin is told next
	outClosed   uint8 = 4 // the origin was told; nothing is left
)

type outRecord struct {
	_       struct{} `cbor:",toarray"`
	State   uint8
	Draft   Draft
	Body    parcel.Body
	Digests []byte
	Outcome Outcome
}

// Settled is told how a delivery ended, before its body is removed; after a crash
// it may be told again. body is the spooled file's path.
type Settled func(d Draft, o Outcome, body string) error

// Outbox keeps accepted deliveries in a directory until they have ended.
type Outbox struct {
	dir     string
	root    *os.Root
	log     *durable.Log
	settled Settled

	mu      sync.Mutex
	waiting waiting
	live    map[parcel.ID]uint64 // index of the oldest record that is still needed
	closed  int
	changed chan struct{} // closed and replaced when waiting changes
}

// OpenOutbox opens or makes the outbox in dir. What a crash left half done is
// finished or forgotten: nothing that Accept or Adopt acknowledged is lost.
func OpenOutbox(dir string, settled Settled) (*Outbox, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	o := &Outbox{dir: dir, root: root, settled: settled, live: map[parcel.ID]uint64{}, changed: make(chan struct{})}
	records := map[parcel.ID]*outRecord{}
	o.log, err = durable.OpenLog(filepath.Join(dir, "ledger"), durable.LogOptions{MaxRecord: maxItem}, func(index uint64, b []byte) error {
		return o.replay(records, index, b)
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, r := range records {
		if err := o.recover(r); err != nil {
			return nil, errors.Join(err, o.Close())
		}
	}
	return o, o.sweep()
}

func (o *Outbox) replay(records map[parcel.ID]*outRecord, index uint64, b []byte) error {
	var r outRecord
	if err := canon.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("outbox record %d: %w", index, err)
	}
	if r.State == outClosed {
		delete(records, r.Draft.ID)
		delete(o.live, r.Draft.ID)
		return nil
	}
	if r.State == outEnded {
		if before := records[r.Draft.ID]; before != nil {
			before.State, before.Outcome = outEnded, r.Outcome
			return nil
		}
	}
	records[r.Draft.ID] = &r
	o.live[r.Draft.ID] = index
	return nil
}

// recover goes on where a record's life was broken off.
func (o *Outbox) recover(r *outRecord) error {
	switch r.State {
	case outAdopting:
		if _, err := o.root.Stat(bodyName(r.Draft.ID)); errors.Is(err, fs.ErrNotExist) {
			o.close(r.Draft) // it was never moved in; whoever has it brings it again
			return nil
		}
		return o.admit(r.Draft)
	case outAccepted:
		digests, err := splitDigests(r.Digests)
		if err != nil {
			return err
		}
		o.push(&Outgoing{Draft: r.Draft, Body: r.Body, Digests: digests, Attempt: 1, index: o.live[r.Draft.ID]})
		return nil
	case outEnded:
		return o.tell(r.Draft, r.Outcome)
	default:
		return fmt.Errorf("outbox record of parcel %s has state %d", r.Draft.ID, r.State)
	}
}

// sweep removes bodies that no record speaks of: a crash came before their record.
func (o *Outbox) sweep() error {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		id, err := parcel.ParseID(trimExt(e.Name()))
		if _, live := o.live[id]; err != nil || (live && filepath.Ext(e.Name()) == ".body") {
			continue
		}
		if err := o.root.Remove(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func trimExt(name string) string { return name[:len(name)-len(filepath.Ext(name))] }

func bodyName(id parcel.ID) string { return id.String() + ".body" }

// Path is where the body of a delivery lies.
func (o *Outbox) Path(id parcel.ID) string { return filepath.Join(o.dir, bodyName(id)) }

// Accept copies a body in. When it returns nil the delivery is durable.
func (o *Outbox) Accept(d Draft, body io.Reader) error {
	name := d.ID.String() + ".new"
	f, err := o.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	var h parcel.Hasher
	if _, err := io.CopyBuffer(io.MultiWriter(f, &h), body, make([]byte, parcel.ChunkSize)); err != nil {
		return errors.Join(err, f.Close(), o.root.Remove(name))
	}
	durableFile(f)
	if err := o.root.Rename(name, bodyName(d.ID)); err != nil {
		return err
	}
	if err := durable.SyncDir(o.dir); err != nil {
		return err
	}
	sum, digests := h.Sum()
	return o.accepted(d, sum, digests)
}

// Adopt moves a file in from another directory of the same file system. When it
// returns nil the delivery is durable and the file is no longer where it was.
func (o *Outbox) Adopt(d Draft, from, name string) error {
	if err := o.append(&outRecord{State: outAdopting, Draft: d}); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(from, name), o.Path(d.ID)); err != nil {
		o.close(d)
		return err
	}
	if err := durable.SyncDir(from); err != nil {
		return err
	}
	return o.admit(d)
}

// admit hashes a body that was moved in and makes its record durable.
func (o *Outbox) admit(d Draft) error {
	f, err := o.root.OpenFile(bodyName(d.ID), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	var h parcel.Hasher
	if _, err := io.CopyBuffer(struct{ io.Writer }{&h}, struct{ io.Reader }{f}, make([]byte, parcel.ChunkSize)); err != nil {
		return errors.Join(err, f.Close())
	}
	durableFile(f)
	if err := durable.SyncDir(o.dir); err != nil {
		return err
	}
	sum, digests := h.Sum()
	return o.accepted(d, sum, digests)
}

// durableFile syncs and closes; a failure ends the process (design 5.9).
func durableFile(f *os.File) {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		panic(&durable.SyncError{Path: f.Name(), Err: err})
	}
}

func (o *Outbox) accepted(d Draft, b parcel.Body, digests []parcel.ChunkDigest) error {
	if err := o.append(&outRecord{State: outAccepted, Draft: d, Body: b, Digests: joinDigests(digests)}); err != nil {
		return err
	}
	o.mu.Lock()
	index := o.live[d.ID]
	o.mu.Unlock()
	o.push(&Outgoing{Draft: d, Body: b, Digests: digests, index: index})
	return nil
}

func joinDigests(digests []parcel.ChunkDigest) []byte {
	b := make([]byte, 0, 32*len(digests))
	for i := range digests {
		b = append(b, digests[i][:]...)
	}
	return b
}

func splitDigests(b []byte) ([]parcel.ChunkDigest, error) {
	if len(b)%32 != 0 {
		return nil, fmt.Errorf("digests of %d bytes", len(b))
	}
	digests := make([]parcel.ChunkDigest, 0, len(b)/32)
	for ; len(b) > 0; b = b[32:] {
		digests = append(digests, parcel.ChunkDigest(b[:32]))
	}
	return digests, nil
}

// append makes a record durable.
func (o *Outbox) append(r *outRecord) error {
	b := canon.Must(r)
	o.mu.Lock()
	c := o.log.Append(b)
	if _, known := o.live[r.Draft.ID]; !known || r.State == outAccepted {
		o.live[r.Draft.ID] = c.Index
	}
	o.mu.Unlock()
	return c.Wait()
}

// Next waits for the next delivery that is due. Its caller holds it until it calls
// Settle or Later.
func (o *Outbox) Next(ctx context.Context) (*Outgoing, error) {
	for {
		o.mu.Lock()
		changed := o.changed
		wait := time.Hour
		if len(o.waiting) > 0 {
			if wait = time.Until(o.waiting[0].due); wait <= 0 {
				out := heap.Pop(&o.waiting).(*Outgoing)
				o.mu.Unlock()
				return out, nil
			}
		}
		o.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-changed:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (o *Outbox) push(out *Outgoing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	heap.Push(&o.waiting, out)
	close(o.changed)
	o.changed = make(chan struct{})
}

// Pending is the number of deliveries that wait, without those that are held.
func (o *Outbox) Pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting)
}

// Later gives a delivery back for another attempt after a pause that grows from
// 50 ms to 15 s with the attempts, so that an interruption is over soon for the first.
func (o *Outbox) Later(out *Outgoing) {
	pause := min(50*time.Millisecond<<min(out.Attempt, 9), 15*time.Second)
	out.Attempt++
	out.due = time.Now().Add(pause)
	o.push(out)
}

// Hurry makes every waiting delivery due now: the connection is back.
func (o *Outbox) Hurry() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, out := range o.waiting {
		out.due = time.Time{}
	}
	heap.Init(&o.waiting)
	close(o.changed)
	o.changed = make(chan struct{})
}

// Settle ends a delivery: the outcome is durable, then the origin is told, then
// the body is removed.
func (o *Outbox) Settle(out *Outgoing, outcome Outcome) error {
	if err := o.append(&outRecord{State: outEnded, Draft: out.Draft, Outcome: outcome}); err != nil {
		return err
	}
	return o.tell(out.Draft, outcome)
}

func (o *Outbox) tell(d Draft, outcome Outcome) error {
	if err := o.settled(d, outcome, o.Path(d.ID)); err != nil {
		return fmt.Errorf("tell how parcel %s ended: %w", d.ID, err)
	}
	if err := o.root.Remove(bodyName(d.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	o.close(d)
	return nil
}

// close writes the last record without waiting: losing it only tells the origin twice.
func (o *Outbox) close(d Draft) {
	b := canon.Must(&outRecord{State: outClosed, Draft: Draft{ID: d.ID}})
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.log.Append(b)
	delete(o.live, d.ID)
	if o.closed++; o.closed%trimEvery == 0 {
		o.trim(c.Index)
	}
}

// trim removes the segments of the ledger that hold nothing of a live delivery.
func (o *Outbox) trim(oldest uint64) {
	for _, index := range o.live {
		oldest = min(oldest, index)
	}
	if err := o.log.Trim(oldest); err != nil {
		panic(&durable.SyncError{Path: o.dir, Err: err})
	}
}

// Close ends the outbox; nothing may be under way.
func (o *Outbox) Close() error { return errors.Join(o.log.Close(), o.root.Close()) }

// waiting is a heap by time.
type waiting []*Outgoing

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	if w[i].due.Equal(w[j].due) {
		return w[i].index < w[j].index
	}
	return w[i].due.Before(w[j].due)
}
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }

// Push is heap.Interface's.
func (w *waiting) Push(x any) { *w = append(*w, x.(*Outgoing)) }

// Pop is heap.Interface's.
func (w *waiting) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*w = old[:len(old)-1]
	return last
}
