// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"bytes"
	"context"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// state is what a component says of itself.
func (h *hand) state(id string) (control.State, error) {
	var state control.State
	data, err := h.call(control.Health, id, nil)
	if err != nil {
		return state, err
	}
	return state, canon.Unmarshal(data, &state)
}

// TestBundleSwap: bundles come into force under traffic without a failed question.
func TestBundleSwap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	stop := w.traffic(4)
	for version := uint64(2); version < 8; version++ {
		w.answered(20)
		w.center.give(w.sign(w.bundle(version), 2), version, inner, gate, outer, frontIn, frontOut)
	}
	w.answered(20)
	for code, n := range stop() {
		if code != "" {
			t.Errorf("%d callers were told %s", n, code)
		}
	}
	for _, id := range []string{inner, gate, outer, frontIn, frontOut} {
		if state, err := w.center.state(id); err != nil || state.Bundle != 7 || state.Lease != 7 || state.Component != id {
			t.Errorf("%s: %+v, %v", id, state, err)
		}
	}
}

// TestBundleRefused: a bad, unsigned or older bundle is refused everywhere, with its
// reason, and the good one stays; also over a restart.
func TestBundleRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	w.center.give(w.sign(w.bundle(5), 2), 5, inner, gate, outer, frontIn, frontOut)
	bad, other, past, directory := w.bundle(6), w.bundle(5), w.bundle(6), w.bundle(6)
	bad.Flows[0].Object = "in/nothing"
	other.Guard = "another"
	past.NotAfter = time.Now().Add(-time.Minute).UnixMilli()
	directory.Sealed = []policy.SealedPart{{Component: frontOut, Ciphertext: []byte("not sealed")}}
	lower := w.bundle(6)
	lower.Term = 0
	for name, test := range map[string]struct {
		data []byte
		want fault.Code
	}{
		"one approval":         {w.sign(w.bundle(6), 1), fault.PolicyUnsigned},
		"no approval":          {w.sign(w.bundle(6), 0), fault.PolicyUnsigned},
		"older":                {w.sign(w.bundle(4), 3), fault.PolicyOld},
		"another of version 5": {w.sign(other, 3), fault.PolicyOld},
		"a lower term":         {w.sign(lower, 3), fault.PolicyOld},
		"not whole":            {w.sign(bad, 3), fault.PolicyMalformed},
		"ended":                {w.sign(past, 3), fault.PolicyExpired},
		"no bundle":            {[]byte("bundle"), fault.PolicyMalformed},
		"another document":     {w.lease(inner, 6), fault.PolicyUnsigned},
	} {
		for _, id := range []string{inner, gate, outer, frontIn, frontOut} {
			if _, err := w.center.call(control.Bundle, id, test.data); fault.CodeOf(err) != test.want {
				t.Errorf("%s at %s: %v, want %s", name, id, err, test.want)
			}
		}
		reached := []*part{w.inner, w.running[gate], w.in}
		if test.want != fault.PolicyUnsigned && name != "no bundle" { // that the gate does not even let out
			reached = append(reached, w.outer, w.out)
		}
		for _, p := range reached {
			within(t, 5*time.Second, func() error {
				return p.recorded(func(l audit.Leaf) bool { return l.Class == audit.ClassPolicy && l.Reason == string(test.want) })
			})
		}
	}
	if _, err := w.center.call(control.Bundle, frontOut, w.sign(directory, 2)); fault.CodeOf(err) != fault.PolicyMalformed {
		t.Errorf("a part that its front cannot open: %v", err)
	}
	w.inner.stop()
	w.inner = w.startSide(guard.Inner)
	w.out.stop()
	w.out = w.startFront(frontOut, outer, nil, nil)
	w.center = w.mustGrip(central, inner)
	for _, id := range []string{inner, gate, outer, frontIn, frontOut} {
		within(t, 10*time.Second, func() error {
			state, err := w.center.state(id)
			if err == nil && (state.Bundle != 5 || state.Lease != 5) {
				t.Fatalf("%s has bundle %d, lease %d", id, state.Bundle, state.Lease)
			}
			return err
		})
	}
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Error(err)
	}
}

// TestRemoved: a component that a bundle no longer names, or names with another key,
// is cut off, and does not come back.
func TestRemoved(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*policy.Bundle, int){
		"removed":     func(b *policy.Bundle, i int) { b.Components = append(b.Components[:i:i], b.Components[i+1:]...) },
		"another key": func(b *policy.Bundle, i int) { b.Components[i].Key = flipped(b.Components[i].Key) },
		"another zone": func(b *policy.Bundle, i int) {
			b.Components[i].Zone = "in"
			b.Flows = b.Flows[:0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newSite(t))
			two := w.mustGrip(frontTwo, outer)
			two.windows(2)
			b := w.bundle(2)
			for i := range b.Components {
				if b.Components[i].ID == frontTwo {
					change(&b, i)
					break
				}
			}
			w.center.give(w.sign(b, 2), 2, inner, gate, outer)
			select {
			case <-two.conn.Done():
			case <-time.After(5 * time.Second):
				t.Fatal("it is still connected")
			}
			within(t, 5*time.Second, func() error { // TLS tells a client late that its key was refused
				h, err := w.grip(frontTwo, outer)
				if err != nil {
					return nil
				}
				defer h.stop()
				select {
				case <-h.conn.Done():
					return nil
				case <-time.After(time.Second):
					return wrong("it came back")
				}
			})
			within(t, 5*time.Second, func() error {
				return w.outer.recorded(func(l audit.Leaf) bool { return l.Class == audit.ClassSession && l.Reason == string(fault.PeerUnknown) })
			})
		})
	}
}

func flipped(key []byte) []byte {
	other := bytes.Clone(key)
	other[0] ^= 1
	return other
}

// TestStrangers: who was not admitted, or has no business at a half, is refused and
// recorded.
func TestStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	elsewhere := newSite(t) // the same names with other keys
	elsewhere.dir = w.dir
	for _, test := range []struct {
		site     *site
		id, half string
		at       *part
	}{
		{elsewhere, frontOut, outer, w.outer}, {elsewhere, central, inner, w.inner}, {w.site, central, outer, w.outer},
		{w.site, frontIn, outer, w.outer}, {w.site, frontOut, inner, w.inner}, {w.site, outer, inner, w.inner}, {w.site, inner, outer, w.outer},
		{elsewhere, inner, gate, w.running[gate]}, {w.site, frontIn, gate, w.running[gate]}, {w.site, central, gate, w.running[gate]}, {w.site, gate, inner, w.inner},
	} {
		before := len(test.at.entries())
		h, err := test.site.grip(test.id, test.half)
		if err == nil {
			select {
			case <-h.conn.Done():
			case <-time.After(5 * time.Second):
				t.Errorf("%s is connected to %s", test.id, test.half)
			}
			h.stop()
		}
		within(t, 5*time.Second, func() error {
			list := test.at.entries()
			for _, l := range list[before:] {
				if l.Class == audit.ClassSession && l.Reason == string(fault.PeerUnknown) {
					return nil
				}
			}
			return wrong("%s at %s is not recorded", test.id, test.half)
		})
	}
}

// TestUnrecorded: when the inner half's log cannot take an entry, nothing passes.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	if err := w.inner.journal.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ask("out/p-1", "p-1"); fault.CodeOf(err) != fault.RecordFailed {
		t.Errorf("%v, want %s", err, fault.RecordFailed)
	}
	if n, _ := w.app.once(); n != 0 {
		t.Errorf("%d questions reached the application", n)
	}
	w.inner.cancel()
	<-w.inner.done // it says that its log is closed
	delete(w.running, inner)
}

// TestUnrecordedOutwards: when the gate's log cannot take an entry, nothing goes out.
func TestUnrecordedOutwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	g := w.running[gate]
	w.app.set(func(context.Context, front.Call) (parcel.Record, error) {
		if err := g.journal.Close(); err != nil {
			t.Error(err)
		}
		return answer(2, "secret"), nil
	})
	if r, err := w.ask("out/p-1", "p-1"); fault.CodeOf(err) != fault.RecordFailed && fault.CodeOf(err) != fault.Interrupted {
		t.Errorf("%v, %v, want %s", r.Content, err, fault.RecordFailed)
	}
	if n, _ := w.app.once(); n != 1 {
		t.Errorf("%d questions reached the application", n)
	}
	g.cancel()
	<-g.done // it says that its log is closed
	delete(w.running, gate)
}

// TestLargeDetail: the record of a decision holds its whole input, also of the
// largest question.
func TestLargeDetail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	person := string(make([]byte, 900_000))
	w.app.set(func(context.Context, front.Call) (parcel.Record, error) { return answer(1, person), nil })
	reply, err := w.ask("out/p-1", person)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.inner.journal.Flush(); err != nil { // outwards it is the gate that waits for its disk
		t.Fatal(err)
	}
	found := 0
	for from := uint64(0); ; {
		records, err := w.inner.journal.Read(from, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		from += uint64(len(records))
		for _, r := range records {
			c, err := audit.DecodeRecord(r.Raw)
			if err != nil {
				t.Fatal(err)
			}
			if c.Leaf.Class == audit.ClassDecision && len(c.Detail) > 900_000 {
				found++
				if c.Leaf.Verdict != "allow" || c.CheckDetail() != nil {
					t.Errorf("%+v", c.Leaf)
				}
			}
		}
	}
	if found != 2 { // question and answer
		t.Errorf("%d whole details for question %s", found, reply.ID)
	}
}
