// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"container/heap"
	"context"
	"time"
)

// Next waits for the next delivery that is due. Its caller holds it until it calls
// Settle or Later.
func (o *Outbox) Next(ctx context.Context) (*Outgoing, error) {
	for {
		out, wait, changed := o.pop()
		if out != nil && out.ended != nil { // its refusal was not told, or not for sure
			if err := o.Settle(out, *out.ended); err != nil {
				o.Later(out)
			}
			continue
		}
		if out != nil {
			return out, nil
		}
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

// pop takes the first delivery if it is due, else tells how long it is until then
// and what to watch.
func (o *Outbox) pop() (*Outgoing, time.Duration, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	wait := time.Hour
	if len(o.waiting) > 0 {
		if wait = time.Until(o.waiting[0].due); wait <= 0 {
			return heap.Pop(&o.waiting).(*Outgoing), 0, nil
		}
	}
	return nil, wait, o.changed
}

func (o *Outbox) push(out *Outgoing) {
	if out.due.IsZero() {
		out.due = time.Now() // new ones do not go before those that have waited their pause
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	heap.Push(&o.waiting, out)
	o.wake()
}

// wake tells those in Next to look again. The lock is held.
func (o *Outbox) wake() {
	close(o.changed)
	o.changed = make(chan struct{})
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
	now := time.Now()
	for _, out := range o.waiting {
		if out.due.After(now) {
			out.due = now
		}
	}
	heap.Init(&o.waiting)
	o.wake()
}

// waiting is a heap by time.
type waiting []*Outgoing

// Len counts.
func (w waiting) Len() int { return len(w) }

// Less puts the earlier one first, of two the one that was accepted first.
func (w waiting) Less(i, j int) bool {
	if w[i].due.Equal(w[j].due) {
		return w[i].index < w[j].index
	}
	return w[i].due.Before(w[j].due)
}

// Swap swaps.
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }

// Push appends.
func (w *waiting) Push(x any) { *w = append(*w, x.(*Outgoing)) }

// Pop removes the last.
func (w *waiting) Pop() any {
	old := *w
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*w = old[:len(old)-1]
	return last
}
