// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"os"
	"slices"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/quarantine"
)

// picky has the shelf of a front refuse what no two persons have released.
func (c *carrier) picky(id string) {
	c.shelf[id].place = func(d exchange.Delivery) (string, error) {
		if !d.Approved {
			return "", fault.New(fault.ContentRefused, "the test says so")
		}
		return d.Content["name"].(string), nil
	}
}

// refuse sends a file that its receiver refuses, and gives what it tells of it then.
func (c *carrier) refuse(from *part, to, flow, subject, name string, body []byte) control.Held {
	c.t.Helper()
	out := c.outgoing(flow, subject, name, body)
	if _, err := from.deliver(out, bytes.NewReader(body)); fault.CodeOf(err) != fault.ContentRefused {
		c.t.Fatal(err)
	}
	q, err := control.CallQuarantine(context.Background(), c.center.conn, to)
	if err != nil {
		c.t.Fatal(err)
	}
	i := slices.IndexFunc(q.Items, func(h control.Held) bool { return h.Parcel == out.ID })
	if i < 0 || q.Items[i].Name != name || q.Items[i].Size != uint64(len(body)) || q.Items[i].Code != fault.ContentRefused || q.Items[i].Flow != flow {
		c.t.Fatalf("%s tells of %+v", to, q)
	}
	return q.Items[i]
}

// freeing is the document for a file in quarantine, signed by some keys.
func freeing(t *testing.T, front string, h control.Held, change func(*control.ReleaseDocument), keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	r := control.ReleaseOf("guard", front, &h, time.Now().Add(time.Hour))
	if change != nil {
		change(&r)
	}
	s, err := envelope.Seal(envelope.Release, r, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s.Encode()
}

// TestReleaseFromQuarantine: on either side of the link, two approvers release one file
// that its receiver refused, once, and it is on the record before.
func TestReleaseFromQuarantine(t *testing.T) {
	t.Parallel()
	c := newCarrier(t)
	for _, way := range []struct {
		flow, subject, to string
		from              *part
		at                *part
	}{{"files", "out/sender", frontIn, c.out, c.in}, {"back", "in/sender", frontOut, c.in, c.out}} {
		c.picky(way.to)
		body := noise(2*chunk + 5)
		held := c.refuse(way.from, way.to, way.flow, way.subject, "odd", body)
		document := freeing(t, way.to, held, nil, c.approvers[:2]...)
		for range 2 { // the answer was lost
			if _, err := c.center.call(control.Release, way.to, document); err != nil {
				t.Fatal(err)
			}
		}
		c.released(way.to, map[string][]byte{"odd": body})
		within(t, 5*time.Second, func() error {
			return way.at.recorded(func(l audit.Leaf) bool {
				return l.Parcel == held.Parcel && l.Verdict == "released" && l.Action == "release from quarantine"
			})
		})
		if q, err := control.CallQuarantine(t.Context(), c.center.conn, way.to); err != nil || q.Total != 0 || len(q.Items) != 0 {
			t.Errorf("left in quarantine: %+v, %v", q, err)
		}
		other := freeing(t, way.to, held, func(r *control.ReleaseDocument) { r.NotAfter++ }, c.approvers[:2]...)
		if _, err := c.center.call(control.Release, way.to, other); fault.CodeOf(err) != fault.ParcelUnknown {
			t.Errorf("by a second document: %v", err)
		}
	}
}

// TestReleaseRefused: whoever carries a release, and whoever holds one approver's key,
// releases nothing, and each try is on the front's record.
func TestReleaseRefused(t *testing.T) {
	t.Parallel()
	c := newCarrier(t)
	c.picky(frontIn)
	held, other := c.refuse(c.out, frontIn, "files", "out/sender", "odd", noise(10)), c.refuse(c.out, frontIn, "files", "out/sender", "other", noise(11))
	two := c.approvers[:2]
	_, former, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	as := func(change func(*control.ReleaseDocument)) []byte { return freeing(t, frontIn, held, change, two...) }
	bundle, err := envelope.Seal(envelope.Bundle, control.ReleaseOf("guard", frontIn, &held, time.Now().Add(time.Hour)), two...)
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		document []byte
		want     fault.Code
	}{
		"nothing":             {nil, fault.ParcelMalformed},
		"noise":               {noise(100), fault.ParcelMalformed},
		"by nobody":           {freeing(t, frontIn, held, nil), fault.PolicyUnsigned},
		"by one approver":     {freeing(t, frontIn, held, nil, two[0]), fault.PolicyUnsigned},
		"by a former one":     {freeing(t, frontIn, held, nil, two[0], former), fault.PolicyUnsigned},
		"by one, twice":       {freeing(t, frontIn, held, nil, two[0], two[0]), fault.PolicyUnsigned},
		"signed as a bundle":  {bundle.Encode(), fault.PolicyUnsigned},
		"for another guard":   {as(func(r *control.ReleaseDocument) { r.Guard = "other" }), fault.FlowDirection},
		"for another front":   {as(func(r *control.ReleaseDocument) { r.Front = frontOut }), fault.FlowDirection},
		"for an unknown flow": {as(func(r *control.ReleaseDocument) { r.Flow = "none" }), fault.FlowUnknown},
		"for another flow":    {as(func(r *control.ReleaseDocument) { r.Flow = "back" }), fault.FlowUnknown},
		"for no parcel here":  {as(func(r *control.ReleaseDocument) { r.Parcel = parcel.NewID() }), fault.ParcelUnknown},
		"for another parcel":  {as(func(r *control.ReleaseDocument) { r.Parcel = other.Parcel }), fault.ParcelAltered},
		"with another name":   {as(func(r *control.ReleaseDocument) { r.Name = "else" }), fault.ParcelAltered},
		"with another body":   {as(func(r *control.ReleaseDocument) { r.Root[0]++ }), fault.ParcelAltered},
		"with another size":   {as(func(r *control.ReleaseDocument) { r.Size++ }), fault.ParcelAltered},
		"with another reason": {as(func(r *control.ReleaseDocument) { r.Code = fault.ContentType }), fault.ParcelAltered},
		"of another version":  {as(func(r *control.ReleaseDocument) { r.Bundle++ }), fault.ParcelAltered},
		"that has ended":      {as(func(r *control.ReleaseDocument) { r.NotAfter = time.Now().Add(-time.Second).UnixMilli() }), fault.PolicyExpired},
		"without an end": {as(func(r *control.ReleaseDocument) {
			r.NotAfter = time.Now().Add(control.MaxRelease + time.Hour).UnixMilli()
		}), fault.ParcelMalformed},
	} {
		if _, err := c.center.call(control.Release, frontIn, try.document); fault.CodeOf(err) != try.want {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
		within(t, 5*time.Second, func() error {
			return c.in.recorded(func(l audit.Leaf) bool {
				return l.Action == "release from quarantine" && l.Verdict == "refuse" && l.Reason == string(try.want)
			})
		})
	}
	// A front of the outer side is asked for nothing that the gate does not find signed.
	for name, document := range map[string][]byte{
		"by one approver":   freeing(t, frontOut, held, nil, two[0]),
		"for another front": as(nil),
	} {
		if _, err := c.center.call(control.Release, frontOut, document); err == nil {
			t.Errorf("%s went out", name)
		}
	}
	if c.out.recorded(func(l audit.Leaf) bool { return l.Action == "release from quarantine" }) == nil {
		t.Error("what nobody may ask of the outer front reached it")
	}
	// Nobody but the center asks: not a front, not for itself.
	if _, err := c.mustGrip(frontTwo, outer).call(control.Release, frontOut, as(nil)); fault.CodeOf(err) != fault.FlowDirection {
		t.Errorf("called by a front: %v", err)
	}
	c.released(frontIn, nil)
	if _, err := c.center.call(control.Release, frontIn, as(nil)); err != nil { // the good one still does
		t.Error(err)
	}
	c.released(frontIn, map[string][]byte{"odd": noise(10)})
	if _, err := os.Stat(c.path("inbox", frontIn, "quarantine", other.Parcel.String())); err != nil {
		t.Error(err)
	}
}

// TestReleaseByTheCenter: what two persons have signed goes from the center through the
// guard to the front on either side, and done again it does nothing twice.
func TestReleaseByTheCenter(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	c := &carrier{world: w, shelf: map[string]*shelf{frontOut: w.newShelf(frontOut), frontIn: w.newShelf(frontIn)}}
	center := w.running[central].center
	anchors := policy.Anchors{Quorum: 2}
	for _, key := range w.approvers[:2] {
		anchors.Approvers = append(anchors.Approvers, key.Public().(ed25519.PublicKey))
	}
	desk := quarantine.New(quarantine.Config{
		Guard: "guard", Anchors: anchors, InForce: center.InForce, Look: center.Quarantined, Send: center.Release, Now: time.Now,
	})
	w.in.stop()
	w.out.stop()
	w.in, w.out = w.startFront(frontIn, inner, w.app, c.shelf[frontIn]), w.startFront(frontOut, outer, nil, c.shelf[frontOut])
	for _, way := range []struct {
		flow, subject, to string
		from              *part
	}{{"files", "out/sender", frontIn, w.out}, {"back", "in/sender", frontOut, w.in}} {
		c.picky(way.to)
		body := noise(chunk + 1)
		out := w.outgoing(way.flow, way.subject, "odd", body)
		if _, err := way.from.persist(out, bytes.NewReader(body)); fault.CodeOf(err) != fault.ContentRefused {
			t.Fatal(err)
		}
		within(t, 10*time.Second, func() error {
			if x := w.standings()[way.to]; x.Held != 1 {
				return wrong("%s counts %d in quarantine", way.to, x.Held)
			}
			return nil
		})
		document, err := desk.Prepare(t.Context(), way.to, out.ID.String())
		if err != nil {
			t.Fatal(err)
		}
		plan, err := desk.Plan(t.Context(), way.to, out.ID.String(), document)
		if err != nil {
			t.Fatal(err)
		}
		var ballots []quarantine.Ballot
		for _, key := range w.approvers[:2] {
			s := envelope.Signed{Payload: document}
			if err := s.Sign(envelope.Release, key); err != nil {
				t.Fatal(err)
			}
			ballots = append(ballots, quarantine.Ballot{Signatures: [][]byte{s.Signatures[0].COSE}})
		}
		if _, err := desk.Release(t.Context(), plan.Payload, ballots[:1]); err == nil {
			t.Error("released by one")
		}
		c.released(way.to, nil)
		for range 2 { // a center that was killed does it again
			if _, err := desk.Release(t.Context(), plan.Payload, ballots); err != nil {
				t.Fatal(err)
			}
		}
		c.released(way.to, map[string][]byte{"odd": body})
		if items, fronts := desk.List(t.Context()); len(items) != 0 || len(fronts) != 2 || fronts[0].Error+fronts[1].Error != "" {
			t.Errorf("left: %+v, %+v", items, fronts)
		}
	}
}
