// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"dukou.dev/dukou/internal/bilingual"
)

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

// fail records what is wrong here, in both languages.
func (n node) fail(english, chinese string, args ...any) {
	line, column := n.position()
	n.add(n.file, line, column, bilingual.Say(english, chinese, args...))
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
		n.fail("wants text: put %s in quotes", "应为文本：请给 %s 加上引号", v.GetToken().Value)
	case *ast.NullNode:
		n.fail("wants text, and there is none", "应为文本，此处为空")
	default:
		n.fail("wants text, not a %s", "应为文本，而不是%s", n.kind())
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
	n.fail("wants a whole number", "应为整数")
	return 0
}

func (n node) boolean() bool {
	if v, ok := n.ast.(*ast.BoolNode); ok {
		return v.Value
	}
	n.fail("wants true or false", "应为 true 或 false")
	return false
}

func (n node) list() []node {
	s, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.fail("wants a list, not a %s", "应为列表，而不是%s", n.kind())
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
			item.fail("%q is there twice", "%q 重复出现", t)
			continue
		}
		out = append(out, t)
	}
	return out
}

func (n node) kind() bilingual.Words {
	switch n.ast.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return bilingual.Say("mapping", "映射")
	case *ast.SequenceNode:
		return bilingual.Say("list", "列表")
	case *ast.NullNode:
		return bilingual.Say("nothing", "空值")
	case *ast.AnchorNode, *ast.AliasNode:
		return bilingual.Say("anchor or alias, which policy files do not have", "锚点或别名（策略文件中不使用）")
	case *ast.TagNode:
		return bilingual.Say("tag, which policy files do not have", "标签（YAML tag，策略文件中不使用）")
	default:
		return bilingual.Say("single value", "单个值")
	}
}

// oneOf is the text if it is one of the allowed ones.
func (n node) oneOf(what bilingual.Words, allowed []string) string {
	t := n.text()
	if t == "" || slices.Contains(allowed, t) {
		return t
	}
	n.fail("no %s %q%s", "没有名为 %[2]q 的%[1]s%[3]s", what, t, suggestion(t, allowed))
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
		n.fail("wants a mapping, not a %s", "应为映射，而不是%s", n.kind())
		return nil
	}
	o := &object{node: n, values: map[string]node{}}
	for _, pair := range pairs {
		key := node{n.problems, n.file, pair.Key}
		text, ok := pair.Key.(*ast.StringNode)
		if !ok {
			key.fail("a key wants to be plain text: put it in quotes", "键应为普通文本：请加上引号")
			continue
		}
		if _, twice := o.values[text.Value]; twice {
			key.fail("key %q is there twice", "键 %q 重复出现", text.Value)
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
		o.fail("key %q is missing", "缺少键 %q", key)
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
	if o.read != nil {
		o.read(o)
	}
	for _, key := range o.keys {
		name := key.ast.(*ast.StringNode).Value
		if !slices.Contains(o.asked, name) {
			key.fail("unknown key %q%s", "未知的键 %q%s", name, suggestion(name, o.asked))
		}
	}
}
