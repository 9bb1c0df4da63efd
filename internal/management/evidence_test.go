// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/vault"
)

// recorded gives a bank an index of a guard's log: a decision that was allowed, one that
// was refused, a delivery, a policy entry and one of health.
func (b *bank) recorded() note.Verifiers {
	b.t.Helper()
	origin := audit.Origin("guard-inner")
	seed, key := sha256.Sum256([]byte("guard")), vault.Key(sha256.Sum256([]byte("details")))
	signer, err := audit.NewSigner(origin, ed25519.NewKeyFromSeed(seed[:]))
	b.must("signer", err)
	dir := filepath.Join(b.t.TempDir(), "guard-inner")
	j, err := audit.Open(audit.Config{Dir: dir, Origin: origin, Signer: signer, Local: &key})
	b.must("journal", err)
	b.t.Cleanup(func() { b.must("close", j.Close()) })
	at := b.clock().Add(-time.Hour).UnixMilli()
	for _, e := range []audit.Entry{
		{Class: audit.ClassDecision, Verdict: "allow", Flow: "credit-query", Subject: "out/p1", Parcel: [16]byte{1}, Detail: []byte{0x63, 'a', 'b', 'c'}},
		{Class: audit.ClassDecision, Verdict: "refuse", Reason: "label-level", Flow: "batch, 二", Subject: "out/p1", Parcel: [16]byte{2}},
		{Class: audit.ClassDelivery, Verdict: "answered", Flow: "credit-query", Subject: "out/p1", Parcel: [16]byte{1}},
		{Class: audit.ClassPolicy, Verdict: "allow", Action: "apply", Object: "v7"},
		{Class: audit.ClassHealth, Verdict: "refuse", Reason: "clock-off"},
	} {
		e.Time = at
		j.Append(e)
	}
	b.must("sign", j.Flush())
	b.Evidence, err = evidence.Open(b.t.Context(), b.db, evidence.Config{
		Logs:      func() []evidence.Log { return []evidence.Log{{Origin: origin, Dir: dir}} },
		DetailKey: func(context.Context, string, audit.KeyID) (vault.Key, error) { return key, nil }, Now: b.clock,
	})
	b.must("index", err)
	b.must("index", b.Evidence.CatchUp(b.t.Context()))
	return note.VerifierList(signer)
}

// items are how many the answer has.
func (r reply) items() int {
	list, _ := r.body["items"].([]any)
	return len(list)
}

// TestEvidence: each duty finds what it may see, opens what it may open, and all of it is
// recorded.
func TestEvidence(t *testing.T) {
	b := openBank(t, false)
	keys := b.recorded()
	sys, sec, aud := bearer(b.enter("sys")), bearer(b.enter("sec")), bearer(b.enter("aud"))
	find := func(query string, who with) reply { t.Helper(); return b.call("GET", "/evidence?"+query, nil, who) }
	for query, want := range map[string][3]int{ // found by audit, security, system
		"":                                {5, 3, 1},
		"verdict=refuse":                  {2, 1, 1},
		"verdict=refuse&verdict=answered": {3, 1, 1},
		"last=24h":                        {5, 3, 1},
		"last=30m":                        {0, 0, 0},
		"not=class%3Ddecision&not=class%3Dhealth": {2, 1, 0},
		"flow=" + url.QueryEscape("batch, 二"):     {1, 1, 0},
		"text=P1":                                 {3, 2, 0},
		"parcel=" + strings.Repeat("01", 1) + strings.Repeat("00", 15): {2, 1, 0},
	} {
		for i, who := range []with{aud, sec, sys} {
			if r := b.ok(query, find(query, who)); r.items() != want[i] {
				t.Errorf("%q: %d entries for caller %d, want %d: %s", query, r.items(), i, want[i], r.text)
			}
		}
	}
	b.refused("security asks for deliveries", find("class=delivery", sec), "duty-wrong")
	b.refused("system asks for decisions", find("class=decision", sys), "duty-wrong")
	for _, query := range []string{"last=never", "last=1h&from=2026-11-22T00:00:00Z", "not=x", "not=colour%3Dred", "text=x", "after=x", "class=gossip"} {
		b.refused(query, find(query, aud), "invalid")
	}
	first := b.ok("first page", find("limit=2", aud))
	if next := b.ok("second page", find("limit=3&after="+url.QueryEscape(first.get("next")), aud)); first.items() != 2 || next.items() != 3 {
		t.Errorf("pages of %d and %d entries", first.items(), next.items())
	}
	counts := b.ok("count", b.call("GET", "/evidence/counts?by=verdict&last=2h", nil, aud))
	if list, _ := counts.body["counts"].([]any); len(list) != 3 {
		t.Errorf("counted %s", counts.text)
	}
	b.ok("logs", b.call("GET", "/evidence/logs", nil, sys))
	b.openEntries(keys, sec, aud)
}

// openEntries opens entries, details and proofs.
func (b *bank) openEntries(keys note.Verifiers, sec, aud with) {
	t := b.t
	t.Helper()
	if e := b.ok("entry", b.call("GET", "/evidence/guard-inner/0", nil, sec)); e.get("sealed") != "decisions/local" || e.get("detail") != "" {
		t.Errorf("entry %s", e.text)
	}
	b.refused("security opens a detail", b.call("GET", "/evidence/guard-inner/0/detail", nil, sec), "duty-wrong")
	b.refused("an entry of audit's", b.call("GET", "/evidence/guard-inner/2", nil, sec), "unknown")
	b.refused("no entry", b.call("GET", "/evidence/guard-inner/99", nil, aud), "unknown")
	if e := b.ok("detail", b.call("GET", "/evidence/guard-inner/0/detail", nil, aud)); e.get("detail") != `"abc"` {
		t.Errorf("detail %s", e.text)
	}
	proof := b.ok("proof", b.call("GET", "/evidence/guard-inner/1/proof", nil, aud))
	if err := reader.CheckProof([]byte(proof.text), keys); err != nil {
		t.Errorf("proof: %v\n%s", err, proof.text)
	}
	parcel := "01" + strings.Repeat("00", 15)
	if c := b.ok("crossing", b.call("GET", "/crossings/"+parcel+"?details=true", nil, aud)); c.get("state") != "passed" {
		t.Errorf("crossing %s", c.text)
	}
	b.refused("security opens details of a crossing", b.call("GET", "/crossings/"+parcel+"?details=true", nil, sec), "duty-wrong")
	b.refused("no crossing", b.call("GET", "/crossings/"+strings.Repeat("ff", 16), nil, aud), "unknown")
	b.mu.Lock()
	defer b.mu.Unlock()
	read := func(e audit.Entry) bool {
		return e.Action == "read-detail" && e.Subject == "admin/aud" && e.Verdict == "allow" && e.Object == "/api/evidence/guard-inner/0/detail"
	}
	if !slices.ContainsFunc(b.entries, read) {
		t.Error("that a detail was read is not recorded")
	}
}

// TestQuestionsAndSearches: questions by name, and searches that are one's own.
func TestQuestionsAndSearches(t *testing.T) {
	b := openBank(t, false)
	b.recorded()
	sys, aud := bearer(b.enter("sys")), bearer(b.enter("aud"))
	if r := b.ok("questions", b.call("GET", "/questions", nil, aud)); r.items() != 12 {
		t.Errorf("%d questions", r.items())
	}
	a := b.ok("ask", b.call("GET", "/questions/subject-today?of=out%2Fp1&zone=UTC", nil, aud))
	if page, _ := a.body["page"].(map[string]any); page == nil || len(page["items"].([]any)) != 3 {
		t.Errorf("answer %s", a.text)
	}
	b.refused("a zone that is not there", b.call("GET", "/questions/health?zone=..%2Fetc", nil, aud), "invalid")
	saved := b.ok("save", b.call("POST", "/searches", map[string]any{"name": "拒绝", "query": "verdict=refuse&last=7d"}, aud))
	if r := b.ok("list", b.call("GET", "/searches", nil, aud)); r.items() != 1 {
		t.Errorf("saved %s", r.text)
	}
	if r := b.ok("list", b.call("GET", "/searches", nil, sys)); r.items() != 0 {
		t.Errorf("another has %s", r.text)
	}
	b.refused("another deletes it", b.call("DELETE", "/searches/"+saved.get("id"), nil, sys), "unknown")
	b.ok("delete", b.call("DELETE", "/searches/"+saved.get("id"), nil, aud))
	b.refused("a search that is none", b.call("POST", "/searches", map[string]any{"name": "x", "query": "colour=red"}, aud), "invalid")
	b.ok("rebuild", b.onHost("POST", "/evidence/rebuild", nil))
	b.must("index", b.Evidence.CatchUp(t.Context()))
	if r := b.ok("find", b.call("GET", "/evidence", nil, aud)); r.items() != 5 {
		t.Errorf("after a rebuild: %s", r.text)
	}
}

// FuzzSpan reads lengths of time.
func FuzzSpan(f *testing.F) {
	for _, text := range []string{"30m", "7d", "-1h", "99999d", "1e9h", "d", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if length, err := spanOf(text); err == nil && (length <= 0 || length > maxSpan) {
			t.Errorf("%q is read as %s", text, length)
		}
	})
}
