// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"strings"
	"testing"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// compiled makes a schema usable by putting it into a bundle.
func compiled(t testing.TB, s policy.Schema) *policy.Schema {
	t.Helper()
	b := bundle()
	b.Flows[0].Forms[0].Answers[0].Schema = s
	return &compile(t, b).Flow("query").Forms[0].Answers[0].Schema
}

func TestSchemaCheck(t *testing.T) {
	letters := text(4)
	letters.Min, letters.Pattern = 2, "[a-z]+|渡.*"
	kinds := policy.Schema{Type: policy.Text, Max: 9, Enum: []string{"loan", "card"}}
	number := policy.Schema{Type: policy.Integer, Min: -2, Max: 7}
	list := policy.Schema{Type: policy.List, Min: 1, Max: 2, Items: &number}
	orNull := number
	orNull.Nullable = true
	row := record(field("a", number), policy.Field{Name: "b", Schema: orNull})
	for _, test := range []struct {
		name   string
		schema policy.Schema
		good   []any
		bad    []any
	}{
		{"text", letters, []any{"ab", "abcd", "渡口渡口"}, []any{"a", "abcde", "渡口渡口渡", "aB", "ab\n", "\nab", "", int64(1), nil, true, []byte("ab"), []any{"ab"}}},
		{"enum", kinds, []any{"loan", "card"}, []any{"Loan", "", "loan "}},
		{"integer", number, []any{int64(-2), int64(0), int64(7)}, []any{int64(-3), int64(8), "1", 1.0, int(1), uint64(1), nil}},
		{"nullable", orNull, []any{nil, int64(1)}, []any{int64(8), ""}},
		{"boolean", policy.Schema{Type: policy.Boolean}, []any{true, false}, []any{int64(1), "true", nil}},
		{"bytes", policy.Schema{Type: policy.Bytes, Max: 2}, []any{[]byte{}, []byte{1, 2}}, []any{[]byte{1, 2, 3}, "ab"}},
		{"decimal", policy.Schema{Type: policy.Decimal}, []any{"0", "-1.50", "123456789012345678901.000000000000000001"}, []any{"", "01", "1.", ".5", "1e5", "+1", "1.0000000000000000000", strings.Repeat("9", 40), int64(1)}},
		{"list", list, []any{[]any{int64(1)}, []any{int64(1), int64(2)}}, []any{[]any{}, []any{int64(1), int64(2), int64(3)}, []any{"1"}, []any{nil}, "1"}},
		{"record", row, []any{map[string]any{"a": int64(1)}, map[string]any{"a": int64(1), "b": nil}},
			[]any{map[string]any{}, map[string]any{"a": nil}, map[string]any{"a": int64(1), "c": nil}, map[string]any{"a": int64(1), "b": int64(99)}, []any{}, "a"}},
	} {
		s := compiled(t, test.schema)
		for _, v := range test.good {
			if err := s.Check(v, "v"); err != nil {
				t.Errorf("%s: %#v: %v", test.name, v, err)
			}
		}
		for _, v := range test.bad {
			if err := s.Check(v, "v"); fault.CodeOf(err) != fault.ContentInvalid {
				t.Errorf("%s: %#v passes: %v", test.name, v, err)
			}
		}
	}
}

// TestCheckNamesThePlace: an auditor reads which value was wrong, not what it was.
func TestCheckNamesThePlace(t *testing.T) {
	items := text(2)
	s := compiled(t, record(field("rows", policy.Schema{Type: policy.List, Max: 3, Items: &items})))
	err := s.Check(map[string]any{"rows": []any{"a", "secret"}}, "content")
	if err == nil || !strings.Contains(err.Error(), "content.rows[1]") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func TestSchemaLeast(t *testing.T) {
	personal, credit := class(2, 5, 1), class(3, 5, 2)
	name, score := text(9), policy.Schema{Type: policy.Integer, Max: 9, Class: &credit}
	name.Class, name.Nullable = &personal, true
	level := policy.Schema{Type: policy.Integer, Min: -9, Max: 99, Classifies: true}
	row := record(field("score", score))
	s := compiled(t, record(policy.Field{Name: "name", Schema: name}, policy.Field{Name: "level", Schema: level},
		policy.Field{Name: "rows", Schema: policy.Schema{Type: policy.List, Max: 3, Items: &row}}))
	for name, test := range map[string]struct {
		value any
		want  label.Class
	}{
		"nothing":       {nil, label.Lowest()},
		"empty":         {map[string]any{}, label.Lowest()},
		"name":          {map[string]any{"name": "x"}, class(2, 5, 1)},
		"null name":     {map[string]any{"name": nil}, label.Lowest()},
		"no rows":       {map[string]any{"rows": []any{}}, label.Lowest()},
		"rows":          {map[string]any{"rows": []any{map[string]any{"score": int64(1)}}}, class(3, 5, 2)},
		"name and rows": {map[string]any{"name": "x", "rows": []any{map[string]any{"score": int64(1)}}}, class(3, 5, 3)},
		"level 4":       {map[string]any{"level": int64(4), "name": "x"}, class(4, 5, 1)},
		"level below":   {map[string]any{"level": int64(-5)}, label.Lowest()},
		"level above":   {map[string]any{"level": int64(99)}, class(5, 5, 0)},
	} {
		if got := s.Least(test.value); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// BenchmarkCheck checks an answer of two kilobytes: 22 records of five fields.
func BenchmarkCheck(b *testing.B) {
	id, name := text(100), text(100)
	id.Pattern = "[a-z]+-[0-9]{6}"
	row := record(field("id", id), field("lender", name), field("amount", policy.Schema{Type: policy.Decimal}),
		field("months", policy.Schema{Type: policy.Integer, Max: 1 << 40}), field("late", policy.Schema{Type: policy.Boolean}))
	s := compiled(b, policy.Schema{Type: policy.List, Max: 100, Items: &row})
	var rows []any
	for i := range 22 {
		rows = append(rows, map[string]any{"id": "loan-000001", "lender": "a bank", "amount": "1000.50", "months": int64(i), "late": false})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Check(rows, "content"); err != nil {
			b.Fatal(err)
		}
	}
}
