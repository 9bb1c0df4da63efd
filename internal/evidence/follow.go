// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"
)

const (
	lookEvery = 200 * time.Millisecond // how often logs are looked at when nobody calls Wake
	batchRows = 2048                   // most entries of one transaction
	runRows   = 1024                   // most of one log among them, so that none holds up the others
	failPause = 2 * time.Second        // after the database has failed
)

// Run fills the index from all logs until ctx ends. A log that cannot be read holds up
// no other, and a database that fails is tried again: what is not indexed is in the logs.
func (x *Index) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer func() {
		x.writing.Lock()
		defer x.writing.Unlock()
		x.closeReaders()
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-x.wake:
		}
		pause := lookEvery
		if err := x.CatchUp(ctx); err != nil && ctx.Err() == nil {
			x.c.Log.Error("audit entries cannot be indexed now", "error", err)
			pause = failPause
		}
		timer.Reset(pause)
	}
}

// CatchUp indexes all that the logs hold at this moment.
func (x *Index) CatchUp(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := x.step(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
	return ctx.Err()
}

// step indexes one batch and tells how many entries it had.
func (x *Index) step(ctx context.Context) (int, error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	var runs []run
	n := 0
	for _, l := range sortedLogs(x.c.Logs()) {
		if n >= batchRows {
			break
		}
		r, err := x.read(l, min(runRows, batchRows-n))
		x.note(l, err)
		if runs = append(runs, r); len(r.entries) > 0 {
			n += len(r.entries)
		}
	}
	if err := x.add(ctx, runs); err != nil {
		x.closeReaders() // they are ahead of what was added
		return 0, err
	}
	if n > 0 && x.grew != nil {
		x.grew(slices.ContainsFunc(runs, run.ofParcels))
	}
	return n, nil
}

// sortedLogs gives logs in the same order each time, so that they get the same numbers.
func sortedLogs(logs []Log) []Log {
	return slices.SortedFunc(slices.Values(logs), func(a, b Log) int { return cmp.Compare(a.Origin, b.Origin) })
}

// note remembers, and says once, why a log cannot be read.
func (x *Index) note(l Log, err error) {
	what := ""
	if err != nil {
		what = err.Error()
	}
	x.mu.Lock()
	news := x.failed[l.Origin] != what
	if x.failed[l.Origin] = what; what == "" {
		delete(x.failed, l.Origin)
	}
	x.mu.Unlock()
	if news && err != nil {
		x.c.Log.Error("a log cannot be indexed further", "log", l.Origin, "error", err)
	}
}

// logReader reads a log from where the index stands.
type logReader struct {
	dir  string
	next uint64
	log  *durable.Follower
}

func (x *Index) closeReaders() {
	for origin, r := range x.readers {
		_ = r.log.Close() // it was only read
		delete(x.readers, origin)
	}
}

// signedSize is how many entries the latest checkpoint of a log covers.
func signedSize(dir string) (uint64, error) {
	signed, err := audit.ReadCheckpoint(durable.OS(), dir)
	if err != nil || signed == nil {
		return 0, err
	}
	c, err := audit.ParseCheckpoint(signed)
	return c.Size, err
}

// read reads at most so many entries of a log, as far as they are signed. What comes
// before an error is good.
func (x *Index) read(l Log, most int) (run, error) {
	r := run{origin: l.Origin, from: x.next(l.Origin)}
	end, err := signedSize(l.Dir)
	if err != nil || end <= r.from {
		return r, err
	}
	reader := x.reader(l, r.from)
	for len(r.entries) < most && reader.next < end {
		index, raw, err := reader.log.Next()
		if errors.Is(err, io.EOF) {
			return r, nil // it is signed, and will be here
		}
		if err != nil {
			return r, errors.Join(err, x.forget(l.Origin))
		}
		if index != reader.next {
			return r, errors.Join(fmt.Errorf("entry %d comes after %d", index, reader.next), x.forget(l.Origin))
		}
		e, err := x.decode(l.Origin, raw)
		if err != nil {
			return r, errors.Join(fmt.Errorf("entry %d: %w", index, err), x.forget(l.Origin))
		}
		r.entries = append(r.entries, e)
		reader.next++
	}
	return r, nil
}

// reader is what reads a log from an index on.
func (x *Index) reader(l Log, from uint64) *logReader {
	if r := x.readers[l.Origin]; r != nil && r.next == from && r.dir == l.Dir {
		return r
	}
	_ = x.forget(l.Origin) // it was only read
	r := &logReader{dir: l.Dir, next: from, log: durable.Follow(durable.OS(), filepath.Join(l.Dir, "journal"), from, audit.MaxRecord)}
	x.readers[l.Origin] = r
	return r
}

func (x *Index) forget(origin string) error {
	r := x.readers[origin]
	if r == nil {
		return nil
	}
	delete(x.readers, origin)
	return r.log.Close()
}

// decode is what the index keeps of a record.
func (x *Index) decode(origin string, raw []byte) (entry, error) {
	c, err := audit.DecodeRecord(raw)
	if err != nil {
		return entry{}, err
	}
	if c.Leaf.Component != origin {
		return entry{}, fmt.Errorf("it is of %q", c.Leaf.Component)
	}
	e := entryOf(&c.Leaf)
	e.skip = !x.keeps(&c.Leaf, e.at)
	if c.Leaf.Class == audit.ClassAdmin && x.c.Own != nil && x.c.Own(&c) == nil {
		e.address = addressOf(c.Detail)
	}
	return e, nil
}

// keeps tells whether an entry is indexed. Decisions, policy and what administrators did
// cannot be left out while they are young.
func (x *Index) keeps(l *audit.Leaf, at int64) bool {
	if x.c.Keep == nil {
		return true
	}
	switch l.Class {
	case audit.ClassDecision, audit.ClassAdmin, audit.ClassPolicy:
		if at > x.c.Now().Add(-MinKeep).UnixMilli() {
			return true
		}
	case audit.ClassDelivery, audit.ClassSession, audit.ClassComponent, audit.ClassHealth, audit.ClassForeign:
	default:
	}
	return x.c.Keep(l.Class, l.Verdict, at)
}
