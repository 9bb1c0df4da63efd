// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"slices"
	"time"
)

// fifo is a queue that keeps its storage while it is in use.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(v T) {
	if q.head > 32 && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, v)
}

func (q *fifo[T]) front() *T { return &q.items[q.head] }

func (q *fifo[T]) pop() T {
	var zero T
	v := q.items[q.head]
	q.items[q.head] = zero
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return v
}

func (q *fifo[T]) remove(match func(T) bool) {
	q.items = slices.DeleteFunc(q.items[q.head:], match)
	q.head = 0
}

func (q *fifo[T]) drop() { *q = fifo[T]{} }

// signal wakes those who wait for a change. It costs nothing while nobody waits.
type signal struct{ ch chan struct{} }

func (g *signal) wait() <-chan struct{} {
	if g.ch == nil {
		g.ch = make(chan struct{})
	}
	return g.ch
}

func (g *signal) fire() {
	if g.ch != nil {
		close(g.ch)
		g.ch = nil
	}
}

// bucket allows rate events a second and burst at once.
type bucket struct {
	rate, burst int64
	nanos       int64 // what is left, in events times nanoseconds a second
	last        time.Time
}

func newBucket(rate, burst int) bucket {
	return bucket{rate: int64(rate), burst: int64(burst), nanos: int64(burst) * int64(time.Second)}
}

// take says whether one more event is allowed at the time now.
func (b *bucket) take(now time.Time) bool {
	full := b.burst * int64(time.Second)
	if !b.last.IsZero() {
		// More than the time to fill up would overflow, and changes nothing.
		passed := min(max(now.Sub(b.last), 0), time.Duration(full/b.rate+1))
		b.nanos = min(b.nanos+int64(passed)*b.rate, full)
	}
	b.last = now
	if b.nanos < int64(time.Second) {
		return false
	}
	b.nanos -= int64(time.Second)
	return true
}
