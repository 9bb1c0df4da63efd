// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"fmt"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
	"dukou.dev/dukou/internal/problem"
)

// Checked is what the check of a draft found.
type Checked struct {
	Whole    bool      `json:"whole" doc:"nothing is wrong"`
	Wrong    []Mistake `json:"wrong" doc:"all that is wrong; at most 200"`
	Warnings []Mistake `json:"warnings" doc:"what is whole and can hardly be meant"`
	Issuers  []string  `json:"issuers" doc:"issuers without a key file in the draft: their keys are those in force"`
	Zones    int       `json:"zones"`
	Subjects int       `json:"subjects"`
	Objects  int       `json:"objects"`
	Flows    int       `json:"flows"`
	Cases    int       `json:"cases"`
}

// Mistake is one thing that is wrong with the files, or can hardly be meant.
type Mistake struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty" doc:"from 1; none where no place is known"`
	Column int    `json:"column,omitempty"`
	bilingual.Words
}

// Check says whether a draft is whole.
func (d *Desk) Check(ctx context.Context, id string) (Checked, error) {
	_, folder, err := d.Get(ctx, id)
	if err != nil {
		return Checked{}, err
	}
	return checked(folder), nil
}

// CheckWith says whether a draft would be whole with some files laid over its own, and
// without some of those. Nothing is kept.
func (d *Desk) CheckWith(ctx context.Context, id string, files []File, without []string) (Checked, error) {
	_, folder, err := d.Get(ctx, id)
	if err != nil {
		return Checked{}, err
	}
	for _, path := range without {
		folder, _ = folder.Without(path)
	}
	for i := range files {
		folder, _ = folder.Without(files[i].Path)
	}
	if folder, err = NewFolder(append(folder, files...)); err != nil {
		return Checked{}, err
	}
	return checked(folder), nil
}

func checked(f Folder) Checked {
	c := Checked{Wrong: []Mistake{}, Warnings: []Mistake{}, Issuers: []string{}}
	s, p, err := load(f)
	if err != nil {
		c.Wrong = mistakes(err)
		return c
	}
	c.Whole, c.Cases = true, len(s.Cases())
	c.Warnings, c.Issuers = told(s.Warnings()), append(c.Issuers, s.MissingIssuers()...)
	c.Zones, c.Subjects, c.Objects, c.Flows = len(p.Zones), len(p.Subjects), len(p.Objects), len(p.Flows)
	return c
}

// load reads a folder as policy.
func load(f Folder) (*source.Source, *policy.Policy, error) {
	s, err := source.Load(f.FS())
	if err != nil {
		return nil, nil, err
	}
	p, err := s.Draft()
	return s, p, err
}

func mistakes(err error) []Mistake { return told(source.Problems(err)) }

func told(problems []source.Problem) []Mistake {
	list := []Mistake{}
	for _, p := range problems[:min(len(problems), maxFields)] {
		words := bilingual.Words{English: clipped(p.What.English, 1000), Chinese: clipped(p.What.Chinese, 1000)}
		list = append(list, Mistake{File: p.File, Line: p.Line, Column: p.Column, Words: words})
	}
	return list
}

// loaded is load for what needs a whole draft. The error is a problem whose fields are
// the places that are wrong.
func loaded(f Folder) (*source.Source, *policy.Policy, error) {
	s, p, err := load(f)
	if err == nil {
		return s, p, nil
	}
	e := &problem.Error{Code: problem.Invalid, Detail: "the draft is not whole"}
	for _, m := range mistakes(err) {
		e.Fields = append(e.Fields, m.field())
	}
	return nil, nil, e
}

// field is a mistake as a problem tells it: in the words of whoever read the file.
func (m *Mistake) field() problem.Field {
	return problem.Field{Name: m.where(), Why: problem.Why{Code: problem.Other, Detail: m.English, Chinese: m.Chinese}}
}

func (m *Mistake) where() string {
	if m.Line == 0 {
		return m.File
	}
	return fmt.Sprintf("%s:%d:%d", m.File, m.Line, m.Column)
}

// Tried is what a draft says to one of its cases.
type Tried struct {
	Name    string     `json:"name"`
	Where   string     `json:"where" doc:"file and line"`
	OK      bool       `json:"ok"`
	Expect  fault.Code `json:"expect" doc:"reason of the refusal that its author expects; empty for a permission"`
	Got     fault.Code `json:"got"`
	Reasons []string   `json:"reasons" doc:"each rule that decided and what it found"`
}

// Cases asks a draft its cases.
func (d *Desk) Cases(ctx context.Context, id string) ([]Tried, error) {
	_, folder, err := d.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	s, p, err := loaded(folder)
	if err != nil {
		return nil, err
	}
	return tried(s, p), nil
}

func tried(s *source.Source, p *policy.Policy) []Tried {
	list := []Tried{}
	for _, r := range source.RunCases(p, s.Cases()) {
		t := Tried{Name: r.Case.Name, Where: r.Case.Where, OK: r.OK, Expect: r.Case.Expect, Got: r.Got.Code, Reasons: []string{}}
		for _, reason := range r.Got.Reasons {
			t.Reasons = append(t.Reasons, clipped(reason.Rule+": "+reason.What, 500))
		}
		list = append(list, t)
	}
	return list
}

// failing is a problem that names the cases which fail, nil for none.
func failing(list []Tried) error {
	e := &problem.Error{Code: problem.Invalid, Detail: "the draft does not do what its cases expect"}
	for _, t := range list {
		if !t.OK && len(e.Fields) < maxFields {
			e.Fields = append(e.Fields, problem.Field{Name: t.Where, Why: t.why()})
		}
	}
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

func (t *Tried) why() problem.Why {
	want, got := verdict(t.Expect), verdict(t.Got)
	return problem.Because(problem.CaseFails, fmt.Sprintf("%s: want %s, got %s", t.Name, want, got), t.Name, want, got)
}

// verdict is a decision in a word.
func verdict(c fault.Code) string {
	if c == "" {
		return "allow"
	}
	return string(c)
}
