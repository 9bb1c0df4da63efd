// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"math"
	"regexp"
	"slices"
	"unicode/utf8"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Defaults and bounds of schemas: characters of text, bytes, items of a list.
const (
	defaultText  = 256
	mostText     = 1 << 16
	defaultBytes = 4 << 10
	mostBytes    = 512 << 10
	defaultItems = 100
	mostItems    = 10_000
	mostFields   = 1000
	// mostExact is the default range of integers: those that every JSON program
	// reads exactly (RFC 8259 section 6).
	mostExact = 1<<53 - 1
)

// schema reads one value's schema and whether the value must be there, which is so
// unless "required: false".
func (l *loader) schema(n node) (s policy.Schema, required bool) {
	o := n.object()
	if o == nil {
		return policy.Schema{Type: policy.Boolean}, true
	}
	s.Type, required = o.valueType(), true
	if r, ok := o.get("required"); ok {
		required = r.boolean()
	}
	if v, ok := o.get("nullable"); ok {
		s.Nullable = v.boolean()
	}
	if v, ok := o.get("secret"); ok {
		s.Secret = v.boolean()
	}
	if v, ok := o.get("class"); ok {
		class := l.class(v, label.Lowest())
		s.Class = &class
	}
	switch s.Type {
	case policy.Text:
		o.textSchema(&s)
	case policy.Integer:
		o.integerSchema(&s)
	case policy.Decimal:
		o.enum(&s)
	case policy.Bytes:
		s.Min, s.Max = o.lengths(defaultBytes, mostBytes)
	case policy.List:
		l.listSchema(o, &s)
	case policy.Record:
		if fields, ok := o.need("fields"); ok {
			s.Fields = l.fields(fields)
		}
	case policy.Boolean: // has no bounds
	}
	o.done()
	return s, required
}

// valueType is the stated type, or the one that another key implies.
func (o *object) valueType() policy.Type {
	types := []string{"string", "integer", "decimal", "boolean", "bytes", "list", "record"}
	if t, ok := o.get("type"); ok {
		if name := t.oneOf(bilingual.Say("type", "值类型"), types); name != "" {
			return policy.Type(name)
		}
	}
	if _, ok := o.values["fields"]; ok {
		return policy.Record
	}
	if _, ok := o.values["items"]; ok {
		return policy.List
	}
	return policy.Text
}

func (o *object) textSchema(s *policy.Schema) {
	o.enum(s)
	longest := int64(0)
	for _, e := range s.Enum {
		longest = max(longest, int64(utf8.RuneCountInString(e)))
	}
	if len(s.Enum) == 0 {
		longest = defaultText
	}
	s.Min, s.Max = o.lengths(longest, mostText)
	if p, ok := o.get("pattern"); ok {
		s.Pattern = p.text()
		if _, err := regexp.Compile(s.Pattern); err != nil {
			p.fail("pattern: %v", "pattern 的正则表达式有误：%v", err)
		}
	}
}

func (o *object) enum(s *policy.Schema) {
	if e, ok := o.get("enum"); ok {
		if s.Enum = e.texts(); len(s.Enum) == 0 {
			e.fail("allows nothing", "没有允许任何取值")
		}
	}
}

// lengths reads min and max of a length.
func (o *object) lengths(usual, most int64) (least, greatest int64) {
	greatest = usual
	if v, ok := o.get("max"); ok {
		greatest = v.bounded(v.integer(), 0, most)
	}
	if v, ok := o.get("min"); ok {
		least = v.bounded(v.integer(), 0, greatest)
	}
	return least, greatest
}

func (o *object) integerSchema(s *policy.Schema) {
	s.Min, s.Max = -mostExact, mostExact
	if v, ok := o.get("classifies"); ok {
		if s.Classifies = v.boolean(); s.Classifies {
			s.Min, s.Max = int64(label.MinLevel), int64(label.MaxLevel)
		}
	}
	least, most := int64(math.MinInt64), int64(math.MaxInt64)
	if s.Classifies {
		least, most = s.Min, s.Max
	}
	if v, ok := o.get("max"); ok {
		s.Max = v.bounded(v.integer(), least, most)
	}
	if v, ok := o.get("min"); ok {
		s.Min = v.bounded(v.integer(), least, s.Max)
	}
}

func (l *loader) listSchema(o *object, s *policy.Schema) {
	s.Min, s.Max = o.lengths(defaultItems, mostItems)
	items, ok := o.need("items")
	if !ok {
		return
	}
	item, required := l.schema(items)
	if !required {
		items.fail("an item cannot be left out of its list", "列表的项不能缺省")
	}
	s.Items = &item
}

// fields reads a mapping of names to schemas, ordered by name: so the order in the
// file does not change the bundle.
func (l *loader) fields(n node) []policy.Field {
	o := n.object()
	if o == nil {
		return nil
	}
	var fields []policy.Field
	o.each(func(key, value node) {
		name := key.text()
		if name == "" || len(name) > defaultText {
			key.fail("a field's name has 1 to %d bytes", "字段名须为 1 到 %d 字节", defaultText)
		}
		s, required := l.schema(value)
		fields = append(fields, policy.Field{Name: name, Required: required, Schema: s})
	})
	if len(fields) > mostFields {
		n.fail("%d fields, at most %d", "有 %d 个字段，至多 %d 个", len(fields), mostFields)
	}
	slices.SortFunc(fields, func(a, b policy.Field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return fields
}

// record is the schema of a record of fields.
func record(fields ...policy.Field) policy.Schema {
	return policy.Schema{Type: policy.Record, Fields: fields}
}

// fixed is a field that holds one text.
func fixed(name, value string) policy.Field {
	length := int64(utf8.RuneCountInString(value))
	return policy.Field{Name: name, Required: true, Schema: policy.Schema{Type: policy.Text, Min: length, Max: length, Enum: []string{value}}}
}
