// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"

	"golang.org/x/mod/sumdb/note"
)

// Source says where the log of a component is and what is known of it from outside.
type Source struct {
	Dir         string // with journal, tiles and checkpoint
	Keys        note.Verifiers
	Witnessed   [][]byte       // every checkpoint that a witness was seen to keep; the last is the latest
	WitnessKeys note.Verifiers // nil: no signature of a witness is held
	// Tag verifies the tag that this component, a judge, found good; nil where it is none.
	Tag TagFunc
	// Details opens sealed details; nil where none are.
	Details *reader.Details
}

// NoJudge is what a TagFunc returns where the component only checks the form of what
// goes that way. It then keeps neither content nor label key.
var NoJudge = errors.New("no judge of this direction") //nolint:errname,staticcheck // it is no failure

// TagFunc says what is wrong with the tag that a judge must have found on a parcel.
type TagFunc func(h *parcel.Header, s label.Sealed, l *label.Label) error

// ReadLog reads and verifies a log: its chain, tree, signature and details, and that
// it continues every checkpoint that was ever witnessed.
func ReadLog(s Source) (*Log, error) {
	o := reader.Options{WitnessKeys: s.WitnessKeys}
	if n := len(s.Witnessed); n > 0 && s.WitnessKeys != nil {
		o.Witness = s.Witnessed[n-1]
	}
	report, err := reader.Verify(s.Dir, s.Keys, o)
	if err != nil {
		return nil, err
	}
	log := &Log{Events: map[parcel.ID][]Event{}, Parcels: map[string][]parcel.ID{}, Entries: report.Entries}
	for _, f := range report.Findings {
		log.Findings = append(log.Findings, f.String())
	}
	if report.Unproven && s.WitnessKeys != nil {
		log.Findings = append(log.Findings, "no witness has seen it")
	}
	w, err := newWitnessed(s.Witnessed)
	if err != nil {
		return nil, err
	}
	_, err = durable.Scan(durable.OS(), filepath.Join(s.Dir, "journal"), 0, audit.MaxRecord, func(index uint64, raw []byte) error {
		content, err := audit.DecodeRecord(raw)
		if err == nil {
			err = s.Details.Open(&content)
		}
		if err != nil {
			return err
		}
		log.take(index, &content, s.Tag)
		return w.add(&content)
	})
	if err != nil {
		return nil, err
	}
	log.Findings = append(log.Findings, w.end()...)
	return log, nil
}

// take notes one entry.
func (l *Log) take(index uint64, c *audit.Content, tag TagFunc) {
	if c.Leaf.Parcel == [16]byte{} {
		return
	}
	id := parcel.ID(c.Leaf.Parcel)
	e := Event{Index: index, At: time.UnixMilli(c.Leaf.Time), Verdict: c.Leaf.Verdict, Reason: c.Leaf.Reason}
	if c.Leaf.Class == audit.ClassDecision && c.Leaf.Verdict == "allow" {
		h, rule, err := headerOf(c.Detail)
		if err != nil {
			l.Findings = append(l.Findings, fmt.Sprintf("entry %d allows, and its detail has no header: %v", index, err))
			return
		}
		e.Answer, e.Label = h.Kind == parcel.Answer, wrong(c, h, rule, tag)
		if name := nameOf(h); name != "" && !slices.Contains(l.Parcels[name], id) {
			l.Parcels[name] = append(l.Parcels[name], id)
		}
	}
	l.Events[id] = append(l.Events[id], e)
}

// Glance is what a record says, without the proof.
type Glance struct {
	Parcel  parcel.ID
	Verdict string
	Answer  bool
	Name    string // id in the name of a delivered file, of an allow
}

// Look reads one record of a journal. A record about no parcel is empty.
func Look(raw []byte, details *reader.Details) (Glance, error) {
	c, err := audit.DecodeRecord(raw)
	if err == nil {
		err = details.Open(&c)
	}
	if err != nil || c.Leaf.Parcel == [16]byte{} {
		return Glance{}, err
	}
	g := Glance{Parcel: c.Leaf.Parcel, Verdict: c.Leaf.Verdict}
	if c.Leaf.Class != audit.ClassDecision || g.Verdict != "allow" {
		return g, nil
	}
	h, _, err := headerOf(c.Detail)
	if err != nil {
		return g, err
	}
	g.Answer, g.Name = h.Kind == parcel.Answer, nameOf(h)
	return g, nil
}

// headerOf is the header that the detail of a decision keeps, and the rule of its first
// reason (docs/formats/audit.md).
func headerOf(detail []byte) (h *parcel.Header, rule string, err error) {
	var d struct {
		_       struct{} `cbor:",toarray"`
		Header  []byte
		Bundle  uint64
		Reasons []struct {
			_                struct{} `cbor:",toarray"`
			Code, Rule, What string
		}
	}
	if err := canon.Unmarshal(detail, &d); err != nil {
		return nil, "", err
	}
	if len(d.Reasons) > 0 {
		rule = d.Reasons[0].Rule
	}
	h, err = parcel.Decode(d.Header)
	return h, rule, err
}

// nameOf is the id that the test put into a file's name: what stands before the first dot.
func nameOf(h *parcel.Header) string {
	content, err := parcel.DecodeRecord(h.Fields)
	if err != nil || h.Kind != parcel.Deliver {
		return ""
	}
	name, _ := content["name"].(string)
	return IDOf(name)
}

// IDOf is the id in the name of a file that a test sent: what stands before the first
// dot or space, since a second delivery would get a mark behind a space.
func IDOf(name string) string {
	if i := strings.IndexAny(name, ". "); i >= 0 {
		return name[:i]
	}
	return name
}

// early and late bound by how much a decision may lie outside of its label's time.
const (
	early = 6 * time.Second // the judge's own allowance, and some
	late  = time.Second
)

// formRule is the rule of a record of what was not judged, but for its form.
const formRule = "form"

// wrong says what is wrong with the label of an allow.
func wrong(c *audit.Content, h *parcel.Header, rule string, tag TagFunc) string {
	sealed, l, err := label.DecodeSealed(c.Leaf.Label)
	if err != nil {
		return err.Error()
	}
	var tagErr error
	if tag != nil {
		tagErr = tag(h, sealed, &l)
	}
	header, err := h.Encode()
	switch {
	case err != nil:
		return err.Error()
	case l.Maker != h.Source:
		return fmt.Sprintf("its label is of %q, the parcel of %q", l.Maker, h.Source)
	case c.Leaf.Time < l.NotBefore-early.Milliseconds() || c.Leaf.Time >= l.NotAfter+late.Milliseconds():
		return "its label was not valid then"
	case errors.Is(tagErr, NoJudge):
		return ""
	case tagErr != nil:
		return tagErr.Error()
	case rule == formRule:
		return "only its form was checked"
	case l.Binding != parcel.Digest(header):
		return "its label is bound to another parcel"
	}
	return ""
}
