// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// forgeries are the labels that no judge lets pass, by what it says.
func forgeries() map[fault.Code]forgery {
	return map[fault.Code]forgery{
		fault.LabelMissing:    {after: func(c *exchange.Carried) { c.Label = nil }},
		fault.LabelMalformed:  {after: func(c *exchange.Carried) { c.Label = append(c.Label, 0) }},
		fault.ParcelMalformed: {after: func(c *exchange.Carried) { c.Header = append(c.Header, 0) }},
		fault.LabelWrongJudge: {sealed: func(s *label.Sealed, _ func([]byte) []label.Tag) {
			for i := range s.Tags {
				s.Tags[i].Judge = "other"
			}
		}},
		fault.LabelWindow: {sealed: func(s *label.Sealed, _ func([]byte) []label.Tag) {
			for i := range s.Tags {
				s.Tags[i].Window[0]++
			}
		}},
		fault.LabelEpoch: {label: func(l *label.Label) { l.Epoch -= 3 }},
		fault.LabelAltered: {sealed: func(s *label.Sealed, _ func([]byte) []label.Tag) {
			var l label.Label
			if err := canon.Unmarshal(s.Body, &l); err != nil {
				panic(err)
			}
			l.Subject = "out/p-2"
			s.Body = canon.Must(l)
		}},
		fault.LabelTransplanted: {after: func(c *exchange.Carried) { c.Header = canon.Must(question()) }},
		fault.LabelStolen:       {header: func(h *parcel.Header) { h.Source = frontTwo }},
		fault.LabelEarly:        {label: func(l *label.Label) { l.NotBefore += 20_000 }},
		fault.LabelExpired:      {label: func(l *label.Label) { l.NotBefore, l.NotAfter = l.NotBefore-20_000, l.NotBefore }},
		fault.LabelOld:          {label: func(l *label.Label) { l.Boot-- }},
		fault.LabelTerm:         {header: func(h *parcel.Header) { h.Term = 0 }},
		fault.LabelDimension:    {label: func(l *label.Label) { l.Action = "write" }},
		fault.LabelLevel:        {label: func(l *label.Label) { l.Class.Confidentiality = 4 }},
		fault.LabelIntegrity:    {label: func(l *label.Label) { l.Class.Integrity = 5 }},
		fault.FlowUnknown:       {header: func(h *parcel.Header) { h.Flow = "other" }},
		fault.FlowDirection:     {header: func(h *parcel.Header) { h.Destination = frontTwo }},
		fault.ContentInvalid:    {header: func(h *parcel.Header) { h.Fields = canon.Must(parcel.Record{"form": "report"}) }},
	}
}

// forgeAll sends every forgery to a part of the guard and holds what it is told, and what
// one of the parts has recorded, against its name.
func (f *forger) forgeAll(t *testing.T, verifiers []label.Verifier, app *application, at ...*part) {
	t.Helper()
	h := question()
	good := f.make(h, class(1, 1), verifiers, forgery{})
	if err := f.ask(h.ID, good); err != nil {
		t.Fatalf("a good parcel: %v", err)
	}
	check := func(code fault.Code, id parcel.ID, err error) {
		if fault.CodeOf(err) != code {
			t.Errorf("told %v, want %s", err, code)
		}
		within(t, 5*time.Second, func() error {
			return anyRecorded(at, func(l audit.Leaf) bool {
				return l.Class == audit.ClassDecision && l.Verdict == "refuse" && l.Reason == string(code)
			})
		})
		if code != fault.LabelReplayed && app.count(id) != 0 {
			t.Errorf("%s: it reached the application", code)
		}
	}
	check(fault.LabelReplayed, h.ID, f.ask(h.ID, good))
	for code, x := range forgeries() {
		h := question()
		carried := f.make(h, class(1, 1), verifiers, x)
		check(code, h.ID, f.send(h.ID, carried))
	}
	if _, err := app.once(); err != nil {
		t.Error(err)
	}
}

// send is ask for parcels whose id the refusal may not know.
func (f *forger) send(id parcel.ID, c exchange.Carried) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := f.conn.Open(ctx, wire.Interactive)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Send(ctx, exchange.CarriedMessage(exchange.KindAsk, c)); err != nil {
		return err
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	for _, known := range []parcel.ID{id, {}} {
		if err = exchange.DecodeRefusal(m, known); fault.CodeOf(err) != fault.ParcelMalformed {
			return err
		}
	}
	var r exchange.Refusal // an id that the altered header has
	if err := canon.Unmarshal(m.Payload, &r); err != nil {
		return err
	}
	return &exchange.RefusedError{Code: r.Code}
}

// TestCapturedFront: a front that was taken over forges every label that there is.
func TestCapturedFront(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	app := newApplication()
	o, _ := s.startPair()
	s.startFront(frontIn, inner, app, nil)
	s.mustGrip(central, inner).give(s.sign(s.bundle(1), 2), 1, inner, gate, outer, frontIn)
	f := s.forger(frontOut, s.mustGrip(frontOut, outer))
	verifiers := f.windows(2)
	f.forgeAll(t, verifiers, app, o)
	// Its good parcel, presented by another front, is stolen.
	h := question()
	carried := f.make(h, class(1, 1), verifiers, forgery{})
	if err := s.mustGrip(frontTwo, outer).ask(h.ID, carried); fault.CodeOf(err) != fault.LabelStolen {
		t.Errorf("presented by another: %v", err)
	}
	if err := f.ask(h.ID, carried); err != nil {
		t.Errorf("presented by its maker after: %v", err)
	}
	// What is good for the outer judge alone gets no further than the inner one.
	h = question()
	if err := f.ask(h.ID, f.make(h, class(1, 1), verifiers[:1], forgery{})); fault.CodeOf(err) != fault.LabelWrongJudge || app.count(h.ID) != 0 {
		t.Errorf("tagged for the outer judge only: %v", err)
	}
}

// TestCapturedOuterHalf: an outer half that was taken over hands on what it likes, as
// if it had judged it. The gate checks the form, the inner process judges from scratch.
func TestCapturedOuterHalf(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	app := newApplication()
	g, i := s.startSide(guard.Gate), s.startSide(guard.Inner)
	s.startFront(frontIn, inner, app, nil)
	s.mustGrip(central, inner).give(s.sign(s.bundle(1), 2), 1, inner, gate, frontIn)
	f := s.forger(frontOut, s.grasp()) // with a front's keys, for the good parcel
	verifiers := f.windows(1)
	f.forgeAll(t, verifiers, app, g, i)
	// It has keys of its own, as a judge; they make no labels.
	own := *f
	own.keys = s.forger(outer, f.hand).keys
	h := question()
	if err := own.ask(h.ID, own.make(h, class(1, 1), verifiers, forgery{})); fault.CodeOf(err) != fault.LabelAltered {
		t.Errorf("labelled with its own keys: %v", err)
	}
	// A parcel of the inner zone does not come over the link.
	inside := s.forger(frontIn, f.hand)
	id := parcel.NewID()
	if err := inside.ask(id, inside.make(reply(id, 1), class(1, 3), verifiers, forgery{})); fault.CodeOf(err) == fault.InternalError || err == nil {
		t.Errorf("an inner front's parcel over the link: %v", err)
	}
}

// TestCapturedInnerFront: an inner front that was taken over answers what it likes.
func TestCapturedInnerFront(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := &world{site: s, app: newApplication()}
	w.outer, w.inner = s.startPair()
	w.out = s.startFront(frontOut, outer, nil, nil)
	s.mustGrip(central, inner).give(s.sign(s.bundle(1), 2), 1, inner, gate, outer, frontOut)
	f := s.forger(frontIn, s.mustGrip(frontIn, inner))
	verifiers := f.windows(2)
	var last exchange.Carried
	for _, test := range []struct {
		want  fault.Code
		level int64
		x     forgery
	}{
		{"", 2, forgery{}},
		{fault.LabelReplayed, 0, forgery{}},
		{fault.ParcelUnknown, 2, forgery{header: func(h *parcel.Header) { h.InReplyTo[0]++ }}},
		{fault.ParcelUnknown, 2, forgery{label: func(l *label.Label) { l.Subject = "out/p-2" }}},
		{fault.FlowDirection, 2, forgery{header: func(h *parcel.Header) { h.Kind, h.InReplyTo = parcel.Ask, parcel.ID{} }}},
		{fault.LabelLow, 3, forgery{}},
		{fault.LabelLevel, 4, forgery{label: func(l *label.Label) { l.Class.Confidentiality = 4 }}},
		{fault.LabelTerm, 2, forgery{header: func(h *parcel.Header) { h.Term = 0 }}},
		{fault.LabelAltered, 2, forgery{sealed: func(s *label.Sealed, _ func([]byte) []label.Tag) { s.Tags[0].MAC[0]++ }}},
		{fault.LabelStolen, 2, forgery{header: func(h *parcel.Header) { h.Source = frontOut }}},
	} {
		f.mu.Lock()
		f.serve = func(ctx context.Context, stream *wire.Stream, m wire.Message) {
			c, err := exchange.DecodeCarried(m, exchange.KindAsk)
			if err != nil {
				t.Error(err)
				return
			}
			h, err := parcel.Decode(c.Header)
			if err != nil {
				t.Error(err)
				return
			}
			if test.level > 0 {
				last = f.make(reply(h.ID, test.level), class(2, 3), verifiers, test.x)
			}
			if err := exchange.Reply(ctx, stream, last); err != nil {
				t.Error(err)
			}
			exchange.Drain(ctx, stream)
		}
		f.mu.Unlock()
		_, err := w.ask("out/p-1", "p-1")
		if got := fault.CodeOf(err); test.want == "" && err != nil || test.want != "" && got != test.want {
			t.Errorf("%v, want %q", err, test.want)
			continue
		}
		if test.want != "" {
			within(t, 5*time.Second, func() error {
				return w.inner.recorded(func(l audit.Leaf) bool { return l.Verdict == "refuse" && l.Reason == string(test.want) })
			})
		}
	}
	// An answer that nobody asked for does not cross, though its label is good.
	crossed := len(w.outer.entries())
	h := reply(parcel.NewID(), 1)
	if err := f.ask(h.ID, f.make(h, class(1, 3), verifiers, forgery{})); fault.CodeOf(err) != fault.ParcelMalformed {
		t.Errorf("an answer that nobody asked for: %v", err)
	}
	if err := w.outer.recorded(func(l audit.Leaf) bool { return l.Parcel == h.ID }); err == nil {
		t.Errorf("it reached the outer half after %d entries", crossed)
	}
}
