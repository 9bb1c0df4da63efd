// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/control"
)

// TestInterruption: when the gate is lost, with all that lies behind it, one thing is
// told, soon, and it names the flow; and one when all is there again.
func TestInterruption(t *testing.T) {
	s := newScene(t)
	s.quiet(30)
	s.state(Unreachable, "gate", "outer", "front-out")
	news, took := s.until(3)
	n := s.only(news, Firing, RuleUnreachable, "gate")
	if took > 2 {
		t.Errorf("told after %d looks, want 2", took)
	}
	said := n.Sentence()
	for _, name := range []string{"gate", flow, "outer", "front-out"} {
		if !strings.Contains(said.English, name) || !strings.Contains(said.Chinese, name) {
			t.Errorf("%q does not name %s in both languages", said.Line(), name)
		}
	}
	if got := len(s.firing()); got != 4 {
		t.Errorf("firing: %v, want the gate, two behind it, and the flow", s.firing())
	}
	s.quiet(60)
	s.state(Current, "gate", "outer", "front-out")
	news, took = s.until(15)
	s.only(news, Resolved, RuleUnreachable, "gate")
	if took < 10 {
		t.Errorf("resolved after %d s", took)
	}
	s.quiet(30)
}

// TestOneMiss: who misses once and answers again raises nothing.
func TestOneMiss(t *testing.T) {
	s := newScene(t)
	for range 5 {
		s.state(Unreachable, "outer")
		s.quiet(1)
		s.state(Current, "outer")
		s.quiet(3)
	}
}

// TestUnfolded: what is still wrong when its cause has ended is told then.
func TestUnfolded(t *testing.T) {
	s := newScene(t)
	s.state(Unreachable, "gate", "outer", "front-out")
	s.until(3)
	s.state(Current, "gate")
	s.quiet(8) // the others have as long to come back
	var told []string
	for range 10 {
		for _, n := range s.step() {
			told = append(told, string(n.Alert.State)+" "+n.Alert.about())
		}
	}
	if got := strings.Join(told, ", "); got != "resolved gate, firing outer" {
		t.Errorf("told: %s", got)
	}
}

// TestFront: a front that is lost by itself interrupts its flow, and explains it.
func TestFront(t *testing.T) {
	s := newScene(t)
	s.state(Unreachable, "front-in")
	news, _ := s.until(3)
	n := s.only(news, Firing, RuleUnreachable, "front-in")
	if len(n.Follows) != 1 || n.Follows[0].Flow != flow {
		t.Errorf("follows: %+v", n.Follows)
	}
}

func TestFlapping(t *testing.T) {
	s := newScene(t)
	for i := range 3 {
		s.state(Unreachable, "front-in")
		news, _ := s.until(3)
		if n := s.only(news, Firing, RuleUnreachable, "front-in"); n.Alert.Count != int64(i)+1 || n.Alert.ID != s.news[0].Alert.ID {
			t.Errorf("time %d: count %d, id %s", i, n.Alert.Count, n.Alert.ID)
		}
		s.state(Current, "front-in")
		news, _ = s.until(15)
		s.only(news, Resolved, RuleUnreachable, "front-in")
	}
	s.quiet(11 * 60)
	s.state(Unreachable, "front-in")
	if news, _ := s.until(3); news[0].Alert.Count != 1 || news[0].Alert.ID == s.news[0].Alert.ID {
		t.Errorf("after ten minutes: %+v", news[0].Alert)
	}
}

func TestSilenced(t *testing.T) {
	s := newScene(t)
	s.e.silences = []Silence{{ID: "s1", Component: "front-*", Ends: s.now.Add(time.Minute)}}
	s.state(Unreachable, "front-in")
	s.quiet(55)
	if a := s.e.tracked[key{rule: RuleUnreachable, component: "front-in"}].alert; a == nil || a.Silence != "s1" || a.Told {
		t.Errorf("silenced: %+v", a)
	}
	news, _ := s.until(10) // it has ended
	s.only(news, Firing, RuleUnreachable, "front-in")
}

// TestSettings: a rule that is off for one raises nothing for it, and one whose level
// rises while it fires is told again.
func TestSettings(t *testing.T) {
	s := newScene(t)
	s.e.settings[target{RuleBacklog, "front-in"}] = Setting{Threshold: 1000, Level: Warning}
	s.at("front-in").Pending, s.at("front-out").Pending = 5000, 5000
	s.quiet(59)
	news, _ := s.until(5)
	s.only(news, Firing, RuleBacklog, "front-out")
	s.e.settings[target{RuleBacklog, ""}] = Setting{On: true, Threshold: 1000, Level: Critical}
	news, _ = s.until(2)
	if n := s.only(news, Firing, RuleBacklog, "front-out"); n.Alert.Level != Critical {
		t.Errorf("level %d", n.Alert.Level)
	}
	s.e.settings[target{RuleBacklog, ""}] = Setting{Threshold: 1000, Level: Critical} // off: as if it were well
	news, _ = s.until(15)
	s.only(news, Resolved, RuleBacklog, "front-out")
}

// TestUnknownStays: of a component that does not answer, what was wrong stays so.
func TestUnknownStays(t *testing.T) {
	s := newScene(t)
	s.at("front-in").Pending = 5000
	news, _ := s.until(70)
	s.only(news, Firing, RuleBacklog, "front-in")
	s.state(Unreachable, "front-in")
	news, _ = s.until(5)
	s.only(news, Firing, RuleUnreachable, "front-in")
	s.quiet(60)
	s.at("front-in").Pending = 0
	s.state(Current, "front-in")
	told := map[string]int{}
	for range 20 {
		for _, n := range s.step() {
			told[string(n.Alert.State)+" "+n.Alert.Rule]++
		}
	}
	if len(told) != 2 || told["resolved "+RuleBacklog] != 1 || told["resolved "+RuleUnreachable] != 1 {
		t.Errorf("told: %v", told)
	}
}

// TestStart: right after the center's start nobody is missed yet, and who is really away
// is told of soon.
func TestStart(t *testing.T) {
	s := newScene(t)
	s.eyes = newEyes(s.now)
	for i := range s.seen.Components {
		s.seen.Components[i].State, s.seen.Components[i].Seen = Unreachable, time.Time{}
	}
	s.quiet(5)
	for _, id := range []string{"inner", "gate", "outer", "front-out"} {
		s.at(id).State, s.at(id).Seen = Current, s.now
	}
	news, _ := s.until(10)
	s.only(news, Firing, RuleUnreachable, "front-in")
}

// TestAnyHistory: whatever is lost and found, silenced and set in whatever order, the
// news of an alert begin with its firing and take turns, nothing is told twice, what is
// silenced or explained is not told, and when all is well everything that was told as
// firing has been told as ended.
func TestAnyHistory(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for run := range uint64(8) {
		history(t, seed+run)
	}
}

func history(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	s := newScene(t)
	last := map[string]State{}
	var total control.FlowState
	step := func() {
		t.Helper()
		for _, n := range s.step() {
			id := n.Alert.ID
			if was := last[id]; was == n.Alert.State || was == "" && n.Alert.State == Resolved {
				t.Fatalf("seed %d: %s of %s after %q", seed, n.Alert.State, n.Alert.about(), was)
			}
			if n.Alert.State == Firing && (n.Alert.Cause != "" || n.Alert.Silence != "") {
				t.Fatalf("seed %d: told though explained by %q or silenced by %q", seed, n.Alert.Cause, n.Alert.Silence)
			}
			last[id] = n.Alert.State
		}
	}
	for range 600 {
		c := &s.seen.Components[r.IntN(len(s.seen.Components))]
		switch r.IntN(10) {
		case 0, 1:
			c.State = []string{Current, Behind, Unreachable, Untrusted}[r.IntN(4)]
		case 2:
			c.Pending = r.Uint64N(3000)
		case 3:
			c.Audit = []string{"proven", "log-forked"}[r.IntN(2)]
		case 4:
			s.e.silences = []Silence{{ID: fmt.Sprint("s", r.Int()), Component: c.ID, Ends: s.now.Add(time.Duration(r.IntN(60)) * time.Second)}}
		case 5:
			total.Passed, total.Failed = total.Passed+r.Uint64N(50), total.Failed+r.Uint64N(10)
			s.count(total)
		}
		step()
	}
	s.e.silences = nil
	for i := range s.seen.Components {
		c := &s.seen.Components[i]
		c.State, c.Pending, c.Audit = Current, 0, "proven"
	}
	for range 400 { // five minutes until rates are those of now
		total.Passed += 10
		s.count(total)
		step()
	}
	for id, state := range last {
		if state != Resolved {
			t.Fatalf("seed %d: %s was told as firing and not as ended; firing: %v", seed, id, s.firing())
		}
	}
	if got := s.firing(); len(got) > 0 {
		t.Fatalf("seed %d: all is well, and firing: %v", seed, got)
	}
}
