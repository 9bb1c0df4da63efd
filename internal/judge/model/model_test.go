// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/judge/model"
	"dukou.dev/dukou/internal/judge/second"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// TestClasses holds the arithmetic of classes against the model, every pair of the
// small lattice.
func TestClasses(t *testing.T) {
	l := model.New()
	if len(l.Classes()) != 36 {
		t.Fatal(len(l.Classes()))
	}
	for _, a := range l.Classes() {
		for _, b := range l.Classes() {
			if got, want := a.Dominates(b), l.Dominates(a, b); got != want {
				t.Errorf("%v dominates %v: %t, want %t", a, b, got, want)
			}
			if got, want := a.Join(b), l.Join(a, b); got != want {
				t.Errorf("join of %v and %v: %v, want %v", a, b, got, want)
			}
			if got, want := a.Meet(b), l.Meet(a, b); got != want {
				t.Errorf("meet of %v and %v: %v, want %v", a, b, got, want)
			}
		}
	}
}

// verifier is what both judges do with a parcel whose label was verified.
type verifier interface {
	Again(p *policy.Policy, v *judge.Verdict) error
}

const noon = 1767323045000

type noKeys struct{}

func (noKeys) Key(string, string, uint64) ([]byte, bool) { return nil, false }

func judges(t *testing.T) map[string]verifier {
	t.Helper()
	clock := func() time.Time { return time.UnixMilli(noon) }
	one, err := judge.New("j", noKeys{}, clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := second.New("j", noKeys{}, clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]verifier{"first": one, "second": two}
}

// grid is a bundle with a flow for each base class and raise, a form for each class of
// content, an object or a subject for each class that is reached.
type grid struct {
	leaves, enters         label.Class
	bases, contents, reach []label.Class
	raises                 []label.Level
	answer                 bool
	labels                 []label.Class
}

func flowName(base, reach, raise int) string { return fmt.Sprintf("f%d.%d.%d", base, reach, raise) }

func (g *grid) compile(t *testing.T) *policy.Policy {
	t.Helper()
	from, to := g.leaves, g.enters
	if g.answer {
		from, to = to, from
	}
	lowest := label.Lowest()
	b := policy.Bundle{
		Format: policy.Format, Version: 1, NotBefore: noon - 1, NotAfter: noon + 1, Guard: "g", Term: 1,
		Zones:    []policy.Zone{{Name: "out", Class: from}, {Name: "in", Class: to, Inner: true}},
		Subjects: []policy.Subject{{ID: "out/s", Clearance: lowest}},
		Cedar:    []policy.CedarFile{{Name: "all.cedar", Text: "permit (principal, action, resource);"}},
	}
	var forms []policy.Form
	for i, c := range g.contents {
		record := policy.Schema{Type: policy.Record, Fields: []policy.Field{
			{Name: "form", Required: true, Schema: policy.Schema{Type: policy.Text, Max: 9}},
			{Name: "status", Schema: policy.Schema{Type: policy.Integer, Max: 999}},
			{Name: "v", Required: true, Schema: policy.Schema{Type: policy.Boolean, Class: &c}},
		}}
		forms = append(forms, policy.Form{Name: fmt.Sprint(i), Request: record, Answers: []policy.AnswerForm{{Status: 200, Schema: record}}})
	}
	for r, reach := range g.reach {
		b.Objects = append(b.Objects, policy.Object{ID: fmt.Sprintf("in/%d", r), Class: reach})
		b.Subjects = append(b.Subjects, policy.Subject{ID: fmt.Sprintf("out/%d", r), Clearance: reach})
		for i, base := range g.bases {
			for n, raise := range g.raises {
				b.Flows = append(b.Flows, policy.Flow{
					Name: flowName(i, r, n), From: "out", To: "in", Kind: "ask", Entry: "a", Exit: "b", Object: fmt.Sprintf("in/%d", r), Class: base, Answer: base,
					Raise: raise, Checks: []string{"form"}, Accept: []label.Assurance{label.ByAPIKey}, Forms: forms,
				})
			}
		}
	}
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hold has both judges decide every case of a grid, and counts the cases by code.
func (g *grid) hold(t *testing.T, l *model.Lattice, judges map[string]verifier, counts map[fault.Code]int) {
	t.Helper()
	p := g.compile(t)
	for i, base := range g.bases {
		for f, content := range g.contents {
			record := parcel.Record{"form": fmt.Sprint(f), "v": true}
			h := parcel.Header{Version: 1, Suite: 1, Kind: parcel.Ask, FromZone: "out", ToZone: "in", Source: "a", Destination: "b", Guard: "g", Term: 1}
			if g.answer {
				record["status"] = int64(200)
				h.Kind, h.FromZone, h.ToZone, h.Source, h.Destination = parcel.Answer, "in", "out", "b", "a"
			}
			h.Fields = canon.Must(record)
			for r, reach := range g.reach {
				subject := "out/s"
				if g.answer {
					subject = fmt.Sprintf("out/%d", r)
				}
				for n, raise := range g.raises {
					h.Flow = flowName(i, r, n)
					for _, class := range g.labels {
						sealed := label.Label{Class: class, Subject: subject, Assurance: label.ByAPIKey, Object: fmt.Sprintf("in/%d", r), Maker: h.Source}
						c := model.Case{Leaves: g.leaves, Enters: g.enters, Reaches: reach, Base: base, Content: content, Label: class, Raise: raise, Answer: g.answer}
						want := l.Decide(c)
						counts[want]++
						for name, j := range judges {
							if got := j.Again(p, &judge.Verdict{Header: &h, Label: &sealed, Content: record}); code(got) != want {
								t.Fatalf("%s judge: %v, want %q: %+v", name, got, want, c)
							}
						}
					}
				}
			}
		}
	}
}

func code(err error) fault.Code {
	var e *fault.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	default:
		return "no code"
	}
}

// wide are zones that everything of an integrity may leave.
func wide() []label.Class {
	var list []label.Class
	for _, i := range model.Levels() {
		list = append(list, label.Class{Confidentiality: 5, Integrity: i, Categories: 3})
	}
	return list
}

// passing are the labels that a wide zone lets go: others come no further.
func passing(l *model.Lattice, from label.Class) []label.Class {
	return slices.DeleteFunc(l.Classes(), func(c label.Class) bool { return c.Integrity != from.Integrity })
}

// TestJudges holds both judges against the model over the whole small lattice: every
// zone, label, class of content and raise, against what is left and what is entered.
// With DUKOU_LONG=1 every pair of zones is joined with every content.
func TestJudges(t *testing.T) {
	l := model.New()
	low, high := []label.Class{label.Lowest()}, label.Class{Confidentiality: 5, Integrity: 1, Categories: 3}
	raises, none := append([]label.Level{0}, model.Levels()...), []label.Level{0}
	all := l.Classes()
	leaving, entering, answers, least, joined := []grid{}, []grid{}, []grid{}, []grid{}, []grid{}
	for _, zone := range all {
		leaving = append(leaving, grid{leaves: zone, enters: high, bases: low, contents: all, reach: []label.Class{high}, raises: raises, labels: all})
		for _, from := range wide() {
			entering = append(entering, grid{leaves: from, enters: zone, bases: low, contents: low, reach: all, raises: raises, labels: passing(l, from)})
			answers = append(answers, grid{leaves: from, enters: zone, bases: low, contents: low, reach: all, raises: none, answer: true, labels: passing(l, from)})
		}
		for _, to := range all {
			joined = append(joined, grid{leaves: zone, enters: to, bases: low, contents: all, reach: []label.Class{high}, raises: raises, labels: all})
		}
	}
	for _, from := range wide() {
		for _, answer := range []bool{false, true} {
			least = append(least, grid{leaves: from, enters: high, bases: all, contents: all, reach: []label.Class{high}, raises: none, answer: answer, labels: passing(l, from)})
		}
	}
	families := map[string][]grid{"leaving": leaving, "entering": entering, "answers": answers, "least class": least}
	if os.Getenv("DUKOU_LONG") != "" {
		families["joined"] = joined
	}
	for name, grids := range families {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counts, both := map[fault.Code]int{}, judges(t)
			for i := range grids {
				grids[i].hold(t, l, both, counts)
			}
			t.Log(counts)
		})
	}
}
