// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// TestCompileRefuses changes one thing each in a bundle that compiles.
func TestCompileRefuses(t *testing.T) {
	form := func(b *policy.Bundle) *policy.Schema { return &b.Flows[0].Forms[0].Request.Fields[0].Schema }
	for name, change := range map[string]func(*policy.Bundle){
		"format":                  func(b *policy.Bundle) { b.Format = 2 },
		"version 0":               func(b *policy.Bundle) { b.Version = 0 },
		"ends before it starts":   func(b *policy.Bundle) { b.NotAfter = b.NotBefore },
		"no guard":                func(b *policy.Bundle) { b.Guard = "" },
		"65 categories":           func(b *policy.Bundle) { b.Categories = make([]string, 65) },
		"zone twice":              func(b *policy.Bundle) { b.Zones = append(b.Zones, b.Zones[0]) },
		"zone without a name":     func(b *policy.Bundle) { b.Zones = append(b.Zones, policy.Zone{Class: class(1, 1, 0)}) },
		"zone's class":            func(b *policy.Bundle) { b.Zones[0].Class = class(6, 1, 0) },
		"component twice":         func(b *policy.Bundle) { b.Components = append(b.Components, b.Components[0]) },
		"component's zone":        func(b *policy.Bundle) { b.Components[0].Zone = "x" },
		"issuer twice":            func(b *policy.Bundle) { b.Issuers = append(b.Issuers, b.Issuers[0]) },
		"issuer's key":            func(b *policy.Bundle) { b.Issuers[0].Key = b.Issuers[0].Key[:31] },
		"subject twice":           func(b *policy.Bundle) { b.Subjects = append(b.Subjects, b.Subjects[0]) },
		"subject's zone":          func(b *policy.Bundle) { b.Subjects[0].ID = "x/p" },
		"subject without a zone":  func(b *policy.Bundle) { b.Subjects[0].ID = "*" },
		"clearance":               func(b *policy.Bundle) { b.Subjects[0].Clearance = label.Class{} },
		"proxy of another zone":   func(b *policy.Bundle) { b.Subjects[0].Proxies[0].Subject = "out/x" },
		"proxy's zone":            func(b *policy.Bundle) { b.Subjects[0].Proxies[0].Zone = "x" },
		"object twice":            func(b *policy.Bundle) { b.Objects = append(b.Objects, b.Objects[0]) },
		"object's zone":           func(b *policy.Bundle) { b.Objects[1].ID = "x/o" },
		"object's class":          func(b *policy.Bundle) { b.Objects[1].Class.Integrity = 0 },
		"alias twice":             func(b *policy.Bundle) { b.Objects[1].Aliases = b.Objects[0].Aliases },
		"alias's zone":            func(b *policy.Bundle) { b.Objects[0].Aliases[0].Zone = "x" },
		"flow twice":              func(b *policy.Bundle) { b.Flows = append(b.Flows, b.Flows[0]) },
		"flow from nowhere":       func(b *policy.Bundle) { b.Flows[0].From = "x" },
		"flow within a side":      func(b *policy.Bundle) { b.Zones[1].Inner = false },
		"flow's class":            func(b *policy.Bundle) { b.Flows[0].Class = label.Class{} },
		"flow's answer":           func(b *policy.Bundle) { b.Flows[0].Answer = label.Class{} },
		"raise off the scale":     func(b *policy.Bundle) { b.Flows[0].Raise = 6 },
		"raise without a check":   func(b *policy.Bundle) { b.Flows[0].Checks = nil },
		"entry of another zone":   func(b *policy.Bundle) { b.Flows[0].Entry = "fi" },
		"entry is no front":       func(b *policy.Bundle) { b.Components[0].Role = policy.RoleOuter },
		"flow's object":           func(b *policy.Bundle) { b.Flows[0].Object = "in/x" },
		"kind":                    func(b *policy.Bundle) { b.Flows[0].Kind = "stream" },
		"deliver without files":   func(b *policy.Bundle) { b.Flows[1].Files = nil },
		"ask with files":          func(b *policy.Bundle) { b.Flows[0].Files = &policy.Files{} },
		"tokens of nobody":        func(b *policy.Bundle) { b.Flows[0].Issuer = "x" },
		"form twice":              func(b *policy.Bundle) { b.Flows[0].Forms = append(b.Flows[0].Forms, b.Flows[0].Forms[0]) },
		"form without a name":     func(b *policy.Bundle) { b.Flows[0].Forms[0].Name = "" },
		"route to no form":        func(b *policy.Bundle) { b.Flows[0].Routes[0].Form = "x" },
		"type":                    func(b *policy.Bundle) { form(b).Type = "float" },
		"min above max":           func(b *policy.Bundle) { form(b).Min = 7 },
		"pattern":                 func(b *policy.Bundle) { form(b).Pattern = "(" },
		"pattern that breaks out": func(b *policy.Bundle) { form(b).Pattern = "a)|(?:b" },
		"list without items":      func(b *policy.Bundle) { form(b).Type = policy.List },
		"field twice":             func(b *policy.Bundle) { r := &b.Flows[0].Forms[0].Request; r.Fields = append(r.Fields, r.Fields[0]) },
		"field without a name":    func(b *policy.Bundle) { b.Flows[0].Forms[0].Request.Fields[0].Name = "" },
		"answer's schema":         func(b *policy.Bundle) { b.Flows[0].Forms[0].Answers[0].Schema.Type = "x" },
		"status twice": func(b *policy.Bundle) {
			b.Flows[0].Forms[0].Answers = append(b.Flows[0].Forms[0].Answers, b.Flows[0].Forms[0].Answers[0])
		},
		"class of content":        func(b *policy.Bundle) { form(b).Class = &label.Class{Confidentiality: 2} },
		"pattern of an integer":   func(b *policy.Bundle) { *form(b) = policy.Schema{Type: policy.Integer, Pattern: "1"} },
		"pattern of a decimal":    func(b *policy.Bundle) { *form(b) = policy.Schema{Type: policy.Decimal, Pattern: "1"} },
		"enumeration of integers": func(b *policy.Bundle) { *form(b) = policy.Schema{Type: policy.Integer, Enum: []string{"1"}} },
		"text that classifies":    func(b *policy.Bundle) { form(b).Classifies = true },
		"items of a text":         func(b *policy.Bundle) { form(b).Items = &policy.Schema{Type: policy.Integer} },
		"fields of a text":        func(b *policy.Bundle) { form(b).Fields = []policy.Field{{Name: "x"}} },
		"cedar":                   func(b *policy.Bundle) { b.Cedar[0].Text = "permit (" },
		"policy twice": func(b *policy.Bundle) {
			b.Cedar = append(b.Cedar, policy.CedarFile{Name: "q", Text: `@id("own") permit (principal, action, resource);`})
		},
	} {
		b := bundle()
		change(&b)
		if _, err := policy.Compile(b); fault.CodeOf(err) != fault.PolicyMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	b := bundle()
	b.Subjects = append(b.Subjects, policy.Subject{ID: "out/p-1*", Clearance: class(1, 1, 0)})
	p := compile(t, b)
	for id, want := range map[string]string{
		"out/p-2": "out/p-*", "out/p-15": "out/p-1*", "out/p-1": "out/p-*", "out/p-low": "out/p-low", "out/p-*": "out/p-*", "out/p-": "", "out/": "", "": "",
	} {
		s := p.Subject(id)
		if (s == nil) != (want == "") || s != nil && s.ID != want {
			t.Errorf("subject %q is of %v, want %q", id, s, want)
		}
	}
	for id, want := range map[string]string{"out/p-2": "in/web-2", "out/guest": "in/guest", "out/p-low": "subject-unmapped", "out/x": "subject-unknown"} {
		got, err := p.MapSubject(id, "in")
		if err != nil {
			got = string(fault.CodeOf(err))
		}
		if got != want {
			t.Errorf("proxy of %q is %q, want %q", id, got, want)
		}
	}
}

func TestOpen(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	anchors := policy.Anchors{Approvers: []ed25519.PublicKey{public}, Quorum: 1}
	sealed := func(v any, kind envelope.Type, keys ...ed25519.PrivateKey) []byte {
		s, err := envelope.Seal(kind, v, keys...)
		if err != nil {
			t.Fatal(err)
		}
		return s.Encode()
	}
	good := sealed(bundle(), envelope.Bundle, private)
	broken := bundle()
	broken.Guard = ""
	for name, test := range map[string]struct {
		data  []byte
		now   int64
		floor uint64
		want  fault.Code
	}{
		"good":          {good, 500, 0, ""},
		"again":         {good, 500, 3, ""},
		"older":         {good, 500, 4, fault.PolicyOld},
		"expired":       {good, 1000, 0, fault.PolicyExpired},
		"unsigned":      {sealed(bundle(), envelope.Bundle), 500, 0, fault.PolicyUnsigned},
		"wrong type":    {sealed(bundle(), envelope.Lease, private), 500, 0, fault.PolicyUnsigned},
		"no bundle":     {sealed("x", envelope.Bundle, private), 500, 0, fault.PolicyMalformed},
		"broken bundle": {sealed(broken, envelope.Bundle, private), 500, 0, fault.PolicyMalformed},
		"cut":           {good[:len(good)-1], 500, 0, fault.PolicyMalformed},
		"nothing":       {nil, 500, 0, fault.PolicyMalformed},
	} {
		p, err := policy.Open(test.data, anchors, test.now, test.floor)
		if test.want == "" && (err != nil || p.Version != 3) || test.want != "" && fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, err := policy.Open(good, policy.Anchors{Approvers: anchors.Approvers}, 500, 0); err == nil {
		t.Error("a quorum of none opens a bundle")
	}
}

// FuzzCompile feeds bytes through all that an enforcing process does with a bundle
// behind its signatures, and decides by it.
func FuzzCompile(f *testing.F) {
	f.Add(canon.Must(bundle()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Count(string(data), "(") > 1000 {
			return // Cedar's parser is recursive; source and quorum bound it
		}
		var b policy.Bundle
		if canon.Unmarshal(data, &b) != nil {
			return
		}
		p, err := policy.Compile(b)
		if err != nil {
			if fault.CodeOf(err) != fault.PolicyMalformed {
				t.Fatal(err)
			}
			return
		}
		p.Decide(ask())
		p.Decide(answer())
		p.Decide(delivery())
	})
}
