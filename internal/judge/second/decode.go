// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// Limits of docs/formats/label.md and docs/formats/parcel.md, in bytes but for tags.
const (
	maxLabel    = 4096
	maxTags     = 4
	maxName     = 256
	maxHeader   = 1<<20 - 64
	maxFields   = maxHeader - 64<<10
	maxEvidence = 16 << 10
	maxBody     = 1 << 40
)

// sealed is a label as it came: what was tagged, and where the tags lie.
type sealed struct {
	body []byte
	tags []byte // the encoded list
}

// readSealed takes the outer list apart; a label in it is not looked at.
func readSealed(data []byte) (sealed, *fault.Error) {
	switch {
	case len(data) == 0:
		return sealed{}, fault.New(fault.LabelMissing, "no label")
	case len(data) > maxLabel:
		return sealed{}, fault.New(fault.LabelMalformed, "label of %d bytes", len(data))
	}
	r := reader{data: data}
	r.list(2)
	s := sealed{body: r.octets()}
	if !r.bad {
		s.tags = data[r.at:]
	}
	count := r.count(majorList, maxItems, 1)
	for range count {
		var t tag
		if t.read(&r); r.bad {
			break
		}
	}
	switch {
	case !r.whole():
		return sealed{}, fault.New(fault.LabelMalformed, "sealed label: bad at byte %d", r.at)
	case len(s.body) == 0:
		return sealed{}, fault.New(fault.LabelMissing, "empty label")
	case count > maxTags:
		s.tags = nil
	}
	return s, nil
}

// tag is one judge's.
type tag struct {
	judge  []byte
	window label.Window
	mac    [32]byte
}

func (t *tag) read(r *reader) {
	r.list(3)
	from, to := r.textSpan()
	t.judge = r.data[from:to]
	r.fixed(t.window[:])
	r.fixed(t.mac[:])
}

// tagFor is the first tag for a judge.
func (s *sealed) tagFor(judge string) (tag, bool) {
	r := reader{data: s.tags}
	for range r.count(majorList, maxTags, 1) {
		var t tag
		if t.read(&r); !r.bad && string(t.judge) == judge {
			return t, true
		}
	}
	return tag{}, false
}

// readLabel decodes a label's body and holds it against its limits.
func readLabel(s sealed) (*label.Label, *fault.Error) {
	r := reader{data: s.body, text: string(s.body)}
	var l label.Label
	r.list(15)
	l.Version = r.small()
	r.list(3)
	l.Class.Confidentiality, l.Class.Integrity = label.Level(r.small()), label.Level(r.small())
	l.Class.Categories = label.Categories(r.uint())
	l.Subject, l.Assurance, l.Object = r.string(), label.Assurance(r.string()), r.string()
	l.Action, l.Protocol, l.Purpose, l.Maker = r.string(), r.string(), r.string(), r.string()
	l.Boot, l.Epoch, l.Number = r.uint(), r.uint(), r.uint()
	l.NotBefore, l.NotAfter = r.integer(), r.integer()
	r.fixed(l.Binding[:])
	if !r.whole() {
		return nil, fault.New(fault.LabelMalformed, "label: bad at byte %d", r.at)
	}
	ok := l.Version == 1 && onScale(l.Class) && l.Number > 0 && l.NotAfter > l.NotBefore && s.tags != nil &&
		named(l.Subject) && named(string(l.Assurance)) && named(l.Object) && named(l.Action) &&
		named(l.Protocol) && named(l.Purpose) && named(l.Maker)
	if !ok {
		return nil, fault.New(fault.LabelMalformed, "a version, class, name, number, time or list of tags outside of its limits")
	}
	return &l, nil
}

func onScale(c label.Class) bool {
	return c.Confidentiality-1 < 5 && c.Integrity-1 < 5
}

func named(s string) bool { return s != "" && len(s) <= maxName }

// namesEnd is a place in a header behind all of its names.
const namesEnd = 2048

// readHeader decodes a header and holds it against its limits.
func readHeader(data []byte) (*parcel.Header, *fault.Error) {
	if len(data) > maxHeader {
		return nil, fault.New(fault.ParcelTooLarge, "header of %d bytes", len(data))
	}
	r := reader{data: data, text: string(data[:min(len(data), namesEnd)])}
	var h parcel.Header
	r.list(18)
	h.Version, h.Suite, h.Kind = r.small(), parcel.Suite(r.small()), parcel.Kind(r.small())
	r.fixed(h.ID[:])
	r.fixed(h.InReplyTo[:])
	h.Flow, h.FromZone, h.ToZone = r.string(), r.string(), r.string()
	h.Source, h.Destination, h.Guard = r.string(), r.string(), r.string()
	r.fixed(h.Session[:])
	h.Sequence, h.Term, h.Bundle = r.uint(), r.uint(), r.uint()
	h.Fields, h.Evidence = r.octets(), r.octets()
	r.list(2)
	h.Body.Size = r.uint()
	r.fixed(h.Body.Root[:])
	if !r.whole() {
		return nil, fault.New(fault.ParcelMalformed, "header: bad at byte %d", r.at)
	}
	if err := headerLimits(&h); err != nil {
		return nil, err
	}
	return &h, nil
}

func headerLimits(h *parcel.Header) *fault.Error {
	var zero parcel.ID
	isAnswer, isReply := h.Kind == 2, h.InReplyTo != zero
	switch {
	case h.Version != 1 || h.Suite != 1 || h.Kind < 1 || h.Kind > 3 || h.ID == zero || isAnswer != isReply:
		return fault.New(fault.ParcelMalformed, "version %d, suite %d, kind %d, or its ids", h.Version, h.Suite, h.Kind)
	case !named(h.Flow) || !named(h.FromZone) || !named(h.ToZone) || !named(h.Source) || !named(h.Destination) || !named(h.Guard):
		return fault.New(fault.ParcelMalformed, "a name in the header that is empty or too long")
	case len(h.Fields) > maxFields || len(h.Evidence) > maxEvidence || h.Body.Size > maxBody:
		return fault.New(fault.ParcelTooLarge, "fields of %d, evidence of %d, a body of %d bytes", len(h.Fields), len(h.Evidence), h.Body.Size)
	case h.Kind != 3 && (h.Body.Size != 0 || h.Body.Root != parcel.Link{}):
		return fault.New(fault.ParcelMalformed, "a body with kind %d", h.Kind)
	}
	return nil
}

// readFields decodes the content.
func readFields(data []byte) (parcel.Record, *fault.Error) {
	r := reader{data: data, text: string(data)}
	content := r.record(1)
	if !r.whole() {
		return nil, fault.New(fault.ParcelMalformed, "fields: bad at byte %d", r.at)
	}
	return content, nil
}
