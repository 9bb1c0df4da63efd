// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
)

// Delivery is one incoming delivery, whole and verified.
type Delivery struct {
	Header  *parcel.Header
	Content parcel.Record
	Subject string // of the label
	Path    string // of the staged body
	// Approved says that two persons had it released from quarantine. The flow's checks
	// are not asked then, only what keeps the target safe.
	Approved bool

	by Approval
}

// Sink is where an inbox puts what it took in. All of its methods may be called
// again for the same delivery after a crash.
type Sink interface {
	// Place runs the flow's checks over the staged body and chooses the name under
	// which it is released. An error with a code of kind Refused or TooLarge ends the
	// delivery in quarantine; any other is told to the sender, who tries again.
	Place(ctx context.Context, d Delivery) (name string, err error)
	// Release moves the staged body to name, durably and in one step. It MUST succeed
	// without effect when the staged body is gone, since an earlier call moved it, and
	// MUST NOT replace what another delivery put there: then it returns fs.ErrExist
	// and Place is asked for another name.
	Release(ctx context.Context, d Delivery, name string) error
}

// retention is how long an inbox remembers what has ended; a sender gives up earlier.
const retention = 2 * Patience

// maxPartial bounds the deliveries that have come in part. Above it the one that was
// idle for longest loses what has come, and nothing else.
const maxPartial = 1024

// maxTries bounds how often a sink is asked for another name.
const maxTries = 16

// entry is what an inbox knows of a delivery that has not ended. While busy it belongs
// to one attempt, or to who removes it.
type entry struct {
	busy      bool
	releasing bool      // a name was chosen; the move may have been made
	touched   time.Time // when the last attempt ended
	root      parcel.Link
	chunk     uint64
	link      parcel.Link
	name      string
	by        Approval // of a release from quarantine, else zero
	raw       []byte   // the header, and
	subject   string   // of the label, of a release from quarantine
}

// end is what an inbox remembers of a delivery that has ended: enough to give the same
// receipt or refusal again.
type end struct {
	root parcel.Link
	at   int64      // of the receipt
	code fault.Code // empty when it was released
	by   Approval   // of a release from quarantine
}

// ended is a finished delivery, in the order of the ledger.
type ended struct {
	id    parcel.ID
	index uint64
	at    int64
}

// InboxConfig is what an Inbox needs.
type InboxConfig struct {
	Dir  string       // on the file system that the sink releases to
	Disk durable.Disk // nil means the operating system's
	Key  vault.Key
	Sink Sink
	Log  *slog.Logger
	Now  func() time.Time // nil means time.Now
	// Fatal is told of a failed write or sync and must not return. Nil panics.
	Fatal func(error)
	// LedgerBytes is the length of a segment of the ledger, which is written in full: at
	// least 512 KiB, for bodies that then need less of their ledger. 0 means 8 MiB.
	LedgerBytes int64
}

// Inbox takes deliveries in, each once, and hands them to a sink. Its directory
// holds a ledger, bodies that have come in part or are being released, and a
// quarantine of those that were refused, each beside its reason. Ledger and quarantine
// are encrypted; a staged body is the very file that the sink releases, and is not.
type Inbox struct {
	dir    string
	files  durable.Files
	key    vault.Key
	seal   *vault.Sealer
	sink   Sink
	ledger *durable.Log
	sync   *DirSync
	log    *slog.Logger
	now    func() time.Time
	every  uint64 // progressEvery, less in a test

	mu      sync.Mutex
	partial map[parcel.ID]*entry // what has not ended
	ends    map[parcel.ID]end
	done    []ended
	tidying bool
	held    uint64 // bodies in quarantine
}

const (
	quarantine = "quarantine"
	partExt    = ".part"  // staged
	backExt    = ".back"  // staged again, from quarantine
	aboutExt   = ".about" // beside a body in quarantine
)

// OpenInbox opens or makes an inbox, and finishes what a crash left in the middle of a
// release.
func OpenInbox(ctx context.Context, c InboxConfig) (*Inbox, error) {
	if c.Disk == nil {
		c.Disk = durable.OS()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	files := durable.Files{Disk: c.Disk, Fatal: c.Fatal}
	if err := files.MkdirAll(filepath.Join(c.Dir, quarantine), 0o700); err != nil {
		return nil, err
	}
	b := &Inbox{
		dir: c.Dir, files: files, key: c.Key, seal: c.Key.Sealer("inbox"), sink: c.Sink,
		sync: NewDirSync(files, c.Dir), log: c.Log, now: c.Now, every: progressEvery,
		partial: map[parcel.ID]*entry{}, ends: map[parcel.ID]end{},
	}
	open := map[parcel.ID]inRecord{}
	var err error
	b.ledger, err = openLedger(c.Dir, c.LedgerBytes, files, func(index uint64, data []byte) error { return b.replay(open, index, data) })
	if err != nil {
		return nil, err
	}
	if err := b.recover(ctx, open); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if err := b.countHeld(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close ends the inbox; nothing may be under way.
func (b *Inbox) Close() error { return b.ledger.Close() }

func partName(id parcel.ID) string { return id.String() + partExt }

// part is where the body of a delivery is staged.
func (b *Inbox) part(id parcel.ID) string { return filepath.Join(b.dir, partName(id)) }

// delivery is what a sink is asked about; by is zero for one that does not come from
// quarantine.
func (b *Inbox) delivery(h *parcel.Header, subject string, by Approval) (Delivery, error) {
	content, err := parcel.DecodeRecord(h.Fields)
	d := Delivery{Header: h, Content: content, Subject: subject, Path: b.part(h.ID), by: by}
	if by != (Approval{}) {
		d.Path, d.Approved = b.back(h.ID), true
	}
	return d, err
}

// claim makes the entry of a delivery busy. A receipt says that it was released.
func (b *Inbox) claim(h *parcel.Header) (*entry, *Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if was, ended := b.ends[h.ID]; ended {
		return nil, was.receipt(h), was.refusal(h)
	}
	e := b.partial[h.ID]
	switch {
	case e == nil:
		if len(b.partial) >= maxPartial {
			return nil, nil, fault.New(fault.TooBusy, "%d deliveries are under way", len(b.partial))
		}
		e = &entry{root: h.Body.Root, link: h.Body.Root}
		b.partial[h.ID] = e
	case e.by != (Approval{}):
		return nil, nil, fault.New(fault.TooBusy, "parcel %s is being released from quarantine", h.ID)
	case e.root != h.Body.Root:
		return nil, nil, fault.New(fault.ParcelAltered, "parcel %s was another body before", h.ID)
	case e.busy:
		return nil, nil, fault.New(fault.TooBusy, "another attempt at parcel %s is under way", h.ID)
	}
	e.busy, e.touched = true, b.now()
	return e, nil, nil
}

func (was end) refusal(h *parcel.Header) error {
	switch {
	case was.root != h.Body.Root:
		return fault.New(fault.ParcelAltered, "parcel %s was another body before", h.ID)
	case was.code != "":
		return fault.New(was.code, "refused before")
	default:
		return nil
	}
}

// receipt is the one that was given; the root stands for the size, too.
func (was end) receipt(h *parcel.Header) *Receipt {
	if was.refusal(h) != nil {
		return nil
	}
	return &Receipt{ID: h.ID, Released: was.at, Size: h.Body.Size, Root: was.root}
}

func (b *Inbox) unclaim(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.busy, e.touched = false, b.now()
}
