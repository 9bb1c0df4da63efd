// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// Limits of a JSON text, beside its size.
const (
	maxDepth  = policy.MaxDepth + 4
	maxValues = 1 << 17
)

// decodeJSON reads one JSON text by a schema. Fields that the schema does not name
// are refused or dropped; of what is dropped the form is checked too. Errors are
// RequestMalformed for what is not good JSON (a field that is there twice and half of a
// UTF-16 pair are not), ContentInvalid for another type.
func decodeJSON(s *policy.Schema, data []byte, refuse bool) (any, error) {
	d := decoder{
		// From a bytes.Buffer it reads without a copy. Both are the default: they are what
		// this package stands for.
		text:   jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false)),
		refuse: refuse, at: []step{{name: "body"}},
	}
	v, err := d.value(s, 0)
	if err == nil {
		if _, end := d.text.ReadToken(); errors.Is(end, io.EOF) {
			return v, nil
		}
		err = d.broken()
	}
	if fault.CodeOf(err) == fault.ContentInvalid && !jsontext.Value(data).IsValid() {
		err = d.broken() // behind what does not fit
	}
	return nil, err
}

type decoder struct {
	text   *jsontext.Decoder
	refuse bool
	values int
	at     []step // where the value is, in names of the schema
}

// step is a field's name, or the place in a list where the name is empty.
type step struct {
	name  string
	index int
}

func (d *decoder) where() string {
	at := d.at[0].name
	for _, s := range d.at[1:] {
		if s.name != "" {
			at += "." + s.name
		} else {
			at += "[" + strconv.Itoa(s.index) + "]"
		}
	}
	return at
}

func (d *decoder) broken() error {
	return malformed("%s is not JSON in UTF-8 with each field once", d.at[0].name)
}

func (d *decoder) unfit(s *policy.Schema) error { return unfit(s, d.where()) }

// value reads one value; a nil schema drops it.
func (d *decoder) value(s *policy.Schema, depth int) (any, error) {
	if d.values++; depth > maxDepth || d.values > maxValues {
		return nil, malformed("%s is deeper than %d or of more than %d values", d.where(), maxDepth, maxValues)
	}
	t, err := d.text.ReadToken()
	if err != nil {
		return nil, d.broken()
	}
	switch t.Kind() {
	case jsontext.KindBeginObject:
		return d.record(s, depth)
	case jsontext.KindBeginArray:
		return d.list(s, depth)
	case jsontext.KindNull:
		return nil, nil // Check refuses it where the schema does not allow it
	}
	if s == nil {
		return nil, nil
	}
	return d.scalar(s, t)
}

func (d *decoder) scalar(s *policy.Schema, t jsontext.Token) (any, error) {
	switch kind := t.Kind(); {
	case kind == jsontext.KindString && s.Type == policy.Text:
		return t.String(), nil
	case kind == jsontext.KindString && s.Type == policy.Bytes:
		if b, ok := parseBytes(t.String()); ok {
			return b, nil
		}
	case kind == jsontext.KindNumber && s.Type == policy.Integer:
		if n, ok := parseInteger(t.String()); ok {
			return n, nil
		}
	case kind == jsontext.KindNumber && s.Type == policy.Decimal:
		if text := t.String(); decimalForm.MatchString(text) {
			return text, nil
		}
	case (kind == jsontext.KindTrue || kind == jsontext.KindFalse) && s.Type == policy.Boolean:
		return t.Bool(), nil
	}
	return nil, d.unfit(s)
}

func (d *decoder) list(s *policy.Schema, depth int) (any, error) {
	if s != nil && s.Type != policy.List {
		return nil, d.unfit(s)
	}
	items := []any{}
	var of *policy.Schema
	if s != nil {
		of = s.Items
	}
	for i := 0; d.more(jsontext.KindEndArray); i++ {
		d.enter(s, step{index: i})
		item, err := d.value(of, depth+1)
		if err != nil {
			return nil, err
		}
		d.leave(s)
		if s != nil {
			items = append(items, item)
		}
	}
	return items, d.end()
}

// more tells whether another value of a list or record comes, or an error instead.
func (d *decoder) more(end jsontext.Kind) bool { return d.text.PeekKind() != end }

// end reads the end of a list or record.
func (d *decoder) end() error {
	if _, err := d.text.ReadToken(); err != nil {
		return d.broken()
	}
	return nil
}

// enter and leave keep the place, but for what is dropped: its names are anybody's.
func (d *decoder) enter(s *policy.Schema, to step) {
	if s != nil {
		d.at = append(d.at, to)
	}
}

func (d *decoder) leave(s *policy.Schema) {
	if s != nil {
		d.at = d.at[:len(d.at)-1]
	}
}

func (d *decoder) record(s *policy.Schema, depth int) (any, error) {
	if s != nil && s.Type != policy.Record {
		return nil, d.unfit(s)
	}
	var fields map[string]any
	if s != nil {
		fields = make(map[string]any, len(s.Fields))
	}
	for d.more(jsontext.KindEndObject) {
		name, err := d.text.ReadToken()
		if err != nil {
			return nil, d.broken()
		}
		if err := d.field(s, fields, name, depth); err != nil {
			return nil, err
		}
	}
	return fields, d.end()
}

func (d *decoder) field(s *policy.Schema, into map[string]any, name jsontext.Token, depth int) error {
	f := field(s, name.String())
	if f == nil {
		if s != nil && d.refuse {
			return invalid("%s: field %.64q is not one that crosses", d.where(), name.String())
		}
		_, err := d.value(nil, depth+1)
		return err
	}
	d.enter(s, step{name: f.Name})
	v, err := d.value(&f.Schema, depth+1)
	if err != nil {
		return err
	}
	d.leave(s)
	into[f.Name] = v
	return nil
}
