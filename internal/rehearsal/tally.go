// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"cmp"
	"slices"
	"time"

	"dukou.dev/dukou/internal/fault"
)

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
