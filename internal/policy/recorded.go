// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"crypto/sha256"
	"maps"

	"dukou.dev/dukou/internal/parcel"
)

// NotRecorded stands in a record for a value that the flow calls secret.
const NotRecorded = "(not recorded)"

// Recorded is a header as an auditor keeps it: without the values that the flow
// calls secret, and with a digest in place of the evidence, which would pass for its
// subject. Fields in a form that the bundle does not have are replaced by their
// digest: what is secret in them nobody knows. p may be nil.
func (p *Policy) Recorded(h *parcel.Header, content parcel.Record) (*parcel.Header, error) {
	r := *h
	if len(h.Evidence) > 0 {
		sum := sha256.Sum256(h.Evidence)
		r.Evidence = sum[:]
	}
	schema := p.schemaOf(h, content)
	if schema == nil {
		sum := sha256.Sum256(h.Fields)
		r.Fields = sum[:]
		return &r, nil
	}
	if !schema.hides() {
		return &r, nil
	}
	var err error
	r.Fields, err = parcel.EncodeRecord(schema.withoutSecrets(content).(parcel.Record))
	return &r, err
}

// schemaOf is the schema of a parcel's content, nil where there is none.
func (p *Policy) schemaOf(h *parcel.Header, content parcel.Record) *Schema {
	if p == nil {
		return nil
	}
	f := p.Flow(h.Flow)
	if f == nil {
		return nil
	}
	name, _ := content["form"].(string)
	form := f.Form(name)
	if form == nil {
		return nil
	}
	if h.Kind != parcel.Answer {
		return &form.Request
	}
	status, _ := content["status"].(int64)
	return form.Answer(status)
}

// hides tells whether a value of the schema may be secret.
func (s *Schema) hides() bool {
	if s.Secret || s.Items != nil && s.Items.hides() {
		return true
	}
	for i := range s.Fields {
		if s.Fields[i].Schema.hides() {
			return true
		}
	}
	return false
}

// withoutSecrets copies v without the values that the schema calls secret, nor any
// that the schema does not name.
func (s *Schema) withoutSecrets(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		if s.Secret || s.Items == nil {
			return NotRecorded
		}
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = s.Items.withoutSecrets(item)
		}
		return items
	case map[string]any:
		if s.Secret {
			return NotRecorded
		}
		return s.recordWithoutSecrets(v)
	default:
		if s.Secret || s.Type == List || s.Type == Record {
			return NotRecorded
		}
		return v
	}
}

func (s *Schema) recordWithoutSecrets(v map[string]any) map[string]any {
	kept := maps.Clone(v)
	for name := range kept {
		kept[name] = NotRecorded
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		if item, ok := v[f.Name]; ok {
			kept[f.Name] = f.Schema.withoutSecrets(item)
		}
	}
	return kept
}
