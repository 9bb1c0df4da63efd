// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parts

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/judge/second"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Decider is one judge.
type Decider interface {
	Judge(p *policy.Policy, c judge.Case) (judge.Verdict, error)
}

const judgeID = "bench-judge"

// batchSize is how many parcels are made beforehand: a judge takes each once.
const batchSize = 128

// Bench is a number of parcels of one kind before a policy.
type Bench struct {
	policy *policy.Policy
	now    time.Time
	cases  []judge.Case
}

// zeros is chance for a judge that is made anew: each life has the same window, so
// that labels hold in the next one.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

var _ io.Reader = zeros{}

// fixedKey is the key of every maker, judge and epoch.
type fixedKey struct{}

func (fixedKey) Key(string, string, uint64) ([]byte, bool) { return make([]byte, 32), true }

var _ label.Keys = fixedKey{}

// NewBench makes parcels for a judge: the exchange's questions, or its answers.
func NewBench(p *policy.Policy, e Exchange, answers bool) (*Bench, error) {
	m, err := newMaking(p, e)
	if err != nil {
		return nil, err
	}
	b := &Bench{policy: p, now: time.Now()}
	who := m.flow.Entry
	if answers {
		who = m.flow.Exit
	}
	maker := label.NewMaker(who, 1, fixedKey{})
	verifiers := []label.Verifier{{Judge: judgeID}}
	for range batchSize {
		id, c, err := m.question(maker, b.now, verifiers)
		if answers && err == nil {
			c, err = m.answer(id, maker, b.now, verifiers)
		}
		if err != nil {
			return nil, err
		}
		b.cases = append(b.cases, judge.Case{Header: c.Header, Label: c.Label, Presenter: who})
	}
	return b, nil
}

func (b *Bench) decider(which string) (Decider, error) {
	clock := func() time.Time { return b.now }
	switch which {
	case "first":
		return judge.New(judgeID, fixedKey{}, clock, zeros{})
	case "second":
		return second.New(judgeID, fixedKey{}, clock, zeros{})
	default:
		return nil, fmt.Errorf("there is no %s judge", which)
	}
}

// Rate has the first or the second judge decide, one parcel after the other, until that
// has taken so much processor time, and gives decisions a second of it: what else the
// machine does is left out. That a parcel is refused is an error.
func (b *Bench) Rate(which string, length time.Duration) (float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took time.Duration
	decided := 0
	for took < length {
		d, err := b.decider(which)
		if err != nil {
			return 0, err
		}
		began, err := used()
		if err != nil {
			return 0, err
		}
		for _, c := range b.cases {
			if _, err := d.Judge(b.policy, c); err != nil {
				return 0, fmt.Errorf("the %s judge: %w", which, err)
			}
		}
		ended, err := used()
		if err != nil {
			return 0, err
		}
		took += ended - began
		decided += len(b.cases)
	}
	return float64(decided) / took.Seconds(), nil
}

// used is the processor time of this thread.
func used() (time.Duration, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_THREAD, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
