// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/vault"
)

// Replay is what a rehearsal is made of.
type Replay struct {
	Logs   []Log
	Policy *policy.Policy // to decide by
	// Keys gives the key of a component's audit details. It is asked once for each key.
	Keys         func(ctx context.Context, component string, id audit.KeyID) (vault.Key, error)
	Since, Until time.Time      // decisions at or after, and before; zero for no bound
	Progress     func(Progress) // called now and then by the goroutine that called Decide; may be nil
	Workers      int            // that decide at the same time; 0 means 2
}

// Log is a copy of one component's log.
type Log struct {
	Dir string // of the journal or mirror
	// Refusals takes only what the judge has refused. Both judges record a parcel; what
	// the outer half let in has its record in the inner process too.
	Refusals bool
}

// Progress is how far a rehearsal is.
type Progress struct {
	Total   uint64        `json:"total" doc:"records to look at"`
	Seen    uint64        `json:"seen" doc:"records looked at"`
	Decided uint64        `json:"decided" doc:"decisions made anew"`
	Percent float64       `json:"percent"`
	Left    time.Duration `json:"-"` // until the end, at the pace so far
}

// Result is what a rehearsal found.
type Result struct {
	Decided uint64 `json:"decided" doc:"decisions made anew"`
	Same    uint64 `json:"same" doc:"with the verdict and reason of then"`
	Changed uint64 `json:"changed" doc:"with another verdict or reason"`

	Secret     uint64 `json:"secret" doc:"not decided: a value was kept out of the record, and is not guessed"`
	Sealed     uint64 `json:"sealed" doc:"not decided: the key of the record was destroyed, or is not to be had"`
	Incomplete uint64 `json:"incomplete" doc:"not decided: only a digest of the parcel was recorded"`
	Undecided  uint64 `json:"undecided" doc:"not decided: the label was at fault, not policy"`
	Repeated   uint64 `json:"repeated" doc:"further records of a parcel that was decided already"`

	Changes []Changed `json:"changes" doc:"the changed decisions, those of most parcels first"`
	More    uint64    `json:"more" doc:"changed decisions that are in none of these"`
	Keys    []string  `json:"keys,omitempty" doc:"keys that were not to be had, and why"`

	First int64 `json:"first_ms" doc:"time of the first decision, Unix milliseconds"`
	Last  int64 `json:"last_ms" doc:"time of the last one"`
	Took  int64 `json:"took_ms" doc:"milliseconds that it took"`
}

// Changed is decisions that would be others, alike in all that is told here.
type Changed struct {
	Flow    string     `json:"flow"`
	Subject string     `json:"subject"`
	Object  string     `json:"object"`
	Was     fault.Code `json:"was" doc:"reason of the refusal then; empty: it was allowed"`
	Is      fault.Code `json:"is" doc:"reason of the refusal by the draft; empty: it would be allowed"`
	Count   uint64     `json:"count" doc:"parcels"`
	Example string     `json:"example" doc:"id of one of them, by which the audit finds it"`
}

// MaxChanges is how many kinds of changed decisions a result lists.
const MaxChanges = 1000

// Decide decides recorded decisions anew, by another policy, and says which would be
// others. It reads the logs in their order, once, and holds a bounded part of them.
func Decide(ctx context.Context, r Replay) (Result, error) {
	began := time.Now()
	spans, total, err := r.spans()
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &pipeline{
		replay: r, keys: &keyring{get: r.Keys, held: map[string]held{}},
		work: make(chan *batch, batchesAhead), order: make(chan *batch, batchesAhead),
	}
	var all sync.WaitGroup
	var readErr error
	all.Go(func() { readErr = p.read(ctx, spans) })
	for range cmp.Or(r.Workers, 2) {
		all.Go(func() { p.decide(ctx) })
	}
	t := newTally(began, total, r.Progress)
	for b := range p.order {
		<-b.done // its worker comes to it, whatever happens
		t.take(b)
	}
	all.Wait()
	result := t.result(p.keys.missing())
	result.Took = time.Since(began).Milliseconds()
	return result, cmp.Or(readErr, ctx.Err())
}

// Batches are passed to the workers and taken back in their order.
const (
	batchRecords = 256
	batchBytes   = 1 << 20
	batchesAhead = 4
)

type batch struct {
	contents []audit.Content
	bytes    int
	looked   uint64 // records, of every class
	outcomes []outcome
	done     chan struct{}
}

type pipeline struct {
	replay      Replay
	keys        *keyring
	work, order chan *batch
}

// read gives out all decisions of the spans in batches.
func (p *pipeline) read(ctx context.Context, spans []span) error {
	defer close(p.order)
	defer close(p.work)
	for _, s := range spans {
		if s.from == s.to {
			continue
		}
		if err := p.readLog(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipeline) readLog(ctx context.Context, s span) error {
	b := newBatch()
	_, err := durable.Scan(durable.OS(), journalOf(s.Dir), s.from, audit.MaxRecord, func(index uint64, raw []byte) error {
		if index >= s.to {
			return durable.ErrStop
		}
		c, err := audit.DecodeRecord(raw)
		if err != nil {
			return fmt.Errorf("%s: record %d: %w", s.Dir, index, err)
		}
		b.looked++
		if p.wanted(&c.Leaf, s.Refusals) {
			b.contents = append(b.contents, c)
			b.bytes += len(raw)
		}
		if len(b.contents) < batchRecords && b.bytes < batchBytes && b.looked < 16*batchRecords {
			return nil
		}
		full := b
		b = newBatch()
		return p.give(ctx, full)
	})
	if err != nil {
		return err
	}
	return p.give(ctx, b)
}

func newBatch() *batch {
	return &batch{contents: make([]audit.Content, 0, batchRecords), done: make(chan struct{})}
}

// give hands a batch to a worker, and to who takes it back.
func (p *pipeline) give(ctx context.Context, b *batch) error {
	for _, to := range []chan *batch{p.work, p.order} {
		select {
		case to <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// wanted tells whether a record is a decision to be made anew.
func (p *pipeline) wanted(l *audit.Leaf, refusals bool) bool {
	return l.Class == audit.ClassDecision && (!refusals || l.Verdict == "refuse") &&
		(p.replay.Since.IsZero() || l.Time >= p.replay.Since.UnixMilli()) &&
		(p.replay.Until.IsZero() || l.Time < p.replay.Until.UnixMilli())
}

// decide works until no batch is left.
func (p *pipeline) decide(ctx context.Context) {
	for b := range p.work {
		b.outcomes = make([]outcome, 0, len(b.contents))
		for i := range b.contents {
			if ctx.Err() != nil {
				break
			}
			b.outcomes = append(b.outcomes, p.again(ctx, &b.contents[i]))
		}
		b.contents = nil
		close(b.done)
	}
}
