// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/vault"
)

// found is what became of one recorded decision.
type found uint8

const (
	undecided found = iota
	decided
	secret
	sealed
	incomplete
)

// outcome is one recorded decision made anew.
type outcome struct {
	kind
	found  found
	id     [16]byte  // of the parcel itself
	parcel parcel.ID // that the audit finds it by: an answer has that of its question
	time   int64
}

// record is the detail of a decision, as the guard writes it.
type record struct {
	_       struct{} `cbor:",toarray"`
	Header  []byte   // canonical, or its digest
	Bundle  uint64
	Reasons []recordReason
}

type recordReason struct {
	_    struct{} `cbor:",toarray"`
	Code fault.Code
	Rule string
	What string
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

// span is the records of a log that are looked at.
type span struct {
	Log
	from, to uint64
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

// again makes one decision anew.
func (p *pipeline) again(ctx context.Context, c *audit.Content) outcome {
	l := &c.Leaf
	o := outcome{parcel: l.Parcel, time: l.Time, kind: kind{flow: l.Flow, subject: l.Subject, object: l.Object}}
	if o.found = p.keys.open(ctx, c); o.found != decided {
		return o
	}
	var r record
	if o.found = incomplete; canon.Unmarshal(c.Detail, &r) != nil {
		return o
	}
	if len(r.Reasons) > 0 {
		if o.was = r.Reasons[0].Code; r.Reasons[0].Rule == "label" {
			o.found = undecided
			return o
		}
	}
	q, found := query(&r, l)
	if o.found = found; found != decided {
		return o
	}
	o.id, o.is = q.Header.ID, p.replay.Policy.Decide(q).Code
	return o
}

// query is what the judge decided on then.
func query(r *record, l *audit.Leaf) (policy.Query, found) {
	h, err := parcel.Decode(r.Header)
	if err != nil {
		return policy.Query{}, incomplete
	}
	content, err := parcel.DecodeRecord(h.Fields)
	if err != nil {
		return policy.Query{}, incomplete // the digest of fields that had no form
	}
	if hidden(content) {
		return policy.Query{}, secret
	}
	_, tag, err := label.DecodeSealed(l.Label)
	if err != nil {
		return policy.Query{}, incomplete
	}
	return policy.Query{Header: h, Label: &tag, Content: content}, decided
}

// hidden tells whether a value was kept out of the record.
func hidden(v any) bool {
	switch v := v.(type) {
	case string:
		return v == policy.NotRecorded
	case []any:
		return slices.ContainsFunc(v, hidden)
	case map[string]any:
		for _, item := range v {
			if hidden(item) {
				return true
			}
		}
	}
	return false
}

// keyring opens details.
type keyring struct {
	get func(context.Context, string, audit.KeyID) (vault.Key, error)

	mu   sync.Mutex
	held map[string]held
}

type held struct {
	sealer *vault.Sealer // nil where there is no key
	err    error
}

// open opens a detail. It is sealed where there is no key for it.
func (k *keyring) open(ctx context.Context, c *audit.Content) found {
	id, closed := c.Sealed()
	if !closed {
		return decided
	}
	sealer := k.sealer(ctx, c.Leaf.Component, id)
	if sealer == nil {
		return sealed
	}
	if c.Open(sealer) != nil {
		return incomplete
	}
	return decided
}

func (k *keyring) sealer(ctx context.Context, origin string, id audit.KeyID) *vault.Sealer {
	name := id.String() + " of " + origin
	k.mu.Lock()
	defer k.mu.Unlock()
	h, asked := k.held[name]
	if !asked {
		key, err := k.get(ctx, strings.TrimPrefix(origin, audit.Origin("")), id)
		if h.err = err; err == nil {
			h.sealer = audit.DetailSealer(key)
		}
		k.held[name] = h
	}
	return h.sealer
}

// missing are the keys that were not to be had, and why.
func (k *keyring) missing() []string {
	var list []string
	for name, h := range k.held {
		if h.err != nil {
			list = append(list, clipped(name+": "+h.err.Error(), 300))
		}
	}
	slices.Sort(list)
	return list[:min(len(list), 50)]
}

func journalOf(dir string) string { return filepath.Join(dir, "journal") }

// slack is how far entries of a log may be out of the order of their times.
const slack = time.Minute

// spans finds where the logs have what was decided between Since and Until.
func (r *Replay) spans() (list []span, total uint64, err error) {
	for _, l := range r.Logs {
		s, err := r.span(l)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", l.Dir, err)
		}
		list, total = append(list, s), total+s.to-s.from
	}
	return list, total, nil
}

func (r *Replay) span(l Log) (span, error) {
	s := span{Log: l}
	firsts, err := segments(journalOf(l.Dir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil // nothing of it was gathered yet
	}
	if err != nil || len(firsts) == 0 {
		return s, err
	}
	begins := func(t time.Time) (int, error) { return firstFrom(journalOf(l.Dir), firsts, t) }
	if s.from = firsts[0]; !r.Since.IsZero() {
		n, err := begins(r.Since.Add(-slack))
		if err != nil {
			return s, err
		}
		s.from = firsts[max(n-1, 0)] // the one before may reach into the window
	}
	if !r.Until.IsZero() {
		n, err := begins(r.Until.Add(slack))
		if err != nil {
			return s, err
		}
		if n < len(firsts) {
			s.to = max(firsts[n], s.from)
			return s, nil
		}
	}
	tail, err := durable.Scan(durable.OS(), journalOf(l.Dir), firsts[len(firsts)-1], audit.MaxRecord, nil)
	s.to = max(tail.Next, s.from)
	return s, err
}

// segments are the indexes of the first records of a log's segments, which are their names.
func segments(dir string) ([]uint64, error) {
	names, err := durable.OS().ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var firsts []uint64
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, ".seg")
		if n, err := strconv.ParseUint(digits, 10, 64); ok && err == nil {
			firsts = append(firsts, n)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

// firstFrom is the first segment that begins at or after a time, by its number.
func firstFrom(dir string, firsts []uint64, t time.Time) (int, error) {
	low, high := 0, len(firsts)
	for low < high {
		middle := (low + high) / 2
		begins := int64(-1) // an empty segment is the last one, and begins now
		_, err := durable.Scan(durable.OS(), dir, firsts[middle], audit.MaxRecord, func(_ uint64, raw []byte) error {
			c, err := audit.DecodeRecord(raw)
			if begins = c.Leaf.Time; err != nil {
				return err
			}
			return durable.ErrStop
		})
		if err != nil {
			return 0, err
		}
		if begins < 0 || begins >= t.UnixMilli() {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}
