// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Limits that a flow has where it states none, and the most that it may state.
// A request or answer must fit a parcel's fields (parcel.MaxFields).
const (
	usualRequest    = 64 << 10
	usualAnswer     = 256 << 10
	mostContent     = 900 << 10
	usualRate       = 50
	mostRate        = 1_000_000
	usualConcurrent = 64
	mostConcurrent  = 65_536
	usualTimeout    = 10 * time.Second
	mostTimeout     = 5 * time.Minute
	usualLabelLife  = 30 * time.Second
	mostLabelLife   = 5 * time.Minute
)

func (l *loader) flows() {
	for _, o := range l.items("flows") {
		var f policy.Flow
		if n, ok := o.need("name"); ok {
			f.Name = n.name()
			n.unique(flowWord(), f.Name, l.flowNames())
		}
		l.ways(o, &f)
		l.dimensions(o, &f)
		l.subjectsOf(o, &f)
		l.protocol(o, &f)
		f.Limits = usualLimits()
		if n, ok := o.get("limits"); ok {
			n.limits(&f.Limits)
		}
		o.done()
		l.draft.Flows, l.places = append(l.draft.Flows, f), append(l.places, o.node)
	}
}

func (l *loader) flowNames() []string {
	return names(l.draft.Flows, func(f policy.Flow) string { return f.Name })
}

func (l *loader) flow(name string) *policy.Flow {
	for i := range l.draft.Flows {
		if l.draft.Flows[i].Name == name {
			return &l.draft.Flows[i]
		}
	}
	return nil
}

// ways reads where the flow goes, and through which fronts.
func (l *loader) ways(o *object, f *policy.Flow) {
	if n, ok := o.need("from"); ok {
		f.From = n.oneOf(zoneWord(), l.zoneNames())
	}
	if n, ok := o.need("to"); ok {
		f.To = n.oneOf(zoneWord(), l.zoneNames())
		from, to := l.zone(f.From), l.zone(f.To)
		if from != nil && to != nil && from.Inner == to.Inner {
			n.fail("from %q to %q does not cross the guard: exactly one of them is inner", "从 %q 到 %q 不经过安全互联部件：两个安全域中须恰有一个为内侧", f.From, f.To)
		}
	}
	if n, ok := o.need("entry"); ok {
		f.Entry, f.Listener = n.front("listener")
	}
	if n, ok := o.need("exit"); ok {
		f.Exit, f.Target = n.front("target")
	}
}

// front reads {front: component, listener or target: name in its configuration}.
func (n node) front(place string) (component, name string) {
	o := n.object()
	if o == nil {
		return "", ""
	}
	component, name = o.needName("front"), o.needName(place)
	o.done()
	return component, name
}

// dimensions reads what the flow's labels say.
func (l *loader) dimensions(o *object, f *policy.Flow) {
	if n, ok := o.need("object"); ok {
		f.Object = l.mapObject(n, f.From)
	}
	f.Action, f.Purpose = o.needName("action"), o.needName("purpose")
	if n, ok := o.need("class"); ok {
		f.Class = l.class(n, label.Class{Integrity: l.vouched(f.From)})
	}
	if n, ok := o.get("raise"); ok {
		l.raise(n, f)
	}
}

// vouched is the integrity that what comes from a zone has.
func (l *loader) vouched(zone string) label.Level {
	if z := l.zone(zone); z != nil {
		return z.Class.Integrity
	}
	return label.MinLevel
}

// mapObject is the id of an object, which may be given as the source zone names it.
func (l *loader) mapObject(n node, from string) string {
	name := n.text()
	known := l.objectIDs()
	for _, object := range l.draft.Objects {
		for _, alias := range object.Aliases {
			if alias.Zone == from && alias.Name == name {
				return object.ID
			}
			known = append(known, alias.Name)
		}
	}
	if name != "" && !slices.Contains(l.objectIDs(), name) {
		n.fail("no object %q%s", "没有名为 %q 的客体%s", name, suggestion(name, known))
	}
	return name
}

func (l *loader) raise(n node, f *policy.Flow) {
	o := n.object()
	if o == nil {
		return
	}
	if v, ok := o.need("integrity"); ok {
		f.Raise = v.level()
	}
	if v, ok := o.need("by"); ok {
		if f.Checks = v.texts(); len(f.Checks) == 0 {
			v.fail("integrity rises by named checks only", "完整性只能经指定的检查提升")
		}
	}
	o.done()
}

// subjectsOf reads how the flow's subjects are established.
func (l *loader) subjectsOf(o *object, f *policy.Flow) {
	if n, ok := o.need("accept"); ok {
		l.accept(n, f)
	}
	if n, ok := o.get("issuer"); ok {
		f.Issuer = n.oneOf(issuerWord(), l.issuerNames())
	} else if slices.Contains(f.Accept, label.ByToken) {
		o.fail(`accepts a token, so it needs the key "issuer"`, `接受令牌，因此须有键 "issuer"（签发者）`)
	}
}

// accept reads the ways: each is a method, or several that must all hold, joined by "+".
func (l *loader) accept(n node, f *policy.Flow) {
	var ways []policy.Way
	for _, item := range n.list() {
		w, ok := item.way()
		if !ok {
			continue
		}
		if before := slices.IndexFunc(ways, func(v policy.Way) bool { return within(&v, &w) }); before >= 0 {
			item.fail("%q is never tried: %q stands before it and wants less", "不会用到 %q：排在前面的 %q 要求更少", w.Name, ways[before].Name)
			continue
		}
		ways = append(ways, w)
		f.Proofs = append(f.Proofs, w.Methods)
		l.accepted = append(l.accepted, declared{node: item, way: w, flow: len(l.draft.Flows)})
	}
	if len(ways) == 0 {
		n.fail("accepts nobody", "不接受任何主体")
	}
	f.Accept = policy.Assurances(ways)
}

// within tells whether all that way v wants is wanted by w too.
func within(v, w *policy.Way) bool {
	return !slices.ContainsFunc(v.Methods, func(m label.Assurance) bool { return !w.Needs(m) })
}

// way reads "certificate+password".
func (n node) way() (policy.Way, bool) {
	known := []string{
		string(label.ByComponent), string(label.ByAddress), string(label.ByHardware), string(label.ByAPIKey),
		string(label.ByPassword), string(label.ByCertificate), string(label.ByToken),
	}
	var methods []label.Assurance
	for _, name := range strings.Split(n.text(), "+") {
		name = strings.TrimSpace(name)
		if !slices.Contains(known, name) {
			n.fail("no method %q%s", "没有名为 %q 的鉴别方式%s", name, suggestion(name, known))
			return policy.Way{}, false
		}
		methods = append(methods, label.Assurance(name))
	}
	w, err := policy.NewWay(methods...)
	if err != nil {
		n.fail("%v", "鉴别方式的组合有误：%v", err)
	}
	return w, err == nil
}

// protocol reads what is different for each protocol.
func (l *loader) protocol(o *object, f *policy.Flow) {
	n, ok := o.need("protocol")
	if !ok {
		return
	}
	f.Unknown = "refuse"
	switch f.Protocol = n.oneOf(bilingual.Say("protocol", "协议"), []string{"http", "file"}); f.Protocol {
	case "http":
		f.Kind = "ask"
		if n, ok := o.get("unknown"); ok {
			f.Unknown = n.oneOf(bilingual.Say("answer to what the forms do not name", "处理方式（表单未列出的内容）"), []string{"drop", "refuse"})
		}
		if n, ok := o.need("answer"); ok {
			f.Answer = l.class(n, label.Class{Integrity: l.vouched(f.To)})
		}
		if n, ok := o.need("routes"); ok {
			l.routes(n, f)
		}
	case "file":
		f.Kind = "deliver"
		f.Answer = label.Class{Confidentiality: label.MinLevel, Integrity: l.vouched(f.To)} // nothing answers
		if n, ok := o.need("files"); ok {
			l.files(n, f)
		}
	}
}

func usualLimits() policy.Limits {
	return policy.Limits{
		RequestBytes: usualRequest, AnswerBytes: usualAnswer, Rate: usualRate, Burst: 2 * usualRate, Concurrent: usualConcurrent,
		TimeoutMillis: usualTimeout.Milliseconds(), LabelMillis: usualLabelLife.Milliseconds(),
	}
}

// limits replaces the limits that are stated.
func (n node) limits(out *policy.Limits) {
	o := n.object()
	if o == nil {
		return
	}
	if v, ok := o.get("request"); ok {
		out.RequestBytes = v.size(mostContent)
	}
	if v, ok := o.get("answer"); ok {
		out.AnswerBytes = v.size(mostContent)
	}
	if v, ok := o.get("rate"); ok {
		out.Rate = v.rate(mostRate)
		out.Burst = 2 * out.Rate
	}
	if v, ok := o.get("burst"); ok {
		out.Burst = v.count(2 * mostRate)
	}
	if v, ok := o.get("concurrent"); ok {
		out.Concurrent = v.count(mostConcurrent)
	}
	if v, ok := o.get("timeout"); ok {
		out.TimeoutMillis = v.duration(mostTimeout).Milliseconds()
	}
	if v, ok := o.get("label"); ok {
		out.LabelMillis = v.duration(mostLabelLife).Milliseconds()
	}
	o.done()
}
