// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/pki"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// machine is a system clock that a test turns.
type machine struct{ now time.Time }

func (m *machine) read() time.Time { return m.now }

func (m *machine) pass(d time.Duration) { m.now = m.now.Add(d) }

func newClock(t interface {
	Helper()
	Fatal(...any)
}, i *pki.Identity, m *machine) *pki.Clock {
	t.Helper()
	c, err := pki.NewClock(i, m.read)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func timeAnswer(t interface{ Fatal(...any) }, a *authority.Authority, nonce [16]byte, at time.Time) []byte {
	data, err := a.Time(nonce, at)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestClockSet(t *testing.T) {
	a := newAuthority(t)
	i := newIdentity(t, "front-a", "front")
	admit(t, a, i)
	m := &machine{now: start}
	c := newClock(t, i, m)
	sent := m.now
	m.pass(2 * time.Second)
	told := start.Add(time.Hour)
	if err := c.Set(timeAnswer(t, a, [16]byte{1}, told), [16]byte{1}, sent); err != nil {
		t.Fatal(err)
	}
	if got := c.Now(); !got.Equal(told.Add(time.Second)) { // half of the round trip
		t.Errorf("%v after being told %v", got, told)
	}
	m.pass(time.Minute)
	if got := c.Now(); !got.Equal(told.Add(61 * time.Second)) {
		t.Errorf("%v a minute later", got)
	}
	sent = m.now
	if err := c.Set(timeAnswer(t, a, [16]byte{2}, start), [16]byte{2}, sent); err != nil {
		t.Fatal(err)
	}
	if got := c.Now(); !got.Equal(start) { // nothing durable forbids it
		t.Errorf("%v after being told %v", got, start)
	}
}

func TestClockRefuses(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	i := newIdentity(t, "front-a", "front")
	if _, err := pki.NewClock(i, time.Now); err == nil {
		t.Error("a clock of one that is not admitted")
	}
	admit(t, a, i)
	m := &machine{now: start}
	c := newClock(t, i, m)
	later := start.Add(time.Hour)
	good := timeAnswer(t, a, [16]byte{1}, later)
	for name, test := range map[string]struct {
		data  []byte
		nonce [16]byte
		took  time.Duration
	}{
		"another nonce":                        {good, [16]byte{2}, 0},
		"another authority":                    {timeAnswer(t, stranger, [16]byte{1}, later), [16]byte{1}, 0},
		"too slow":                             {good, [16]byte{1}, 5*time.Second + time.Millisecond},
		"before it was asked, as after a jump": {good, [16]byte{1}, -time.Millisecond},
		"nothing":                              {nil, [16]byte{1}, 0},
		"before 1970":                          {timeAnswer(t, a, [16]byte{1}, time.UnixMilli(-1)), [16]byte{1}, 0},
		"after 9999":                           {timeAnswer(t, a, [16]byte{1}, time.UnixMilli(253402300800000)), [16]byte{1}, 0},
		"a lease's":                            {lease(t, a, "front-a", 1, pairFG), [16]byte{}, 0},
		"cut":                                  {good[:len(good)-1], [16]byte{1}, 0},
		"bytes behind":                         {append(good[:len(good):len(good)], 0), [16]byte{1}, 0},
	} {
		if err := c.Set(test.data, test.nonce, m.now.Add(-test.took)); err == nil || !c.Now().Equal(start) {
			t.Errorf("%s: %v, and it is %v", name, err, c.Now())
		}
	}
	if err := c.Set(good, [16]byte{1}, m.now.Add(-5*time.Second)); err != nil {
		t.Error(err)
	}
}

// TestClockJump: a system clock that somebody set moves no floor of a component that
// can ask for the time; what the authority told does.
func TestClockJump(t *testing.T) {
	a := newAuthority(t)
	i := newIdentity(t, "front-a", "front")
	admit(t, a, i)
	m := &machine{now: start.AddDate(1, 0, 0)}
	c := newClock(t, i, m)
	if err := c.Keep(); err != nil {
		t.Fatal(err)
	}
	m.now = start
	if got := c.Now(); !got.Equal(start) {
		t.Errorf("%v, the floor followed a system clock", got)
	}
	if err := c.Set(timeAnswer(t, a, [16]byte{1}, start), [16]byte{1}, m.now); err != nil {
		t.Fatal(err)
	}
	m.pass(2 * time.Minute)
	if err := c.Keep(); err != nil {
		t.Fatal(err)
	}
	again := newClock(t, i, &machine{now: time.UnixMilli(0)}) // a machine without a battery
	if got := again.Now(); !got.Equal(start.Add(2 * time.Minute)) {
		t.Errorf("%v after a restart, the floor is %v", got, start.Add(2*time.Minute))
	}
}

// TestClockFloor holds the clock to its promise under random turns, answers and
// restarts: it never tells a time before what was durable, and after a restart is
// back by no more than a minute and the time between two calls of Keep.
func TestClockFloor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		role := rapid.SampledFrom([]string{"front", "guard-inner"}).Draw(rt, "role")
		i := newIdentity(t, "front-a", role)
		one := newAuthority(t) // a name is admitted once
		admit(t, one, i)
		m := &machine{now: start}
		c := newClock(rt, i, m)
		var kept, told time.Time
		for n := range byte(rapid.IntRange(1, 30).Draw(rt, "steps")) {
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0:
				m.pass(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(rt, "pass")))
			case 1:
				m.pass(-time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(rt, "turn back")))
			case 2:
				told = start.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(rt, "told")))
				if err := c.Set(timeAnswer(rt, one, [16]byte{n}, told), [16]byte{n}, m.now); err != nil {
					rt.Fatal(err)
				}
			case 3:
				if err := c.Keep(); err != nil {
					rt.Fatal(err)
				}
				if !told.IsZero() || role == "guard-inner" {
					kept = maxTime(kept, c.Now().Add(-time.Minute))
				}
			case 4:
				c, told = newClock(rt, i, m), time.Time{}
			}
			if c.Now().Before(kept) {
				rt.Fatalf("%v, and %v was kept", c.Now(), kept)
			}
		}
	})
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func FuzzSetTime(f *testing.F) {
	a := newAuthority(f)
	i := newIdentity(f, "front-a", "front")
	admit(f, a, i)
	c := newClock(f, i, &machine{now: start})
	good := timeAnswer(f, a, [16]byte{1}, start)
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		if c.Set(data, [16]byte{1}, start) == nil && string(data) != string(good) {
			t.Fatal("a time that nobody told")
		}
	})
}
