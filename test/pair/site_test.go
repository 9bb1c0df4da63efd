// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The components of an installation.
const (
	frontOut = "front-out"
	frontTwo = "front-two" // a second front of the outer zone
	frontIn  = "front-in"
	outer    = "guard-outer"
	gate     = "guard-gate"
	inner    = "guard-inner"
	central  = "center"
)

var cast = []struct {
	id   string
	role policy.Role
	zone string
}{
	{frontOut, policy.RoleFront, "out"}, {frontTwo, policy.RoleFront, "out"}, {frontIn, policy.RoleFront, "in"},
	{outer, policy.RoleOuter, ""}, {gate, policy.RoleGate, ""}, {inner, policy.RoleInner, ""}, {central, policy.RoleCenter, "in"},
}

// site is one installation: its authority, its approvers and its components.
type site struct {
	t         *testing.T
	dir       string
	authority *authority.Authority
	approvers []ed25519.PrivateKey
	ids       map[string]*pki.Identity
	issuer    ed25519.PrivateKey // of the inside's tokens
	cable     *cable
	running   map[string]*part
	manifests map[string][]byte // that components say they were started under
	log       *slog.Logger
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "pair") // short, for socket names
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &site{t: t, dir: dir, ids: map[string]*pki.Identity{}, cable: &cable{}, running: map[string]*part{}, log: slog.New(slog.DiscardHandler)}
	if os.Getenv("PAIR_LOG") != "" {
		s.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if _, s.issuer, err = ed25519.GenerateKey(nil); err != nil {
		t.Fatal(err)
	}
	terms := authority.Terms{Guard: "guard", Quorum: 2}
	for range 3 {
		public, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		s.approvers, terms.Approvers = append(s.approvers, key), append(terms.Approvers, public)
	}
	if err := authority.Create(s.path("authority"), terms); err != nil {
		t.Fatal(err)
	}
	if s.authority, err = authority.Load(s.path("authority")); err != nil {
		t.Fatal(err)
	}
	s.enrol()
	t.Cleanup(s.stopAll)
	return s
}

func (s *site) path(name ...string) string { return filepath.Join(append([]string{s.dir}, name...)...) }

func (s *site) enrol() {
	for _, c := range cast {
		i, err := pki.Create(s.path("id", c.id), c.id, string(c.role), c.zone)
		if err != nil {
			s.t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(i.Dir(), "request.dukou"))
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := s.authority.Admit(data, i.Request.Fingerprint()); err != nil {
			s.t.Fatal(err)
		}
		s.ids[c.id] = i
	}
	for _, c := range cast {
		data, err := s.authority.Answer(c.id, time.Now())
		if err == nil {
			err = s.ids[c.id].Admit(data, s.authority.Fingerprint())
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func class(c, i label.Level) label.Class { return label.Class{Confidentiality: c, Integrity: i} }

func record(fields ...policy.Field) policy.Schema {
	for i := range fields {
		fields[i].Required = true
	}
	return policy.Schema{Type: policy.Record, Fields: fields}
}

func field(name string, s policy.Schema) policy.Field { return policy.Field{Name: name, Schema: s} }

func text(most int64) policy.Schema { return policy.Schema{Type: policy.Text, Max: most} }

func number(least, most int64) policy.Schema {
	return policy.Schema{Type: policy.Integer, Min: least, Max: most}
}

const cedarText = `
@id("own") permit (principal in Group::"people", action == Action::"read", resource == Object::"in/reports");
@id("files") permit (principal, action == Action::"deliver", resource);
@id("not-nine") forbid (principal == Subject::"out/p-9", action, resource);
`

// bundle is the policy of a version.
func (s *site) bundle(version uint64) policy.Bundle {
	now := time.Now()
	b := policy.Bundle{
		Format: policy.Format, Version: version, Created: now.UnixMilli(), NotBefore: now.Add(-time.Hour).UnixMilli(),
		NotAfter: now.Add(24 * time.Hour).UnixMilli(), Guard: "guard", Term: 1,
		Zones: []policy.Zone{{Name: "out", Class: class(3, 1)}, {Name: "in", Class: class(5, 3), Inner: true}},
		Subjects: []policy.Subject{
			{ID: "out/p-*", Groups: []string{"people"}, Clearance: class(3, 1), Proxies: []policy.Proxy{{Zone: "in", Subject: "in/web-*"}}},
			{ID: "out/low", Groups: []string{"people"}, Clearance: class(1, 1), Proxies: []policy.Proxy{{Zone: "in", Subject: "in/low"}}},
			{ID: "out/alone", Groups: []string{"people"}, Clearance: class(3, 1)},
			{ID: "out/sender", Clearance: class(3, 1)}, {ID: "in/sender", Clearance: class(5, 1)},
		},
		Issuers: []policy.Issuer{{Name: "bureau", Key: s.issuer.Public().(ed25519.PublicKey)}},
		Objects: []policy.Object{{ID: "in/reports", Class: class(4, 3)}, {ID: "in/files", Class: class(4, 3)}, {ID: "out/files", Class: class(3, 1)}},
		Flows:   []policy.Flow{queryFlow(), fileFlow("files", "out", "in"), fileFlow("back", "in", "out")},
		Cedar:   []policy.CedarFile{{Name: "pair.cedar", Text: cedarText}},
	}
	for _, c := range cast {
		r := s.ids[c.id].Request
		b.Components = append(b.Components, policy.Component{ID: c.id, Role: c.role, Zone: c.zone, Key: r.Key, Seal: r.Seal})
	}
	return b
}

func queryFlow() policy.Flow {
	level := number(1, 5)
	level.Classifies = true
	return policy.Flow{
		Name: "query", From: "out", To: "in", Kind: "ask", Protocol: "test", Entry: frontOut, Exit: frontIn, Object: "in/reports",
		Action: "read", Purpose: "self", Class: class(1, 1), Answer: class(1, 3), Raise: 3, Checks: []string{"form"},
		Accept: []label.Assurance{label.ByToken, label.ByAPIKey}, Issuer: "bureau", Limits: policy.Limits{TimeoutMillis: 10_000, Rate: 100_000},
		Forms: []policy.Form{{
			Name: "report", Request: record(field("form", text(6)), field("person", text(900_000))),
			Answers: []policy.AnswerForm{{Status: 200, Schema: record(field("form", text(6)), field("status", number(200, 200)), field("level", level), field("text", text(900_000)))}},
		}},
	}
}

func fileFlow(name, from, to string) policy.Flow {
	f := policy.Flow{
		Name: name, From: from, To: to, Kind: "deliver", Protocol: "file", Entry: frontOut, Exit: frontIn, Object: to + "/files",
		Action: "deliver", Purpose: "batch", Class: class(1, 1), Answer: class(1, 1), Raise: 3, Checks: []string{"form"},
		Accept: []label.Assurance{label.ByComponent}, Files: &policy.Files{MaxSize: 1 << 30},
		Forms: []policy.Form{{Name: "file", Request: record(field("form", text(4)), field("name", text(200)), field("size", number(0, 1<<30)))}},
	}
	if from == "in" {
		f.Entry, f.Exit, f.Class, f.Raise = frontIn, frontOut, class(1, 3), 0
	}
	return f
}

// sign has a bundle approved by the first approvers.
func (s *site) sign(b policy.Bundle, approvers int) []byte {
	s.t.Helper()
	sealed, err := envelope.Seal(envelope.Bundle, b, s.approvers[:approvers]...)
	if err != nil {
		s.t.Fatal(err)
	}
	return sealed.Encode()
}

// within fails the test when check goes on failing for longer than d.
func within(t testing.TB, d time.Duration, check func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(d)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("after %s: %v", d, err)
		}
	}
}

func wrong(format string, args ...any) error { return fmt.Errorf(format, args...) }
