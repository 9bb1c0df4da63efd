// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/fault"
)

// How many refusals of strangers are recorded one by one.
const (
	oneSourceRate  = 1 // a second, of one code from one source
	oneSourceBurst = 20
	strangersRate  = 100 // a second, of all
	strangersBurst = 1000
	damperBuckets  = 1 << 12
	summaryEvery   = 10 * time.Second
)

// damper keeps strangers from filling the journal. What is not recorded by itself is
// counted, by code. Each code and source has a share of its own, so that who makes
// noise does not hide what others do. The memory is fixed.
type damper struct {
	seed maphash.Seed
	mu   sync.Mutex
	each []*rate.Limiter
	all  *rate.Limiter
	held map[fault.Code]uint64
}

func newDamper() *damper {
	return &damper{
		seed: maphash.MakeSeed(), each: make([]*rate.Limiter, damperBuckets),
		all: rate.NewLimiter(strangersRate, strangersBurst), held: map[fault.Code]uint64{},
	}
}

// pass tells whether a refusal is recorded by itself.
func (d *damper) pass(code fault.Code, source string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := maphash.Comparable(d.seed, [2]string{string(code), source}) % damperBuckets
	if d.each[i] == nil {
		d.each[i] = rate.NewLimiter(oneSourceRate, oneSourceBurst)
	}
	if d.each[i].AllowN(now, 1) && d.all.AllowN(now, 1) {
		return true
	}
	d.held[code]++
	return false
}

// counted is how many refusals with a code were not recorded by themselves.
type counted struct {
	code  fault.Code
	times uint64
}

// take gives what was counted since it was last taken, by code.
func (d *damper) take() []counted {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]counted, 0, len(d.held))
	for code, times := range d.held {
		list = append(list, counted{code, times})
	}
	clear(d.held)
	slices.SortFunc(list, func(a, b counted) int { return cmp.Compare(a.code, b.code) })
	return list
}

// runStrangers records what was only counted, every few seconds and at the end.
func (f *Front) runStrangers(ctx context.Context) error {
	tick := time.NewTicker(summaryEvery)
	defer tick.Stop()
	defer f.sumUp()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			f.sumUp()
		}
	}
}

func (f *Front) sumUp() {
	for _, c := range f.strangers.take() {
		f.record(audit.Entry{
			Class: audit.ClassSession, Verdict: "refuse", Reason: string(c.code),
			Action: "refusals counted", Object: fmt.Sprintf("%d more, not recorded one by one", c.times),
		})
	}
}

// recordRefusal records a refusal of somebody who can make as many as they like.
func (f *Front) recordRefusal(e audit.Entry, code fault.Code, remote string) {
	f.refused.Add(1)
	if f.strangers.pass(code, sourceOf(remote), time.Now()) {
		f.record(e)
	}
}
