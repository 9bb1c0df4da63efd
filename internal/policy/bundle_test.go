// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"crypto/ed25519"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

func class(c, i label.Level, categories label.Categories) label.Class {
	return label.Class{Confidentiality: c, Integrity: i, Categories: categories}
}

func field(name string, s policy.Schema) policy.Field {
	return policy.Field{Name: name, Required: true, Schema: s}
}

func record(fields ...policy.Field) policy.Schema {
	return policy.Schema{Type: policy.Record, Fields: fields}
}

func text(most int64) policy.Schema { return policy.Schema{Type: policy.Text, Max: most} }

const cedarText = `
@id("own") permit (principal in Group::"people", action == Action::"read", resource == Object::"in/reports")
  when { context.kind == "answer" || context.content.path.person == principal.name };
@id("not-nine") forbid (principal, action, resource) when { principal.name == "p-9" };
@id("not-nine-either") forbid (principal == Subject::"out/p-9", action, resource);
@id("cannot-say") forbid (principal, action, resource) when { principal.name == "p-8" && context.content.nothing == 1 };
@id("files") permit (principal, action == Action::"deliver", resource);
`

// bundle is a small policy with one flow of each kind.
func bundle() policy.Bundle {
	secret := class(3, 5, 2)
	return policy.Bundle{
		Format: policy.Format, Version: 3, NotBefore: 1, NotAfter: 1000, Guard: "g", Term: 1, Categories: []string{"personal", "credit"},
		Zones:      []policy.Zone{{Name: "out", Class: class(3, 1, 3)}, {Name: "in", Class: class(5, 3, 3), Inner: true}},
		Components: []policy.Component{{ID: "fo", Role: policy.RoleFront, Zone: "out"}, {ID: "fi", Role: policy.RoleFront, Zone: "in"}},
		Issuers:    []policy.Issuer{{Name: "bureau", Key: make(ed25519.PublicKey, 32)}},
		Subjects: []policy.Subject{
			{ID: "out/p-*", Groups: []string{"people"}, Clearance: class(3, 1, 3), Proxies: []policy.Proxy{{Zone: "in", Subject: "in/web-*"}}},
			{ID: "out/p-low", Groups: []string{"people"}, Clearance: class(2, 1, 3)},
			{ID: "out/guest", Clearance: class(3, 1, 3), Proxies: []policy.Proxy{{Zone: "in", Subject: "in/guest"}}},
			{ID: "in/clerk", Clearance: class(5, 1, 3)},
		},
		Objects: []policy.Object{
			{ID: "in/reports", Class: class(4, 3, 3), Aliases: []policy.Alias{{Zone: "out", Name: "out/reports"}}},
			{ID: "in/files", Class: class(4, 2, 3)},
		},
		Flows: []policy.Flow{{
			Name: "query", From: "out", To: "in", Kind: "ask", Protocol: "http", Entry: "fo", Exit: "fi", Object: "in/reports",
			Action: "read", Purpose: "self", Class: class(1, 1, 1), Answer: class(1, 3, 0), Raise: 3, Checks: []string{"form"},
			Accept: []label.Assurance{label.ByToken}, Issuer: "bureau",
			Forms: []policy.Form{{
				Name:    "report",
				Request: record(field("form", text(6)), field("path", record(field("person", text(5)))), policy.Field{Name: "note", Schema: policy.Schema{Type: policy.Text, Max: 9, Class: &secret}}),
				Answers: []policy.AnswerForm{{Status: 200, Schema: record(field("form", text(6)), field("status", policy.Schema{Type: policy.Integer, Min: 200, Max: 200}),
					field("level", policy.Schema{Type: policy.Integer, Min: 1, Max: 5, Classifies: true}))}},
			}},
			Routes: []policy.Route{{Form: "report", Method: "GET", Path: "/reports/{person}"}},
		}, {
			Name: "files", From: "out", To: "in", Kind: "deliver", Protocol: "file", Entry: "fo", Exit: "fi", Object: "in/files",
			Action: "deliver", Purpose: "batch", Class: class(1, 1, 0), Answer: class(1, 3, 0), Raise: 3, Checks: []string{"form"},
			Accept: []label.Assurance{label.ByComponent}, Files: &policy.Files{MaxSize: 100},
			Forms: []policy.Form{{Name: "file", Request: record(field("form", text(4)), field("size", policy.Schema{Type: policy.Integer, Max: 100}))}},
		}},
		Cedar: []policy.CedarFile{{Name: "p.cedar", Text: cedarText}},
	}
}

func compile(t testing.TB, b policy.Bundle) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func labelOf(h *parcel.Header, f *policy.Flow, c label.Class, subject string, by label.Assurance) *label.Label {
	return &label.Label{
		Class: c, Subject: subject, Assurance: by, Object: f.Object, Action: f.Action, Protocol: f.Protocol, Purpose: f.Purpose, Maker: h.Source,
	}
}

// ask, answer and delivery are queries that the small policy permits.
func ask() policy.Query {
	b := bundle()
	h := &parcel.Header{Kind: parcel.Ask, ID: parcel.ID{1}, Flow: "query", FromZone: "out", ToZone: "in", Source: "fo", Destination: "fi", Guard: "g"}
	return policy.Query{
		Header: h, Label: labelOf(h, &b.Flows[0], class(1, 1, 1), "out/p-1", label.ByToken),
		Content: parcel.Record{"form": "report", "path": parcel.Record{"person": "p-1"}},
	}
}

func answer() policy.Query {
	b := bundle()
	h := &parcel.Header{Kind: parcel.Answer, ID: parcel.ID{1}, Flow: "query", FromZone: "in", ToZone: "out", Source: "fi", Destination: "fo", Guard: "g"}
	return policy.Query{
		Header: h, Label: labelOf(h, &b.Flows[0], class(3, 3, 0), "out/p-1", label.ByToken),
		Content: parcel.Record{"form": "report", "status": int64(200), "level": int64(3)},
	}
}

func delivery() policy.Query {
	b := bundle()
	h := &parcel.Header{Kind: parcel.Deliver, ID: parcel.ID{1}, Flow: "files", FromZone: "out", ToZone: "in", Source: "fo", Destination: "fi", Guard: "g"}
	h.Body.Size = 50
	return policy.Query{
		Header: h, Label: labelOf(h, &b.Flows[1], class(1, 1, 0), "out/guest", label.ByComponent),
		Content: parcel.Record{"form": "file", "size": int64(50)},
	}
}

// TestBundleRoundTrip: what approvers sign is what enforcers read.
func TestBundleRoundTrip(t *testing.T) {
	data := canon.Must(bundle())
	var b policy.Bundle
	if err := canon.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	compile(t, b)
}

// TestDeepestSchema: a schema of the greatest depth still fits the bundle's bytes.
func TestDeepestSchema(t *testing.T) {
	deep := func(n int) policy.Bundle {
		s := text(1)
		for range n {
			s = record(field("f", s))
		}
		b := bundle()
		b.Flows[0].Forms[0].Answers[0].Schema = s
		return b
	}
	data := canon.Must(deep(policy.MaxDepth))
	var b policy.Bundle
	if err := canon.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	compile(t, b)
	if _, err := policy.Compile(deep(policy.MaxDepth + 1)); err == nil {
		t.Error("a schema beyond the greatest depth compiles")
	}
}
