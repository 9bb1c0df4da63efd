// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
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
	// Unsure says that an earlier attempt may have been released: no word came after its
	// commit, or a restart forgot whether one did. A refusal is not the whole truth then.
	Unsure bool

	index  uint64 // of its record in the ledger
	due    time.Time
	ended  *Outcome // a refusal that is on the disk: it only has to be told
	inline []byte   // the body, where it is in the record
	source string   // the directory that it came from, empty for none
}

// Settled tells the origin of a delivery how it ended, durably, and may read the
// body. After a crash it is called again, since the attempt that brought the outcome
// is made again and the inbox remembers.
type Settled func(out *Outgoing, o Outcome) error

// OutboxConfig is what an Outbox needs.
type OutboxConfig struct {
	Dir     string
	Disk    durable.Disk // nil means the operating system's
	Key     vault.Key
	Settled Settled
	Now     func() time.Time // nil means time.Now
	// Fatal is told of a failed write or sync and must not return. Nil panics.
	Fatal func(error)
	// LedgerBytes is the length of a segment of the ledger, which is written in full: at
	// least 512 KiB, for bodies that then need less of their ledger. 0 means 8 MiB.
	LedgerBytes int64
}

// Outbox keeps accepted deliveries in a directory until they have ended: a ledger,
// which holds small bodies too, and a file for each larger one, all of it encrypted.
// What has a record is accepted. A body without one never was, and a record without
// its body has ended; either is forgotten.
type Outbox struct {
	dir     string
	files   durable.Files
	key     vault.Key
	seal    *vault.Sealer
	log     *durable.Log
	settled Settled
	now     func() time.Time
	sync    *DirSync
	large   chan *buffers // one for each body that may be taken into a file at once
	ender   ender

	mu      sync.Mutex
	waiting waiting
	live    map[parcel.ID]held
	inline  int           // bytes of bodies that are held in memory
	changed chan struct{} // closed and replaced when waiting changes
}

// held is a delivery that has not ended.
type held struct {
	index   uint64 // of the record
	subject string
	inline  int // bytes
}

// OpenOutbox opens or makes the outbox in a directory. Nothing that Accept or Adopt
// acknowledged is lost.
func OpenOutbox(c OutboxConfig) (*Outbox, error) {
	if c.Disk == nil {
		c.Disk = durable.OS()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	files := durable.Files{Disk: c.Disk, Fatal: c.Fatal}
	if err := files.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	o := &Outbox{
		dir: c.Dir, files: files, key: c.Key, seal: c.Key.Sealer("outbox"), settled: c.Settled, now: c.Now,
		sync: NewDirSync(files, c.Dir), large: newBuffers(), ender: newEnder(),
		live: map[parcel.ID]held{}, changed: make(chan struct{}),
	}
	records := map[parcel.ID]*outRecord{}
	var err error
	o.log, err = openLedger(c.Dir, c.LedgerBytes, files, func(index uint64, b []byte) error { return o.replay(records, index, b) })
	if err != nil {
		return nil, err
	}
	go o.endAll()
	if err := o.recover(records); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

func openLedger(dir string, size int64, f durable.Files, replay func(uint64, []byte) error) (*durable.Log, error) {
	if size == 0 {
		size = ledgerBytes
	}
	return durable.OpenLog(filepath.Join(dir, "ledger"), durable.LogOptions{
		Disk: f.Disk, MaxRecord: int(min(maxItem, size/2)), SegmentBytes: size, Fatal: f.Fatal,
	}, replay)
}

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

// Settle ends a delivery: the origin is told, then the record is closed and the body
// removed, soon. When it fails the caller gives the delivery back by Later. A refusal is
// on the disk before it is told: whoever was told so never hears of a delivery.
func (o *Outbox) Settle(out *Outgoing, outcome Outcome) error {
	if outcome.Code != "" && out.ended == nil {
		refused := o.seal.Seal(nil, encodeRefused(out.ID, out.Unsure, outcome.Code), nil)
		if err := o.log.Append(refused).Wait(); err != nil {
			return fmt.Errorf("record how parcel %s ended: %w", out.ID, err)
		}
		out.ended = &outcome
	}
	if err := o.settled(out, outcome); err != nil {
		return fmt.Errorf("tell how parcel %s ended: %w", out.ID, err)
	}
	o.end(out)
	return nil
}

// Close ends the outbox; nothing may be under way.
func (o *Outbox) Close() error {
	o.ender.stop()
	return o.log.Close()
}
