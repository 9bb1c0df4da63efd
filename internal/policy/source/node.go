// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// problem is one thing wrong with the files, and where.
type problem struct {
	file         string
	line, column int
	what         string
}

// Error is "file:line:column: what", as editors know it.
func (p *problem) Error() string {
	if p.line == 0 {
		return p.file + ": " + p.what
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.file, p.line, p.column, p.what)
}

// problems collects all that is wrong, so that one run shows it.
type problems struct{ list []*problem }

func (p *problems) add(file string, line, column int, format string, args ...any) {
	p.list = append(p.list, &problem{file, line, column, fmt.Sprintf(format, args...)})
}

// join is nil or every problem, by file and line.
func (p *problems) join() error {
	slices.SortStableFunc(p.list, func(a, b *problem) int {
		if c := strings.Compare(a.file, b.file); c != 0 {
			return c
		}
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	errs := make([]error, len(p.list))
	for i, one := range p.list {
		errs[i] = one
	}
	return errors.Join(errs...)
}

// Limits on what is read. The depth is that of brackets and indentation together;
// it keeps the recursion of the YAML parser bounded.
const (
	maxFile  = 1 << 20
	maxFiles = 1000
	maxDepth = 64
)

// parseYAML gives the one mapping of a file, nil where it has none.
func parseYAML(p *problems, fsys fs.FS, name string) *object {
	text, ok := readText(p, fsys, name)
	if !ok {
		return nil
	}
	if line := tooDeep(text); line > 0 {
		p.add(name, line, 1, "nested deeper than %d", maxDepth)
		return nil
	}
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			pos := at.GetToken().Position
			p.add(name, pos.Line, pos.Column, "%s", at.GetMessage())
		} else {
			p.add(name, 0, 0, "%v", err)
		}
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			node{p, name, doc.Body}.fail("a second document in one file")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		return nil
	}
	return node{p, name, body}.object()
}

func readText(p *problems, fsys fs.FS, name string) (string, bool) {
	info, err := fs.Stat(fsys, name)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("%d bytes, at most %d", info.Size(), maxFile)
	}
	var text []byte
	if err == nil {
		text, err = fs.ReadFile(fsys, name)
	}
	if err != nil {
		p.add(name, 0, 0, "%v", err)
		return "", false
	}
	return string(text), true
}

// tooDeep is the first line on which brackets and indentation could nest too deep,
// or 0. It counts generously: text in quotes counts as well.
func tooDeep(text string) int {
	depth := 0
	for i, line := range strings.Split(text, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " -?\t"))
		for _, c := range line {
			switch c {
			case '[', '{', '(':
				depth++
			case ']', '}', ')':
				depth = max(depth-1, 0)
			}
			if depth+indent/2 > maxDepth {
				return i + 1
			}
		}
	}
	return 0
}

// node is a place in a file.
type node struct {
	*problems
	file string
	ast  ast.Node
}

func (n node) position() (line, column int) {
	at := n.ast
	if m, ok := at.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		at = m.Values[0].Key
	}
	if m, ok := at.(*ast.MappingValueNode); ok {
		at = m.Key
	}
	if at == nil || at.GetToken() == nil || at.GetToken().Position == nil {
		return 0, 0
	}
	return at.GetToken().Position.Line, at.GetToken().Position.Column
}

func (n node) fail(format string, args ...any) {
	line, column := n.position()
	n.add(n.file, line, column, format, args...)
}

// where is "file:line".
func (n node) where() string {
	line, _ := n.position()
	return fmt.Sprintf("%s:%d", n.file, line)
}

// text is the value of a string; what YAML reads as something else must be quoted.
func (n node) text() string {
	switch v := n.ast.(type) {
	case *ast.StringNode:
		return v.Value
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		n.fail("wants text: put %s in quotes", v.GetToken().Value)
	case *ast.NullNode:
		n.fail("wants text, and there is none")
	default:
		n.fail("wants text, not a %s", n.kind())
	}
	return ""
}

// raw is a single value as it is written, also where YAML would read a number.
func (n node) raw() string {
	switch v := n.ast.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return v.GetToken().Value
	default:
		return n.text()
	}
}

func (n node) integer() int64 {
	if v, ok := n.ast.(*ast.IntegerNode); ok {
		switch i := v.Value.(type) {
		case int64:
			return i
		case uint64:
			if i <= 1<<63-1 {
				return int64(i)
			}
		}
	}
	n.fail("wants a whole number")
	return 0
}

func (n node) boolean() bool {
	if v, ok := n.ast.(*ast.BoolNode); ok {
		return v.Value
	}
	n.fail("wants true or false")
	return false
}

func (n node) list() []node {
	s, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.fail("wants a list, not a %s", n.kind())
		return nil
	}
	items := make([]node, 0, len(s.Values))
	for _, v := range s.Values {
		items = append(items, node{n.problems, n.file, v})
	}
	return items
}

// texts is a list of different strings.
func (n node) texts() []string {
	var out []string
	for _, item := range n.list() {
		t := item.text()
		if slices.Contains(out, t) {
			item.fail("%q is there twice", t)
			continue
		}
		out = append(out, t)
	}
	return out
}

func (n node) kind() string {
	switch n.ast.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "mapping"
	case *ast.SequenceNode:
		return "list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode:
		return "anchor or alias, which policy files do not have"
	case *ast.TagNode:
		return "tag, which policy files do not have"
	default:
		return "single value"
	}
}

// oneOf is the text if it is one of the allowed ones.
func (n node) oneOf(what string, allowed []string) string {
	t := n.text()
	if t == "" || slices.Contains(allowed, t) {
		return t
	}
	n.fail("no %s %q%s", what, t, suggestion(t, allowed))
	return ""
}

// object is a mapping whose known keys are those that were asked for.
type object struct {
	node
	keys   []node // in the order of the file
	values map[string]node
	asked  []string
}

// object is nil, and a problem recorded, where n is no mapping.
func (n node) object() *object {
	var pairs []*ast.MappingValueNode
	switch m := n.ast.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default:
		n.fail("wants a mapping, not a %s", n.kind())
		return nil
	}
	o := &object{node: n, values: map[string]node{}}
	for _, pair := range pairs {
		key := node{n.problems, n.file, pair.Key}
		text, ok := pair.Key.(*ast.StringNode)
		if !ok {
			key.fail("a key wants to be plain text: put it in quotes")
			continue
		}
		if _, twice := o.values[text.Value]; twice {
			key.fail("key %q is there twice", text.Value)
			continue
		}
		o.keys = append(o.keys, key)
		o.values[text.Value] = node{n.problems, n.file, pair.Value}
	}
	return o
}

func (o *object) get(key string) (node, bool) {
	if !slices.Contains(o.asked, key) {
		o.asked = append(o.asked, key)
	}
	n, ok := o.values[key]
	return n, ok
}

// need is get of a key that must be there.
func (o *object) need(key string) (node, bool) {
	n, ok := o.get(key)
	if !ok {
		o.fail("key %q is missing", key)
	}
	return n, ok
}

// each calls do for every pair of an object whose keys are names.
func (o *object) each(do func(key, value node)) {
	for _, key := range o.keys {
		name := key.ast.(*ast.StringNode).Value
		o.asked = append(o.asked, name)
		do(key, o.values[name])
	}
}

// done names the keys that nobody asked for.
func (o *object) done() {
	for _, key := range o.keys {
		name := key.ast.(*ast.StringNode).Value
		if !slices.Contains(o.asked, name) {
			key.fail("unknown key %q%s", name, suggestion(name, o.asked))
		}
	}
}

// suggestion is a hint at the nearest of the allowed words, or the words themselves
// where none is near and they are few.
func suggestion(word string, allowed []string) string {
	best, distance := "", 3
	for _, a := range allowed {
		if d := editDistance(strings.ToLower(word), strings.ToLower(a)); d < distance && d < len(a) {
			best, distance = a, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if len(allowed) == 0 || len(allowed) > 24 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(allowed))
	return "; known: " + strings.Join(sorted, ", ")
}

// editDistance is Levenshtein's, cut off for long words.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
