// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package bilingual_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/bilingual"
)

func TestSay(t *testing.T) {
	side := bilingual.Say("inside", "内侧")
	w := bilingual.Say("zone %s is %s, with %d", "安全域 %[1]s 有 %[3]d 个，在%[2]s", "a", side, 3)
	if w.Line() != "zone a is inside, with 3\t安全域 a 有 3 个，在内侧" {
		t.Errorf("%q", w.Line())
	}
}

// TestNoValueDivides: a name can neither end a line nor begin the words of the other
// language, also as a part of words that are a part.
func TestNoValueDivides(t *testing.T) {
	const evil = "a\tb\n+ c\r\u2028\u2029\v\x00\u202e\u0085"
	part := bilingual.Say("object %s", "客体 %s", evil)
	for _, w := range []bilingual.Words{
		bilingual.Say("%s is gone", "%s 已移除", evil), bilingual.Say("%s is gone", "%s 已移除", part),
		bilingual.Say("%v, %q", "%v，%q", []string{evil}, evil), bilingual.Say("%s", "%s", bilingual.Words{English: evil, Chinese: evil}),
	} {
		if strings.Count(w.Line(), "\t") != 1 || strings.ContainsAny(w.Line(), "\n\r\v\x00\u2028\u2029\u202e\u0085") {
			t.Errorf("%q", w.Line())
		}
	}
	if bilingual.Block("a\tb\n\u202e") != "a\tb\n\\u{202e}" {
		t.Error("a block keeps its lines and tabs, and nothing that hides")
	}
}

// template is an English sentence with the Chinese that stands beside it.
type template struct {
	at               token.Position
	english, chinese string
	values           int
}

// TestTemplates holds the two languages of each sentence to each other: the same values,
// in the same form.
func TestTemplates(t *testing.T) {
	var all []template
	for _, pattern := range []string{"../*", "../*/*"} {
		folders, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			all = append(all, templatesIn(t, folder)...)
		}
	}
	if len(all) < 300 {
		t.Errorf("only %d sentences were found: are they written another way by now?", len(all))
	}
	chinese := regexp.MustCompile(`[\p{Han}：]`)
	for _, s := range all {
		en, zh := verbsOf(s.english), verbsOf(s.chinese)
		if !maps.Equal(en, zh) {
			t.Errorf("%s: %q has the values %v, %q has %v", s.at, s.english, en, s.chinese, zh)
		}
		if s.values != len(en) {
			t.Errorf("%s: %q has %d values, and is given %d", s.at, s.english, len(en), s.values)
		}
		if !chinese.MatchString(s.chinese) || chinese.MatchString(s.english) || strings.ContainsAny(s.english+s.chinese, "\t\n") {
			t.Errorf("%s: %q and %q are not one line in each language", s.at, s.english, s.chinese)
		}
	}
}

// templatesIn are those of a package, if it speaks both languages: also those of its files
// that only hand on to others.
func templatesIn(t *testing.T, folder string) (list []template) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set, speaks := token.NewFileSet(), false
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		speaks = speaks || slices.ContainsFunc(parsed.Imports, func(i *ast.ImportSpec) bool { return strings.HasSuffix(i.Path.Value, `/internal/bilingual"`) })
		list = append(list, templatesOf(set, parsed)...)
	}
	if !speaks {
		return nil
	}
	return list
}

// templatesOf finds the calls that take a sentence in both languages: those of Say, and
// of what hands on to it.
func templatesOf(set *token.FileSet, file *ast.File) (list []template) {
	takers := map[string][]int{"Say": {0}, "add": {3}, "say": {2, 0}, "fail": {0}, "warn": {1}} // where the English stands
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		for _, at := range takers[nameOf(call.Fun)] {
			if len(call.Args) < at+2 {
				continue
			}
			english, isText := literal(call.Args[at])
			if chinese, _ := literal(call.Args[at+1]); isText { // no Chinese is told as such
				list = append(list, template{set.Position(call.Pos()), english, chinese, len(call.Args) - at - 2})
			}
		}
		return true
	})
	return list
}

func nameOf(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	default:
		return ""
	}
}

// literal is a text that stands there as one, or as a sum of several.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		x, left := literal(e.X)
		y, right := literal(e.Y)
		return x + y, left && right && e.Op == token.ADD
	default:
		return "", false
	}
}

var verb = regexp.MustCompile(`%(?:%|(?:\[(\d+)\])?[-+# 0-9.]*([a-zA-Z]))`)

// verbsOf are the values that a format has, by their places: each with the forms it is
// written in.
func verbsOf(format string) map[int]string {
	found := map[int][]string{}
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		found[next] = append(found[next], m[2])
		next++
	}
	verbs := map[int]string{}
	for i, list := range found {
		slices.Sort(list)
		verbs[i] = fmt.Sprint(slices.Compact(list))
	}
	return verbs
}
