// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/vault"
)

const (
	firstDay = 20_000
	days     = 4
)

// leased admits a component and takes its lease for the four days.
func leased(t *testing.T, a *authority.Authority, id string) (*pki.Identity, *pki.Keys) {
	t.Helper()
	i, request := newComponent(t, id)
	if _, err := a.Admit(request, i.Request.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer(id, time.Now())
	if err == nil {
		err = i.Admit(answer, a.Fingerprint())
	}
	if err != nil {
		t.Fatal(err)
	}
	keys := &pki.Keys{}
	release(t, a, i, keys, 1)
	return i, keys
}

func release(t *testing.T, a *authority.Authority, i *pki.Identity, keys *pki.Keys, serial uint64) {
	t.Helper()
	want := authority.WantLease{Component: i.Request.ID, Serial: serial, First: firstDay * pki.PeriodEpochs, Last: (firstDay+days)*pki.PeriodEpochs - 1}
	sealed, err := a.Lease(want)
	if err == nil {
		err = i.AcceptLease(t.TempDir(), sealed, keys)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T) (*authority.Authority, string) {
	t.Helper()
	dir := t.TempDir()
	if err := authority.Create(dir, terms(t, 1, 1)); err != nil {
		t.Fatal(err)
	}
	a, err := authority.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a, dir
}

// TestDetailKeys: one key for each component and day, the same in each lease and after
// a restart, and no other's.
func TestDetailKeys(t *testing.T) {
	a, dir := load(t)
	front, keys := leased(t, a, "front-a")
	_, others := leased(t, a, "front-b")
	again := &pki.Keys{}
	b, err := authority.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	release(t, b, front, again, 2)
	seen := map[[32]byte]bool{}
	for day := uint64(firstDay); day < firstDay+days; day++ {
		key, ok := keys.Detail(audit.Decisions, day)
		same, okToo := again.Detail(audit.Decisions, day)
		other, okOther := others.Detail(audit.Decisions, day)
		if !ok || !okToo || !okOther || key != same || seen[key] || seen[other] {
			t.Errorf("day %d: %t %t %t, the same %t, before %t", day, ok, okToo, okOther, key == same, seen[key] || seen[other])
		}
		seen[key], seen[other] = true, true
	}
	for class, day := range map[string]uint64{audit.Decisions: firstDay + days, "sessions": firstDay} {
		if _, ok := keys.Detail(class, day); ok {
			t.Errorf("a key of class %s on day %d", class, day)
		}
	}
	if _, ok := (&pki.Keys{}).Detail(audit.Decisions, firstDay); ok {
		t.Error("a key without a lease")
	}
}

// TestDestroy: a log whose details are sealed for four days; when the keys of two are
// destroyed nobody gets them, the log is sound, and what came later opens.
func TestDestroy(t *testing.T) {
	a, dir := load(t)
	front, keys := leased(t, a, "front-a")
	logDir := writeLog(t, front, keys)
	now := time.Unix((firstDay+2)*24*3600, 0)
	if err := a.Destroy(audit.Decisions, firstDay+3, now); err == nil {
		t.Error("destroyed keys of a day that is not over")
	}
	before, err := os.ReadFile(filepath.Join(dir, "details", "front-a.keys"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Destroy(audit.Decisions, firstDay+2, now); err != nil {
		t.Fatal(err)
	}
	if a, err = authority.Load(dir); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "details", "front-a.keys"))
	if err != nil {
		t.Fatal(err)
	}
	release(t, a, front, keys, 2)
	for day := uint64(firstDay); day < firstDay+days; day++ {
		_, err := a.DetailKey(authority.WantDetailKey{Component: "front-a", Class: audit.Decisions, Day: day})
		key, ok := keys.Detail(audit.Decisions, day)
		if gone := day < firstDay+2; errors.Is(err, authority.ErrDestroyed) != gone || (err != nil) != gone || ok == gone {
			t.Errorf("day %d: %v, in a lease %t", day, err, ok)
		}
		if ok && (!bytes.Contains(before, key[:]) || !bytes.Contains(after, key[:])) {
			t.Errorf("day %d: not the key that it was", day)
		}
	}
	if len(before)-len(after) < 2*32 {
		t.Errorf("%d bytes of keys became %d", len(before), len(after))
	}
	wantShown(t, a, logDir, front)
}

// writeLog makes a log with an entry for each day.
func writeLog(t *testing.T, i *pki.Identity, keys *pki.Keys) string {
	t.Helper()
	state := t.TempDir()
	j, err := audit.OpenOwn(i.Request.ID, i.Key(), state, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	j.UseKeys(keys.Detail)
	for n := range int64(days) {
		j.Append(audit.Entry{Time: (firstDay + n) * 24 * 3600 * 1000, Class: audit.ClassDecision, Verdict: "allow", Detail: []byte("\x63abc")})
	}
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(state, "audit")
}

// wantShown fails unless the log is sound and shows the details of the last two days.
func wantShown(t *testing.T, a *authority.Authority, dir string, i *pki.Identity) {
	t.Helper()
	verifier, err := audit.NewVerifier(audit.Origin(i.Request.ID), i.Request.Key)
	if err != nil {
		t.Fatal(err)
	}
	report, err := reader.Verify(dir, note.VerifierList(verifier), reader.Options{})
	if err != nil || !report.OK() || report.Entries != days {
		t.Errorf("%v\n%s", err, report.String())
	}
	details := &reader.Details{Key: func(_ string, id audit.KeyID) (key vault.Key, err error) {
		b, err := a.DetailKey(authority.WantDetailKey{Component: i.Request.ID, Class: id.Class, Day: uint64(id.Day)})
		copy(key[:], b)
		return key, err
	}}
	if err := reader.Show(dir, reader.Filter{Details: details}, func(e reader.Entry) error {
		if opened := string(e.Detail) == "\x63abc"; opened != (e.Index >= 2) || errors.Is(e.Closed, authority.ErrDestroyed) == opened {
			t.Errorf("entry %d: %q, %v", e.Index, e.Detail, e.Closed)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestReadingIsRecorded: the signer gives a key to whom its socket is open, and has
// recorded who asked, and for what, before; refusals too.
func TestReadingIsRecorded(t *testing.T) {
	a, dir := load(t)
	_, keys := leased(t, a, "front-a")
	s := serve(t, dir)
	want, _ := keys.Detail(audit.Decisions, firstDay)
	got, err := s.client.DetailKey(t.Context(), authority.WantDetailKey{Component: "front-a", Class: audit.Decisions, Day: firstDay})
	if err != nil || got != want {
		t.Errorf("another key, %v", err)
	}
	for _, w := range []authority.WantDetailKey{
		{Component: "front-a", Class: audit.Decisions, Day: firstDay + days}, {Component: "front-a", Class: "sessions", Day: firstDay},
		{Component: "nobody", Class: audit.Decisions, Day: firstDay}, {Component: "../details/front-a", Class: audit.Decisions, Day: firstDay},
	} {
		if _, err := s.client.DetailKey(t.Context(), w); err == nil {
			t.Errorf("a key for %+v", w)
		}
	}
	s.stop()
	var text strings.Builder
	if err := reader.Show(filepath.Join(dir, "audit"), reader.Filter{}, func(e reader.Entry) error {
		fmt.Fprintln(&text, e.Leaf.Class, e.Leaf.Subject, e.Leaf.Action, e.Leaf.Object, e.Leaf.Verdict)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	first := fmt.Sprintf("admin uid/%d read-details details/front-a/decisions/%d allow\n", os.Getuid(), firstDay)
	if got := text.String(); !strings.HasPrefix(got, first) || strings.Count(got, "refuse\n") != 4 || strings.Count(got, "\n") != 5 {
		t.Errorf("recorded\n%s", got)
	}
	if signed, err := audit.ReadCheckpoint(durable.OS(), filepath.Join(dir, "audit")); err != nil || signed == nil {
		t.Errorf("no checkpoint: %v", err)
	}
}
