// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/problem"

	"github.com/fxamacker/cbor/v2"
)

// Entry is an entry as its log has it.
type Entry struct {
	Found
	Label      *Label `json:"label,omitempty" doc:"of the parcel, decoded"`
	Sealed     string `json:"sealed,omitempty" doc:"name of the key that the detail is sealed with"`
	Commitment string `json:"commitment" doc:"to the detail, hexadecimal"`
	LeafHash   string `json:"leaf_hash" doc:"in the tree of the log, base64"`
	Detail     string `json:"detail,omitempty" doc:"in CBOR diagnostic notation, where it was asked for and may be read"`

	Decision *Decided `json:"decision,omitempty" doc:"what the detail of a decision says"`
}

// Label is what a parcel's label says.
type Label struct {
	Confidentiality int    `json:"confidentiality"`
	Integrity       int    `json:"integrity"`
	Categories      string `json:"categories" doc:"64 bits, hexadecimal"`
	Subject         string `json:"subject"`
	Assurance       string `json:"assurance" doc:"how the subject was established"`
	Object          string `json:"object"`
	Action          string `json:"action"`
	Protocol        string `json:"protocol"`
	Purpose         string `json:"purpose"`
	Maker           string `json:"maker"`
	NotBefore       int64  `json:"not_before" doc:"Unix milliseconds"`
	NotAfter        int64  `json:"not_after" doc:"Unix milliseconds"`
	Binding         string `json:"binding" doc:"SHA-256 of the parcel's header, hexadecimal"`
}

// Decided is the detail of a decision.
type Decided struct {
	Bundle  uint64   `json:"bundle" doc:"version of the policy that decided"`
	Reasons []Reason `json:"reasons" doc:"of a refusal every rule that refused, of a permission those that permitted"`
	Header  *Header  `json:"header,omitempty" doc:"of the parcel; none where only its digest was recorded"`
	Digest  string   `json:"digest,omitempty" doc:"of the header, where it is not here, hexadecimal"`
}

// Reason is one rule and what it found.
type Reason struct {
	Code string `json:"code,omitempty"`
	Rule string `json:"rule"`
	What string `json:"what,omitempty"`
}

// Header is what a parcel's header says, and what it carries without what the flow
// calls secret.
type Header struct {
	Kind        string        `json:"kind"`
	From        string        `json:"from" doc:"zone"`
	To          string        `json:"to" doc:"zone"`
	Source      string        `json:"source"`
	Destination string        `json:"destination"`
	BodySize    uint64        `json:"body_size,omitempty"`
	BodyRoot    string        `json:"body_root,omitempty" doc:"of the chain of the body's chunks, hexadecimal"`
	Content     parcel.Record `json:"content,omitempty"`
}

// Entry reads an entry from its log. Its detail stays sealed.
func (x *Index) Entry(_ context.Context, s Scope, name string, index uint64) (Entry, error) {
	_, c, err := x.content(s, name, index)
	if err != nil {
		return Entry{}, err
	}
	return entryShown(index, c), nil
}

// Detail reads an entry with its detail, whose key it asks for. That is recorded by who
// keeps the key.
func (x *Index) Detail(ctx context.Context, s Scope, name string, index uint64) (Entry, error) {
	l, c, err := x.content(s, name, index)
	if err != nil {
		return Entry{}, err
	}
	if err := x.unseal(ctx, l.Origin, c); err != nil {
		return Entry{}, err
	}
	e := entryShown(index, c)
	e.tell(c)
	return e, nil
}

// Proof is the proof that an entry is in its log: the text that `dukou audit check`
// verifies.
func (x *Index) Proof(_ context.Context, s Scope, name string, index uint64) ([]byte, error) {
	l, _, err := x.content(s, name, index)
	if err != nil {
		return nil, err
	}
	proof, err := x.prove(l, index)
	if err != nil {
		return nil, problem.Wrap(problem.Unavailable, err, "the entry cannot be proven: its log does not agree with its checkpoint, or has none yet")
	}
	return proof, nil
}

// prove proves an entry under a witnessed checkpoint, where there is one that covers it.
func (x *Index) prove(l Log, index uint64) ([]byte, error) {
	if x.c.Witnessed != nil {
		signed := x.c.Witnessed(l.Origin)
		if head, err := audit.ParseCheckpoint(signed); err == nil && index < head.Size {
			return reader.ProveUnder(l.Dir, index, signed)
		}
	}
	return reader.Prove(l.Dir, index)
}

// content reads a record that is in a scope.
func (x *Index) content(s Scope, name string, index uint64) (l Log, c *audit.Content, err error) {
	for _, l = range x.c.Logs() {
		if component(l.Origin) != name {
			continue
		}
		err = reader.Show(l.Dir, reader.Filter{From: index}, func(e reader.Entry) error {
			if e.Index == index {
				c = &e.Content
			}
			return durable.ErrStop
		})
		break
	}
	if err != nil {
		return l, nil, problem.Wrap(problem.Unavailable, err, "the log of %s cannot be read there", name)
	}
	if c == nil || !s.Sees(c.Leaf.Class) {
		return l, nil, unknown("there is no entry %d of %s that you may see", index, name)
	}
	return l, c, nil
}

// unseal opens a detail.
func (x *Index) unseal(ctx context.Context, origin string, c *audit.Content) error {
	id, sealed := c.Sealed()
	if !sealed {
		return nil
	}
	if id.Day == audit.NoDay && x.c.Own != nil && x.c.Own(c) == nil { // no signer has the key of this center's disk
		return nil
	}
	if x.c.DetailKey == nil {
		return problem.New(problem.Unavailable, "the detail is sealed with key %s, and no signer is here to ask", id)
	}
	key, err := x.c.DetailKey(ctx, origin, id)
	if err != nil {
		return problem.Wrap(problem.Unavailable, err, "the signer gave no key %s: it was destroyed, or only the component's own disk has it", id)
	}
	if err := c.Open(audit.DetailSealer(key)); err != nil {
		return problem.Wrap(problem.Conflict, err, "key %s does not open the detail", id)
	}
	return nil
}

// entryShown is an entry without its detail.
func entryShown(index uint64, c *audit.Content) Entry {
	e := entryOf(&c.Leaf)
	shown := Entry{
		Found: Found{
			Log: e.shape[inLog], Index: index, Time: time.UnixMilli(e.at).UTC(), Class: e.shape[inClass], Verdict: e.shape[inVerdict],
			Reason: e.shape[inReason], Flow: e.shape[inFlow], Subject: e.subject, Object: e.object, Action: e.shape[inAction],
			Parcel: parcelText(c.Leaf.Parcel), Level: e.shape[inLevel], Integrity: e.shape[inIntegrity],
			Protocol: e.shape[inProtocol], Purpose: e.shape[inPurpose],
		},
		Commitment: hex.EncodeToString(c.Leaf.Commitment[:]), LeafHash: c.Hash().String(), Label: labelOf(c.Leaf.Label),
	}
	if id, sealed := c.Sealed(); sealed {
		shown.Sealed = id.String()
	}
	return shown
}

func labelOf(sealed []byte) *Label {
	_, l, err := label.DecodeSealed(sealed)
	if err != nil {
		return nil // none, or one that was refused for its form
	}
	return &Label{
		Confidentiality: int(l.Class.Confidentiality), Integrity: int(l.Class.Integrity), Categories: fmt.Sprintf("%016x", uint64(l.Class.Categories)),
		Subject: l.Subject, Assurance: string(l.Assurance), Object: l.Object, Action: l.Action, Protocol: l.Protocol, Purpose: l.Purpose,
		Maker: l.Maker, NotBefore: l.NotBefore, NotAfter: l.NotAfter, Binding: hex.EncodeToString(l.Binding[:]),
	}
}

// tell takes in an opened detail.
func (e *Entry) tell(c *audit.Content) {
	if len(c.Detail) == 0 {
		return
	}
	text, err := cbor.Diagnose(c.Detail)
	if err != nil {
		text = "h'" + hex.EncodeToString(c.Detail) + "'"
	}
	e.Detail = text
	switch c.Leaf.Class { //nolint:exhaustive // the others have no parts of their own
	case audit.ClassDecision:
		e.Decision, _ = decidedOf(c.Detail) // else the text is all there is
	case audit.ClassAdmin:
		e.Address = addressOf(c.Detail)
	default:
	}
}

// decidedOf reads the detail of a decision, as the guard records it.
func decidedOf(detail []byte) (*Decided, error) {
	var d struct {
		_       struct{} `cbor:",toarray"`
		Header  []byte
		Bundle  uint64
		Reasons []struct {
			_    struct{} `cbor:",toarray"`
			Code string
			Rule string
			What string
		}
	}
	if err := canon.Unmarshal(detail, &d); err != nil {
		return nil, err
	}
	out := &Decided{Bundle: d.Bundle}
	for _, r := range d.Reasons {
		out.Reasons = append(out.Reasons, Reason{Code: r.Code, Rule: r.Rule, What: r.What})
	}
	h, err := headerOf(d.Header)
	if err != nil {
		out.Digest = hex.EncodeToString(d.Header[:min(len(d.Header), 32)])
		return out, nil //nolint:nilerr // it is a digest then
	}
	out.Header = h
	return out, nil
}

func headerOf(b []byte) (*Header, error) {
	var h parcel.Header
	if len(b) <= 32 {
		return nil, errors.New("a digest")
	}
	if err := canon.Unmarshal(b, &h); err != nil {
		return nil, err
	}
	out := &Header{Kind: h.Kind.String(), From: h.FromZone, To: h.ToZone, Source: h.Source, Destination: h.Destination, BodySize: h.Body.Size}
	if h.Kind == parcel.Deliver {
		out.BodyRoot = hex.EncodeToString(h.Body.Root[:])
	}
	out.Content, _ = parcel.DecodeRecord(h.Fields) // else only their digest was recorded
	return out, nil
}
