// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/vault"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// gather is how long entries are collected before a checkpoint; writing it
	// must fit in what is left of 100 ms. After half of it the entries that nobody
	// waits for are written.
	gather   = 80 * time.Millisecond
	idle     = time.Second // without an entry, until the partial tiles are written
	maxBytes = 4 << 20     // of one Read
)

// Config says where a journal is and who signs it.
type Config struct {
	Dir    string
	Origin string // component, as "dukou/guard-inner"; the name of the log and of its key
	Signer Signer // its name is Origin
	Clock  func() time.Time
	Rand   io.Reader    // of the salts; nil means crypto/rand
	Log    *slog.Logger // nil means none
	Disk   durable.Disk // nil means that of the operating system
	// Local seals details while there is no leased key for their day; nil: no detail is
	// ever sealed. See [Journal.UseKeys].
	Local *vault.Key

	SegmentBytes int64       // of the journal's files; 0 means durable.DefaultSegmentBytes
	Fatal        func(error) // see durable.LogOptions
}

func (c *Config) setDefaults() error {
	if c.Signer == nil || c.Signer.Name() != c.Origin {
		return fmt.Errorf("audit: the signer of %q must have that name", c.Origin)
	}
	if err := checkName(c.Origin); err != nil {
		return err
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Disk == nil {
		c.Disk = durable.OS()
	}
	return nil
}

// Journal is the audit record of one process. Its methods may be called from many goroutines.
type Journal struct {
	c       Config
	s       *store
	leaves  leaves // of entries that the tree does not have yet
	details *sealing
	wake    chan struct{} // holds a token while there may be entries that no checkpoint covers
	rand    sync.Mutex    // over c.Rand
	pubMu   sync.Mutex    // over publishing
}

// Open opens or makes the journal in c.Dir. Records are never changed: if the
// signed checkpoint and the records disagree it fails with [ErrFork] or [ErrRollback].
func Open(c Config) (*Journal, error) {
	if err := c.setDefaults(); err != nil {
		return nil, err
	}
	s, err := openStore(storeConfig{
		dir: c.Dir, keys: note.VerifierList(c.Signer), disk: c.Disk, rand: c.Rand,
		segmentBytes: c.SegmentBytes, fatal: c.Fatal, log: c.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("open audit journal %s: %w", c.Dir, err)
	}
	j := &Journal{c: c, s: s, details: newSealing(c.Local), wake: make(chan struct{}, 1)}
	j.signal()
	return j, nil
}

// OpenOwn opens the journal of a component, whose own key signs it, in the directory
// "audit" of its state. The key of that disk, "vault.key", seals details.
func OpenOwn(component string, key ed25519.PrivateKey, state string, clock func() time.Time, log *slog.Logger) (*Journal, error) {
	origin := Origin(component)
	signer, err := NewSigner(origin, key)
	if err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	local, err := vault.Load(filepath.Join(state, "vault.key"))
	if err != nil {
		return nil, err
	}
	return Open(Config{Dir: filepath.Join(state, "audit"), Origin: origin, Signer: signer, Clock: clock, Log: log, Local: &local})
}

func (j *Journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Ticket is the promise that an entry will be durable.
type Ticket struct {
	Index  uint64 // of the entry, unless it was refused
	log    *durable.Log
	commit durable.Commit
	err    error
}

// Wait has the entry written at once and returns when it is on the disk, or says why it
// was refused: [ErrEntry], or what [durable.Commit.Wait] returns. Whoever gets an error
// MUST NOT release what the entry is about.
func (t Ticket) Wait() error {
	if t.err != nil {
		return t.err
	}
	select {
	case <-t.commit.Done():
		return nil
	default:
	}
	if t.commit.Done() != nil {
		_ = t.log.Sync() // what it says, Wait says better
	}
	return t.commit.Wait()
}

// Append seals e into the journal. It does not wait for the disk. An entry whose ticket
// nobody waits for goes to the disk with the next that somebody waits for, or within 50 ms
// while Run runs.
func (j *Journal) Append(e Entry) Ticket {
	if e.Time == 0 {
		e.Time = j.c.Clock().UnixMilli()
	}
	if err := e.check(); err != nil {
		return Ticket{err: err}
	}
	salt, err := j.salt()
	if err != nil {
		return Ticket{err: fmt.Errorf("%w: %w", ErrEntry, err)}
	}
	raw, hash, err := seal(j.c.Origin, e, salt, j.details.key(e.Time))
	if err != nil {
		return Ticket{err: fmt.Errorf("%w: %w", ErrEntry, err)}
	}
	commit := j.leaves.append(j.s.log, raw, hash)
	j.signal()
	return Ticket{Index: commit.Index, log: j.s.log, commit: commit}
}

func (j *Journal) salt() (salt [saltSize]byte, err error) {
	j.rand.Lock()
	defer j.rand.Unlock()
	_, err = io.ReadFull(j.c.Rand, salt[:])
	return salt, err
}

// Run takes entries into the tree and publishes a checkpoint within 100 ms, as
// long as the disk keeps up. It ends with ctx, after a last checkpoint over all
// that was appended before.
func (j *Journal) Run(ctx context.Context) error {
	for {
		more, err := j.await(ctx)
		if err == nil && more {
			more, err = j.collect(ctx)
		}
		if err != nil {
			return err
		}
		if !more {
			return j.Flush()
		}
		if err := j.Publish(); err != nil {
			return err
		}
	}
}

// collect lets entries come together for one checkpoint, and has those written that nobody
// waits for; false when ctx ended.
func (j *Journal) collect(ctx context.Context) (more bool, err error) {
	for range 2 {
		if !pause(ctx, gather/2) {
			return false, nil
		}
		if err := j.s.log.Sync(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// await returns when there may be entries to publish; false when ctx ended. While there
// are none for long, it writes what readers could find out by themselves.
func (j *Journal) await(ctx context.Context) (more bool, err error) {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case <-j.wake:
			return true, nil
		case <-timer.C:
			if err := j.settle(); err != nil {
				return false, err
			}
		}
	}
}

// pause returns after so long, false when ctx ended.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Flush waits until all that was appended is on the disk, publishes a checkpoint over it,
// and completes the tiles.
func (j *Journal) Flush() error {
	if err := j.s.log.Sync(); err != nil {
		return err
	}
	if err := j.Publish(); err != nil {
		return err
	}
	return j.settle()
}

func (j *Journal) settle() error {
	j.pubMu.Lock()
	defer j.pubMu.Unlock()
	return j.s.settle()
}

// Publish takes the entries that are on the disk into the tree, and signs and
// stores a checkpoint if there are new ones. Entries still on the way are left for Run's next turn.
func (j *Journal) Publish() error {
	j.pubMu.Lock()
	defer j.pubMu.Unlock()
	end := j.s.log.Durable()
	if err := j.integrate(end); err != nil {
		return err
	}
	if j.s.log.Next() > end {
		j.signal()
	}
	if j.s.tree.size == j.s.head.Size && j.s.signed != nil {
		return nil
	}
	return j.sign()
}

// integrate takes the records up to end into the tree.
func (j *Journal) integrate(end uint64) error {
	from, hashes := j.leaves.take(end)
	if err := j.s.integrate(from); err != nil {
		return err
	}
	return j.s.grow(from, hashes)
}

func (j *Journal) sign() error {
	root, err := j.s.tree.Root()
	if err != nil {
		return err
	}
	c := Checkpoint{Origin: j.c.Origin, Size: j.s.tree.size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.text()}, j.c.Signer)
	if err != nil {
		return fmt.Errorf("sign checkpoint: %w", err)
	}
	return j.s.publish(c, signed)
}

// Read returns at most max records from index from on, as far as they are on
// the disk, and at most 4 MiB of them unless the first is longer. For the center, which
// pulls by index and may ask again.
func (j *Journal) Read(from uint64, max int) ([]Record, error) { return j.s.read(from, max, maxBytes) }

// Next returns the index that the next entry will get.
func (j *Journal) Next() uint64 { return j.s.log.Next() }

// Checkpoint returns the latest signed checkpoint, nil before the first.
func (j *Journal) Checkpoint() []byte {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	return j.s.signed
}

// Consistency returns the latest signed checkpoint and the proof that its tree
// continues the one of size old, for [Witness.Update] and [Mirror.Add]. The proof
// is empty when there is nothing to prove.
func (j *Journal) Consistency(old uint64) (tlog.TreeProof, []byte, error) {
	return j.s.consistency(old)
}

// Close writes what was appended. Run must have ended.
func (j *Journal) Close() error { return j.s.log.Close() }
