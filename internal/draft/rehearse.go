// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
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
	Progress     func(Progress) // called now and then by the goroutine that called Rehearse; may be nil
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

// Rehearse decides recorded decisions anew, by another policy, and says which would be
// others. It reads the logs in their order, once, and holds a bounded part of them.
func Rehearse(ctx context.Context, r Replay) (Result, error) {
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

// tally adds up what was found, in the order of the logs.
type tally struct {
	Result
	seen    recent
	changes map[kind]*Changed
	meter
}

// kind is all in which changed decisions are alike.
type kind struct {
	flow, subject, object string
	was, is               fault.Code
}

func newTally(began time.Time, total uint64, tell func(Progress)) *tally {
	return &tally{changes: map[kind]*Changed{}, meter: meter{began: began, last: began, tell: tell, at: Progress{Total: total}}}
}

// take adds a batch.
func (t *tally) take(b *batch) {
	for i := range b.outcomes {
		t.count(&b.outcomes[i])
	}
	t.meter.move(b.looked, t.Decided)
}

func (t *tally) count(o *outcome) {
	switch o.found {
	case decided:
	case secret:
		t.Secret++
		return
	case sealed:
		t.Sealed++
		return
	case incomplete:
		t.Incomplete++
		return
	default:
		t.Undecided++
		return
	}
	if t.seen.again(o.id) {
		t.Repeated++
		return
	}
	t.Decided++
	if t.First == 0 || o.time < t.First {
		t.First = o.time
	}
	t.Last = max(t.Last, o.time)
	if o.was == o.is {
		t.Same++
		return
	}
	t.Changed++
	t.list(o)
}

// list puts a changed decision to those of its kind.
func (t *tally) list(o *outcome) {
	c := t.changes[o.kind]
	if c == nil {
		if len(t.changes) == MaxChanges {
			t.More++
			return
		}
		c = &Changed{Flow: o.flow, Subject: o.subject, Object: o.object, Was: o.was, Is: o.is, Example: o.parcel.String()}
		t.changes[o.kind] = c
	}
	c.Count++
}

func (t *tally) result(missing []string) Result {
	r := t.Result
	r.Keys, r.Changes = missing, make([]Changed, 0, len(t.changes))
	for _, c := range t.changes {
		r.Changes = append(r.Changes, *c)
	}
	slices.SortFunc(r.Changes, func(a, b Changed) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Flow, b.Flow), cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(a.Object, b.Object), cmp.Compare(a.Was, b.Was), cmp.Compare(a.Is, b.Is))
	})
	return r
}

// meter tells the progress, a few times each second.
type meter struct {
	began, last time.Time
	tell        func(Progress)
	at          Progress
}

const tellEvery = 200 * time.Millisecond

func (m *meter) move(looked, decided uint64) {
	m.at.Seen += looked
	m.at.Decided = decided
	now := time.Now()
	if m.tell == nil || now.Sub(m.last) < tellEvery && m.at.Seen < m.at.Total {
		return
	}
	m.last = now
	if m.at.Seen > 0 {
		m.at.Percent = 100 * float64(min(m.at.Seen, m.at.Total)) / float64(max(m.at.Total, 1))
		left := float64(m.at.Total) - float64(m.at.Seen)
		m.at.Left = time.Duration(max(left, 0) * float64(now.Sub(m.began)) / float64(m.at.Seen))
	}
	m.tell(m.at)
}

// recent remembers the last parcels, so that one that was sent again is counted once.
type recent struct{ now, before map[[16]byte]struct{} }

// recentParcels is how many a half of the memory holds.
const recentParcels = 1 << 17

// again tells whether the parcel was here lately, and remembers it.
func (r *recent) again(id [16]byte) bool {
	if _, ok := r.now[id]; ok {
		return true
	}
	_, ok := r.before[id]
	if len(r.now) == recentParcels {
		r.before, r.now = r.now, nil
	}
	if r.now == nil {
		r.now = map[[16]byte]struct{}{}
	}
	r.now[id] = struct{}{}
	return ok
}
