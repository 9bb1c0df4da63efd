// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// Case is one question to the policy with the answer that its author expects.
type Case struct {
	Name      string
	Where     string // "file:line"
	Flow      string
	Form      string
	Subject   string
	Assurance label.Assurance
	Answer    bool // the parcel is the answer to the subject's request
	Content   parcel.Record
	Expect    fault.Code // empty for a permission

	class reclass
}

// reclass replaces parts of the class that a front would have labelled.
type reclass struct {
	confidentiality, integrity label.Level // zero for unchanged
	categories                 *label.Categories
}

// Result is what the policy said to a case.
type Result struct {
	Case Case
	OK   bool
	Got  policy.Decision
}

// Cases are the cases of the folder, in the order of the files.
func (s *Source) Cases() []Case { return slices.Clone(s.cases) }

// RunCases asks a policy every case, with header and label made as a front makes them.
func RunCases(p *policy.Policy, cases []Case) []Result {
	results := make([]Result, 0, len(cases))
	for _, c := range cases {
		d := p.Decide(c.query(p))
		results = append(results, Result{Case: c, Got: d, OK: d.Code == c.Expect && d.Allow == (c.Expect == "")})
	}
	return results
}

// query is what the judges would get from the front that the flow names.
func (c *Case) query(p *policy.Policy) policy.Query {
	f := p.Flow(c.Flow)
	if f == nil {
		f = &policy.Flow{Name: c.Flow}
	}
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, ID: parcel.ID{1}, Flow: c.Flow, Guard: p.Guard,
		FromZone: f.From, ToZone: f.To, Source: f.Entry, Destination: f.Exit, Term: p.Term, Bundle: p.Version,
	}
	class, form := f.Class, f.Form(c.Form)
	var schema *policy.Schema
	if form != nil {
		schema = &form.Request
	}
	switch {
	case f.Kind == "deliver":
		h.Kind = parcel.Deliver
		size, _ := c.Content["size"].(int64)
		h.Body = parcel.Body{Size: uint64(max(size, 0)), Root: parcel.Link(sha256.Sum256(nil))}
	case c.Answer:
		h.Kind, h.InReplyTo, class = parcel.Answer, parcel.ID{2}, f.Answer
		h.FromZone, h.ToZone, h.Source, h.Destination = f.To, f.From, f.Exit, f.Entry
		schema = nil
		if status, ok := c.Content["status"].(int64); ok && form != nil {
			schema = form.Answer(status)
		}
	}
	if schema != nil && schema.Check(c.Content, "content") == nil {
		class = class.Join(schema.Least(c.Content))
	}
	return policy.Query{Header: h, Content: c.Content, Label: &label.Label{
		Version: label.Version, Class: c.class.of(class), Subject: c.Subject, Assurance: c.Assurance,
		Object: f.Object, Action: f.Action, Protocol: f.Protocol, Purpose: f.Purpose, Maker: h.Source, Number: 1,
	}}
}

func (r reclass) of(class label.Class) label.Class {
	if r.confidentiality != 0 {
		class.Confidentiality = r.confidentiality
	}
	if r.integrity != 0 {
		class.Integrity = r.integrity
	}
	if r.categories != nil {
		class.Categories = *r.categories
	}
	return class
}

func (l *loader) testCases() {
	taken := []string{}
	for _, o := range l.items("cases") {
		c := Case{Where: o.where(), Content: parcel.Record{}}
		if n, ok := o.need("name"); ok {
			c.Name = n.text()
			n.unique(bilingual.Say("case", "用例"), c.Name, taken)
			taken = append(taken, c.Name)
		}
		l.caseFlow(o, &c)
		if n, ok := o.need("subject"); ok {
			c.Subject = n.text()
		}
		l.content(o, &c)
		if n, ok := o.get("label"); ok {
			c.class = l.reclass(n)
		}
		if n, ok := o.need("expect"); ok {
			if c.Expect = fault.Code(n.text()); c.Expect == "allow" {
				c.Expect = ""
			} else if !fault.Known(c.Expect) {
				n.fail("expect %q: neither allow nor the code of a refusal", "期望 %q 既不是 allow，也不是拒绝代码", c.Expect)
			}
		}
		o.done()
		l.cases = append(l.cases, c)
	}
}

// caseFlow reads the flow, and form and assurance where the flow leaves a choice.
func (l *loader) caseFlow(o *object, c *Case) {
	n, ok := o.need("flow")
	if !ok {
		return
	}
	c.Flow = n.oneOf(flowWord(), l.flowNames())
	f := l.flow(c.Flow)
	if f == nil {
		f = &policy.Flow{}
	}
	if len(f.Accept) > 0 {
		c.Assurance = f.Accept[0]
	}
	if n, ok := o.get("assurance"); ok {
		c.Assurance = label.Assurance(n.text())
	}
	forms := names(f.Forms, func(f policy.Form) string { return f.Name })
	if len(forms) == 1 {
		c.Form = forms[0]
	}
	if n, ok := o.get("route"); ok {
		c.Form = n.oneOf(bilingual.Say("route", "路由"), forms)
	} else if len(forms) > 1 {
		o.fail(`flow %q has %d routes: say which under "route"`, `数据流 %q 有 %d 条路由：请在 "route" 下指明`, c.Flow, len(forms))
	}
}

// content reads the content: whole, or the parts of a request or an answer.
func (l *loader) content(o *object, c *Case) {
	if n, ok := o.get("content"); ok {
		if r, isRecord := n.value(0).(parcel.Record); isRecord {
			maps.Copy(c.Content, r)
		} else {
			n.fail("wants a mapping", "应为映射")
		}
	}
	parts := o
	if n, ok := o.get("answer"); ok {
		c.Answer = true
		if parts = n.object(); parts == nil {
			return
		}
	}
	for _, key := range []string{"status", "path", "query", "header", "body"} {
		if n, ok := parts.get(key); ok {
			c.Content[key] = n.value(0)
		}
	}
	if c.Answer {
		parts.done()
	}
	if _, given := c.Content["form"]; !given && c.Form != "" {
		c.Content["form"] = c.Form
	}
}

// value is a value of a parcel's content.
func (n node) value(depth int) any {
	if depth > policy.MaxDepth {
		n.fail("nested deeper than %d", "嵌套超过 %d 层", policy.MaxDepth)
		return nil
	}
	switch v := n.ast.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return v.Value
	case *ast.IntegerNode:
		return n.integer()
	case *ast.SequenceNode:
		items := make([]any, 0, len(v.Values))
		for _, item := range n.list() {
			items = append(items, item.value(depth+1))
		}
		return items
	case *ast.MappingNode, *ast.MappingValueNode:
		r := parcel.Record{}
		if o := n.object(); o != nil {
			o.each(func(key, value node) { r[key.text()] = value.value(depth + 1) })
		}
		return r
	default:
		return n.text()
	}
}

func (l *loader) reclass(n node) reclass {
	var r reclass
	o := n.object()
	if o == nil {
		return r
	}
	if v, ok := o.get("confidentiality"); ok {
		r.confidentiality = v.level()
	}
	if v, ok := o.get("integrity"); ok {
		r.integrity = v.level()
	}
	if v, ok := o.get("categories"); ok {
		set := l.categories(v)
		r.categories = &set
	}
	o.done()
	return r
}
