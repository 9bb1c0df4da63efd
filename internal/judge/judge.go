// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package judge verifies one parcel from scratch: its form, its label, and what the
// bundle says of it, in the order of docs/formats/label.md. It holds nothing but
// which labels it has seen; keys, time and policy are handed in.
package judge

import (
	"crypto/hmac"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// Judge is one judge in one life.
type Judge struct {
	id     string
	window label.Window
	keys   label.Keys
	clock  func() time.Time
	replay *label.Replay
}

// New is a judge with an empty memory and a new window, drawn from chance (nil for
// the system's).
func New(id string, keys label.Keys, clock func() time.Time, chance io.Reader) (*Judge, error) {
	j := &Judge{id: id, keys: keys, clock: clock, replay: label.NewReplay()}
	if chance == nil {
		chance = rand.Reader
	}
	if _, err := io.ReadFull(chance, j.window[:]); err != nil {
		return nil, fmt.Errorf("draw a window: %w", err)
	}
	return j, nil
}

// Verifier is what makers tag labels for.
func (j *Judge) Verifier() label.Verifier { return label.Verifier{Judge: j.id, Window: j.window} }

// Case is one parcel as it came.
type Case struct {
	Header    []byte
	Label     []byte
	Presenter string // component at the other end of the connection, by its key
	Relayed   bool   // the presenter is the guard's other half, which makes no parcels
}

// Verdict is what a judge found. Header, Label and Content are set as far as the
// judge came.
type Verdict struct {
	Header   *parcel.Header
	Label    *label.Label
	Content  parcel.Record
	Decision policy.Decision
}

// Judge gives the verdict on a parcel under a bundle, nil for none. The error is
// the first reason of a refusal.
func (j *Judge) Judge(p *policy.Policy, c Case) (Verdict, error) {
	v, sealed, err := read(c)
	if err == nil {
		v.Content, err = parcel.DecodeRecord(v.Header.Fields)
	}
	if err != nil {
		return v, refuse(&v, err)
	}
	if err := j.verify(&v, &sealed, c); err != nil {
		return v, refuse(&v, err)
	}
	err = j.Again(p, &v)
	return v, err
}

// Again decides on a parcel that this judge has verified under the bundle of now:
// what takes long to come is judged by the policy of its end.
func (j *Judge) Again(p *policy.Policy, v *Verdict) error {
	if err := inForce(p, j.clock()); err != nil {
		return refuse(v, err)
	}
	if v.Header.Term < p.Term {
		return refuse(v, fault.New(fault.LabelTerm, "term %d, this guard is in term %d", v.Header.Term, p.Term))
	}
	v.Decision = p.Decide(policy.Query{Header: v.Header, Label: v.Label, Content: v.Content})
	if !v.Decision.Allow {
		return fault.New(v.Decision.Code, "%s", v.Decision.Reasons[0].What)
	}
	return nil
}

func inForce(p *policy.Policy, now time.Time) error {
	switch {
	case p == nil:
		return fault.New(fault.PolicyMissing, "no bundle is in force")
	case now.UnixMilli() < p.NotBefore:
		return fault.New(fault.PolicyMissing, "bundle version %d is not in force yet", p.Version)
	case now.UnixMilli() >= p.NotAfter:
		return fault.New(fault.PolicyExpired, "bundle version %d has ended", p.Version)
	}
	return nil
}

// refuse notes the one reason of a refusal that came before Decide.
func refuse(v *Verdict, err error) error {
	code := fault.CodeOf(err)
	v.Decision = policy.Decision{Code: code, Reasons: []policy.Reason{{Code: code, Rule: "label", What: err.Error()}}}
	return err
}

// read decodes label and header strictly.
func read(c Case) (Verdict, label.Sealed, error) {
	var v Verdict
	sealed, l, err := label.DecodeSealed(c.Label)
	header, headerErr := parcel.Decode(c.Header)
	if headerErr == nil {
		v.Header = header // a refusal names the parcel, whatever its label is
	}
	if err != nil {
		return v, sealed, err
	}
	v.Label = &l
	return v, sealed, headerErr
}

// verify checks that the label is authentic, of this parcel, fresh, and presented
// by whom it may be.
func (j *Judge) verify(v *Verdict, sealed *label.Sealed, c Case) error {
	l := v.Label
	tag, err := sealed.TagFor(j.id)
	if err != nil {
		return err
	}
	if tag.Window != j.window {
		return fault.New(fault.LabelWindow, "made for an earlier life of judge %q", j.id)
	}
	now := j.clock()
	epoch := label.EpochAt(now)
	near := l.Epoch == epoch || l.Epoch == epoch-1 || l.Epoch == epoch+1
	var key []byte
	if near { // only then may an unproven label make keys be derived
		key, near = j.keys.Key(l.Maker, j.id, l.Epoch)
	}
	if !near {
		return fault.New(fault.LabelEpoch, "no key of %q for epoch %d, it is epoch %d", l.Maker, l.Epoch, epoch)
	}
	mac := label.MAC(key, j.id, j.window, sealed.Body)
	if !hmac.Equal(mac[:], tag.MAC[:]) {
		return fault.New(fault.LabelAltered, "the tag does not match the label")
	}
	if l.Binding != parcel.Digest(c.Header) {
		return fault.New(fault.LabelTransplanted, "the label is bound to another parcel than %s", v.Header.ID)
	}
	if l.Maker != v.Header.Source || (!c.Relayed && c.Presenter != l.Maker) {
		return fault.New(fault.LabelStolen, "label of %q on a parcel of %q, presented by %q", l.Maker, v.Header.Source, c.Presenter)
	}
	return j.fresh(l, now)
}

func (j *Judge) fresh(l *label.Label, now time.Time) error {
	switch at := now.UnixMilli(); {
	case at+skew.Milliseconds() < l.NotBefore:
		return fault.New(fault.LabelEarly, "valid from %d, it is %d", l.NotBefore, at)
	case at >= l.NotAfter:
		return fault.New(fault.LabelExpired, "valid to %d, it is %d", l.NotAfter, at)
	}
	return j.replay.Accept(l.Maker, l.Boot, l.Number)
}

// skew is how far a maker's clock may be ahead of a judge's.
const skew = 5 * time.Second

// Answers says whether a parcel that was found good is the answer to a question that
// was, else with code ParcelUnknown why not. Where only the form of one was checked its
// content is not known here, and not compared.
func Answers(asked, got *Verdict) error {
	known := got.Content != nil && asked.Content != nil
	if got.Header.Kind != parcel.Answer || got.Header.InReplyTo != asked.Header.ID || got.Header.Flow != asked.Header.Flow ||
		got.Label.Subject != asked.Label.Subject || known && got.Content["form"] != asked.Content["form"] {
		return fault.New(fault.ParcelUnknown, "%s %s does not answer %s", got.Header.Kind, got.Header.ID, asked.Header.ID)
	}
	return nil
}

// Form checks what may be checked without a key, where the judges of a direction are
// elsewhere: the strict form of label and header, and the flow's direction. It does not
// read the content, which the judges have.
func Form(p *policy.Policy, c Case, now time.Time) (Verdict, error) {
	v, _, err := read(c)
	if err != nil {
		return v, refuse(&v, err)
	}
	if err := inForce(p, now); err != nil {
		return v, refuse(&v, err)
	}
	f := p.Flow(v.Header.Flow)
	if f == nil {
		return v, refuse(&v, fault.New(fault.FlowUnknown, "no flow %q", v.Header.Flow))
	}
	from, to := f.From, f.To
	if v.Header.Kind == parcel.Answer {
		from, to = to, from
	}
	if v.Header.FromZone != from || v.Header.ToZone != to {
		return v, refuse(&v, fault.New(fault.FlowDirection, "%s from %q to %q on flow %q", v.Header.Kind, v.Header.FromZone, v.Header.ToZone, f.Name))
	}
	v.Decision = policy.Decision{Allow: true, Reasons: []policy.Reason{{Rule: "form", What: "form and direction"}}, Class: v.Label.Class}
	return v, nil
}
