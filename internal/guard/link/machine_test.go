// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// elapse lets time pass for both machines, in steps, over a perfect cable.
func elapse(pass func(instant), from, d time.Duration, ms ...*machine) instant {
	for now := from; now <= from+d; now += time.Millisecond {
		for _, m := range ms {
			m.tick(now)
		}
		pass(now)
	}
	return from + d
}

func readAll(m *machine) []byte {
	var all []byte
	buf := make([]byte, 4096)
	for {
		n := m.read(buf)
		if n == 0 {
			return all
		}
		all = append(all, buf[:n]...)
	}
}

// The last frame has none after it that would show its loss.
func TestLostTailIsSentAgainSoon(t *testing.T) {
	a, b, pass := opened(t, 1500, 1500)
	a.write([]byte("tail"))
	carry(0, a, b, 0)
	elapse(pass, 0, 40*time.Millisecond, a, b)
	if got := readAll(b); string(got) != "tail" {
		t.Fatalf("after 40 ms: %q", got)
	}
}

// A frame that newer ones have overtaken does not wait for a timer.
func TestOvertakenFrameIsSentAgainAtOnce(t *testing.T) {
	a, b, pass := opened(t, 1500, 1500)
	want := bytes.Repeat([]byte("0123456789"), 1000)
	if n := a.write(want); n != len(want) {
		t.Fatalf("wrote %d", n)
	}
	carry(0, a, b, 2)
	pass(0) // no time passes
	if got := readAll(b); !bytes.Equal(got, want) {
		t.Fatalf("%d of %d bytes arrived", len(got), len(want))
	}
}

// The frame that grants credit again is lost; the next one repeats it.
func TestLostCreditIsRepeated(t *testing.T) {
	a, b, pass := opened(t, 1500, 1500)
	want := make([]byte, 30_000)
	done := a.write(want)
	pass(0)
	done += a.write(want[done:])
	if pass(0); !a.send.waiting() {
		t.Fatalf("not waiting for credit: next %d", a.send.nxt)
	}
	got := len(readAll(b))
	carry(0, b, a, 0)
	elapse(pass, 0, 250*time.Millisecond, a, b)
	if got += len(readAll(b)); got != done {
		t.Fatalf("%d of %d bytes arrived", got, done)
	}
}

func TestRestartIsNoticedAtOnce(t *testing.T) {
	a, b, _ := opened(t, 1500, 1500)
	b = newMachine(1500, 16, Timing{}, b.chance)
	b.connect(time.Second)
	for range 4 {
		carry(time.Second, b, a, -1)
		carry(time.Second, a, b, -1)
	}
	if a.phase != idle || !errors.Is(a.err, ErrReset) {
		t.Fatalf("phase %d, error %v", a.phase, a.err)
	}
}

// A greeting of a past connection, played again, harms nothing.
func TestOldGreetingIsHarmless(t *testing.T) {
	a, b, pass := opened(t, 1500, 1500)
	old := make([]byte, helloSize)
	copy(old, a.out.hello)
	putHeader(old, kindHello, 0, 12345, 0)
	old[32] = 0
	seal(old)
	now := time.Second
	for range 100 {
		buf := make([]byte, 1500)
		a.receive(now, buf, copy(buf, old))
		now = elapse(pass, now, 20*time.Millisecond, a, b)
	}
	if a.phase != open || b.phase != open {
		t.Fatalf("phases %d and %d", a.phase, b.phase)
	}
}

func TestFrameSizeIsProved(t *testing.T) {
	for _, c := range []struct{ a, b, cable, want int }{
		{1500, 1500, 9000, 1500}, {9000, 9000, 9000, 9000}, {9000, 4000, 9000, 4000}, {9000, 9000, 1500, 1500}, {1000, 9000, 9000, 1000},
	} {
		a, b, pass := openedOver(t, c.a, c.b, c.cable)
		elapse(pass, 0, 3*time.Second, a, b)
		if a.send.size != c.want || b.send.size != c.want {
			t.Errorf("ports of %d and %d, cable of %d: frames of %d and %d, want %d", c.a, c.b, c.cable, a.send.size, b.send.size, c.want)
		}
	}
}

// openedOver joins two machines over a cable that loses frames longer than limit.
func openedOver(t *testing.T, mtuA, mtuB, limit int) (a, b *machine, pass func(instant)) {
	a, b = newMachine(mtuA, 16, Timing{}, randomID), newMachine(mtuB, 16, Timing{}, randomID)
	a.connect(0)
	b.connect(0)
	one := func(now instant, from, to *machine) int {
		frames := from.flush(now)
		for _, f := range frames {
			if len(f) <= limit && len(f) <= to.mtu {
				buf := make([]byte, to.mtu)
				to.receive(now, buf, copy(buf, f))
			}
		}
		from.flushed(now, len(frames))
		return len(frames)
	}
	pass = func(now instant) {
		for one(now, a, b)+one(now, b, a) > 0 {
		}
	}
	pass(0)
	return a, b, pass
}

// A peer that lives but acknowledges nothing ends the connection in the end.
func TestStalled(t *testing.T) {
	a, b, _ := opened(t, 1500, 1500)
	a.write([]byte("into the void"))
	now := instant(0)
	for ; now < 30*time.Second && a.phase == open; now += 10 * time.Millisecond {
		a.tick(now)
		b.tick(now)
		for _, f := range a.flush(now) {
			if buf := bytes.Clone(f); kind(f[5]) != kindData {
				b.receive(now, append(buf, make([]byte, 1500-len(f))...), len(f))
			}
		}
		a.flushed(now, len(a.out.frames))
		carry(now, b, a, -1)
	}
	if !errors.Is(a.err, ErrStalled) || now < 10*time.Second || now > 11*time.Second {
		t.Fatalf("error %v at %v", a.err, now)
	}
}

// A machine that was stopped for a minute does not take its peer for dead before
// it has looked at what arrived.
func TestOwnPauseIsNotSilence(t *testing.T) {
	a, b, pass := opened(t, 1500, 1500)
	a.write([]byte("before"))
	frames := a.flush(0) // under way when everything stops
	kept := bytes.Clone(frames[len(frames)-1])
	a.flushed(0, len(frames))
	now := time.Minute
	a.tick(now)
	b.tick(now)
	b.receive(now, append(kept, make([]byte, 1500-len(kept))...), len(kept))
	elapse(pass, now, time.Second, a, b)
	if a.phase != open || b.phase != open || string(readAll(b)) != "before" {
		t.Fatalf("phases %d and %d, errors %v and %v", a.phase, b.phase, a.err, b.err)
	}
	for ; now < 2*time.Minute && a.phase == open; now += 100 * time.Millisecond {
		a.tick(now)
		a.flushed(now, len(a.flush(now)))
	}
	if !errors.Is(a.err, ErrSilent) || now > time.Minute+12*time.Second {
		t.Fatalf("error %v at %v", a.err, now)
	}
}

// A full port is no loss: the same frames go again when it has room.
// A sender that waits for credit gets it as soon as the reader has made room.
func TestCreditComesAtOnce(t *testing.T) {
	a, b, pass := opened(t, 1500, 1500)
	want := make([]byte, 30_000)
	done := a.write(want)
	pass(0)
	done += a.write(want[done:])
	pass(0)
	got := len(readAll(b))
	pass(0) // no time passes
	if got += len(readAll(b)); got != done {
		t.Fatalf("%d of %d bytes arrived", got, done)
	}
}

func TestFullPortLosesNothing(t *testing.T) {
	a, b, _ := opened(t, 1500, 1500)
	want := bytes.Repeat([]byte("abcdefg"), 2000)
	a.write(want)
	now := instant(0)
	for len(a.flush(now)) > 0 {
		a.flushed(now, 0)
	}
	for now < 5*time.Millisecond {
		now += 600 * time.Microsecond
		a.tick(now)
		for n := 3; len(a.flush(now)) > 0; n = 0 {
			for _, f := range a.out.frames[:min(n, len(a.out.frames))] {
				buf := make([]byte, 1500)
				b.receive(now, buf, copy(buf, f))
			}
			a.flushed(now, min(n, len(a.out.frames)))
		}
	}
	// By now no frame would be taken for lost.
	if got := readAll(b); !bytes.Equal(got, want) {
		t.Fatalf("%d of %d bytes arrived", len(got), len(want))
	}
}
