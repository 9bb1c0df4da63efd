// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/rehearsal"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/test/measured"
)

var decisionsFlag = flag.Int("decisions", 2_000, "recorded decisions that are made anew; make scale: 1,000,000") //nolint:gochecknoglobals // a flag of this test

// TestRehearsal has a journal of decisions on the example's questions made anew by a
// policy under which they are refused, and by the one that they were made under.
func TestRehearsal(t *testing.T) {
	out := measured.Out(t, *outFlag)
	files := drafttest.Files(t, bank.Files(), "bureau")
	was := drafttest.Policy(t, files)
	is := drafttest.Policy(t, drafttest.Edited(t, files, "policies/credit.cedar", `when { context.kind == "ask" && principal.name`, `when { context.kind == "answer" && principal.name`))
	key := vault.Key(sha256.Sum256([]byte("details")))
	dir := decisions(t, was, key)
	fmt.Fprintf(out, "\nRehearsal of %d recorded questions of the example, details sealed\n", *decisionsFlag)
	for name, p := range map[string]*policy.Policy{"the same policy": was, "one that refuses them": is} {
		told := 0
		r, err := rehearsal.Decide(context.Background(), rehearsal.Replay{
			Logs: []rehearsal.Log{{Dir: dir}}, Policy: p, Progress: func(rehearsal.Progress) { told++ },
			Keys: func(context.Context, string, audit.KeyID) (vault.Key, error) { return key, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		changed := uint64(0)
		if p == is {
			changed = r.Decided
		}
		if r.Decided != uint64(*decisionsFlag) || r.Changed != changed {
			t.Errorf("by %s: %+v", name, r)
		}
		fmt.Fprintf(out, "  by %-24s %6.1f s, %.0f decisions/s, %d changed, progress told %d times\n",
			name, float64(r.Took)/1000, float64(r.Decided)/max(float64(r.Took)/1000, 0.001), r.Changed, told)
	}
}

// decisions is a journal of an inner process, with the decisions that a policy makes on
// questions of one person.
func decisions(t *testing.T, p *policy.Policy, key vault.Key) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "guard-inner")
	seed := sha256.Sum256([]byte("guard-inner"))
	signer, err := audit.NewSigner(audit.Origin("guard-inner"), ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	j, err := audit.Open(audit.Config{Dir: dir, Origin: audit.Origin("guard-inner"), Signer: signer, Local: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	j.UseKeys(func(string, uint64) ([32]byte, bool) { return key, true })
	for n := range *decisionsFlag {
		j.Append(decided(t, p, n))
		if n%8192 == 0 || n == *decisionsFlag-1 {
			if err := j.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// decided is one decision as the guard records it.
func decided(t *testing.T, p *policy.Policy, n int) audit.Entry {
	t.Helper()
	f := p.Flow("credit-query")
	content := parcel.Record{"form": "report", "path": parcel.Record{"person": "person-000001"}, "query": parcel.Record{"purpose": "self-inquiry"}}
	fields, err := parcel.EncodeRecord(content)
	if err != nil {
		t.Fatal(err)
	}
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, Flow: f.Name, Guard: p.Guard, Fields: fields,
		FromZone: f.From, ToZone: f.To, Source: f.Entry, Destination: f.Exit, Term: p.Term, Bundle: p.Version,
	}
	binary.BigEndian.PutUint64(h.ID[:8], uint64(n)+1)
	l := &label.Label{
		Version: label.Version, Class: f.Class.Join(f.Forms[0].Request.Least(content)), Subject: "internet/person-000001", Assurance: label.ByToken,
		Object: f.Object, Action: f.Action, Protocol: f.Protocol, Purpose: f.Purpose, Maker: f.Entry, Number: 1, NotBefore: 1, NotAfter: 2,
	}
	d := p.Decide(policy.Query{Header: h, Label: l, Content: content})
	if !d.Allow {
		t.Fatalf("the example refuses its own question: %+v", d.Reasons)
	}
	kept, err := p.Recorded(h, content)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := label.Sealed{Body: canon.Must(l)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	reasons := []any{}
	for _, r := range d.Reasons {
		reasons = append(reasons, []any{string(r.Code), r.Rule, r.What})
	}
	return audit.Entry{
		Time: end().Add(-time.Hour).UnixMilli(), Class: audit.ClassDecision, Verdict: "allow", Parcel: h.ID, Flow: h.Flow, Label: sealed,
		Subject: l.Subject, Object: l.Object, Action: l.Action, Detail: canon.Must([]any{canon.Must(kept), p.Version, reasons}),
	}
}
