// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/policy"
)

// routes reads the routes of an http flow; each becomes a form and a route to it.
func (l *loader) routes(n node, f *policy.Flow) {
	for _, item := range n.list() {
		o := item.object()
		if o == nil {
			continue
		}
		r := policy.Route{Form: o.needName("name"), Method: "GET"}
		if f.Form(r.Form) != nil {
			o.fail("route %q is there already", "路由 %q 已存在", r.Form)
		}
		if m, ok := o.need("method"); ok {
			r.Method = m.oneOf(bilingual.Say("method", "请求方法"), []string{"GET", "POST", "PUT", "PATCH", "DELETE"})
		}
		var parameters []string
		if p, ok := o.need("path"); ok {
			r.Path, parameters = p.template()
			l.unambiguous(p, f, r)
		}
		form := policy.Form{Name: r.Form, Request: l.request(o, r, parameters)}
		if answers, ok := o.need("answers"); ok {
			form.Answers = l.answers(answers, r.Form)
		}
		o.done()
		f.Forms, f.Routes = append(f.Forms, form), append(f.Routes, r)
	}
	if len(f.Routes) == 0 {
		n.fail("a flow without routes carries nothing", "没有路由的数据流不传递任何内容")
	}
}

var (
	literalSegment = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$`) //nolint:gochecknoglobals // a constant
	namedSegment   = regexp.MustCompile(`^\{([a-z][a-z0-9_-]{0,63})\}$`)    //nolint:gochecknoglobals // a constant
)

// template reads a path template: "/", or segments that are literal or one {name}.
func (n node) template() (template string, parameters []string) {
	template = n.text()
	rest, rooted := strings.CutPrefix(template, "/")
	if !rooted || len(template) > defaultText {
		n.fail("a path starts with / and has at most %d bytes", "路径须以 / 开头，至多 %d 字节", defaultText)
		return template, nil
	}
	if rest == "" {
		return template, nil
	}
	for _, segment := range strings.Split(rest, "/") {
		m := namedSegment.FindStringSubmatch(segment)
		switch {
		case m == nil && !literalSegment.MatchString(segment):
			n.fail("segment %q is neither literal (letters, digits, . _ ~ -) nor one {name}", "路径段 %q 既不是字面值（字母、数字、. _ ~ -），也不是一个 {name}", segment)
		case m != nil && slices.Contains(parameters, m[1]):
			n.fail("{%s} is there twice", "{%s} 重复出现", m[1])
		case m != nil:
			parameters = append(parameters, m[1])
		}
	}
	return template, parameters
}

// unambiguous says that no request on the flow's listener fits two routes, so that
// no order among routes has to be known.
func (l *loader) unambiguous(n node, f *policy.Flow, r policy.Route) {
	clash := func(other *policy.Flow, routes []policy.Route) {
		for _, o := range routes {
			if o.Method == r.Method && overlap(o.Path, r.Path) {
				n.fail("%s %s fits route %q of flow %q too: %s", "%s %s 也符合数据流 %[4]q 的路由 %[3]q：%[5]s", r.Method, r.Path, o.Form, other.Name, o.Path)
			}
		}
	}
	clash(f, f.Routes)
	for i := range l.draft.Flows {
		if other := &l.draft.Flows[i]; other.Entry == f.Entry && other.Listener == f.Listener {
			clash(other, other.Routes)
		}
	}
}

func overlap(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if as[i] != bs[i] && !strings.HasPrefix(as[i], "{") && !strings.HasPrefix(bs[i], "{") {
			return false
		}
	}
	return true
}

// request is the schema of a route's request: form, path, query, header, body.
func (l *loader) request(o *object, r policy.Route, parameters []string) policy.Schema {
	fields := []policy.Field{fixed("form", r.Form)}
	if path := l.parameters(o, parameters); len(path) > 0 {
		fields = append(fields, policy.Field{Name: "path", Required: true, Schema: record(path...)})
	}
	if n, ok := o.get("query"); ok {
		fields = l.section(fields, "query", n, scalar)
	}
	if n, ok := o.get("header"); ok {
		fields = l.section(fields, "header", n, headerField)
	}
	if n, ok := o.get("body"); ok {
		if r.Method == "GET" || r.Method == "DELETE" {
			n.fail("%s has no body", "%s 请求没有正文", r.Method)
		}
		s, required := l.schema(n)
		fields = append(fields, policy.Field{Name: "body", Required: required, Schema: s})
	}
	return record(fields...)
}

func (l *loader) parameters(o *object, parameters []string) []policy.Field {
	n, ok := o.get("path-parameters")
	if !ok {
		if len(parameters) > 0 {
			o.fail(`the path has {%s}: describe it under "path-parameters"`, `路径中有 {%s}：请在 "path-parameters" 下说明`, parameters[0])
		}
		return nil
	}
	fields := l.fields(n)
	for _, f := range fields {
		switch {
		case !slices.Contains(parameters, f.Name):
			n.fail("the path has no {%s}", "路径中没有 {%s}", f.Name)
		case !f.Required || f.Schema.Nullable:
			n.fail("{%s} is always there", "{%s} 总是存在：不能可选，也不能为 null", f.Name)
		}
		scalar(n, f)
	}
	for _, p := range parameters {
		if !slices.ContainsFunc(fields, func(f policy.Field) bool { return f.Name == p }) {
			n.fail("{%s} of the path is not described", "路径中的 {%s} 没有说明", p)
		}
	}
	return fields
}

// section adds a record of fields. It must be there where one of its fields must.
func (l *loader) section(to []policy.Field, name string, n node, check func(node, policy.Field)) []policy.Field {
	fields := l.fields(n)
	if len(fields) == 0 {
		return to
	}
	required := false
	for _, f := range fields {
		check(n, f)
		required = required || f.Required
	}
	return append(to, policy.Field{Name: name, Required: required, Schema: record(fields...)})
}

// scalar refuses what a path, query or header cannot hold.
func scalar(n node, f policy.Field) {
	if slices.Contains([]policy.Type{policy.List, policy.Record, policy.Bytes}, f.Schema.Type) {
		n.fail("field %q cannot be a %s here", "字段 %q 在此处不能是 %s 类型", f.Name, f.Schema.Type)
	}
	if f.Schema.Nullable {
		n.fail("field %q cannot be null here", "字段 %q 在此处不能为 null", f.Name)
	}
}

var headerName = regexp.MustCompile("^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$") //nolint:gochecknoglobals // a constant

// headerField refuses names that are not in lower case and headers that are the
// adapter's own affair: framing, routing and credentials.
func headerField(n node, f policy.Field) {
	scalar(n, f)
	own := []string{
		"authorization", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect", "forwarded", "host",
		"keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "set-cookie", "te", "trailer", "transfer-encoding",
		"upgrade", "x-api-key",
	}
	if !headerName.MatchString(f.Name) {
		n.fail("header %q: write it in lower case, at most 64 characters", "头字段 %q：请用小写，至多 64 个字符", f.Name)
	} else if slices.Contains(own, f.Name) {
		n.fail("header %q belongs to the connection and does not cross", "头字段 %q 属于连接本身，不会通过", f.Name)
	}
}

// answers reads the answers of a route: one schema for each status.
func (l *loader) answers(n node, form string) []policy.AnswerForm {
	var answers []policy.AnswerForm
	for _, item := range n.list() {
		o := item.object()
		if o == nil {
			continue
		}
		var a policy.AnswerForm
		if s, ok := o.need("status"); ok {
			a.Status = s.bounded(s.integer(), 200, 599)
			if slices.ContainsFunc(answers, func(b policy.AnswerForm) bool { return b.Status == a.Status }) {
				s.fail("status %d is there already", "状态码 %d 已存在", a.Status)
			}
		}
		fields := []policy.Field{fixed("form", form), {Name: "status", Required: true, Schema: policy.Schema{Type: policy.Integer, Min: a.Status, Max: a.Status}}}
		if h, ok := o.get("header"); ok {
			fields = l.section(fields, "header", h, headerField)
		}
		if b, ok := o.get("body"); ok {
			s, required := l.schema(b)
			fields = append(fields, policy.Field{Name: "body", Required: required, Schema: s})
		}
		o.done()
		a.Schema = record(fields...)
		answers = append(answers, a)
	}
	if len(answers) == 0 {
		n.fail("a route without answers answers nothing", "没有应答的路由无法应答")
	}
	return answers
}

// Bounds of a file flow.
const (
	usualFile  = 64 << 20
	mostFile   = 1 << 40
	mostTimeMs = 253_402_300_799_999 // the end of year 9999
	mostName   = 255
)

var extensionForm = regexp.MustCompile(`^(\.[a-z0-9]{1,16}){1,3}$`) //nolint:gochecknoglobals // a constant

// files reads the rules of a file flow and makes its one form.
func (l *loader) files(n node, f *policy.Flow) {
	f.Files = &policy.Files{MaxSize: usualFile, Ready: "rename"}
	o := n.object()
	if o == nil {
		return
	}
	if v, ok := o.get("max-size"); ok {
		f.Files.MaxSize = uint64(v.size(mostFile))
	}
	if v, ok := o.get("extensions"); ok {
		f.Files.Extensions = v.texts()
		for _, e := range f.Files.Extensions {
			if !extensionForm.MatchString(e) {
				v.fail("%q is not an extension such as .csv, in lower case", "%q 不是小写的扩展名，例如 .csv", e)
			}
		}
	}
	if v, ok := o.get("ready"); ok {
		f.Files.Ready = v.oneOf(bilingual.Say("ready convention", "就绪约定"), []string{"rename", "marker", "settled"})
	}
	if v, ok := o.get("receipts"); ok {
		f.Files.Receipts = v.boolean()
	}
	o.done()
	f.Forms = []policy.Form{{Name: "file", Request: record(
		fixed("form", "file"),
		policy.Field{Name: "modified", Required: true, Schema: policy.Schema{Type: policy.Integer, Max: mostTimeMs}},
		policy.Field{Name: "name", Required: true, Schema: policy.Schema{Type: policy.Text, Min: 1, Max: mostName, Pattern: namePattern(f.Files.Extensions)}},
		policy.Field{Name: "size", Required: true, Schema: policy.Schema{Type: policy.Integer, Max: int64(f.Files.MaxSize)}},
	)}}
}

// namePattern keeps hostile names out at both judges: no separator, no control
// character, no leading dot, and an extension of the list in any case.
func namePattern(extensions []string) string {
	plain := `[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*`
	if len(extensions) == 0 {
		return plain
	}
	quoted := make([]string, len(extensions))
	for i, e := range extensions {
		quoted[i] = regexp.QuoteMeta(e)
	}
	return fmt.Sprintf("%s(?i:%s)", plain, strings.Join(quoted, "|"))
}
