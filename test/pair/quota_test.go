// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// askAs puts a question of a subject, which a captured front asserts.
func (f *forger) askAs(subject string, verifiers []label.Verifier) error {
	h := question()
	return f.ask(h.ID, f.make(h, class(1, 1), verifiers, forgery{label: func(l *label.Label) { l.Subject = subject }}))
}

// TestQuotas: a captured outer half, with the keys of a front, gets no more through than
// the flow allows to a subject, and nothing of another's share; what it is refused is
// recorded within bounds, and counted.
func TestQuotas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	app := newApplication()
	s.startSide(guard.Gate)
	i := s.startSide(guard.Inner)
	s.startFront(frontIn, inner, app, nil)
	b := s.bundle(1)
	b.Flows[0].Limits.Rate, b.Flows[0].Limits.Burst = 1, 10
	s.mustGrip(central, inner).give(s.sign(b, 2), 1, inner, gate, frontIn)
	f := s.forger(frontOut, s.grasp())
	verifiers := f.windows(1)
	const tried = 380 // less than the whole flow may at once
	start, passed := time.Now(), 0
	for range tried {
		switch err := f.askAs("out/p-1", verifiers); {
		case err == nil:
			passed++
		case fault.CodeOf(err) != fault.RateLimited:
			t.Fatal(err)
		}
	}
	if most := 2*10 + 2*int(time.Since(start)/time.Second+1); passed < 20 || passed > most {
		t.Errorf("%d of %d passed, want 20 to %d", passed, tried, most)
	}
	if err := f.askAs("out/p-2", verifiers); err != nil {
		t.Errorf("another subject: %v", err)
	}
	if n, err := app.once(); n != passed+1 || err != nil {
		t.Errorf("%d questions reached the application: %v", n, err)
	}
	i.counted(t, tried-passed, fault.RateLimited)
}

// counted holds that a part has told of all refusals of a kind: of some one by one, of
// the others by their number.
func (p *part) counted(t *testing.T, want int, code fault.Code) {
	t.Helper()
	within(t, 10*time.Second, func() error {
		one, more := 0, 0
		for _, l := range p.entries() {
			switch {
			case l.Class == audit.ClassHealth && l.Action == "more":
				n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(l.Object, "and "), " more"))
				if err != nil {
					return err
				}
				more += n
			case l.Verdict == "refuse" && l.Reason == string(code):
				one++
			}
		}
		if one+more != want || one == 0 {
			return wrong("%d recorded one by one, %d counted, want %d", one, more, want)
		}
		if seconds := 60; one > 200+5*seconds {
			return wrong("%d recorded one by one", one)
		}
		return nil
	})
}

// TestFlood: an outer half that sends what is no parcel, and too many calls, as fast as
// it can, neither fills the log nor keeps the center out.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	g := s.startSide(guard.Gate)
	s.startSide(guard.Inner)
	center := s.mustGrip(central, inner)
	center.give(s.sign(s.bundle(1), 2), 1, inner, gate)
	h := s.grasp()
	const floods, each = 8, 200
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for range floods {
		all.Go(func() {
			for range each {
				if err := rubbish(ctx, h.conn); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
					return
				}
			}
		})
	}
	for range floods {
		all.Go(func() { _, _ = h.call(control.Time, central, make([]byte, 16)) })
	}
	for range 5 {
		start := time.Now()
		if _, err := center.state(gate); err != nil || time.Since(start) > 5*time.Second {
			t.Errorf("the center's question took %s: %v", time.Since(start), err)
		}
	}
	all.Wait()
	g.counted(t, floods*each, fault.ParcelMalformed)
}

// rubbish opens a stream with what is no parcel, and waits for its end.
func rubbish(ctx context.Context, c *wire.Conn) error {
	s, err := c.Open(ctx, wire.Interactive)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Send(ctx, wire.Message{Kind: 1, Payload: []byte("rubbish")}); err != nil {
		return err
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	_, _ = s.Receive(ctx) // a refusal
	return nil
}

// TestStrangersFlood: those whom nobody admitted are recorded within bounds, and counted.
func TestStrangersFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	before := w.outer.count(func(l audit.Leaf) bool { return l.Verdict == "refuse" })
	const tried = 300
	for range tried {
		nc, err := w.dial(outer)(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		nc.Close()
	}
	if before != 0 {
		t.Errorf("%d refusals before", before)
	}
	w.outer.counted(t, tried, fault.PeerUnknown)
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Error(err)
	}
}

// TestQuotaOfBytes: a subject's deliveries are slowed down to what its flow allows.
func TestQuotaOfBytes(t *testing.T) {
	t.Parallel()
	c := newCarrier(t)
	b := c.bundle(2)
	for i := range b.Flows {
		b.Flows[i].Limits = policy.Limits{Bytes: 2 << 20}
	}
	c.center.give(c.sign(b, 2), 2, inner, gate, outer, frontIn, frontOut)
	body := noise(12 * chunk) // 4 MiB pass at once, the others at 4 MiB a second
	start := time.Now()
	if _, err := c.out.deliver(c.outgoing("files", "out/sender", "slow", body), newStall(body, -1)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 1900*time.Millisecond {
		t.Errorf("8 MiB more than pass at once took %s", took)
	}
	c.released(frontIn, map[string][]byte{"slow": body})
}
