// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// seized is an installation whose inner process was taken over: a hand is in its place,
// with all keys that it has, and with those of the inner front for the good parcel.
type seized struct {
	*world
	gate      *part
	process   *forger // the hand, making labels as the inner front
	verifiers []label.Verifier
}

func newSeized(t *testing.T) *seized {
	t.Helper()
	s := newSite(t)
	z := &seized{world: &world{site: s, app: newApplication()}}
	z.outer, z.gate = s.startSide(guard.Outer), s.startSide(guard.Gate)
	h := s.mustGrip(inner, gate)
	h.give(s.sign(s.bundle(1), 2), 1, gate, outer)
	own := label.Verifier{Judge: inner, Window: label.Window{7}}
	if _, err := h.call(control.Windows, gate, canon.Must([]label.Verifier{own})); err != nil {
		t.Fatal(err)
	}
	z.out = s.startFront(frontOut, outer, nil, nil)
	h.give(s.sign(s.bundle(1), 2), 1, frontOut)
	z.process = s.forger(frontIn, h)
	z.verifiers = append([]label.Verifier{own}, h.windows(1)...)
	return z
}

// answers has the captured process answer every question by a function.
func (z *seized) answers(reply func(asked *parcel.Header) wire.Message) {
	z.process.mu.Lock()
	defer z.process.mu.Unlock()
	z.process.serve = func(ctx context.Context, stream *wire.Stream, m wire.Message) {
		c, err := exchange.DecodeCarried(m, exchange.KindAsk)
		if err != nil {
			z.t.Error(err)
			return
		}
		h, err := parcel.Decode(c.Header)
		if err != nil {
			z.t.Error(err)
			return
		}
		if err := stream.Send(ctx, reply(h)); err != nil {
			z.t.Error(err)
		}
		_ = stream.CloseSend()
		exchange.Drain(ctx, stream)
	}
}

// TestCapturedInnerProcess: an inner process that was taken over sends what it likes out,
// as if it had judged it. The gate judges from scratch, and records.
func TestCapturedInnerProcess(t *testing.T) {
	t.Parallel()
	z := newSeized(t)
	own := *z.process // its own keys are those of a judge
	own.keys = z.forger(inner, z.process.hand).keys
	var last exchange.Carried
	for name, test := range map[string]struct {
		want  fault.Code
		maker *forger
		level int64
		class label.Class
		x     forgery
	}{
		"a good one":                         {"", z.process, 2, class(2, 3), forgery{}},
		"no label":                           {fault.LabelMissing, z.process, 2, class(2, 3), forgery{after: func(c *exchange.Carried) { c.Label = nil }}},
		"a label that is none":               {fault.LabelMalformed, z.process, 2, class(2, 3), forgery{after: func(c *exchange.Carried) { c.Label = append(c.Label, 0) }}},
		"its own verdict for the gate's":     {fault.LabelWrongJudge, z.process, 2, class(2, 3), forgery{sealed: func(s *label.Sealed, _ func([]byte) []label.Tag) { s.Tags = s.Tags[:1] }}},
		"a tag for the gate under its key":   {fault.LabelAltered, &own, 2, class(2, 3), forgery{}},
		"a tag of the gate's earlier life":   {fault.LabelWindow, z.process, 2, class(2, 3), forgery{sealed: func(s *label.Sealed, _ func([]byte) []label.Tag) { s.Tags[1].Window[0]++ }}},
		"labelled in its own name":           {fault.LabelEpoch, &own, 2, class(2, 3), forgery{header: func(h *parcel.Header) { h.Source = inner }, label: func(l *label.Label) { l.Maker = inner }}},
		"a header that it altered":           {fault.LabelTransplanted, z.process, 2, class(2, 3), forgery{after: reworded}},
		"a label that it altered":            {fault.LabelAltered, z.process, 2, class(2, 3), forgery{sealed: prolonged}},
		"what it should have refused":        {fault.LabelLevel, z.process, 4, class(4, 3), forgery{}},
		"a level that it lowered":            {fault.LabelLow, z.process, 4, class(2, 3), forgery{}},
		"another person's answer":            {fault.ParcelUnknown, z.process, 2, class(2, 3), forgery{label: func(l *label.Label) { l.Subject = "out/p-2" }}},
		"the answer to another question":     {fault.ParcelUnknown, z.process, 2, class(2, 3), forgery{header: func(h *parcel.Header) { h.InReplyTo[0]++ }}},
		"a question in place of the answer":  {fault.FlowDirection, z.process, 2, class(2, 3), forgery{header: func(h *parcel.Header) { h.Kind, h.InReplyTo = parcel.Ask, parcel.ID{} }}},
		"content outside of the form":        {fault.ContentInvalid, z.process, 2, class(2, 3), forgery{header: func(h *parcel.Header) { h.Fields = canon.Must(parcel.Record{"form": "report"}) }}},
		"an answer under an earlier reign":   {fault.LabelTerm, z.process, 2, class(2, 3), forgery{header: func(h *parcel.Header) { h.Term = 0 }}},
		"an answer of a flow that is not":    {fault.FlowUnknown, z.process, 2, class(2, 3), forgery{header: func(h *parcel.Header) { h.Flow = "other" }}},
		"a label of a front that is outside": {fault.LabelEpoch, z.process, 2, class(2, 3), forgery{header: func(h *parcel.Header) { h.Source = frontOut }, label: func(l *label.Label) { l.Maker = frontOut }}},
	} {
		z.answers(func(asked *parcel.Header) wire.Message {
			last = test.maker.make(reply(asked.ID, test.level), test.class, z.verifiers, test.x)
			return exchange.CarriedMessage(exchange.KindAnswer, last)
		})
		z.told(t, name, test.want)
	}
	z.answers(func(*parcel.Header) wire.Message { return exchange.CarriedMessage(exchange.KindAnswer, last) })
	last = z.process.make(reply(parcel.NewID(), 2), class(2, 3), z.verifiers, forgery{})
	z.told(t, "an answer made beforehand", fault.ParcelUnknown)
	z.told(t, "the same once more", fault.LabelReplayed)
	z.answers(func(h *parcel.Header) wire.Message { return exchange.RefusalMessage(h.ID, "secret-42") })
	z.told(t, "a code that is not on the list", fault.InternalError)
	z.answers(func(*parcel.Header) wire.Message { return exchange.RefusalMessage(parcel.NewID(), fault.PolicyDenied) })
	z.told(t, "a refusal of another parcel", fault.ParcelMalformed)
	z.answers(func(*parcel.Header) wire.Message {
		return wire.Message{Kind: exchange.KindReceipt, Payload: []byte("secret")}
	})
	z.told(t, "what is no answer", fault.ParcelMalformed)
	// What nobody has asked for.
	h := reply(parcel.NewID(), 1)
	if err := z.process.ask(h.ID, z.process.make(h, class(1, 3), z.verifiers, forgery{})); fault.CodeOf(err) != fault.ParcelMalformed {
		t.Errorf("an answer that nobody asked for: %v", err)
	}
	if err := z.outer.recorded(func(l audit.Leaf) bool { return l.Parcel == h.ID }); err == nil {
		t.Error("it reached the outer half")
	}
}

// told has a question asked, and holds what the asker is told against what the gate has
// on its disk by then.
func (z *seized) told(t *testing.T, name string, want fault.Code) {
	t.Helper()
	r, err := z.ask("out/p-1", "p-1")
	switch got := fault.CodeOf(err); {
	case want == "" && err == nil:
		outward := func(l audit.Leaf) bool { return l.Parcel == r.ID && l.Verdict == "allow" && l.Action == "read" }
		if n := z.gate.count(outward); n != 2 { // the question's form, and the answer
			t.Errorf("%s: it came with %d records of the gate", name, n)
		}
	case want == "" || err == nil || got != want && !(got == fault.Interrupted && fault.KindOf(want) == fault.Unavailable): // the question was passed on
		t.Errorf("%s: %v, want %q", name, err, want)
	case want != fault.InternalError && want != fault.ParcelMalformed:
		within(t, 15*time.Second, func() error {
			if err := z.gate.recorded(func(l audit.Leaf) bool { return l.Verdict == "refuse" && l.Reason == string(want) }); err != nil {
				return wrong("%s (%s): %w", name, want, err)
			}
			return nil
		})
	}
}

// count is how many entries of a part's log match, as they are on its disk.
func (p *part) count(match func(audit.Leaf) bool) (n int) {
	for _, l := range p.entries() {
		if match(l) {
			n++
		}
	}
	return n
}

// reworded changes what is under a genuine label.
func reworded(c *exchange.Carried) {
	h, err := parcel.Decode(c.Header)
	if err != nil {
		panic(err)
	}
	h.Fields = canon.Must(answer(2, "another"))
	c.Header = canon.Must(h)
}

// prolonged changes a label and leaves its tags.
func prolonged(s *label.Sealed, _ func([]byte) []label.Tag) {
	var l label.Label
	if err := canon.Unmarshal(s.Body, &l); err != nil {
		panic(err)
	}
	l.NotAfter += 1000
	s.Body = canon.Must(l)
}

// TestCapturedInnerProcessDelivers: the gate verifies a delivery chunk by chunk, and
// judges it again at its end.
func TestCapturedInnerProcessDelivers(t *testing.T) {
	t.Parallel()
	z := newSeized(t)
	z.out.stop()
	shelf := z.newShelf(frontOut)
	z.out = z.startFront(frontOut, outer, nil, shelf)
	z.process.forgeDeliveries(t, z.verifiers, z.gate, z.outer)
}

// TestCapturedInnerProcessCalls: of what is not a parcel the gate takes from the inner
// process what the center says outwards, and the windows of its judge.
func TestCapturedInnerProcessCalls(t *testing.T) {
	t.Parallel()
	z := newSeized(t)
	for _, typ := range allTypes {
		rule, _ := control.RuleOf(typ)
		for _, to := range []string{inner, gate, outer, frontOut, frontIn, central} {
			before := refusedCalls(z.gate)
			_, err := z.process.call(typ, to, nil)
			may := rule.Outward && typ != control.Windows && typ != control.Witness || typ == control.Windows && to == gate
			if refused := fault.CodeOf(err) == fault.FlowDirection && refusedCalls(z.gate) == before+1; refused == may {
				t.Errorf("%s of %s: %v", rule.Name, to, err)
			}
		}
	}
	for name, list := range map[string][]label.Verifier{
		"of another judge": {{Judge: outer}}, "of no judge": {{Judge: "secret"}}, "of two": {{Judge: inner}, {Judge: gate}},
	} {
		if _, err := z.process.call(control.Windows, gate, canon.Must(list)); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("windows %s: %v", name, err)
		}
	}
}

// betray takes the gate's place: it holds the link to the outer half, and the inner
// process when that connects.
func (s *site) betray() (out, in *hand) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	nc, err := s.cable.end(guard.Gate).Connect(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := s.ids[gate].Server(s.ids[gate].Admission.Pins)
	if err != nil {
		s.t.Fatal(err)
	}
	if out, err = s.hold(gate, tls.Server(nc, config), false); err != nil {
		s.t.Fatal(err)
	}
	return out, s.pose(gate)
}

// TestCapturedGate: a gate that was taken over brings nothing in that the inner process
// does not find good, calls nothing inwards but the time, and does not see what the inner
// process refuses. What it is given in good order it can tell the outside: it is the last.
func TestCapturedGate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	app := newApplication()
	s.startSide(guard.Outer)
	i := s.startSide(guard.Inner)
	out, in := s.betray()
	center := s.mustGrip(central, inner)
	center.give(s.sign(s.bundle(1), 2), 1, inner)
	own := label.Verifier{Judge: gate, Window: label.Window{9}}
	for name, list := range map[string][]label.Verifier{
		"of another judge": {{Judge: inner}}, "of two": {own, {Judge: outer}},
	} {
		if _, err := in.call(control.Windows, inner, canon.Must(list)); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("windows %s: %v", name, err)
		}
	}
	if _, err := in.call(control.Windows, inner, canon.Must([]label.Verifier{own})); err != nil {
		t.Error(err)
	}
	s.startFront(frontIn, inner, app, nil)
	center.give(s.sign(s.bundle(1), 2), 1, frontIn)
	f := s.forger(frontOut, in) // with a front's keys, for the good parcel
	verifiers := f.windows(1)
	f.forgeAll(t, verifiers, app, i)
	captured := *f // the keys that it has
	captured.keys = s.forger(gate, in).keys
	h := question()
	if err := captured.ask(h.ID, captured.make(h, class(1, 1), verifiers, forgery{})); fault.CodeOf(err) != fault.LabelAltered {
		t.Errorf("labelled with its own keys: %v", err)
	}
	inside := s.forger(frontIn, in)
	h = reply(parcel.NewID(), 1)
	if err := inside.send(h.ID, inside.make(h, class(1, 3), verifiers, forgery{})); err == nil {
		t.Error("an inner front's parcel came back in")
	}
	secret := front.Call{}
	app.set(func(_ context.Context, c front.Call) (parcel.Record, error) {
		secret = c
		return answer(4, "secret"), nil
	})
	h = question()
	if err := f.ask(h.ID, f.make(h, class(1, 1), verifiers, forgery{})); fault.CodeOf(err) != fault.LabelLevel || secret.ID != h.ID {
		t.Errorf("an answer that stays inside: %v", err)
	}
	for _, typ := range allTypes {
		for _, to := range []string{inner, frontIn, central, outer} {
			if typ == control.Time && to == central || typ == control.Windows && to == inner {
				continue
			}
			before := refusedCalls(i)
			if _, err := in.call(typ, to, nil); fault.CodeOf(err) != fault.FlowDirection || refusedCalls(i) != before+1 {
				t.Errorf("type %d of %s: %v", typ, to, err)
			}
		}
	}
	if _, err := in.call(control.Time, central, make([]byte, 16)); err != nil {
		t.Errorf("the time: %v", err)
	}
	if _, err := out.call(control.Health, outer, nil); err != nil {
		t.Errorf("the outer half takes it for the gate: %v", err)
	}
}
