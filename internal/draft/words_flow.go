// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cedar-policy/cedar-go"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

func (w *words) flowAdded(f *policy.Flow) {
	w.add("flow", f.Name, Wider, "flow %s is new: %s on %s for %s, %s from %s to %s, for %s, at %d requests/s for each subject", f.Name,
		f.Action, w.names.object(f.Object), f.Purpose, f.Protocol, f.From, f.To, strings.Join(ways(f), " or "), f.Limits.Rate)
	for i := range f.Routes {
		w.add("flow", f.Name, Wider, "flow %s: %s %s may be asked", f.Name, f.Routes[i].Method, f.Routes[i].Path)
	}
}

func (w *words) flowRemoved(f *policy.Flow) {
	w.add("flow", f.Name, Narrower, "flow %s is gone: %s on %s does not cross any more", f.Name, f.Action, w.names.object(f.Object))
}

func (w *words) flow(a, b *policy.Flow) {
	what := "flow " + b.Name
	for _, field := range []struct{ name, before, after string }{
		{"kind", a.Kind, b.Kind}, {"protocol", a.Protocol, b.Protocol}, {"from", a.From, b.From}, {"to", a.To, b.To},
		{"entry", a.Entry + "/" + a.Listener, b.Entry + "/" + b.Listener}, {"exit", a.Exit + "/" + a.Target, b.Exit + "/" + b.Target},
		{"object", w.names.object(a.Object), w.names.object(b.Object)}, {"action", a.Action, b.Action}, {"purpose", a.Purpose, b.Purpose}, {"issuer of tokens", a.Issuer, b.Issuer},
	} {
		if field.before != field.after {
			w.add("flow", b.Name, Other, "%s: %s %s → %s", what, field.name, word(field.before), word(field.after))
		}
	}
	w.classes("flow", b.Name, what+": class of what crosses", a.Class, b.Class, false)
	w.classes("flow", b.Name, what+": class of answers", a.Answer, b.Answer, false)
	w.flowRules(a, b)
	w.routes(a, b)
	w.limits(b.Name, a.Limits, b.Limits)
	w.files(b.Name, a.Files, b.Files)
}

// word is a value that may be empty.
func word(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// ways are how a flow takes subjects.
func ways(f *policy.Flow) []string {
	var list []string
	for _, methods := range f.Proofs {
		names := make([]string, len(methods))
		for i, m := range methods {
			names[i] = string(m)
		}
		list = append(list, strings.Join(names, "+"))
	}
	if len(list) == 0 {
		for _, a := range f.Accept {
			list = append(list, string(a))
		}
	}
	return list
}

func (w *words) flowRules(a, b *policy.Flow) {
	what := "flow " + b.Name
	if a.Raise != b.Raise {
		w.add("flow", b.Name, grows(a.Raise, b.Raise), "%s: its checks raise integrity to %s, not %s", what, level(b.Raise), level(a.Raise))
	}
	w.sets(a.Checks, b.Checks, func(c string) { w.add("flow", b.Name, Narrower, "%s: check %s is made", what, c) },
		func(c string) { w.add("flow", b.Name, Wider, "%s: check %s is made no more", what, c) })
	w.sets(ways(a), ways(b), func(way string) { w.add("flow", b.Name, Wider, "%s: who proves itself by %s is taken", what, way) },
		func(way string) {
			w.add("flow", b.Name, Narrower, "%s: who proves itself by %s is taken no more", what, way)
		})
	if a.Unknown != b.Unknown {
		effect := Narrower
		if b.Unknown == "drop" {
			effect = Wider
		}
		w.add("flow", b.Name, effect, "%s: what the forms do not name is %s", what, map[string]string{"drop": "dropped, and the rest passes", "refuse": "refused with all of it"}[b.Unknown])
	}
}

func level(l label.Level) string {
	if l == 0 {
		return "nothing"
	}
	return fmt.Sprint(l)
}

// routes compares what may be asked, and the forms of it.
func (w *words) routes(a, b *policy.Flow) {
	what := "flow " + b.Name
	compare(a.Routes, b.Routes, func(r *policy.Route) string { return r.Form },
		func(r *policy.Route) {
			w.add("flow", b.Name, Wider, "%s: %s %s may be asked (form %s)", what, r.Method, r.Path, r.Form)
		},
		func(r *policy.Route) {
			w.add("flow", b.Name, Narrower, "%s: %s %s may not be asked any more", what, r.Method, r.Path)
		},
		func(x, y *policy.Route) {
			if *x != *y {
				w.add("flow", b.Name, Other, "%s: form %s is %s %s, not %s %s", what, y.Form, y.Method, y.Path, x.Method, x.Path)
			}
		})
	for i := range b.Forms {
		if old := a.Form(b.Forms[i].Name); old != nil {
			w.form(b.Name, old, &b.Forms[i])
		}
	}
}

func (w *words) form(flow string, a, b *policy.Form) {
	s := schemas{words: w, flow: flow}
	s.compare(a.Name+" question", &a.Request, &b.Request)
	compare(a.Answers, b.Answers, func(x *policy.AnswerForm) string { return fmt.Sprint(x.Status) },
		func(x *policy.AnswerForm) {
			w.add("form", flow, Wider, "flow %s: form %s may be answered with status %d", flow, a.Name, x.Status)
		},
		func(x *policy.AnswerForm) {
			w.add("form", flow, Narrower, "flow %s: form %s may not be answered with status %d any more", flow, a.Name, x.Status)
		},
		func(x, y *policy.AnswerForm) {
			s.compare(fmt.Sprintf("%s answer %d", a.Name, x.Status), &x.Schema, &y.Schema)
		})
}

func (w *words) limits(flow string, a, b policy.Limits) {
	for _, l := range []struct {
		name, unit    string
		before, after int64
	}{
		{"rate", " requests/s for each subject", a.Rate, b.Rate},
		{"burst", " requests for each subject", a.Burst, b.Burst},
		{"at once", " under way", a.Concurrent, b.Concurrent},
		{"request", " bytes", a.RequestBytes, b.RequestBytes},
		{"answer", " bytes", a.AnswerBytes, b.AnswerBytes},
		{"bodies", " bytes/s for each subject", a.Bytes, b.Bytes},
	} {
		if l.before != l.after {
			w.add("flow", flow, grows(l.before, l.after), "flow %s: %s %d → %d%s", flow, l.name, l.before, l.after, l.unit)
		}
	}
	for _, l := range []struct {
		name          string
		before, after int64
	}{{"an answer may take", a.TimeoutMillis, b.TimeoutMillis}, {"a label holds", a.LabelMillis, b.LabelMillis}} {
		if l.before != l.after {
			w.add("flow", flow, grows(l.before, l.after), "flow %s: %s %s → %s", flow, l.name, millis(l.before), millis(l.after))
		}
	}
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

func (w *words) files(flow string, a, b *policy.Files) {
	if a == nil || b == nil {
		return // the kind of the flow is another, which was said
	}
	what := "flow " + flow
	if a.MaxSize != b.MaxSize {
		w.add("flow", flow, grows(a.MaxSize, b.MaxSize), "%s: a file of at most %d → %d bytes", what, a.MaxSize, b.MaxSize)
	}
	if !slices.Equal(a.Extensions, b.Extensions) {
		w.extensions(flow, a.Extensions, b.Extensions)
	}
	if a.Ready != b.Ready {
		w.add("flow", flow, Other, "%s: a file is whole by %s, not by %s", what, b.Ready, a.Ready)
	}
	if a.Receipts != b.Receipts {
		w.add("flow", flow, Other, "%s: receipts are written: %t", what, b.Receipts)
	}
}

func (w *words) extensions(flow string, a, b []string) {
	what := "flow " + flow
	switch {
	case len(b) == 0:
		w.add("flow", flow, Wider, "%s: files of any name extension, not only %s", what, strings.Join(a, " "))
	case len(a) == 0:
		w.add("flow", flow, Narrower, "%s: only files %s", what, strings.Join(b, " "))
	default:
		w.sets(a, b, func(x string) { w.add("flow", flow, Wider, "%s: files %s too", what, x) },
			func(x string) { w.add("flow", flow, Narrower, "%s: files %s no more", what, x) })
	}
}

// rule is one Cedar policy.
type rule struct {
	name   string // its id, or its text where it has none of its own
	shown  string
	permit bool
	text   []byte
}

// cedar compares the policies by their ids; those without an id by what they say.
func (w *words) cedar(a, b *policy.Bundle) {
	gains := map[bool]Effect{true: Wider, false: Narrower}
	loses := map[bool]Effect{true: Narrower, false: Wider}
	compare(rules(a), rules(b), func(r *rule) string { return r.name },
		func(r *rule) { w.add("cedar", r.shown, gains[r.permit], "%s is new: %s", r.title(), r.said()) },
		func(r *rule) { w.add("cedar", r.shown, loses[r.permit], "%s is gone: %s", r.title(), r.said()) },
		func(x, y *rule) {
			if !bytes.Equal(x.text, y.text) {
				w.add("cedar", y.shown, Other, "%s says: %s; it said: %s", y.title(), y.said(), x.said())
			}
		})
}

func rules(b *policy.Bundle) []rule {
	var list []rule
	for _, file := range b.Cedar {
		parsed, err := cedar.NewPolicyListFromBytes(file.Name, []byte(file.Text))
		if err != nil {
			continue // the bundle compiled
		}
		for i, p := range parsed {
			r := rule{permit: p.Effect() == cedar.Permit, text: p.MarshalCedar(), shown: fmt.Sprintf("%s#%d", file.Name, i+1)}
			r.name = string(r.text)
			if id, ok := p.Annotations()["id"]; ok {
				r.name, r.shown = "@"+string(id), string(id)
			}
			list = append(list, r)
		}
	}
	return list
}

func (r *rule) title() string {
	if r.permit {
		return fmt.Sprintf("permission %q", r.shown)
	}
	return fmt.Sprintf("prohibition %q", r.shown)
}

// said is the policy in one line.
func (r *rule) said() string { return clipped(strings.Join(strings.Fields(string(r.text)), " "), 600) }
