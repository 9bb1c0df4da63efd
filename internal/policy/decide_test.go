// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"bytes"
	"reflect"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

func codes(d policy.Decision) []fault.Code {
	var all []fault.Code
	for _, r := range d.Reasons {
		all = append(all, r.Code)
	}
	return all
}

func TestDecideAllows(t *testing.T) {
	p := compile(t, bundle())
	for name, test := range map[string]struct {
		query policy.Query
		class label.Class
		rule  string
	}{
		"ask":      {ask(), class(1, 3, 1), "own"},
		"answer":   {answer(), class(3, 3, 0), "own"},
		"delivery": {delivery(), class(1, 3, 0), "files"},
	} {
		d := p.Decide(test.query)
		if !d.Allow || d.Code != "" || len(d.Reasons) != 1 || d.Reasons[0].Rule != test.rule {
			t.Errorf("%s: %+v", name, d)
		}
		if d.Class != test.class {
			t.Errorf("%s: class %v, want %v", name, d.Class, test.class)
		}
	}
}

type refusal struct {
	query  policy.Query
	change func(*policy.Query, *policy.Bundle)
	want   []fault.Code // of every reason, in order
}

// TestDecideRefuses has a case for every code that Decide can give, each with all
// of its reasons.
func TestDecideRefuses(t *testing.T) {
	for name, test := range refusals() {
		b := bundle()
		test.change(&test.query, &b)
		d := compile(t, b).Decide(test.query)
		if got := codes(d); d.Allow || d.Code != test.want[0] || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v %v, want %v", name, d.Code, d.Reasons, test.want)
		}
	}
}

func refusals() map[string]refusal {
	all := map[string]refusal{}
	for name, r := range placeRefusals() {
		all[name] = r
	}
	for name, r := range contentRefusals() {
		all[name] = r
	}
	return all
}

func placeRefusals() map[string]refusal {
	one := func(c ...fault.Code) []fault.Code { return c }
	return map[string]refusal{
		"no flow":          {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Flow = "other" }, one(fault.FlowUnknown)},
		"from zone":        {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Header.FromZone = "in" }, one(fault.FlowDirection, fault.LabelIntegrity)},
		"to zone":          {answer(), func(q *policy.Query, _ *policy.Bundle) { q.Header.ToZone = "in" }, one(fault.FlowDirection)},
		"unknown zone":     {answer(), func(q *policy.Query, _ *policy.Bundle) { q.Header.ToZone = "x" }, one(fault.FlowDirection)},
		"source":           {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Source, q.Label.Maker = "x", "x" }, one(fault.FlowDirection)},
		"destination":      {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Destination = "x" }, one(fault.FlowDirection)},
		"guard":            {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Guard = "x" }, one(fault.FlowDirection)},
		"delivered ask":    {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Kind = parcel.Deliver }, one(fault.FlowDirection)},
		"asked delivery":   {delivery(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Kind = parcel.Ask }, one(fault.FlowDirection)},
		"body on an ask":   {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Body.Size = 1 }, one(fault.ContentTooLarge)},
		"large body":       {delivery(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Body.Size = 101 }, one(fault.ContentTooLarge, fault.ContentInvalid)},
		"another size":     {delivery(), func(q *policy.Query, _ *policy.Bundle) { q.Header.Body.Size = 49 }, one(fault.ContentInvalid)},
		"object":           {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Object = "in/files" }, one(fault.LabelDimension)},
		"action":           {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Action = "write" }, one(fault.LabelDimension)},
		"protocol":         {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Protocol = "file" }, one(fault.LabelDimension)},
		"purpose":          {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Purpose = "loan" }, one(fault.LabelDimension)},
		"maker":            {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Maker = "fi" }, one(fault.LabelDimension)},
		"assurance":        {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Assurance = label.ByAPIKey }, one(fault.LabelDimension)},
		"subject's zone":   {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Subject = "in/clerk" }, one(fault.LabelDimension, fault.PolicyDenied)},
		"answer to inside": {answer(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Subject = "in/clerk" }, one(fault.LabelDimension, fault.PolicyDenied)},
		"no subject":       {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Subject = "out/nobody" }, one(fault.SubjectUnknown)},
		"bare family":      {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Subject = "out/p-" }, one(fault.SubjectUnknown)},
		"zone's low trust": {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Class.Integrity = 3 }, one(fault.LabelIntegrity)},
		"no raise":         {ask(), func(_ *policy.Query, b *policy.Bundle) { b.Flows[0].Raise = 0 }, one(fault.LabelIntegrity, fault.LabelIntegrity)},
		"little raise":     {delivery(), func(_ *policy.Query, b *policy.Bundle) { b.Flows[1].Raise = 2 }, one(fault.LabelIntegrity)},
	}
}

func contentRefusals() map[string]refusal {
	one := func(c ...fault.Code) []fault.Code { return c }
	level := func(content int64, labelled label.Level) func(*policy.Query, *policy.Bundle) {
		return func(q *policy.Query, _ *policy.Bundle) {
			q.Content["level"], q.Label.Class.Confidentiality = content, labelled
		}
	}
	return map[string]refusal{
		"no form":         {ask(), func(q *policy.Query, _ *policy.Bundle) { delete(q.Content, "form") }, one(fault.ContentInvalid)},
		"other form":      {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Content["form"] = "x" }, one(fault.ContentInvalid)},
		"form is no text": {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Content["form"] = int64(1) }, one(fault.ContentInvalid)},
		"no content":      {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Content = nil }, one(fault.ContentInvalid)},
		"status":          {answer(), func(q *policy.Query, _ *policy.Bundle) { q.Content["status"] = int64(500) }, one(fault.ContentInvalid)},
		"new field":       {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Content["x"] = "y" }, one(fault.ContentInvalid)},
		"low level":       {answer(), level(3, 2), one(fault.LabelLow)},
		"low category": {ask(), func(q *policy.Query, _ *policy.Bundle) {
			q.Content["note"], q.Label.Class.Confidentiality = "n", 3
		}, one(fault.LabelLow)},
		"zone's level":       {answer(), level(4, 4), one(fault.LabelLevel, fault.SubjectLevel)},
		"zone's level, low":  {answer(), level(5, 4), one(fault.LabelLow, fault.LabelLevel, fault.SubjectLevel)},
		"zone's category":    {answer(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Class.Categories = 4 }, one(fault.LabelLevel, fault.LabelLevel, fault.SubjectLevel)},
		"object's level":     {ask(), func(_ *policy.Query, b *policy.Bundle) { b.Objects[0].Class = class(1, 3, 0) }, one(fault.LabelLevel)},
		"subject's level":    {answer(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Subject = "out/p-low" }, one(fault.SubjectLevel)},
		"no permit":          {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Subject = "out/guest" }, one(fault.PolicyDenied)},
		"permit for another": {ask(), func(q *policy.Query, _ *policy.Bundle) { q.Label.Subject = "out/p-2" }, one(fault.PolicyDenied)},
		"two forbids win": {ask(), func(q *policy.Query, _ *policy.Bundle) {
			q.Label.Subject, q.Content["path"] = "out/p-9", parcel.Record{"person": "p-9"}
		}, one(fault.PolicyDenied, fault.PolicyDenied)},
		"error in a policy": {ask(), func(q *policy.Query, _ *policy.Bundle) {
			q.Label.Subject, q.Content["path"] = "out/p-8", parcel.Record{"person": "p-8"}
		}, one(fault.PolicyError)},
		"no policies": {ask(), func(_ *policy.Query, b *policy.Bundle) { b.Cedar = nil }, one(fault.PolicyDenied)},
	}
}

// TestRefusalNamesRules: an auditor sees which policies forbade.
func TestRefusalNamesRules(t *testing.T) {
	q := ask()
	q.Label.Subject, q.Content["path"] = "out/p-9", parcel.Record{"person": "p-9"}
	d := compile(t, bundle()).Decide(q)
	if len(d.Reasons) != 2 || d.Reasons[0].Rule != "not-nine" || d.Reasons[1].Rule != "not-nine-either" {
		t.Errorf("%+v", d.Reasons)
	}
}

// TestDecideIsPure asks everything many times, at once, and looks for a different
// answer or a changed question.
func TestDecideIsPure(t *testing.T) {
	p := compile(t, bundle())
	before := canon.Must(p.Bundle)
	queries := []policy.Query{ask(), answer(), delivery()}
	for _, r := range refusals() {
		b := bundle()
		r.change(&r.query, &b)
		queries = append(queries, r.query)
	}
	for _, q := range queries {
		asked, first := canon.Must([]any{q.Header, q.Label, q.Content}), p.Decide(q)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				if again := p.Decide(q); !reflect.DeepEqual(again, first) {
					t.Errorf("first %+v, then %+v", first, again)
				}
			})
		}
		wait.Wait()
		if !bytes.Equal(asked, canon.Must([]any{q.Header, q.Label, q.Content})) {
			t.Errorf("the question was changed: %+v", q)
		}
	}
	if !bytes.Equal(before, canon.Must(p.Bundle)) {
		t.Error("the bundle was changed")
	}
}

// TestNothingFlowsDown draws zones, clearances, labels and levels at random: whatever
// is permitted obeys the lattice.
func TestNothingFlowsDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		point := func(name string) label.Class {
			return class(label.Level(rapid.IntRange(1, 5).Draw(t, name)), label.Level(rapid.IntRange(1, 5).Draw(t, name)), label.Categories(rapid.IntRange(0, 3).Draw(t, name)))
		}
		b, q := bundle(), answer()
		if rapid.Bool().Draw(t, "ask") {
			q = ask()
		}
		b.Zones[0].Class, b.Zones[1].Class = point("out"), point("in")
		b.Subjects[0].Clearance, b.Objects[0].Class = point("clearance"), point("object")
		q.Label.Class = point("label")
		content := label.Lowest()
		if q.Header.Kind == parcel.Answer {
			level := label.Level(rapid.IntRange(1, 5).Draw(t, "level"))
			q.Content["level"], content.Confidentiality = int64(level), level
		}
		p, err := policy.Compile(b)
		if err != nil {
			t.Fatal(err)
		}
		d := p.Decide(q)
		if !d.Allow {
			return
		}
		from, to, receiver := b.Zones[0], b.Zones[1], b.Objects[0].Class
		if q.Header.Kind == parcel.Answer {
			from, to, receiver = to, from, b.Subjects[0].Clearance
		}
		if !to.Class.Dominates(d.Class) || !receiver.Dominates(d.Class) {
			t.Fatalf("%v went to %v and %v", d.Class, to.Class, receiver)
		}
		if q.Label.Class.Confidentiality < content.Confidentiality || q.Label.Class.Integrity > from.Class.Integrity {
			t.Fatalf("label %v of content %v from %v", q.Label.Class, content, from.Class)
		}
		if q.Header.Kind == parcel.Answer && d.Class != q.Label.Class {
			t.Fatalf("an answer was raised from %v to %v", q.Label.Class, d.Class)
		}
	})
}
