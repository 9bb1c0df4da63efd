// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"math"
	"testing"
	"time"

	"dukou.dev/dukou/internal/control"
)

// traffic goes on so many seconds in which so much passes, is refused and fails a second.
func (s *scene) traffic(total *control.FlowState, seconds int, passed, refused, failed uint64, class int) (told []News) {
	for range seconds {
		total.Passed, total.Refused, total.Failed = total.Passed+passed, total.Refused+refused, total.Failed+failed
		total.Within[class] += passed
		f := *total
		f.Within = append([]uint64(nil), total.Within...)
		s.count(f)
		told = append(told, s.step()...)
	}
	return told
}

func fresh() *control.FlowState {
	return &control.FlowState{Within: make([]uint64, len(control.Bounds())+1)}
}

func TestRates(t *testing.T) {
	const second = 9 // the class of up to one second
	for name, c := range map[string]struct {
		passed, refused, failed uint64
		class                   int
		want                    string
	}{
		"all well":   {passed: 10, class: 3},
		"refused":    {passed: 1, refused: 9, class: 3, want: RuleRefused},
		"half":       {passed: 5, refused: 5, class: 3},
		"failing":    {passed: 9, failed: 1, class: 3, want: RuleFailing},
		"slow":       {passed: 10, class: second + 2, want: RuleSlow},
		"very slow":  {passed: 10, class: len(control.Bounds()), want: RuleSlow},
		"not slow":   {passed: 10, class: second},
		"next to no": {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			told := s.traffic(fresh(), 400, c.passed, c.refused, c.failed, c.class)
			if c.want == "" {
				if len(told) != 0 {
					t.Fatalf("told: %+v", told)
				}
				return
			}
			s.only(told, Firing, c.want, "flow/"+flow)
		})
	}
}

// TestRestartedEntry: a front that restarts counts anew, and that is no rate.
func TestRestartedEntry(t *testing.T) {
	s := newScene(t)
	total := fresh()
	told := s.traffic(total, 200, 10, 0, 0, 3)
	*total = *fresh()
	told = append(told, s.traffic(total, 200, 10, 0, 0, 3)...)
	if len(told) != 0 {
		t.Errorf("told: %+v", told)
	}
}

// TestRecovery: rates during an interruption do not count after it.
func TestRecovery(t *testing.T) {
	s := newScene(t)
	total := fresh()
	s.traffic(total, 100, 10, 0, 0, 3)
	s.state(Unreachable, "inner", "gate", "outer", "front-in")
	for _, n := range s.traffic(total, 120, 0, 0, 10, 3) {
		if n.Alert.Rule != RuleUnreachable {
			t.Errorf("told of %s during the interruption", n.Alert.Rule)
		}
	}
	s.state(Current, "inner", "gate", "outer", "front-in")
	told := s.traffic(total, 120, 10, 0, 0, 3)
	s.only(told, Resolved, RuleUnreachable, "inner")
}

func TestPercentile(t *testing.T) {
	none := make([]uint64, len(control.Bounds())+1)
	all := append([]uint64(nil), none...)
	all[3] = 99 // 5 to 10 ms
	all[9] = 1  // 500 ms to 1 s
	if got := percentile(none, all, 0.99, fewest); math.Abs(got-0.010) > 1e-9 {
		t.Errorf("99 of 100 within %g s, want 0.01", got)
	}
	all[9] = 99
	if got := percentile(none, all, 0.99, fewest); got < 0.5 || got > 1 {
		t.Errorf("%g s, want between 0.5 and 1", got)
	}
	if got := percentile(none, none, 0.99, fewest); got != 0 {
		t.Errorf("of nothing: %g", got)
	}
	if got := percentile(none[1:], all, 0.99, fewest); got != 0 {
		t.Errorf("of classes that do not fit: %g", got)
	}
}

func TestSilentThoughBusy(t *testing.T) {
	s := newScene(t) // half past nine
	for day := 1; day <= 5; day++ {
		for hour := 8; hour <= 12; hour++ {
			s.eyes.habits.add(s.now.AddDate(0, 0, -day).Truncate(24*time.Hour).Add(time.Duration(hour)*time.Hour), flow, 600)
		}
	}
	total := fresh()
	if told := s.traffic(total, 60, 10, 0, 0, 3); len(told) != 0 {
		t.Fatalf("told: %+v", told)
	}
	news, took := s.until(17 * 60)
	s.only(news, Firing, RuleSilent, "flow/"+flow)
	if took < 15*60 {
		t.Errorf("silent after %d s", took)
	}
	told := s.traffic(total, 20, 1, 0, 0, 3)
	s.only(told, Resolved, RuleSilent, "flow/"+flow)
}

// TestSilentAtNight: a flow that has nothing to do at this hour is not missed, and at the
// beginning of a busy one it has some time.
func TestSilentAtNight(t *testing.T) {
	s := newScene(t)
	for day := 1; day <= 5; day++ {
		s.eyes.habits.add(s.now.AddDate(0, 0, -day).Add(time.Hour), flow, 600) // ten o'clock
	}
	s.quiet(30 * 60) // ten o'clock now
	s.quiet(14 * 60)
	s.until(2 * 60)
}

func TestDisk(t *testing.T) {
	s := newScene(t)
	c := s.at("inner")
	c.Disk = control.Disk{Size: 1000 << 30, Free: 500 << 30}
	s.quiet(60)
	for range 120 { // two hours, in which five hundredths of it go
		s.now = s.now.Add(59 * time.Second)
		c.Disk.Free -= 50 << 30 / 120
		s.step()
	}
	if len(s.news) != 0 { // the rule holds for a minute
		s.only(s.news, Firing, RuleDiskFull, "inner")
	} else {
		news, _ := s.until(70)
		s.only(news, Firing, RuleDiskFull, "inner")
	}
	c.Disk.Free = 50 << 30
	news, _ := s.until(40)
	s.only(news, Firing, RuleDiskFree, "inner") // and explains the other
}

func TestEnds(t *testing.T) {
	s := newScene(t)
	s.seen.BundleEnds = s.now.Add(20 * 24 * time.Hour)
	news, _ := s.until(2)
	if n := s.only(news, Firing, RuleEndMonth, "bundle"); n.Alert.Level != Notice {
		t.Errorf("level %d", n.Alert.Level)
	}
	s.at("gate").Ends = []End{{What: "certificate /etc/tls.pem", At: s.now.Add(6 * time.Hour)}}
	news, _ = s.until(2)
	if n := s.only(news, Firing, RuleEndDay, "gate/certificate /etc/tls.pem"); len(n.Follows) != 2 {
		t.Errorf("a day explains a week and a month: %+v", n.Follows)
	} else if said := n.Alert.Sentence(); said.English != "The certificate /etc/tls.pem of gate ends in 0.2 days." || said.Chinese != "部件 gate 的证书 /etc/tls.pem 将在 0.2 天后到期。" {
		t.Errorf("said: %s", said.Line())
	}
	s.seen.BundleEnds = s.now.Add(-time.Minute)
	news, _ = s.until(2)
	if n := s.only(news, Firing, RuleEndDay, "bundle"); n.Sentence().English != "The bundle has ended." {
		t.Errorf("said: %s", n.Sentence().English)
	}
}

func TestLogAndClock(t *testing.T) {
	s := newScene(t)
	s.at("outer").Audit = "log-taken-back"
	news, _ := s.until(2)
	s.only(news, Firing, RuleLog, "outer")
	s.at("gate").Ahead = -2 * time.Minute
	news, _ = s.until(15)
	s.only(news, Firing, RuleClock, "gate")
}

// TestRemoved: what a new bundle no longer has is no longer wrong.
func TestRemoved(t *testing.T) {
	s := newScene(t)
	s.state(Unreachable, "front-in")
	s.until(3)
	s.seen.Components = s.seen.Components[:4]
	s.seen.Flows = nil
	s.now = s.now.Add(time.Second)
	for range 15 {
		s.now = s.now.Add(time.Second)
		s.e.step(s.now, s.eyes.look(s.seen, s.now), func(string) bool { return false })
	}
	if got := s.firing(); len(got) != 0 {
		t.Errorf("firing: %v", got)
	}
}
