// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
)

func always(string) bool { return true }

func TestCounters(t *testing.T) {
	var c control.Counters
	under := c.Begin("query")
	under.Bytes(100)
	if s := c.States(always); len(s) != 1 || s[0].Current != 1 || s[0].Passed != 0 {
		t.Fatalf("under way: %+v", s)
	}
	under.End(nil)
	c.Begin("query").End(fault.New(fault.PeerUnavailable, "away"))
	c.Refused("query", fault.New(fault.RateLimited, "too many"))
	c.Refused("", fault.New(fault.ParcelMalformed, "not one"))
	s := c.States(always)
	if len(s) != 2 || s[0].Name != "" || s[0].Refused != 1 {
		t.Fatalf("states: %+v", s)
	}
	q := s[1]
	if q.Passed != 1 || q.Failed != 1 || q.Refused != 1 || q.Current != 0 || q.Bytes != 100 {
		t.Errorf("query: %+v", q)
	}
	var within uint64
	for _, n := range q.Within {
		within += n
	}
	if within != q.Passed || len(q.Within) != len(control.Bounds())+1 {
		t.Errorf("%d classes hold %d, and %d passed", len(q.Within), within, q.Passed)
	}
}

// TestCountersAreBounded: whatever flows come and go, so many are counted by name, none
// is counted that ended, and one under way is never forgotten.
func TestCountersAreBounded(t *testing.T) {
	var c control.Counters
	held := c.Begin("held")
	for i := range control.MaxFlows + 50 {
		c.Begin(fmt.Sprint("flow-", i)).End(nil)
	}
	s := c.States(always)
	if len(s) != control.MaxFlows+1 || s[0].Name != "" || s[0].Passed != 51 {
		t.Fatalf("%d flows, without a name %d", len(s), s[0].Passed)
	}
	s = c.States(func(string) bool { return false })
	if len(s) != 2 || s[1].Name != "held" || s[1].Current != 1 {
		t.Fatalf("after the bundle lost them: %+v", s)
	}
	held.End(nil)
}

func TestCountersTogether(t *testing.T) {
	var c control.Counters
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 500 {
				n := c.Begin(fmt.Sprint("flow-", i%10))
				c.States(always)
				n.End(nil)
			}
		})
	}
	all.Wait()
	var passed, current uint64
	for _, s := range c.States(always) {
		passed, current = passed+s.Passed, current+s.Current
	}
	if passed != 4000 || current != 0 {
		t.Errorf("%d passed and %d under way, want 4000 and 0", passed, current)
	}
}

// full is a state as large as one can be: it must fit in an answer.
func full() control.State {
	s := control.State{Component: "front-a", Time: 1<<62 - 1, Passed: 1<<64 - 1, Disk: control.Disk{Size: 1<<64 - 1, Free: 1<<64 - 1}}
	for i := range control.MaxFlows + 1 {
		f := control.FlowState{Passed: 1<<64 - 1, Refused: 1<<64 - 1, Failed: 1<<64 - 1, Current: 1<<64 - 1, Bytes: 1<<64 - 1, Micros: 1<<64 - 1}
		f.Within = slices.Repeat([]uint64{1<<64 - 1}, len(control.Bounds())+1)
		if i > 0 {
			f.Name = fmt.Sprintf("%04d", i) + strings.Repeat("x", 60)
		}
		s.Flows = append(s.Flows, f)
	}
	return s
}

func TestStateFits(t *testing.T) {
	answer := canon.Must(full())
	if rule, _ := control.RuleOf(control.Health); len(answer) > rule.Answer {
		t.Errorf("a full state has %d bytes, an answer at most %d", len(answer), rule.Answer)
	}
	if _, err := control.DecodeState("front-a", answer); err != nil {
		t.Error(err)
	}
}

func TestStateRefused(t *testing.T) {
	for name, spoil := range map[string]func(*control.State){
		"another component": func(s *control.State) { s.Component = "front-b" },
		"too many flows": func(s *control.State) {
			s.Flows = append(s.Flows, control.FlowState{Name: "z", Within: s.Flows[0].Within})
		},
		"a flow twice":         func(s *control.State) { s.Flows[5].Name = s.Flows[4].Name },
		"flows out of order":   func(s *control.State) { s.Flows[5], s.Flows[4] = s.Flows[4], s.Flows[5] },
		"a class too few":      func(s *control.State) { s.Flows[3].Within = s.Flows[3].Within[1:] },
		"a name that is large": func(s *control.State) { s.Flows[3].Name += strings.Repeat("x", 300) },
	} {
		s := full()
		spoil(&s)
		if _, err := control.DecodeState("front-a", canon.Must(s)); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeState(f *testing.F) {
	small := full()
	small.Flows = small.Flows[:2]
	f.Add(canon.Must(small))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, answer []byte) {
		s, err := control.DecodeState("front-a", answer)
		if err != nil {
			return
		}
		if again := canon.Must(s); string(again) != string(answer) {
			t.Errorf("%x decodes and encodes to %x", answer, again)
		}
	})
}
