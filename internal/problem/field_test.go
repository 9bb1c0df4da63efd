// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package problem_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/problem"
)

// TestFieldCodesDescribed holds the codes of the description against those there are.
func TestFieldCodesDescribed(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "field.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "FieldCode" {
			text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			there = append(there, text)
		}
		return true
	})
	field, _ := reflect.TypeFor[problem.Why]().FieldByName("Code")
	told := strings.Split(field.Tag.Get("enum"), ",")
	if len(there) < 20 || !slices.Equal(there, told) {
		t.Errorf("codes: %q, described: %q", there, told)
	}
}

func TestFieldSays(t *testing.T) {
	for want, why := range map[string]problem.Why{
		`{"name":"body.x","code":"characters","detail":"at least 12 characters","least":12}`:         problem.AtLeast(problem.Characters, 12),
		`{"name":"body.x","code":"count","detail":"0 to 5","least":0,"most":5}`:                      problem.Between(problem.Count, 0, 5),
		`{"name":"body.x","code":"choice","detail":"a, b or c","values":["a","b","c"]}`:              problem.OneOf("a", "b", "c"),
		`{"name":"body.x","code":"choice","detail":"a","values":["a"]}`:                              problem.OneOf("a"),
		`{"name":"body.x","code":"form","detail":"as zhang.wei","like":"zhang.wei"}`:                 problem.Like("zhang.wei", "as zhang.wei"),
		`{"name":"body.x","code":"days","detail":"in the future, at most 9 days from now","most":9}`: problem.Ahead(9),
	} {
		got, err := json.Marshal(why.At("x"))
		if err != nil || string(got) != want {
			t.Errorf("got %s, want %s, %v", got, want, err)
		}
	}
}
