// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// The components.
const (
	frontOut = "front-out"
	rogue    = "front-two" // a captured front
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
	{frontOut, policy.RoleFront, "out"}, {rogue, policy.RoleFront, "out"}, {frontIn, policy.RoleFront, "in"},
	{outer, policy.RoleOuter, ""}, {gate, policy.RoleGate, ""}, {inner, policy.RoleInner, ""}, {central, policy.RoleCenter, "in"},
}

// pairs are the makers of labels and their judges.
var pairs = []pki.Pair{
	{Maker: frontOut, Judge: outer}, {Maker: frontOut, Judge: inner}, {Maker: rogue, Judge: outer},
	{Maker: rogue, Judge: inner}, {Maker: frontIn, Judge: inner}, {Maker: frontIn, Judge: gate},
}

// versions are the bundles that follow each other.
var versions = []struct {
	term  uint64
	cedar string // beside what all of them have
}{{1, ""}, {1, haltFiles}, {2, ""}, {2, haltFiles + haltQuestions}, {3, ""}, {3, haltFiles}}

const (
	haltFiles     = `@id("no-files") forbid (principal, action == Action::"deliver", resource);` + "\n"
	haltQuestions = `@id("no-questions") forbid (principal, action == Action::"read", resource);` + "\n"
)

// site is what all schedules of a process share and none changes: keys, admissions,
// bundles and leases.
type site struct {
	dir       string
	authority *authority.Authority
	approvers []ed25519.PrivateKey
	ids       map[string]*pki.Identity
	bundles   [][]byte
	leases    map[string][][]byte // of serials 1 and 2
}

// newSite makes it at the time at which bubbles begin.
func newSite(t *testing.T, dir string) *site {
	s := &site{dir: dir, ids: map[string]*pki.Identity{}, leases: map[string][][]byte{}}
	cryptotest.SetGlobalRandom(t, 1) // the keys, too, follow from the seed
	synctest.Test(t, func(t *testing.T) {
		if err := s.make(); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

func (s *site) make() error {
	terms := authority.Terms{Guard: "guard", Quorum: 1}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	s.approvers, terms.Approvers = append(s.approvers, key), append(terms.Approvers, public)
	if err := authority.Create(filepath.Join(s.dir, "authority"), terms); err != nil {
		return err
	}
	if s.authority, err = authority.Load(filepath.Join(s.dir, "authority")); err != nil {
		return err
	}
	if err := s.enrol(); err != nil {
		return err
	}
	for n, v := range versions {
		sealed, err := envelope.Seal(envelope.Bundle, s.bundle(uint64(n+1), v.term, v.cedar), s.approvers...)
		if err != nil {
			return err
		}
		s.bundles = append(s.bundles, sealed.Encode())
	}
	for _, c := range cast {
		if c.id == central {
			continue
		}
		for serial := range uint64(2) {
			lease, err := s.lease(c.id, serial+1)
			if err != nil {
				return err
			}
			s.leases[c.id] = append(s.leases[c.id], lease)
		}
		if err := s.furnish(filepath.Join(s.dir, "state", c.id), c.id); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) enrol() error {
	for _, c := range cast {
		i, err := pki.Create(filepath.Join(s.dir, "id", c.id), c.id, string(c.role), c.zone)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(i.Dir(), "request.dukou"))
		if err == nil {
			_, err = s.authority.Admit(data, i.Request.Fingerprint())
		}
		if err != nil {
			return err
		}
		s.ids[c.id] = i
	}
	for _, c := range cast {
		data, err := s.authority.Answer(c.id, time.Now())
		if err == nil {
			err = s.ids[c.id].Admit(data, s.authority.Fingerprint())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// furnish gives a component the first bundle and lease.
func (s *site) furnish(dir, id string) error {
	return errors.Join(
		os.MkdirAll(dir, 0o700),
		os.WriteFile(filepath.Join(dir, "bundle.dukou"), s.bundles[0], 0o600),
		os.WriteFile(filepath.Join(dir, "lease.dukou"), s.leases[id][0], 0o600),
	)
}

func (s *site) lease(id string, serial uint64) ([]byte, error) {
	w := authority.WantLease{
		Component: id, Serial: serial, First: label.EpochAt(time.Now().Add(-24 * time.Hour)), Last: label.EpochAt(time.Now().Add(72 * time.Hour)),
	}
	for _, p := range pairs {
		if p.Maker == id || p.Judge == id {
			w.Pairs = append(w.Pairs, p)
		}
	}
	return s.authority.Lease(w)
}

// forget removes what lives of an earlier schedule left of their time and number.
func (s *site) forget() {
	for _, c := range cast {
		for _, name := range []string{"time", "boot"} {
			_ = os.Remove(filepath.Join(s.ids[c.id].Dir(), name)) // there may be none
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
@id("own") permit (principal, action == Action::"read", resource == Object::"in/reports");
@id("files") permit (principal, action == Action::"deliver", resource);
`

func (s *site) bundle(version, term uint64, cedar string) policy.Bundle {
	now := time.Now()
	b := policy.Bundle{
		Format: policy.Format, Version: version, Created: now.UnixMilli(), NotBefore: now.Add(-48 * time.Hour).UnixMilli(),
		NotAfter: now.Add(48 * time.Hour).UnixMilli(), Guard: "guard", Term: term,
		Zones: []policy.Zone{{Name: "out", Class: class(3, 1)}, {Name: "in", Class: class(5, 3), Inner: true}},
		Subjects: []policy.Subject{
			{ID: "out/person", Clearance: class(3, 1), Proxies: []policy.Proxy{{Zone: "in", Subject: "in/web"}}},
			{ID: "out/sender", Clearance: class(3, 1)}, {ID: "in/sender", Clearance: class(5, 1)},
		},
		Objects: []policy.Object{{ID: "in/reports", Class: class(4, 3)}, {ID: "in/files", Class: class(4, 3)}, {ID: "out/files", Class: class(3, 1)}},
		Flows:   []policy.Flow{queryFlow("query", frontOut), queryFlow("probe", rogue), fileFlow("files", "out", "in"), fileFlow("back", "in", "out")},
		Cedar:   []policy.CedarFile{{Name: "simulate.cedar", Text: cedarText + cedar}},
	}
	for _, c := range cast {
		r := s.ids[c.id].Request
		b.Components = append(b.Components, policy.Component{ID: c.id, Role: c.role, Zone: c.zone, Key: r.Key, Seal: r.Seal})
	}
	return b
}

func queryFlow(name, entry string) policy.Flow {
	level := number(1, 5)
	level.Classifies = true
	return policy.Flow{
		Name: name, From: "out", To: "in", Kind: "ask", Protocol: "test", Entry: entry, Exit: frontIn, Object: "in/reports",
		Action: "read", Purpose: "self", Class: class(1, 1), Answer: class(1, 3), Raise: 3, Checks: []string{"form"},
		Accept: []label.Assurance{label.ByAPIKey}, Limits: policy.Limits{TimeoutMillis: 5_000, Rate: 100_000},
		Forms: []policy.Form{{
			Name: "report", Request: record(field("form", text(6)), field("person", text(100))),
			Answers: []policy.AnswerForm{{Status: 200, Schema: record(field("form", text(6)), field("status", number(200, 200)), field("level", level), field("text", text(100)))}},
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

// quick signs checkpoints in a way that costs nothing: it stands in for Ed25519,
// which is not what is looked at here.
type quick struct{ name string }

func (q quick) Name() string    { return q.name }
func (q quick) KeyHash() uint32 { return 7 }
func (q quick) sum(msg []byte) []byte {
	h := sha256.Sum256(append([]byte(q.name), msg...))
	return h[:]
}
func (q quick) Sign(msg []byte) ([]byte, error) { return q.sum(msg), nil }
func (q quick) Verify(msg, sig []byte) bool     { return bytes.Equal(q.sum(msg), sig) }

func keysOf(id string) note.Verifiers { return note.VerifierList(quick{audit.Origin(id)}) }
