// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"crypto/sha256"
	"testing"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

// example is the policy of the example with its cases.
func example(t testing.TB) (*world, *policy.Policy, []source.Case) {
	t.Helper()
	s, err := source.Load(bank.Files())
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Draft()
	if err != nil {
		t.Fatal(err)
	}
	p.NotBefore, p.NotAfter = noon-1, noon+day
	return &world{now: noon, makers: []string{"front-internet", "front-intranet"}}, p, s.Cases()
}

// parcel is one of a case, as a front makes it.
func (w *world) parcel(p *policy.Policy, c *source.Case, number uint64) judge.Case {
	f := p.Flow(c.Flow)
	h := parcel.Header{
		Version: 1, Suite: 1, Kind: parcel.Ask, ID: parcel.ID{1}, Flow: c.Flow, Guard: p.Guard, FromZone: f.From, ToZone: f.To,
		Source: f.Entry, Destination: f.Exit, Term: p.Term, Bundle: p.Version, Fields: canon.Must(c.Content),
	}
	class, schema := f.Class, &f.Form(c.Form).Request
	switch {
	case f.Kind == "deliver":
		size, _ := c.Content["size"].(int64)
		h.Kind, h.Body = parcel.Deliver, parcel.Body{Size: uint64(size)}
	case c.Answer:
		status, _ := c.Content["status"].(int64)
		h.Kind, h.InReplyTo, class, schema = parcel.Answer, parcel.ID{2}, f.Answer, f.Form(c.Form).Answer(status)
		h.FromZone, h.ToZone, h.Source, h.Destination = f.To, f.From, f.Exit, f.Entry
	}
	if schema != nil {
		class = class.Join(leastOf(schema, c.Content))
	}
	header := canon.Must(&h)
	body := canon.Must(label.Label{
		Version: 1, Class: class, Subject: c.Subject, Assurance: c.Assurance, Object: f.Object, Action: f.Action, Protocol: f.Protocol,
		Purpose: f.Purpose, Maker: h.Source, Boot: 1, Epoch: noon / 300_000, Number: number, NotBefore: noon, NotAfter: noon + 1,
		Binding: sha256.Sum256(header),
	})
	key, _ := w.Key(h.Source, judgeID, noon/300_000)
	sealed := label.Sealed{Body: body, Tags: []label.Tag{
		{Judge: "guard-outer", Window: window}, {Judge: judgeID, Window: window, MAC: label.MAC(key, judgeID, window, body)},
	}}
	return judge.Case{Header: header, Label: canon.Must(sealed), Presenter: h.Source}
}

// TestExample has both judges judge the cases of the example.
func TestExample(t *testing.T) {
	w, p, cases := example(t)
	pair := newPair(w)
	for i := range cases {
		c := &cases[i]
		code, _, err := pair.judge(p, w.parcel(p, c, uint64(i+1)))
		if err != nil || c.Expect == "" && code != "" { // some say more of their label, which is refused there
			t.Errorf("%s: %q, want %q: %v", c.Name, code, c.Expect, err)
		}
	}
}

// BenchmarkJudge compares the judges on a question and an answer of the example.
func BenchmarkJudge(b *testing.B) {
	w, p, cases := example(b)
	for _, kind := range []string{"question", "answer"} {
		var batch []judge.Case
		for i := range cases {
			if c := &cases[i]; c.Expect == "" && c.Answer == (kind == "answer") && p.Flow(c.Flow).Kind == "ask" {
				for n := range uint64(4096) {
					batch = append(batch, w.parcel(p, c, n+1))
				}
				break
			}
		}
		for _, which := range []string{"first", "second"} {
			b.Run(kind+"/"+which, func(b *testing.B) {
				b.ReportAllocs()
				var j verifier
				for i := 0; b.Loop(); i++ {
					if i%len(batch) == 0 {
						j = map[string]verifier{"first": newPair(w).first, "second": newPair(w).second}[which]
					}
					if _, err := j.Judge(p, batch[i%len(batch)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
