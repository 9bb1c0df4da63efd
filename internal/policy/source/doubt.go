// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"slices"
	"strings"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// doubts looks for what is whole and yet can never work: it refuses safely, but its
// author believes that it does something.
func (l *loader) doubts() {
	for i := range l.draft.Flows {
		l.doubtClass(l.places[i], &l.draft.Flows[i])
	}
	for _, d := range l.accepted {
		if d.flow < len(l.draft.Flows) {
			l.doubtWay(d, &l.draft.Flows[d.flow])
		}
	}
}

// doubtClass warns of a flow whose base class some ceiling on the way never lets pass.
func (l *loader) doubtClass(at node, f *policy.Flow) {
	from, to := l.zone(f.From), l.zone(f.To)
	object := slices.IndexFunc(l.draft.Objects, func(o policy.Object) bool { return o.ID == f.Object })
	if from == nil || to == nil || object < 0 {
		return // an error already
	}
	if f.Class.Integrity < from.Class.Integrity {
		l.warn(at, "flow %q can never pass: its class has integrity %d, below the %d of zone %q",
			"数据流 %q 永远无法通过：其完整性等级 %d 低于安全域 %[4]q 的 %[3]d", f.Name, f.Class.Integrity, from.Class.Integrity, from.Name)
		return
	}
	if f.Class.Integrity > from.Class.Integrity || f.Kind == "ask" && f.Answer.Integrity > to.Class.Integrity {
		l.warn(at, "flow %q can never pass: it claims more integrity than zone %q (its answers: %q) vouches for",
			"数据流 %q 永远无法通过：它声明的完整性高于安全域 %q（应答则为 %q）所能保证的", f.Name, from.Name, to.Name)
		return
	}
	raised := f.Class
	raised.Integrity = max(raised.Integrity, f.Raise)
	ceilings := []ceiling{
		{outOf(from), from.Class, f.Class}, {into(to), to.Class, raised},
		{bilingual.Say("object %s", "客体 %s 接收的内容", f.Object), l.draft.Objects[object].Class, raised},
	}
	if f.Kind == "ask" {
		ceilings = append(ceilings, ceiling{outOf(to), to.Class, f.Answer}, ceiling{into(from), from.Class, f.Answer})
	}
	for _, ceiling := range ceilings {
		if why, refuses := ceiling.refuses(); refuses {
			l.warn(at, "flow %q can never pass: %s", "数据流 %q 永远无法通过：%s", f.Name, why)
			return
		}
	}
}

// ceiling is a class that bounds another.
type ceiling struct {
	where       bilingual.Words
	most, class label.Class
}

func outOf(z *policy.Zone) bilingual.Words {
	return bilingual.Say("what comes from zone %s", "来自安全域 %s 的内容", z.Name)
}

func into(z *policy.Zone) bilingual.Words {
	return bilingual.Say("zone %s", "进入安全域 %s 的内容", z.Name)
}

func (c ceiling) refuses() (why bilingual.Words, refuses bool) {
	switch {
	case c.class.Confidentiality > c.most.Confidentiality:
		return bilingual.Say("its class is more confidential than %s may be", "其机密性高于%s所允许的等级", c.where), true
	case !c.most.Categories.Contains(c.class.Categories):
		return bilingual.Say("its class has a category that %s may not have", "其等级带有%s不允许带有的范畴", c.where), true
	case c.class.Integrity < c.most.Integrity:
		return bilingual.Say("its class has less integrity than %s wants, and no check raises it enough",
			"其完整性低于%s所要求的等级，且没有检查将其提升到位", c.where), true
	default:
		return bilingual.Words{}, false
	}
}

// doubtWay warns of a way that no subject can go.
func (l *loader) doubtWay(d declared, f *policy.Flow) {
	component := d.way.Needs(label.ByComponent)
	switch {
	case f.Kind == "ask" && component:
		l.warn(d.node, `flow %q: nobody asks by "component", which is for files`, `数据流 %q：没有主体以 "component" 方式访问，该方式仅用于文件投递`, f.Name)
	case f.Kind == "deliver":
		return // by the front's own word, or by the key of an admitted terminal
	case d.way.Needs(label.ByPassword) && d.way.Needs(label.ByToken):
		l.warn(d.node, "flow %q: one request carries a password or a token, not both: HTTP has one field for them",
			"数据流 %q：一个请求只能携带口令或令牌之一：HTTP 只有一个字段承载它们", f.Name)
	case !slices.ContainsFunc(l.draft.Subjects, func(s policy.Subject) bool { return l.canGo(&s, f, &d.way) }):
		l.warn(d.node, "flow %q: no subject of zone %q has what %q wants", "数据流 %q：安全域 %q 中没有主体具备 %q 所要求的条件", f.Name, f.From, d.way.Name)
	}
	if d.way.Needs(label.ByAddress) || d.way.Needs(label.ByHardware) {
		l.doubtOwners(d, f)
	}
}

// canGo tells whether a subject has a credential or binding for every method of a way.
func (l *loader) canGo(s *policy.Subject, f *policy.Flow, w *policy.Way) bool {
	if !strings.HasPrefix(s.ID, f.From+"/") || strings.HasSuffix(s.ID, "*") && !w.Needs(label.ByToken) {
		return false
	}
	bound := policy.Binding{}
	if i := slices.IndexFunc(l.bindings, func(b policy.Binding) bool { return b.Subject == s.ID }); i >= 0 {
		bound = l.bindings[i]
	}
	return !slices.ContainsFunc(w.Methods, func(m label.Assurance) bool {
		switch m {
		case label.ByToken:
			return false
		case label.ByAddress:
			return len(bound.Addresses) == 0
		case label.ByHardware:
			return len(bound.Hardware) == 0
		default:
			return !slices.ContainsFunc(l.credentials, func(c policy.Credential) bool { return c.Subject == s.ID && c.Method == m })
		}
	})
}

// doubtOwners warns where the address alone is to say who asks, and two subjects of
// the zone have the same one.
func (l *loader) doubtOwners(d declared, f *policy.Flow) {
	if slices.ContainsFunc(d.way.Methods, func(m label.Assurance) bool { return m != label.ByAddress && m != label.ByHardware }) {
		return
	}
	owners := map[string]string{}
	for _, b := range l.bindings {
		places := b.Addresses
		if d.way.Needs(label.ByHardware) {
			places = b.Hardware
		}
		if !strings.HasPrefix(b.Subject, f.From+"/") || strings.HasSuffix(b.Subject, "*") {
			continue
		}
		for _, place := range places {
			if other := owners[place]; other != "" {
				l.warn(d.node, "flow %q: by %q nobody is known at %s, which is %q's and %q's",
					"数据流 %q：按 %q 方式无法区分 %s 的主体：该地址同时属于 %q 和 %q", f.Name, d.way.Name, place, other, b.Subject)
			}
			owners[place] = b.Subject
		}
	}
}
