// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"slices"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// found is what became of one recorded decision.
type found uint8

const (
	undecided found = iota
	decided
	secret
	sealed
	incomplete
)

// outcome is one recorded decision made anew.
type outcome struct {
	kind
	found  found
	id     [16]byte  // of the parcel itself
	parcel parcel.ID // that the audit finds it by: an answer has that of its question
	time   int64
}

// record is the detail of a decision, as the guard writes it.
type record struct {
	_       struct{} `cbor:",toarray"`
	Header  []byte   // canonical, or its digest
	Bundle  uint64
	Reasons []recordReason
}

type recordReason struct {
	_    struct{} `cbor:",toarray"`
	Code fault.Code
	Rule string
	What string
}

// again makes one decision anew.
func (p *pipeline) again(ctx context.Context, c *audit.Content) outcome {
	l := &c.Leaf
	o := outcome{parcel: l.Parcel, time: l.Time, kind: kind{flow: l.Flow, subject: l.Subject, object: l.Object}}
	if o.found = p.keys.open(ctx, c); o.found != decided {
		return o
	}
	var r record
	if o.found = incomplete; canon.Unmarshal(c.Detail, &r) != nil {
		return o
	}
	if len(r.Reasons) > 0 {
		if o.was = r.Reasons[0].Code; r.Reasons[0].Rule == "label" {
			o.found = undecided
			return o
		}
	}
	q, found := query(&r, l)
	if o.found = found; found != decided {
		return o
	}
	o.id, o.is = q.Header.ID, p.replay.Policy.Decide(q).Code
	return o
}

// query is what the judge decided on then.
func query(r *record, l *audit.Leaf) (policy.Query, found) {
	h, err := parcel.Decode(r.Header)
	if err != nil {
		return policy.Query{}, incomplete
	}
	content, err := parcel.DecodeRecord(h.Fields)
	if err != nil {
		return policy.Query{}, incomplete // the digest of fields that had no form
	}
	if hidden(content) {
		return policy.Query{}, secret
	}
	_, tag, err := label.DecodeSealed(l.Label)
	if err != nil {
		return policy.Query{}, incomplete
	}
	return policy.Query{Header: h, Label: &tag, Content: content}, decided
}

// hidden tells whether a value was kept out of the record.
func hidden(v any) bool {
	switch v := v.(type) {
	case string:
		return v == policy.NotRecorded
	case []any:
		return slices.ContainsFunc(v, hidden)
	case map[string]any:
		for _, item := range v {
			if hidden(item) {
				return true
			}
		}
	}
	return false
}
