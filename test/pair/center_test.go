// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/management"
	"dukou.dev/dukou/internal/pki"
)

// startSigner serves the site's authority.
func (s *site) startSigner() *part {
	s.t.Helper()
	p := &part{site: s, id: "signer", done: make(chan error, 1)} // it keeps no log
	_ = os.Remove(s.socket("signer"))
	l, err := net.Listen("unix", s.socket("signer"))
	if err != nil {
		s.t.Fatal(err)
	}
	return p.run(func(ctx context.Context) error { return authority.Serve(ctx, l, s.authority, s.log) })
}

// startCenter starts the real center.
func (s *site) startCenter() *part {
	s.t.Helper()
	p := s.open(central)
	_ = os.Remove(s.socket(central))
	l, err := net.Listen("unix", s.socket(central))
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := center.New(center.Config{
		Identity: s.ids[central], State: s.path("state", central), Dial: s.dial(inner), Signer: authority.Client{Socket: s.socket("signer")},
		Journal: p.journal, Manifest: s.manifests[central], Effective: s.effective(central), Log: s.log.With("at", central),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	p.center = c
	server := management.New(management.Config{Center: c, Record: p.journal.Append, Events: management.NewEvents(), Log: s.log})
	return p.run(func(ctx context.Context) error {
		return daemon.Run(ctx, daemon.Task{Name: "center", Run: c.Run}, server.Task("api", l, true))
	})
}

// rest calls the center's interface.
func (s *site) rest(method, path string, body []byte) (int, string, []byte) {
	s.t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(central)(ctx) }}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequest(method, "http://center"+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), data
}

type problem struct {
	Status int
	Code   fault.Code
	Detail string
}

// apply puts a bundle in force through the interface.
func (s *site) apply(bundle []byte) {
	s.t.Helper()
	if status, _, data := s.rest("POST", "/api/bundles", bundle); status != 200 {
		s.t.Fatalf("%d: %s", status, data)
	}
}

func (s *site) standings() map[string]center.Standing {
	s.t.Helper()
	status, _, data := s.rest("GET", "/api/standings", nil)
	var list []center.Standing
	if err := json.Unmarshal(data, &list); status != 200 || err != nil {
		s.t.Fatalf("%d %s: %v", status, data, err)
	}
	all := map[string]center.Standing{}
	for _, x := range list {
		all[x.ID] = x
	}
	return all
}

// current fails unless components have a version of bundle and lease.
func (s *site) current(version uint64, ids ...string) error {
	all := s.standings()
	for _, id := range ids {
		if x := all[id]; x.State != "current" || x.Bundle != version || x.Lease != version {
			return wrong("%s is %s with bundle %d, lease %d: %s", id, x.State, x.Bundle, x.Lease, x.Error)
		}
	}
	return nil
}

var guarded = []string{inner, gate, outer, frontIn, frontOut}

// newCentered is a whole installation with its center at work.
func newCentered(t *testing.T) *world {
	t.Helper()
	s := newSite(t)
	w := &world{site: s, app: newApplication()}
	w.outer, w.inner = s.startPair()
	s.startSigner()
	s.startCenter()
	s.apply(s.sign(s.bundle(1), 2))
	w.out = s.startFront(frontOut, outer, nil, nil)
	w.in = s.startFront(frontIn, inner, w.app, nil)
	within(t, 15*time.Second, func() error { return s.current(1, guarded...) })
	return w
}

func TestApply(t *testing.T) {
	w := newCentered(t)
	stop := w.traffic(2)
	for version := uint64(2); version < 6; version++ {
		start := time.Now()
		w.apply(w.sign(w.bundle(version), 2))
		if err := w.current(version, guarded...); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("version %d took %s", version, took)
		}
	}
	if told := stop(); len(told) != 1 || told[""] == 0 {
		t.Errorf("callers were told %v", told)
	}
	if x := w.standings()[frontTwo]; x.State != "unreachable" || x.Error == "" {
		t.Errorf("a component that is away: %+v", x)
	}
}

// TestBack: what was away is brought up to date when it is back.
func TestBack(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	w.out.stop()
	w.outer.stop()
	w.apply(w.sign(w.bundle(2), 2))
	if err := w.current(2, inner, frontIn); err != nil {
		t.Error(err)
	}
	if x := w.standings()[outer]; x.State != "unreachable" {
		t.Errorf("%+v", x)
	}
	w.outer = w.startSide(guard.Outer)
	w.out = w.startFront(frontOut, outer, nil, nil)
	within(t, 15*time.Second, func() error { return w.current(2, guarded...) })
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Error(err)
	}
	// The center itself was away, and goes on where it was.
	w.running[central].stop()
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Errorf("without a center: %v", err)
	}
	w.startCenter()
	within(t, 15*time.Second, func() error { return w.current(2, guarded...) })
	w.apply(w.sign(w.bundle(3), 2))
	if err := w.current(3, guarded...); err != nil {
		t.Error(err)
	}
}

// TestSignerAway: a bundle reaches components that have a lease; their next lease
// comes when the signer is back.
func TestSignerAway(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	w.running["signer"].stop()
	w.apply(w.sign(w.bundle(2), 2))
	all := w.standings()
	for _, id := range guarded {
		if x := all[id]; x.Bundle != 2 || x.Lease != 1 || x.State != "behind" || !strings.Contains(x.Error, "lease") {
			t.Errorf("%+v", x)
		}
	}
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Errorf("without a signer: %v", err)
	}
	w.startSigner()
	within(t, 15*time.Second, func() error { return w.current(2, guarded...) })
}

func TestInterface(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	for name, test := range map[string]struct {
		method, path string
		body         []byte
		status       int
		code         fault.Code
	}{
		"unsigned":      {"POST", "/api/bundles", w.sign(w.bundle(2), 1), 403, fault.PolicyUnsigned},
		"older":         {"POST", "/api/bundles", w.sign(w.bundle(0), 2), 403, fault.PolicyOld},
		"malformed":     {"POST", "/api/bundles", []byte("x"), 403, fault.PolicyMalformed},
		"nothing":       {"POST", "/api/bundles", nil, 400, "malformed"},
		"too large":     {"POST", "/api/bundles", make([]byte, envelope.MaxSize+1), 413, "too-large"},
		"another place": {"GET", "/api/other", nil, 404, "unknown"},
		"other method":  {"GET", "/api/bundles", nil, 404, "unknown"},
	} {
		status, kind, data := w.rest(test.method, test.path, test.body)
		var p problem
		if err := json.Unmarshal(data, &p); err != nil || kind != "application/problem+json" || status != test.status || p.Status != status || p.Code != test.code {
			t.Errorf("%s: %d %s %s", name, status, kind, data)
		}
	}
	if status, _, data := w.rest("GET", "/api/health", nil); status != 200 || !bytes.Contains(data, []byte("ok")) {
		t.Errorf("%d: %s", status, data)
	}
	if err := w.current(1, guarded...); err != nil {
		t.Errorf("after all that was refused: %v", err)
	}
	within(t, 5*time.Second, func() error {
		return w.running[central].recorded(func(l audit.Leaf) bool {
			return l.Class == audit.ClassPolicy && l.Verdict == "refuse" && l.Reason == string(fault.PolicyUnsigned)
		})
	})
}

// gathered fails unless the center has every record of a part's log as it is there.
func (w *world) gathered(p *part) error {
	dir := audit.MirrorDir(w.path("state", central), audit.Origin(p.id))
	signed, err := audit.ReadCheckpoint(durable.OS(), dir)
	if err != nil {
		return err
	}
	copied, err := audit.ParseCheckpoint(signed)
	if err != nil {
		return err
	}
	head, err := audit.ParseCheckpoint(p.journal.Checkpoint())
	if err != nil {
		return err
	}
	if copied != head {
		return wrong("%s: %d records of %d are copied", p.id, copied.Size, head.Size)
	}
	return nil
}

func TestGathering(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	for range 20 {
		if _, err := w.ask("out/p-1", "p-1"); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*part{w.inner, w.running[gate], w.outer, w.in, w.out} {
		within(t, 20*time.Second, func() error { return w.gathered(p) })
		if x := w.standings()[p.id]; x.Audit != "proven" || x.Records == 0 {
			t.Errorf("%+v", x)
		}
	}
	w.stopAll()
	for _, id := range guarded {
		verifier, err := audit.NewVerifier(audit.Origin(id), w.ids[id].Request.Key)
		if err != nil {
			t.Fatal(err)
		}
		r, err := reader.Verify(audit.MirrorDir(w.path("state", central), audit.Origin(id)), note.VerifierList(verifier), reader.Options{})
		if err != nil || len(r.Findings) > 0 || r.Entries == 0 {
			t.Errorf("%s: %+v, %v", id, r, err)
		}
	}
}

// TestTakenBack: a log that is put back to an earlier state, and then goes on, is
// told of and recorded.
func TestTakenBack(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	within(t, 20*time.Second, func() error { return w.gathered(w.outer) })
	w.outer.stop()
	old := w.path("old")
	if err := os.CopyFS(old, os.DirFS(w.path("state", outer, "audit"))); err != nil {
		t.Fatal(err)
	}
	w.outer = w.startSide(guard.Outer)
	within(t, 20*time.Second, func() error { _, err := w.ask("out/p-1", "p-1"); return err })
	for range 50 {
		if _, err := w.ask("out/p-1", "p-1"); err != nil {
			t.Fatal(err)
		}
	}
	within(t, 20*time.Second, func() error { return w.gathered(w.outer) })
	w.outer.stop()
	if err := errors.Join(os.RemoveAll(w.path("state", outer, "audit")), os.Rename(old, w.path("state", outer, "audit"))); err != nil {
		t.Fatal(err)
	}
	w.outer = w.startSide(guard.Outer)
	within(t, 20*time.Second, func() error {
		if x := w.standings()[outer]; x.Audit != "log-taken-back" {
			return wrong("its log is %q", x.Audit)
		}
		return nil
	})
	for range 100 { // until it is longer than it was
		if _, err := w.ask("out/p-1", "p-1"); err != nil && fault.KindOf(fault.CodeOf(err)) != fault.Unavailable {
			t.Fatal(err)
		}
	}
	within(t, 20*time.Second, func() error {
		if x := w.standings()[outer]; x.Audit != "log-forked" && x.Audit != "log-unproven" {
			return wrong("its log is %q", x.Audit)
		}
		return nil
	})
	within(t, 5*time.Second, func() error {
		return w.running[central].recorded(func(l audit.Leaf) bool {
			return l.Class == audit.ClassHealth && l.Subject == outer && l.Reason == "log-taken-back"
		})
	})
}

// TestWitness: the inner half cosigns the center's own log; a center's log that was
// cut is found by what it cosigned, and one that goes on from there is not cosigned.
func TestWitness(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	file := center.WitnessedFile(w.path("state", central), central)
	within(t, 20*time.Second, func() error { _, err := os.Stat(file); return err })
	w.running[central].stop()
	log := w.path("state", central, "audit")
	early := w.path("early")
	if err := os.CopyFS(early, os.DirFS(log)); err != nil {
		t.Fatal(err)
	}
	w.startCenter()
	before, err := witnessedSize(file)
	if err != nil {
		t.Fatal(err)
	}
	w.apply(w.sign(w.bundle(2), 2)) // one more entry
	w.running[central].stop()
	w.startCenter() // witnesses at its start
	within(t, 20*time.Second, func() error {
		now, err := witnessedSize(file)
		if err == nil && now <= before {
			err = wrong("still witnessed up to %d", now)
		}
		return err
	})
	w.running[central].stop()
	o := reader.Options{WitnessKeys: w.witnessKeys()}
	if o.Witness, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	verifier, err := audit.NewVerifier(audit.Origin(central), w.ids[central].Request.Key)
	if err != nil {
		t.Fatal(err)
	}
	keys := note.VerifierList(verifier)
	if r, err := reader.Verify(log, keys, o); err != nil || len(r.Findings) > 0 || r.Unproven || r.Witnessed == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := reader.Verify(early, keys, o); err != nil || len(r.Findings) == 0 {
		t.Errorf("a cut log: %+v, %v", r, err)
	}
	if err := errors.Join(os.RemoveAll(log), os.Rename(early, log)); err != nil {
		t.Fatal(err)
	}
	w.startCenter()
	w.running[central].journal.Append(audit.Entry{Class: audit.ClassAdmin, Verdict: "info"})
	for range 20 {
		w.running[central].journal.Append(audit.Entry{Class: audit.ClassAdmin, Verdict: "info"})
	}
	within(t, 20*time.Second, func() error {
		return w.inner.recorded(func(l audit.Leaf) bool {
			return l.Class == audit.ClassHealth && l.Subject == central && l.Action == "witness" && l.Verdict == "refuse"
		})
	})
}

// witnessedSize is how much of the center's log the checkpoint in a file covers.
func witnessedSize(file string) (uint64, error) {
	signed, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	c, err := audit.ParseCheckpoint(signed)
	return c.Size, err
}

// witnessKeys are those of the inner half as a witness, from the file that an
// operator carries.
func (w *world) witnessKeys() note.Verifiers {
	w.t.Helper()
	key, err := pki.ReadPublicKey(filepath.Join(w.path("state", inner), "witness.pub"))
	if err != nil {
		w.t.Fatal(err)
	}
	verifier, err := audit.NewWitnessVerifier(guard.WitnessName(inner), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return note.VerifierList(verifier)
}
