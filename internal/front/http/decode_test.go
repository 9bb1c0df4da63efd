// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// FuzzDecodeJSON holds the decoder against another one, over encoding/json.
func FuzzDecodeJSON(f *testing.F) {
	for _, text := range []string{
		`{"text":"a","number":-1,"decimal":1.50,"flag":true,"raw":"AAE=","maybe":null,"list":[1,2],"records":[{"x":"\ud83d\udea2","d":0}]}`,
		`{"text":"","text":""}`, `{"text":"\ud83d"}`, `{"text":"\udea2\ud83d"}`, `{"text":1} `, `{"text":1} x`, `{"text":1,"a":{"b":1,"b":2}}`,
		`{"z":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}`, `{"number":-0}`, `{"number":01}`, `{"number":9223372036854775808}`, `{"decimal":1e5}`,
		"{\"text\":\"\xff\"}", "{\"text\":\"\x01\"}", `[]`, `null`, ``, `{"text":"a",}`, `{"list":[1,]}`, `{"raw":"AAF="}`, `{"text" "a"}`, `{"a":1}{}`,
	} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	s := typed(f, "refuse").body
	f.Fuzz(func(t *testing.T, data []byte, refuse bool) {
		want, wantErr := referenceJSON(s, data, refuse)
		got, err := decodeJSON(s, bytes.Clone(data), refuse)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, want %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Fatalf("differs: %s", diff)
		}
		switch code, as := fault.CodeOf(err), fault.CodeOf(wantErr); {
		case err == nil || code == as:
		case code == fault.RequestMalformed && as == fault.ContentInvalid: // a name twice, behind what does not fit
		default:
			t.Fatalf("%v, want %v", err, wantErr)
		}
	})
}

// TestDecodeWhere: an error says where in the form, and nothing of what was sent.
func TestDecodeWhere(t *testing.T) {
	s := typed(t, "drop").body
	for text, want := range map[string]string{
		`{"list":[1,2,"x"]}`:              "body.list[2] is not an integer",
		`{"records":[{"x":""},{"x":[]}]}`: "body.records[1].x is not a string",
		`{"raw":"AAF="}`:                  "body.raw is not base64",
		`{"z":{"x":1},"text":{}}`:         "body.text is not a string",
		`{"z":{"x":[1,{"y":` + strings.Repeat("[", maxDepth) + `1`: "body is deeper than",
	} {
		if _, err := decodeJSON(s, []byte(text), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// BenchmarkDecodeJSON reads an answer of two kilobytes.
func BenchmarkDecodeJSON(b *testing.B) {
	text := policy.Schema{Type: policy.Text, Max: 100}
	number := policy.Schema{Type: policy.Integer, Max: 1 << 40}
	row := policy.Schema{Type: policy.Record, Fields: []policy.Field{
		{Name: "id", Schema: text}, {Name: "lender", Schema: text}, {Name: "amount", Schema: policy.Schema{Type: policy.Decimal}},
		{Name: "months", Schema: number}, {Name: "late", Schema: policy.Schema{Type: policy.Boolean}},
	}}
	s := &policy.Schema{Type: policy.Record, Fields: []policy.Field{
		{Name: "name", Schema: text}, {Name: "rows", Schema: policy.Schema{Type: policy.List, Max: 100, Items: &row}},
	}}
	var rows []string
	for i := range 22 {
		rows = append(rows, fmt.Sprintf(`{"id":"loan-%06d","lender":"Bank of \u6d4b %d","amount":%d.50,"months":%d,"late":false}`, i, i, i*1000, i))
	}
	data := []byte(`{"name":"person","rows":[` + strings.Join(rows, ",") + `]}`)
	for name, decode := range map[string]func() (any, error){
		"now":    func() (any, error) { return decodeJSON(s, data, true) },
		"before": func() (any, error) { return referenceJSON(s, data, true) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := decode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// referenceJSON is decodeJSON over encoding/json: slower, by other people's code.
func referenceJSON(s *policy.Schema, data []byte, refuse bool) (any, error) {
	if !utf8.Valid(data) || !json.Valid(data) || loneSurrogate(data) { // Token repairs broken text without a word
		return nil, malformed("not JSON in UTF-8")
	}
	d := referenceDecoder{Decoder: json.NewDecoder(bytes.NewReader(data)), refuse: refuse}
	d.UseNumber()
	return d.value(s, "body", 0)
}

func ofText[T any](v T, ok bool) (any, error) {
	if !ok {
		return nil, invalid("not that")
	}
	return v, nil
}

type referenceDecoder struct {
	*json.Decoder
	refuse bool
	values int
}

// value reads one value; a nil schema drops it.
func (d *referenceDecoder) value(s *policy.Schema, where string, depth int) (any, error) {
	if d.values++; depth > maxDepth || d.values > maxValues {
		return nil, malformed("%s is deeper than %d or of more than %d values", where, maxDepth, maxValues)
	}
	t, err := d.Token()
	if err != nil {
		return nil, malformed("%s is not JSON", where)
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return d.record(s, where, depth)
		}
		return d.list(s, where, depth)
	case json.Number:
		return referenceNumber(s, string(t), where)
	case string:
		return referenceText(s, t, where)
	case bool:
		if s == nil || s.Type == policy.Boolean {
			return t, nil
		}
	case nil:
		return nil, nil // Check refuses it where the schema does not allow it
	}
	return nil, invalid("%s is not a %s", where, s.Type)
}

func referenceNumber(s *policy.Schema, text, where string) (any, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.Type == policy.Integer:
		return ofText(parseInteger(text))
	case s.Type == policy.Decimal && decimalForm.MatchString(text):
		return text, nil
	default:
		return nil, invalid("%s is not a %s", where, s.Type)
	}
}

func referenceText(s *policy.Schema, text, where string) (any, error) {
	switch {
	case s == nil || s.Type == policy.Text:
		return text, nil
	case s.Type == policy.Bytes:
		return ofText(parseBytes(text))
	default:
		return nil, invalid("%s is not a %s", where, s.Type)
	}
}

func (d *referenceDecoder) list(s *policy.Schema, where string, depth int) (any, error) {
	if s != nil && s.Type != policy.List {
		return nil, invalid("%s is not a %s", where, s.Type)
	}
	items := []any{}
	var schema *policy.Schema
	if s != nil {
		schema = s.Items
	}
	for d.More() {
		item, err := d.value(schema, where+"["+strconv.Itoa(len(items))+"]", depth+1)
		if err != nil {
			return nil, err
		}
		if s != nil {
			items = append(items, item)
		}
	}
	_, err := d.Token()
	return items, err
}

func (d *referenceDecoder) record(s *policy.Schema, where string, depth int) (any, error) {
	if s != nil && s.Type != policy.Record {
		return nil, invalid("%s is not a %s", where, s.Type)
	}
	fields, seen := map[string]any{}, map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, malformed("%s is not JSON", where)
		}
		name, _ := t.(string)
		if seen[name] {
			return nil, malformed("%s has field %.64q twice", where, name)
		}
		seen[name] = true
		if err := d.field(s, fields, name, where, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return fields, err
}

func (d *referenceDecoder) field(s *policy.Schema, into map[string]any, name, where string, depth int) error {
	f := field(s, name)
	if f == nil {
		if s != nil && d.refuse {
			return invalid("%s: field %.64q is not one that crosses", where, name)
		}
		_, err := d.value(nil, where, depth+1)
		return err
	}
	v, err := d.value(&f.Schema, where+"."+name, depth+1)
	into[name] = v
	return err
}

// loneSurrogate finds an escaped half of a UTF-16 pair in valid JSON: encoding/json
// would put another character in its place.
func loneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		unit := escapedUnit(data[i:])
		if unit < 0xd800 || unit > 0xdfff {
			continue
		}
		if unit >= 0xdc00 || len(data) < i+11 || data[i+5] != '\\' {
			return true
		}
		if low := escapedUnit(data[i+6:]); low < 0xdc00 || low > 0xdfff {
			return true
		}
		i += 10
	}
	return false
}

// escapedUnit is the unit of uXXXX, -1 for another escape.
func escapedUnit(b []byte) int {
	if len(b) < 5 || b[0] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[1:5]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}
