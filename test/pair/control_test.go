// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/wire"
)

var allTypes = []control.Type{
	control.Bundle, control.Lease, control.Time, control.Windows, control.Records, control.Checkpoint, control.Health, control.Witness, control.Configuration,
}

// TestDirections makes every call of the list at every door and to every component:
// what is not on the list is refused and recorded, and reaches nobody.
func TestDirections(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	o, i := s.startPair()
	s.startFront(frontTwo, outer, nil, nil)
	center := s.mustGrip(central, inner)
	center.give(s.sign(s.bundle(1), 2), 1, inner, gate, outer, frontTwo)
	outside := s.mustGrip(frontOut, outer)
	inside := s.mustGrip(frontIn, inner)
	for _, door := range []struct {
		name string
		hand *hand
		at   *part
		may  func(t control.Type, to string) bool
	}{
		{"center", center, i, func(t control.Type, to string) bool {
			switch t {
			case control.Time, control.Windows:
				return false
			case control.Witness:
				return to == inner
			default:
				return true
			}
		}},
		{"outer front", outside, o, func(t control.Type, to string) bool { return t == control.Time && to == central }},
		{"inner front", inside, i, func(t control.Type, to string) bool { return t == control.Time && to == central }},
	} {
		for _, typ := range allTypes {
			rule, _ := control.RuleOf(typ)
			for _, to := range []string{inner, gate, outer, frontOut, frontTwo, frontIn, central, "nobody"} {
				payload := []byte{}
				if typ == control.Time {
					payload = make([]byte, 16)
				}
				before := refusedCalls(door.at)
				_, err := door.hand.call(typ, to, payload)
				refused := fault.CodeOf(err) == fault.FlowDirection && refusedCalls(door.at) == before+1
				if refused == door.may(typ, to) {
					t.Errorf("%s calls %s of %s: %v", door.name, rule.Name, to, err)
				}
			}
		}
	}
}

// refusedCalls counts the calls that a half refused for their direction. Its log is
// on the disk before it is counted.
func refusedCalls(p *part) int {
	if err := p.journal.Flush(); err != nil {
		p.site.t.Fatal(err)
	}
	n := 0
	for _, l := range p.entries() {
		if l.Class == audit.ClassSession && l.Reason == string(fault.FlowDirection) {
			n++
		}
	}
	return n
}

// TestCapturedHalfCalls: over the link the gate takes nothing but questions for the time,
// and passes nothing else on.
func TestCapturedHalfCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	g := s.startSide(guard.Gate)
	i := s.startSide(guard.Inner)
	s.startFront(frontIn, inner, newApplication(), nil)
	s.mustGrip(central, inner).give(s.sign(s.bundle(1), 2), 1, inner, gate, frontIn)
	h := s.grasp()
	h.windows(1)
	for _, typ := range allTypes {
		for _, to := range []string{inner, gate, outer, frontIn, frontOut, central} {
			payload := []byte{}
			if typ == control.Time {
				payload = make([]byte, 16)
			}
			before := refusedCalls(g)
			_, err := h.call(typ, to, payload)
			if typ == control.Time && to == central {
				if err != nil {
					t.Errorf("the time: %v", err)
				}
				continue
			}
			if fault.CodeOf(err) != fault.FlowDirection || refusedCalls(g) != before+1 || refusedCalls(i) != 0 {
				t.Errorf("type %d of %s: %v", typ, to, err)
			}
		}
	}
}

// TestCallRate: a neighbour that calls too often is told so, and takes nothing from
// others.
func TestCallRate(t *testing.T) {
	w := newWorld(t, newSite(t))
	two := w.mustGrip(frontTwo, outer)
	var all sync.WaitGroup
	var mu sync.Mutex
	told := map[fault.Code]int{}
	for range 40 { // 4 a second, 8 at once
		all.Go(func() {
			_, err := two.call(control.Time, central, make([]byte, 16))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				told[""]++
			} else {
				told[fault.CodeOf(err)]++
			}
		})
	}
	start := time.Now()
	if _, err := w.center.state(frontOut); err != nil || time.Since(start) > 2*time.Second {
		t.Errorf("the center's question took %s: %v", time.Since(start), err)
	}
	all.Wait()
	if told[""] < 8 || told[""] > 20 || told[fault.RateLimited] != 40-told[""] {
		t.Errorf("callers were told %v", told)
	}
}

// TestMalformedCalls: what is no call ends its stream and nothing else.
func TestMalformedCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	two := w.mustGrip(frontTwo, outer)
	head := canon.Must(control.Head{Type: control.Time, To: central})
	for name, messages := range map[string][]wire.Message{
		"no type":        {{Kind: control.KindCall, Payload: canon.Must(control.Head{Type: 99, To: central})}},
		"no name":        {{Kind: control.KindCall, Payload: canon.Must(control.Head{Type: control.Time})}},
		"no head":        {{Kind: control.KindCall, Payload: []byte{1}}},
		"a part first":   {{Kind: control.KindPart, Payload: []byte{1}}},
		"too large":      {{Kind: control.KindCall, Payload: head}, {Kind: control.KindPart, Payload: make([]byte, 17)}},
		"an empty part":  {{Kind: control.KindCall, Payload: head}, {Kind: control.KindPart}},
		"a second head":  {{Kind: control.KindCall, Payload: head}, {Kind: control.KindCall, Payload: head}},
		"an unknown one": {{Kind: 200, Payload: head}},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		s, err := two.conn.Open(ctx, wire.Interactive)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range messages {
			send := s.Send
			if i == len(messages)-1 {
				send = s.SendLast
			}
			if err := send(ctx, m); err != nil && !isReset(err) { // the half may have had enough before
				t.Errorf("%s: %v", name, err)
			}
		}
		if m, err := s.Receive(ctx); err == nil && m.Kind == control.KindPart {
			t.Errorf("%s is answered", name)
		}
		s.Close()
		cancel()
	}
	if _, err := two.call(control.Time, central, make([]byte, 16)); err != nil {
		t.Error(err)
	}
}

func isReset(err error) bool {
	_, reset := errors.AsType[*wire.ResetError](err)
	return reset
}

// TestTime: the outer half, the gate and every front take the center's time when they connect;
// the inner process keeps its own.
func TestTime(t *testing.T) {
	t.Parallel()
	w := &world{site: newSite(t), app: newApplication()}
	w.inner = w.startSide(guard.Inner)
	w.center = w.mustGrip(central, inner)
	w.center.mu.Lock()
	w.center.ahead = time.Hour
	w.center.mu.Unlock()
	w.center.give(w.sign(w.bundle(1), 2), 1, inner)
	w.startSide(guard.Gate)
	w.outer = w.startSide(guard.Outer)
	w.center.give(w.sign(w.bundle(1), 2), 1, gate, outer)
	w.out = w.startFront(frontOut, outer, nil, nil)
	w.in = w.startFront(frontIn, inner, w.app, nil)
	for _, p := range []*part{w.running[gate], w.outer, w.out, w.in} {
		within(t, 10*time.Second, func() error {
			if ahead := time.Until(p.clock.Now()); ahead < 59*time.Minute || ahead > 61*time.Minute {
				return wrong("%s is %s ahead", p.id, ahead)
			}
			return nil
		})
	}
	if ahead := time.Until(w.inner.clock.Now()); ahead > time.Minute {
		t.Errorf("the inner half is %s ahead", ahead)
	}
}

// TestTimeWithoutCenter: a question for the time that nobody can answer goes nowhere.
func TestTimeWithoutCenter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	w.center.stop()
	within(t, 5*time.Second, func() error {
		return w.inner.recorded(func(l audit.Leaf) bool { return l.Action == "disconnect" && l.Subject == central })
	})
	inside, outside := w.mustGrip(frontIn, inner), w.mustGrip(frontTwo, outer)
	for _, h := range []*hand{inside, outside} {
		if _, err := h.call(control.Time, central, make([]byte, 16)); fault.CodeOf(err) != fault.PeerUnavailable {
			t.Errorf("%s was told %v", h.id, err)
		}
	}
	if n := refusedCalls(w.outer); n != 0 {
		t.Errorf("%d calls came to the outer half from inside", n)
	}
}
