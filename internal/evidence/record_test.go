// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

// decision is a decision as the guard records it.
func decision(t testing.TB, id [16]byte, verdict, reason, rule string) audit.Entry {
	t.Helper()
	fields, err := parcel.EncodeRecord(parcel.Record{"form": "query", "secret": "(not recorded)"})
	if err != nil {
		t.Fatal(err)
	}
	h := parcel.Header{Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, ID: id, Flow: "credit-query",
		FromZone: "out", ToZone: "in", Source: "front-out", Destination: "front-in", Guard: "g", Fields: fields}
	detail := []any{canon.Must(h), uint64(7), []any{[]any{reason, rule, "what it found"}}}
	return audit.Entry{Class: audit.ClassDecision, Verdict: verdict, Reason: reason, Parcel: id, Flow: "credit-query", Subject: "out/p",
		Object: "in/o", Action: "read", Label: sealedLabel(3, 4, "inquiry"), Detail: canon.Must(detail), Time: start().UnixMilli()}
}

func (r *rig) keys(names ...string) note.Verifiers {
	var list []note.Verifier
	for _, name := range names {
		v, err := audit.NewVerifier(audit.Origin(name), keyOf(name).Public().(ed25519.PublicKey))
		if err != nil {
			r.t.Fatal(err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...)
}

// TestEntryWithProof: an entry, its detail once it is opened, and a proof that verifies
// without this program, under the witness's checkpoint where there is one.
func TestEntryWithProof(t *testing.T) {
	r := newRig(t)
	id := [16]byte{1, 2, 3}
	n := r.write("guard-inner", decision(t, id, "refuse", "label-level", "lattice"))
	for range 300 {
		r.write("guard-inner", audit.Entry{Class: audit.ClassSession, Verdict: "info"})
	}
	r.sign()
	w, err := audit.OpenWitness(audit.WitnessConfig{Dir: filepath.Join(t.TempDir(), "w"), Name: "dukou/center/witness", Key: keyOf("witness"), Keys: r.keys("guard-inner")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	proof, checkpoint, err := r.journals["guard-inner"].Consistency(0)
	if err == nil {
		_, err = w.Update(checkpoint, proof)
	}
	if err != nil {
		t.Fatal(err)
	}
	late := r.write("guard-inner", audit.Entry{Class: audit.ClassSession, Verdict: "info"})
	r.sign()
	asked := 0
	x := r.open(storetest.SQLite(t), func(c *evidence.Config) {
		c.Witnessed = func(origin string) []byte {
			signed, _, _ := w.Latest(origin)
			return signed
		}
		c.DetailKey = func(_ context.Context, origin string, key audit.KeyID) (vault.Key, error) {
			asked++
			if origin != "dukou/guard-inner" || key.String() != "decisions/local" {
				return vault.Key{}, errors.New("another key")
			}
			return detailKey(), nil
		}
	})
	ctx, s := context.Background(), evidence.Everything()
	e, err := x.Entry(ctx, s, "guard-inner", n)
	if err != nil || e.Detail != "" || e.Decision != nil || e.Sealed != "decisions/local" || asked != 0 {
		t.Errorf("entry %+v, %v, %d keys asked for", e, err, asked)
	}
	if e.Label == nil || e.Label.Purpose != "inquiry" || e.Label.Confidentiality != 3 || e.Parcel != "01020300000000000000000000000000" {
		t.Errorf("entry %+v", e)
	}
	e, err = x.Detail(ctx, s, "guard-inner", n)
	if err != nil || asked != 1 || e.Decision == nil || e.Decision.Bundle != 7 || e.Decision.Reasons[0].Rule != "lattice" ||
		e.Decision.Header.Content["secret"] != "(not recorded)" || e.Decision.Header.From != "out" {
		t.Errorf("detail %+v, %v, %d keys asked for", e, err, asked)
	}
	for index, cosigned := range map[uint64]bool{n: true, late: false} {
		text, err := x.Proof(ctx, s, "guard-inner", index)
		if err == nil {
			err = reader.CheckProof(text, r.keys("guard-inner"))
		}
		if err != nil || bytes.Contains(text, []byte("dukou/center/witness")) != cosigned {
			t.Errorf("proof of %d: %v\n%s", index, err, text)
		}
	}
	for _, name := range []string{"nobody", "", "dukou/guard-inner", "../guard-inner"} {
		if _, err := x.Entry(ctx, s, name, 0); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("entry of %q: %v", name, err)
		}
	}
	if _, err := x.Entry(ctx, s, "guard-inner", 1<<63); problem.CodeOf(err) != problem.Unknown {
		t.Errorf("an entry far behind the end: %v", err)
	}
	gone := r.open(storetest.SQLite(t), func(c *evidence.Config) {
		c.DetailKey = func(context.Context, string, audit.KeyID) (vault.Key, error) {
			return vault.Key{}, errors.New("destroyed")
		}
	})
	if _, err := gone.Detail(ctx, s, "guard-inner", n); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("a detail whose key was destroyed: %v", err)
	}
	if e, err := r.open(storetest.SQLite(t), withAddresses).Detail(ctx, s, "guard-inner", n); err != nil || e.Decision == nil {
		t.Errorf("a detail of this center's own disk: %v", err)
	}
}

// TestChangedLogIsNotProven: what was changed on the disk gets no proof.
func TestChangedLogIsNotProven(t *testing.T) {
	r := newRig(t)
	for i := range 10 {
		r.write("center", audit.Entry{Class: audit.ClassAdmin, Subject: fmt.Sprintf("admin/zhang-%d", i), Verdict: "allow"})
	}
	r.sign()
	x := r.open(storetest.SQLite(t))
	files, err := filepath.Glob(filepath.Join(r.dir, "center", "journal", "0*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], bytes.Replace(data, []byte("zhang-4"), []byte("wangs-4"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := x.Proof(context.Background(), evidence.Everything(), "center", 4); err == nil {
		t.Errorf("proven:\n%s", text)
	}
}

// TestCrossing: the hops of a parcel in order, the rules that decided, and how it ended.
func TestCrossing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRig(t)
		id := [16]byte{9}
		at := start()
		for i, log := range []string{"guard-outer", "guard-gate", "guard-inner"} {
			e := decision(t, id, "allow", "", "permit-"+log)
			e.Time = at.Add(time.Duration(i) * time.Millisecond).UnixMilli()
			r.write(log, e)
		}
		r.write("front-in", audit.Entry{Class: audit.ClassDelivery, Verdict: "answered", Parcel: id, Flow: "credit-query", Time: at.Add(5 * time.Millisecond).UnixMilli()})
		r.write("front-out", audit.Entry{Class: audit.ClassDelivery, Verdict: "answered", Parcel: id, Flow: "credit-query", Time: at.Add(9 * time.Millisecond).UnixMilli()})
		r.write("guard-outer", decision(t, [16]byte{8}, "refuse", "label-level", "lattice"))
		r.sign()
		x := r.open(db, func(c *evidence.Config) {
			c.DetailKey = func(context.Context, string, audit.KeyID) (vault.Key, error) { return detailKey(), nil }
		})
		ctx := context.Background()
		c, err := x.Crossing(ctx, evidence.Everything(), "09000000000000000000000000000000", true)
		if err != nil || c.State != evidence.Answered || len(c.Hops) != 5 {
			t.Fatalf("%+v, %v", c, err)
		}
		var way []string
		for _, h := range c.Hops {
			way = append(way, h.Log)
		}
		if got := strings.Join(way, " "); got != "guard-outer guard-gate guard-inner front-in front-out" {
			t.Errorf("way %s", got)
		}
		if h := c.Hops[2]; h.Decided == nil || h.Decided.Reasons[0].Rule != "permit-guard-inner" || len(h.Digest) != 64 {
			t.Errorf("hop %+v", h)
		}
		c, err = x.Crossing(ctx, evidence.ScopeOf("security"), "09000000000000000000000000000000", true)
		if err != nil || len(c.Hops) != 3 || c.Hops[0].Decided != nil {
			t.Errorf("security sees %+v, %v", c, err)
		}
		if _, err := x.Crossing(ctx, evidence.ScopeOf("system"), "09000000000000000000000000000000", false); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("system sees it: %v", err)
		}
		c, err = x.Crossing(ctx, evidence.Everything(), "08000000000000000000000000000000", false)
		if err != nil || c.State != evidence.Refused || !strings.Contains(c.Sentence, "guard-outer (label-level)") || c.Hops[0].Decided != nil {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// TestStates: the sentence claims no more than was recorded.
func TestStates(t *testing.T) {
	f := func(log, class, verdict, reason string) evidence.Found {
		return evidence.Found{Log: log, Class: class, Verdict: verdict, Reason: reason}
	}
	passed := []evidence.Found{f("outer", "decision", "allow", ""), f("inner", "decision", "allow", "")}
	late := []evidence.Found{f("outer", "decision", "allow", ""), f("gate", "decision", "allow", ""), f("inner", "decision", "refuse", "label-level"),
		f("outer", "delivery", "refuse", "label-level"), f("front-out", "delivery", "refuse", "label-level")}
	if got, sentence := evidence.StateOf(late); got != evidence.Refused || !strings.Contains(sentence, "inner (label-level)") {
		t.Errorf("refused by the second judge: %s %q", got, sentence)
	}
	again := append([]evidence.Found{f("outer", "decision", "refuse", "label-window")}, passed...)
	if got, sentence := evidence.StateOf(again); got != evidence.Passed {
		t.Errorf("let pass under a new label: %s %q", got, sentence)
	}
	for want, hops := range map[evidence.State][]evidence.Found{
		evidence.Delivered:     {f("front-in", "delivery", "received", ""), f("front-out", "delivery", "refuse", "guard-unavailable"), f("front-out", "delivery", "delivered", "")},
		evidence.Released:      {f("front-in", "delivery", "received", ""), f("front-out", "delivery", "refuse", "interrupted")},
		evidence.Answered:      {f("front-in", "delivery", "answered", ""), f("front-out", "delivery", "answered", "")},
		evidence.AnswerRefused: {f("front-in", "delivery", "answered", ""), f("inner", "decision", "refuse", "label-level"), f("front-out", "delivery", "refuse", "label-level")},
		evidence.Refused:       {f("outer", "decision", "refuse", "label-level"), f("front-out", "delivery", "refuse", "label-level")},
		evidence.Interrupted:   append([]evidence.Found{f("outer", "delivery", "refuse", "interrupted")}, passed...),
		evidence.Passed:        passed,
		evidence.NotKnown:      {f("front-out", "session", "info", "")},
	} {
		if got, sentence := evidence.StateOf(hops); got != want || sentence == "" {
			t.Errorf("%s: %s %q", want, got, sentence)
		}
	}
	act := func(verdict, reason string) evidence.Found {
		h := f("front-in", "delivery", verdict, reason)
		h.Action = "release from quarantine"
		return h
	}
	refused := append(slices.Clone(passed), f("front-in", "delivery", "refuse", "content-type"), f("front-out", "delivery", "refuse", "content-type"))
	was, told := evidence.StateOf(refused)
	for _, c := range []struct {
		acts  []evidence.Found
		freed bool
	}{
		{[]evidence.Found{act("refuse", "policy-unsigned")}, false},
		{[]evidence.Found{act("released", "")}, true},
		{[]evidence.Found{act("released", ""), act("failed", "target-unavailable")}, false},
		{[]evidence.Found{act("released", ""), act("failed", "too-busy"), act("released", ""), act("refuse", "parcel-unknown")}, true},
	} {
		got, sentence := evidence.StateOf(append(slices.Clone(refused), c.acts...))
		if c.freed && (got != evidence.Released || !strings.Contains(sentence, "quarantine")) || !c.freed && (got != was || sentence != told) {
			t.Errorf("from quarantine, %+v: %s %q", c.acts, got, sentence)
		}
	}
}

// TestSavedSearches: they are an account's own.
func TestSavedSearches(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		x := newRig(t).open(db)
		ctx := context.Background()
		const query = "class=decision&verdict=refuse&not=flow%3Dbatch&state=refused&state=interrupted&day=today"
		for _, name := range []string{"拒绝", "b", "b"} {
			if _, err := x.SaveSearch(ctx, "anna", name, query); err != nil {
				t.Fatal(err)
			}
		}
		list, err := x.SavedSearches(ctx, "anna")
		if err != nil || len(list) != 2 || list[0].Query != query {
			t.Errorf("%+v, %v", list, err)
		}
		if err := x.DeleteSearch(ctx, "bert", list[0].ID); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("another deletes it: %v", err)
		}
		if err := x.DeleteSearch(ctx, "anna", list[0].ID); err != nil {
			t.Error(err)
		}
		if list, err := x.SavedSearches(ctx, "bert"); err != nil || len(list) != 0 {
			t.Errorf("another sees %+v, %v", list, err)
		}
		for name, query := range map[string]string{"": "class=admin", "n": "colour=red", "m": "%zz", "\x00": "", "l": strings.Repeat("x", 5000)} {
			if _, err := x.SaveSearch(ctx, "anna", name, query); problem.CodeOf(err) != problem.Invalid {
				t.Errorf("%q %.20q was saved: %v", name, query, err)
			}
		}
		for i := range 110 {
			_, err = x.SaveSearch(ctx, "carl", fmt.Sprint(i), query)
		}
		if problem.CodeOf(err) != problem.Conflict {
			t.Errorf("110 searches saved: %v", err)
		}
	})
}

func FuzzCursor(f *testing.F) {
	for _, text := range []string{"MTc2Mzc4.MQ", "MS4yLjM", "", "LTEuMC4w", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjEuMQ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		again, err := evidence.ParseCursor(text)
		if err == nil && again != text {
			t.Errorf("%q is read as %q", text, again)
		}
	})
}

func FuzzDetail(f *testing.F) {
	f.Add([]byte(decision(f, [16]byte{1}, "allow", "", "p").Detail))
	f.Add([]byte{0x83, 0x40, 0, 0x80})
	f.Fuzz(func(t *testing.T, detail []byte) {
		d, err := evidence.ReadDecided(detail)
		if err == nil && d.Header == nil && len(d.Digest) > 64 {
			t.Errorf("a digest of %d digits", len(d.Digest))
		}
	})
}
