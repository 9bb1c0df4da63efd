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

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

func (w *words) flowAdded(f *policy.Flow) {
	w.add("flow", f.Name, Wider, "flow %s is new: %s on %s for %s, %s from %s to %s, for %s, at %d requests/s for each subject",
		"新增数据流 %s：对客体 %[3]s 执行 %[2]s，用途 %[4]s，协议 %[5]s，从安全域 %[6]s 到 %[7]s，主体鉴别方式 %[8]s，每个主体每秒 %[9]d 次请求", f.Name,
		f.Action, w.names.object(f.Object), f.Purpose, f.Protocol, f.From, f.To, either(ways(f)), f.Limits.Rate)
	for i := range f.Routes {
		w.add("flow", f.Name, Wider, "flow %s: %s %s may be asked", "数据流 %s：可请求 %s %s", f.Name, f.Routes[i].Method, f.Routes[i].Path)
	}
}

func (w *words) flowRemoved(f *policy.Flow) {
	w.add("flow", f.Name, Narrower, "flow %s is gone: %s on %s does not cross any more", "数据流 %s 已移除：不再允许对客体 %[3]s 执行 %[2]s", f.Name, f.Action, w.names.object(f.Object))
}

func (w *words) flow(a, b *policy.Flow) {
	what := flowNamed(b.Name)
	say := bilingual.Say
	for _, field := range []struct {
		name          bilingual.Words
		before, after string
	}{
		{say("kind", "类型"), a.Kind, b.Kind}, {say("protocol", "协议"), a.Protocol, b.Protocol}, {say("from", "起始安全域"), a.From, b.From}, {say("to", "目的安全域"), a.To, b.To},
		{say("entry", "入口"), a.Entry + "/" + a.Listener, b.Entry + "/" + b.Listener}, {say("exit", "出口"), a.Exit + "/" + a.Target, b.Exit + "/" + b.Target},
		{say("object", "客体"), w.names.object(a.Object), w.names.object(b.Object)}, {say("action", "操作"), a.Action, b.Action}, {say("purpose", "用途"), a.Purpose, b.Purpose}, {say("issuer of tokens", "令牌签发者"), a.Issuer, b.Issuer},
	} {
		if field.before != field.after {
			w.add("flow", b.Name, Other, "%s: %s %s → %s", "%s：%s %s → %s", what, field.name, word(field.before), word(field.after))
		}
	}
	w.classes("flow", b.Name, say("%s: class of what crosses", "%s：通过内容的等级", what), a.Class, b.Class, false)
	w.classes("flow", b.Name, say("%s: class of answers", "%s：应答的等级", what), a.Answer, b.Answer, false)
	w.flowRules(a, b)
	w.routes(a, b)
	w.limits(b.Name, a.Limits, b.Limits)
	w.files(b.Name, a.Files, b.Files)
}

func flowNamed(name string) bilingual.Words { return bilingual.Say("flow %s", "数据流 %s", name) }

// word is a value that may be empty.
func word(s string) any {
	if s == "" {
		return bilingual.Say("(none)", "（无）")
	}
	return s
}

// either is ways of which one is enough.
func either(ways []string) bilingual.Words {
	return bilingual.Words{English: strings.Join(ways, " or "), Chinese: strings.Join(ways, " 或 ")}
}

func truth(so bool) bilingual.Words {
	if so {
		return bilingual.Say("true", "是")
	}
	return bilingual.Say("false", "否")
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
	what := flowNamed(b.Name)
	if a.Raise != b.Raise {
		w.add("flow", b.Name, grows(a.Raise, b.Raise), "%s: its checks raise integrity to %s, not %s", "%s：其检查将完整性提升至 %s，原为 %s", what, level(b.Raise), level(a.Raise))
	}
	w.sets(a.Checks, b.Checks, func(c string) {
		w.add("flow", b.Name, Narrower, "%s: check %s is made", "%s：须做检查 %s", what, c)
	},
		func(c string) {
			w.add("flow", b.Name, Wider, "%s: check %s is made no more", "%s：不再做检查 %s", what, c)
		})
	w.sets(ways(a), ways(b), func(way string) {
		w.add("flow", b.Name, Wider, "%s: who proves itself by %s is taken", "%s：接受以 %s 证明身份者", what, way)
	},
		func(way string) {
			w.add("flow", b.Name, Narrower, "%s: who proves itself by %s is taken no more", "%s：不再接受以 %s 证明身份者", what, way)
		})
	if a.Unknown != b.Unknown {
		if b.Unknown == "drop" {
			w.add("flow", b.Name, Wider, "%s: what the forms do not name is dropped, and the rest passes", "%s：表单未列出的内容被丢弃，其余通过", what)
		} else {
			w.add("flow", b.Name, Narrower, "%s: what the forms do not name is refused with all of it", "%s：含有表单未列出的内容时整体拒绝", what)
		}
	}
}

func level(l label.Level) any {
	if l == 0 {
		return bilingual.Say("nothing", "（不提升）")
	}
	return l
}

// routes compares what may be asked, and the forms of it.
func (w *words) routes(a, b *policy.Flow) {
	what := flowNamed(b.Name)
	compare(a.Routes, b.Routes, func(r *policy.Route) string { return r.Form },
		func(r *policy.Route) {
			w.add("flow", b.Name, Wider, "%s: %s %s may be asked (form %s)", "%s：可请求 %s %s（表单 %s）", what, r.Method, r.Path, r.Form)
		},
		func(r *policy.Route) {
			w.add("flow", b.Name, Narrower, "%s: %s %s may not be asked any more", "%s：不可再请求 %s %s", what, r.Method, r.Path)
		},
		func(x, y *policy.Route) {
			if *x != *y {
				w.add("flow", b.Name, Other, "%s: form %s is %s %s, not %s %s", "%s：表单 %s 为 %s %s，原为 %s %s", what, y.Form, y.Method, y.Path, x.Method, x.Path)
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
	s.compare(bilingual.Say("%s question", "%s 请求", a.Name), &a.Request, &b.Request)
	compare(a.Answers, b.Answers, func(x *policy.AnswerForm) string { return fmt.Sprint(x.Status) },
		func(x *policy.AnswerForm) {
			w.add("form", flow, Wider, "flow %s: form %s may be answered with status %d", "数据流 %s：表单 %s 可用状态码 %d 应答", flow, a.Name, x.Status)
		},
		func(x *policy.AnswerForm) {
			w.add("form", flow, Narrower, "flow %s: form %s may not be answered with status %d any more", "数据流 %s：表单 %s 不可再用状态码 %d 应答", flow, a.Name, x.Status)
		},
		func(x, y *policy.AnswerForm) {
			s.compare(bilingual.Say("%s answer %d", "%s 应答 %d", a.Name, x.Status), &x.Schema, &y.Schema)
		})
}

func (w *words) limits(flow string, a, b policy.Limits) {
	say := bilingual.Say
	for _, l := range []struct {
		name, unit    bilingual.Words
		before, after int64
	}{
		{say("rate", "速率"), say("requests/s for each subject", "次请求/秒（每个主体）"), a.Rate, b.Rate},
		{say("burst", "突发"), say("requests for each subject", "次请求（每个主体）"), a.Burst, b.Burst},
		{say("at once", "并发"), say("under way", "个进行中的请求"), a.Concurrent, b.Concurrent},
		{say("request", "请求"), say("bytes", "字节"), a.RequestBytes, b.RequestBytes},
		{say("answer", "应答"), say("bytes", "字节"), a.AnswerBytes, b.AnswerBytes},
		{say("bodies", "正文"), say("bytes/s for each subject", "字节/秒（每个主体）"), a.Bytes, b.Bytes},
	} {
		if l.before != l.after {
			w.add("flow", flow, grows(l.before, l.after), "flow %s: %s %d → %d %s", "数据流 %s：%s %d → %d %s", flow, l.name, l.before, l.after, l.unit)
		}
	}
	for _, l := range []struct {
		name          bilingual.Words
		before, after int64
	}{{say("an answer may take", "应答时限"), a.TimeoutMillis, b.TimeoutMillis}, {say("a label holds", "安全标记有效期"), a.LabelMillis, b.LabelMillis}} {
		if l.before != l.after {
			w.add("flow", flow, grows(l.before, l.after), "flow %s: %s %s → %s", "数据流 %s：%s %s → %s", flow, l.name, millis(l.before), millis(l.after))
		}
	}
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

func (w *words) files(flow string, a, b *policy.Files) {
	if a == nil || b == nil {
		return // the kind of the flow is another, which was said
	}
	what := flowNamed(flow)
	if a.MaxSize != b.MaxSize {
		w.add("flow", flow, grows(a.MaxSize, b.MaxSize), "%s: a file of at most %d → %d bytes", "%s：单个文件最大 %d → %d 字节", what, a.MaxSize, b.MaxSize)
	}
	if !slices.Equal(a.Extensions, b.Extensions) {
		w.extensions(flow, a.Extensions, b.Extensions)
	}
	if a.Ready != b.Ready {
		w.add("flow", flow, Other, "%s: a file is whole by %s, not by %s", "%s：以 %s 判断文件已写完，原为 %s", what, b.Ready, a.Ready)
	}
	if a.Receipts != b.Receipts {
		w.add("flow", flow, Other, "%s: receipts are written: %s", "%s：是否写回执：%s", what, truth(b.Receipts))
	}
}

func (w *words) extensions(flow string, a, b []string) {
	what := flowNamed(flow)
	switch {
	case len(b) == 0:
		w.add("flow", flow, Wider, "%s: files of any name extension, not only %s", "%s：文件扩展名不限，原仅限 %s", what, strings.Join(a, " "))
	case len(a) == 0:
		w.add("flow", flow, Narrower, "%s: only files %s", "%s：文件扩展名仅限 %s", what, strings.Join(b, " "))
	default:
		w.sets(a, b, func(x string) {
			w.add("flow", flow, Wider, "%s: files %s too", "%s：增加允许的文件扩展名 %s", what, x)
		},
			func(x string) {
				w.add("flow", flow, Narrower, "%s: files %s no more", "%s：不再允许文件扩展名 %s", what, x)
			})
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
		func(r *rule) {
			w.add("cedar", r.shown, gains[r.permit], "%s is new: %s", "新增%s：%s", r.title(), r.said())
		},
		func(r *rule) {
			w.add("cedar", r.shown, loses[r.permit], "%s is gone: %s", "%s 已移除：%s", r.title(), r.said())
		},
		func(x, y *rule) {
			if !bytes.Equal(x.text, y.text) {
				w.add("cedar", y.shown, Other, "%s says: %s; it said: %s", "%s 现为：%s；原为：%s", y.title(), y.said(), x.said())
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

func (r *rule) title() bilingual.Words {
	if r.permit {
		return bilingual.Say("permission %q", "允许规则 %q", r.shown)
	}
	return bilingual.Say("prohibition %q", "禁止规则 %q", r.shown)
}

// said is the policy in one line.
func (r *rule) said() string { return clipped(strings.Join(strings.Fields(string(r.text)), " "), 600) }
