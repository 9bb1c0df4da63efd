// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// replays presents again, at every hop, what was good once. The same request of a client
// twice is two requests (clients); recorded frames on the cable are test/fault's.
func (r *rig) replays(t *testing.T) {
	i := r.Installation
	t.Run("front to outer half", func(t *testing.T) {
		r.rogue(t, demo.FrontInternet, demo.GuardOuter, "front", "-identity", i.Identity(demo.FrontInternet), "-state", i.State(demo.FrontInternet), "-guard", "unix:"+i.Socket(demo.GuardOuter))
	})
	t.Run("outer half to gate and inner", func(t *testing.T) {
		asking, cancel := context.WithCancel(t.Context())
		var asked sync.WaitGroup
		asked.Go(func() { // so that it gets hold of a genuine question
			bank := r.Bank()
			defer bank.Close()
			for asking.Err() == nil {
				_, _ = bank.SignIn(asking, demo.Zhang())
			}
		})
		r.rogue(t, demo.GuardOuter, demo.GuardInner, "half", "-identity", i.Identity(demo.GuardOuter), "-state", i.State(demo.GuardOuter), "-link", r.Link(), "-listen", "unix:"+i.Socket(demo.GuardOuter))
		cancel()
		asked.Wait()
	})
	t.Run("gate to inner", func(t *testing.T) {
		r.inPlaceOf(t, []string{demo.FrontInternet, demo.GuardGate}, r.gateToInner)
	})
	t.Run("inner to gate", func(t *testing.T) {
		r.inPlaceOf(t, []string{demo.GuardInner, demo.FrontIntranet}, r.innerToGate)
	})
	t.Run("inner to front", func(t *testing.T) {
		r.inPlaceOf(t, []string{demo.FrontInternet, demo.Center, demo.GuardInner}, r.innerToFront)
	})
	t.Run("center to all", r.centerToAll)
}

// rogue has the attackers' program take a place, and wants every try refused for its
// reason, and recorded by a judge.
func (r *rig) rogue(t *testing.T, place, judge string, args ...string) {
	t.Helper()
	seen := r.app.total()
	out, err := r.Replace(t.Context(), place, r.Rogue(), args, nil)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := demo.ReadFindings(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, f := range findings {
		if !f.OK() {
			t.Errorf("a parcel %s: want %q, got %q %s", f.Attack, f.Want, f.Got, f.Detail)
		}
		if f.Got == "" {
			passed++
			r.count("replays", func(s *sum) { s.one++ })
		} else {
			r.count("replays", func(s *sum) { s.refused++ })
		}
	}
	if got := r.app.total() - seen; got != passed {
		t.Errorf("%d parcels passed, %d requests reached the application", passed, got)
	}
	r.judged(t, judge, fault.LabelReplayed)
	if err := r.WaitQuery(t.Context()); err != nil {
		t.Error(err)
	}
}

// judged wants a part to have recorded a refusal with a code.
func (r *rig) judged(t *testing.T, part string, code fault.Code) {
	t.Helper()
	within(t, soon, func() error {
		if count(r.journal(t, part), func(l *audit.Leaf) bool { return l.Verdict == "refuse" && l.Reason == string(code) }) == 0 {
			return fmt.Errorf("%s has not recorded %s", part, code)
		}
		return nil
	})
}

// tell wants a try to have been refused with one of some codes.
func (r *rig) tell(t *testing.T, what string, err error, codes ...fault.Code) {
	t.Helper()
	r.count("replays", func(s *sum) { s.refused++ })
	if err == nil {
		t.Errorf("%s: passed", what)
		return
	}
	got := fault.CodeOf(err)
	t.Logf("%s: %s", what, got)
	for _, code := range codes {
		if got == code {
			return
		}
	}
	t.Errorf("%s: %v, want one of %s", what, err, codes)
}

// gateToInner has the gate, which holds no key that the inner process would take,
// together with a captured front, which does.
func (r *rig) gateToInner(t *testing.T) {
	front := r.steal(t, demo.FrontInternet)
	h := hold(t, r.awaits(t, r.identity(t, demo.GuardGate), demo.GuardGate), false, hand{})
	inner := h.told(t, demo.GuardInner)
	if err := h.call(control.Windows, demo.GuardInner, canon.Must([]label.Verifier{window(t, demo.GuardGate)})); err != nil { // else no answer is labelled
		t.Fatal(err)
	}
	user := r.user()
	id, question := front.signIn(t, user, inner)
	if err := h.ask(id, question); err != nil {
		t.Fatalf("a good question: %v", err)
	}
	r.tell(t, "a question once more", h.ask(id, question), fault.LabelReplayed)
	_, relabelled := front.signIn(t, user, inner)
	r.tell(t, "its header under another's label", h.ask(id, exchange.Carried{Header: question.Header, Label: relabelled.Label}), fault.LabelTransplanted)
	if n := len(r.app.about(user)); n != 1 {
		t.Errorf("%d requests reached the application", n)
	}
	r.judged(t, demo.GuardInner, fault.LabelReplayed)
	r.deliverAgain(t, h, front, "again", inner)
}

// deliverAgain delivers a file, then the same, then others under its id.
func (r *rig) deliverAgain(t *testing.T, h *hand, front *stolen, name string, judge label.Verifier) {
	t.Helper()
	name += fmt.Sprintf("-%d.csv", r.turn.Add(1))
	fileID := parcel.NewID()
	first := front.file(t, fileID, name, []byte("first"), judge)
	receipt, err := h.deliver(first)
	if err != nil {
		t.Fatalf("a good delivery: %v", err)
	}
	if judge.Window != (label.Window{}) {
		_, err = h.deliver(first)
		r.tell(t, "a delivery once more, under its old label", err, fault.LabelReplayed)
	}
	again, err := h.deliver(front.file(t, fileID, name, []byte("first"), judge))
	if err != nil || again != receipt {
		t.Errorf("a delivery once more, under a new label: %+v, %v; the first receipt was %+v", again, err, receipt)
	}
	r.count("replays", func(s *sum) { s.one++ })
	_, err = h.deliver(front.file(t, fileID, name, []byte("other"), judge))
	r.tell(t, "another body under its id", err, fault.ParcelMalformed, fault.ParcelAltered, fault.LabelReplayed)
	if again, err = h.deliver(front.file(t, fileID, "other-"+name, []byte("first"), judge)); err == nil && again != receipt {
		t.Errorf("another name under its id: %+v, the first receipt was %+v", again, receipt)
	}
	r.count("replays", func(s *sum) { s.refused++ }) // or told what became of the first
	r.tell(t, "begun behind its end", h.beyond(front.file(t, parcel.NewID(), "beyond-"+name, []byte("first"), judge)), fault.ParcelMalformed, fault.ParcelAltered)
	within(t, soon, func() error {
		if n := len(r.arrivals(name)); n != 1 || len(r.arrivals("other-"+name))+len(r.arrivals("beyond-"+name)) > 0 {
			return fmt.Errorf("%d files of the name arrived, or others", n)
		}
		return nil
	})
}

// innerToGate answers a question by an answer to another.
func (r *rig) innerToGate(t *testing.T) {
	front := r.steal(t, demo.FrontIntranet)
	flow := front.policy.Flow("credit-login")
	gate := make(chan label.Verifier, 1)
	var mu sync.Mutex
	var kept *exchange.Carried
	h := r.as(t, demo.GuardInner, demo.GuardGate, hand{serve: func(ctx context.Context, s *wire.Stream, m wire.Message) {
		c, err := exchange.DecodeCarried(m, exchange.KindAsk)
		if err != nil {
			return
		}
		question, err := parcel.Decode(c.Header)
		if err != nil {
			return
		}
		mu.Lock()
		if kept == nil {
			judge := <-gate
			content := parcel.Record{"form": flow.Forms[0].Name, "status": int64(401), "body": parcel.Record{"error": "invalid-credentials"}}
			answer := front.make(t, &parcel.Header{Kind: parcel.Answer, ID: parcel.NewID(), InReplyTo: question.ID}, flow.Name, "internet/portal", label.ByAPIKey,
				content, flow.Answer.Join(flow.Forms[0].Answer(401).Least(content)), judge)
			kept = &answer
		}
		answer := *kept
		mu.Unlock()
		_ = exchange.Reply(ctx, s, answer)
		exchange.Drain(ctx, s)
	}})
	gate <- h.told(t, demo.GuardGate)
	if err := h.call(control.Windows, demo.GuardGate, canon.Must([]label.Verifier{window(t, demo.GuardInner)})); err != nil {
		t.Fatal(err)
	}
	ask := func() said {
		return r.post(t, "/login", signInBody(r.user(), ""), map[string]string{"X-API-Key": demo.APIKey})
	}
	within(t, soon, func() error {
		if a := ask(); a.status != http.StatusUnauthorized {
			return fmt.Errorf("a good answer got no further: %d %s", a.status, a.body)
		}
		return nil
	})
	r.count("replays", func(s *sum) { s.one++ })
	a := ask()
	p, ok := readProblem(a.body)
	t.Logf("an answer once more: %d %s", a.status, p.Error)
	if !ok || p.Error != fault.LabelReplayed && p.Error != fault.ParcelUnknown {
		t.Errorf("an answer once more: %d %s", a.status, a.body)
		return
	}
	r.count("replays", func(s *sum) { s.refused++ })
	r.judged(t, demo.GuardGate, p.Error)
}

// innerToFront has the place of the last judge: behind it nobody looks at labels, but a
// delivery is taken once.
func (r *rig) innerToFront(t *testing.T) {
	front := r.steal(t, demo.FrontInternet)
	h := hold(t, r.awaits(t, r.identity(t, demo.GuardInner), demo.GuardInner), false, hand{})
	if err := h.call(control.Windows, demo.FrontIntranet, canon.Must([]label.Verifier{window(t, demo.GuardInner), window(t, demo.GuardGate)})); err != nil {
		t.Fatal(err)
	}
	r.deliverAgain(t, h, front, "last", label.Verifier{Judge: demo.GuardInner})
	user := r.user()
	id, question := front.signIn(t, user, label.Verifier{Judge: demo.GuardInner})
	for range 2 {
		if err := h.ask(id, question); err != nil {
			t.Errorf("a question of the inner process: %v", err)
		}
	}
	t.Logf("a question twice by the captured last judge: %d requests reached the application: nobody judges behind it", len(r.app.about(user)))
	r.count("replays", func(s *sum) { s.other++ })
}

// centerToAll has a captured center, which holds neither the approvers' keys nor the
// signer's, present old and others' documents.
func (r *rig) centerToAll(t *testing.T) {
	old, err := os.ReadFile(r.state(demo.GuardInner, "bundle.dukou"))
	if err != nil {
		t.Fatal(err)
	}
	lease := map[string][]byte{}
	for _, name := range []string{demo.GuardInner, demo.GuardOuter} {
		if lease[name], err = os.ReadFile(r.state(name, "lease.dukou")); err != nil {
			t.Fatal(err)
		}
	}
	r.version++
	next, err := r.Installation.Bundle(generous(t), r.version)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Apply(t.Context(), next), r.WaitCurrent(t.Context())); err != nil {
		t.Fatal(err)
	}
	told, err := authority.Client{Socket: r.Installation.Socket(demo.Signer)}.Time(t.Context(), make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	one := *r.Installation
	one.Approvers = one.Approvers[:1]
	weak, err := one.Bundle(generous(t), r.version+1)
	if err != nil {
		t.Fatal(err)
	}
	r.inPlaceOf(t, []string{demo.Center}, func(t *testing.T) {
		h := r.as(t, demo.Center, demo.GuardInner, hand{says: func(head control.Head) ([]byte, error) {
			if head.Type == control.Time {
				return told, nil
			}
			return nil, fault.New(fault.PeerUnavailable, "captured")
		}})
		for _, part := range []string{demo.GuardInner, demo.GuardGate, demo.GuardOuter, demo.FrontInternet, demo.FrontIntranet} {
			r.tell(t, "an old bundle to "+part, h.call(control.Bundle, part, old), fault.PolicyOld)
			r.judged(t, part, fault.PolicyOld)
			r.tell(t, "a bundle of one approver to "+part, h.call(control.Bundle, part, weak), fault.PolicyUnsigned)
			r.tell(t, "a bundle of noise to "+part, h.call(control.Bundle, part, []byte("noise")), fault.PolicyMalformed)
			r.tell(t, "a lease of noise to "+part, h.call(control.Lease, part, []byte("noise")), fault.PolicyMalformed)
			outer := part == demo.GuardOuter || part == demo.FrontInternet // there the gate lets nothing of it pass
			within(t, soon, func() error {
				if !outer && !strings.Contains(r.logText(t, part), "lease refused") {
					return fmt.Errorf("%s has no word of a refused lease in its log", part)
				}
				return nil
			})
		}
		for _, name := range []string{demo.GuardInner, demo.GuardOuter} {
			r.tell(t, "an old lease to "+name, h.call(control.Lease, name, lease[name]), fault.PolicyMalformed)
		}
		r.tell(t, "the lease of another", h.call(control.Lease, demo.GuardInner, lease[demo.GuardOuter]), fault.PolicyMalformed)
		r.tell(t, "windows in the name of a judge", h.call(control.Windows, demo.GuardInner, canon.Must([]label.Verifier{window(t, demo.GuardOuter)})), fault.FlowDirection)
		r.tell(t, "a call that goes inwards only", h.call(control.Time, demo.GuardInner, make([]byte, 16)), fault.FlowDirection)
		if err := r.Restart(demo.FrontIntranet); err != nil { // it asks for the time at once
			t.Fatal(err)
		}
		within(t, 2*soon, func() error {
			if !strings.Contains(r.logText(t, demo.FrontIntranet), "answers another question") {
				return errors.New("the intranet front has not said that the time answers another question")
			}
			return nil
		})
		r.count("replays", func(s *sum) { s.refused++ })
	})
}

// impostors take the guard's place before a front, and stay when they were struck off.
func (r *rig) impostors(t *testing.T) {
	for front, at := range map[string]string{demo.FrontInternet: demo.GuardOuter, demo.FrontIntranet: demo.GuardInner} {
		t.Run("before "+front, func(t *testing.T) {
			r.inPlaceOf(t, []string{demo.Center, at}, func(t *testing.T) {
				other := map[string]string{demo.GuardOuter: demo.GuardInner, demo.GuardInner: demo.GuardOuter}[at]
				for name, i := range map[string]*pki.Identity{
					"a stranger under the guard's name": stranger(t, at, "outer", ""), "the gate": r.identity(t, demo.GuardGate), "the center": r.identity(t, demo.Center),
					"the other half": r.identity(t, other), "the front itself": r.identity(t, front),
				} {
					before := strings.Count(r.logText(t, front), "handshake with the guard")
					if err := r.awaits(t, i, at).Handshake(); err == nil {
						// A TLS 1.3 client may refuse behind the server's last word: its log tells.
						t.Logf("%s: the handshake is done on our side", name)
					}
					within(t, soon, func() error {
						if strings.Count(r.logText(t, front), "handshake with the guard") == before {
							return fmt.Errorf("%s: %s has not refused it", name, front)
						}
						return nil
					})
					r.count("components", func(s *sum) { s.refused++ })
				}
			})
		})
	}
	t.Run("struck off", r.struckOff)
}

// struckOff admits a front, and no longer.
func (r *rig) struckOff(t *testing.T) {
	spare := stranger(t, "front-spare", "front", demo.ZoneOuter)
	apply := func(more ...policy.Component) {
		in := *r.Installation
		in.Components = append(append([]policy.Component{}, in.Components...), more...)
		r.version++
		data, err := in.Bundle(generous(t), r.version)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Apply(t.Context(), data); err != nil {
			t.Fatal(err)
		}
	}
	apply(policy.Component{ID: spare.Request.ID, Role: policy.RoleFront, Zone: demo.ZoneOuter, Key: spare.Request.Key, Seal: spare.Request.Seal})
	config := r.config(t, spare)
	within(t, soon, func() error { return knock(r.dial(t, demo.GuardOuter), config) })
	nc := r.dial(t, demo.GuardOuter)
	h := r.holdAs(t, nc, spare)
	apply()
	within(t, soon, func() error {
		if h.conn.Err() == nil {
			return errors.New("the front that was struck off is connected still")
		}
		return nil
	})
	if err := knock(r.dial(t, demo.GuardOuter), config); err == nil {
		t.Error("the front that was struck off was let in again")
	}
	if !strings.Contains(r.logText(t, demo.GuardOuter), "no longer admitted") {
		t.Error("the outer half has not said that it cut it off")
	}
	r.count("components", func(s *sum) { s.refused++ })
	if err := r.WaitCurrent(t.Context()); err != nil {
		t.Error(err)
	}
}
