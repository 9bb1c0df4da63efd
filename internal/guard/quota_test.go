// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"testing"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// tested is a quota whose clock stands until it is moved.
func tested() (*quota, *time.Time) {
	now := time.UnixMilli(1_790_000_000_000)
	return newQuota(func() time.Time { return now }), &now
}

// through counts how many of n parcels of a subject enter and leave.
func through(q *quota, f *policy.Flow, subject string, n int) (passed int) {
	for range n {
		if q.enter(f, subject) == nil {
			passed++
			q.leave(f.Name)
		}
	}
	return passed
}

func TestQuotaOfSubject(t *testing.T) {
	q, now := tested()
	f := &policy.Flow{Name: "query", Limits: policy.Limits{Rate: 5, Burst: 10}}
	if n := through(q, f, "a", 100); n != slack*10 {
		t.Errorf("%d passed at once, want %d", n, slack*10)
	}
	if n := through(q, f, "b", 3); n != 3 {
		t.Errorf("%d of 3 of another subject passed", n)
	}
	*now = now.Add(2 * time.Second)
	if n := through(q, f, "a", 100); n != slack*10 {
		t.Errorf("%d passed two seconds later, want %d", n, slack*10)
	}
	*now = now.Add(-time.Hour)
	if n := through(q, f, "a", 100); n != 0 {
		t.Errorf("%d passed when the clock was put back", n)
	}
	if err := q.enter(f, "a"); fault.CodeOf(err) != fault.RateLimited {
		t.Errorf("%v", err)
	}
	raised := *f
	raised.Limits.Burst = 20
	if n := through(q, &raised, "a", 100); n != slack*20 {
		t.Errorf("%d passed under another bundle, want %d", n, slack*20)
	}
}

// TestQuotaOfFlow: who invents subjects gets no more than the flow.
func TestQuotaOfFlow(t *testing.T) {
	q, _ := tested()
	f := &policy.Flow{Name: "query", Limits: policy.Limits{Rate: 1, Burst: 2}}
	passed := 0
	for i := range 10_000 {
		passed += through(q, f, fmt.Sprint(i), 1)
	}
	if want := slack * subjectsAtOnce * 2; passed != want {
		t.Errorf("%d passed, want %d", passed, want)
	}
	if err := q.pass(f); fault.CodeOf(err) != fault.RateLimited {
		t.Errorf("%v", err)
	}
}

func TestQuotaAtOnce(t *testing.T) {
	q, _ := tested()
	f := &policy.Flow{Name: "query", Limits: policy.Limits{Concurrent: 3}}
	for i := range slack * 3 {
		if err := q.enter(f, "a"); err != nil {
			t.Fatalf("%d under way: %v", i, err)
		}
	}
	if err := q.enter(f, "b"); fault.CodeOf(err) != fault.TooBusy {
		t.Errorf("%v", err)
	}
	q.leave(f.Name)
	if err := q.enter(f, "b"); err != nil {
		t.Error(err)
	}
}

// TestQuotaForgets: memory is bounded, and who asks all the while is not forgotten.
func TestQuotaForgets(t *testing.T) {
	q, now := tested()
	f := &policy.Flow{Name: "query", Limits: policy.Limits{Rate: 1 << 20, Burst: 1 << 20}}
	busy := policy.Flow{Name: "busy", Limits: policy.Limits{Rate: 1, Burst: 1}}
	through(q, &busy, "a", slack)
	for i := range 2 * maxSubjects {
		*now = now.Add(time.Microsecond)
		through(q, f, fmt.Sprint(i), 1)
		if i%1000 == 0 && through(q, &busy, "a", 1) != 0 {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	if len(q.subjects) != maxSubjects || q.order.Len() != maxSubjects {
		t.Errorf("%d subjects, %d in order, want %d", len(q.subjects), q.order.Len(), maxSubjects)
	}
}

func TestQuotaOfBytes(t *testing.T) {
	q, now := tested()
	f := &policy.Flow{Name: "files", Limits: policy.Limits{Bytes: 4 << 20}}
	l := q.body(f, "a")
	if !l.AllowN(*now, slack*(4<<20)) || l.AllowN(*now, 1<<20) {
		t.Error("not a second's worth at once")
	}
	if r := l.ReserveN(*now, 8<<20); r.DelayFrom(*now) != time.Second {
		t.Errorf("8 MiB at 8 MiB a second wait %s", r.DelayFrom(*now))
	}
	if !q.body(&policy.Flow{Name: "other"}, "a").AllowN(*now, defaultBytes) {
		t.Error("the default is in the way of a second's worth")
	}
}

func TestDamper(t *testing.T) {
	d, now := newDamper(), time.UnixMilli(1_790_000_000_000)
	admitted := 0
	for range 1000 {
		if d.admit(now) {
			admitted++
		}
	}
	if left := d.take(); admitted != cheapBurst || left != 1000-cheapBurst || d.take() != 0 {
		t.Errorf("%d admitted, %d left out", admitted, left)
	}
	if !d.admit(now.Add(time.Second)) {
		t.Error("nothing is recorded a second later")
	}
}

func TestLobby(t *testing.T) {
	l := lobby{by: map[string]int{}}
	one := 0
	for range 2 * handshakesPerSource {
		if l.enter("192.0.2.1") {
			one++
		}
	}
	all := one
	for i := range 2 * handshakesAtOnce {
		if l.enter(fmt.Sprintf("192.0.2.%d", 10+i%100)) {
			all++
		}
	}
	if one != handshakesPerSource || all != handshakesAtOnce || l.enter("") {
		t.Errorf("%d of one source, %d in all", one, all)
	}
	l.leave("192.0.2.1")
	if !l.enter("") {
		t.Error("a place that is free is not given")
	}
}
