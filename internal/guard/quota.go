// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// What a flow's limits default to, and how much more than a front the inner side lets
// pass: a front that holds the limits itself never meets these.
const (
	defaultRate       = 200     // parcels a second for each subject
	defaultConcurrent = 256     // under way at once
	defaultBytes      = 1 << 30 // of bodies a second for each subject
	slack             = 2
	subjectsAtOnce    = 20 // a whole flow gets the rate of so many subjects
)

// maxSubjects bounds the subjects whose rates are remembered; who was silent for longest
// is forgotten first.
const maxSubjects = 50_000

// quota holds what comes inwards to the flow's limits, on the inner side, where neither
// a captured front nor a captured outer half can look away. It counts by the clock that
// is handed in.
type quota struct {
	clock    func() time.Time
	mu       sync.Mutex
	flows    map[string]*flowRate
	subjects map[subjectKey]*list.Element // of *subjectRate
	order    *list.List                   // the one heard of last in front
}

// flowRate is what a flow as a whole has used.
type flowRate struct {
	limits policy.Limits
	all    *rate.Limiter
	busy   int64
}

type subjectKey struct{ flow, subject string }

// subjectRate is what one subject has used of a flow.
type subjectRate struct {
	key     subjectKey
	limits  policy.Limits
	parcels *rate.Limiter
	bytes   *rate.Limiter
}

func newQuota(clock func() time.Time) *quota {
	return &quota{clock: clock, flows: map[string]*flowRate{}, subjects: map[subjectKey]*list.Element{}, order: list.New()}
}

// orElse is a limit, or its default where the flow states none.
func orElse(stated, otherwise int64) int64 {
	if stated <= 0 {
		return otherwise
	}
	return stated
}

// limiter lets a flow's rate pass, and its burst at once.
func limiter(l policy.Limits, subjects int64) *rate.Limiter {
	perSecond := orElse(l.Rate, defaultRate)
	burst := orElse(l.Burst, 2*perSecond)
	return rate.NewLimiter(rate.Limit(slack*subjects*perSecond), int(slack*subjects*burst))
}

// enter takes one parcel's turn: of its subject, then of its flow. Each one that entered
// has to leave.
func (q *quota) enter(f *policy.Flow, subject string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, whole := q.clock(), q.flow(f)
	if limit := slack * orElse(f.Limits.Concurrent, defaultConcurrent); whole.busy >= limit {
		return fault.New(fault.TooBusy, "%d parcels under way on flow %q", whole.busy, f.Name)
	}
	if !q.subject(f, subject).parcels.AllowN(now, 1) {
		return fault.New(fault.RateLimited, "too many parcels of %q on flow %q", subject, f.Name)
	}
	if !whole.all.AllowN(now, 1) {
		return fault.New(fault.RateLimited, "too many parcels on flow %q", f.Name)
	}
	whole.busy++
	return nil
}

// leave ends what enter began.
func (q *quota) leave(flow string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flows[flow].busy--
}

// pass takes the turn of a parcel that nobody has proven to be of its subject: that of
// the flow alone.
func (q *quota) pass(f *policy.Flow) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.flow(f).all.AllowN(q.clock(), 1) {
		return fault.New(fault.RateLimited, "too many parcels on flow %q", f.Name)
	}
	return nil
}

// body is the limiter of the bytes that a subject delivers.
func (q *quota) body(f *policy.Flow, subject string) *rate.Limiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.subject(f, subject).bytes
}

// flow is called with the lock held. Another bundle's limits begin anew.
func (q *quota) flow(f *policy.Flow) *flowRate {
	r := q.flows[f.Name]
	if r == nil {
		r = &flowRate{}
		q.flows[f.Name] = r
	}
	if r.all == nil || r.limits != f.Limits {
		r.limits, r.all = f.Limits, limiter(f.Limits, subjectsAtOnce)
	}
	return r
}

// subject is called with the lock held.
func (q *quota) subject(f *policy.Flow, id string) *subjectRate {
	key := subjectKey{f.Name, id}
	if e := q.subjects[key]; e != nil {
		q.order.MoveToFront(e)
		if r, _ := e.Value.(*subjectRate); r.limits == f.Limits {
			return r
		}
		q.forget(e)
	}
	if q.order.Len() >= maxSubjects {
		q.forget(q.order.Back())
	}
	bytes := slack * orElse(f.Limits.Bytes, defaultBytes)
	r := &subjectRate{key: key, limits: f.Limits, parcels: limiter(f.Limits, 1), bytes: rate.NewLimiter(rate.Limit(bytes), int(max(bytes, leastBurst)))}
	q.subjects[key] = q.order.PushFront(r)
	return r
}

// leastBurst is the least number of body bytes that pass at once: more than a message.
const leastBurst = 4 << 20

func (q *quota) forget(e *list.Element) {
	r, _ := q.order.Remove(e).(*subjectRate)
	delete(q.subjects, r.key)
}
