// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// TestGuesses: pauses grow for one user from one source, and for nobody else.
func TestGuesses(t *testing.T) {
	g, now := front.NewGuesses(), time.Unix(1_800_000_000, 0)
	for n, want := range []time.Duration{0, 0, 0, 0, 0, time.Second, 2 * time.Second, 4 * time.Second} {
		if got := front.Wait(g, "u", "s", now); got != want {
			t.Errorf("after %d failures: %v, want %v", n, got, want)
		}
		front.Failed(g, "u", "s", now)
	}
	if a, b := front.Wait(g, "u", "another", now), front.Wait(g, "another", "s", now); min(a, b) != 0 { // one may share the bucket by chance
		t.Errorf("others wait %v and %v", a, b)
	}
	for range 1000 {
		front.Failed(g, "u", "s", now)
	}
	if got := front.Wait(g, "u", "s", now); got != 5*time.Minute {
		t.Errorf("the longest pause is %v", got)
	}
	if got := front.Wait(g, "u", "s", now.Add(6*time.Minute)); got != 0 {
		t.Errorf("after the pause: %v", got)
	}
	front.Failed(g, "u", "s", now.Add(6*time.Minute))
	if got := front.Wait(g, "u", "s", now.Add(6*time.Minute)); got != 5*time.Minute {
		t.Errorf("and a further guess: %v", got)
	}
	if got := front.Wait(g, "u", "s", now.Add(time.Hour)); got != 0 {
		t.Errorf("after a quiet hour: %v", got)
	}
	for range 9 {
		front.Failed(g, "u", "s", now)
	}
	front.Succeeded(g, "u", "s")
	if got := front.Wait(g, "u", "s", now); got != 0 {
		t.Errorf("after the right password: %v", got)
	}
	// Whatever guessers do, the memory is what it was and a pause stays.
	for range 10 {
		front.Failed(g, "u", "s", now)
	}
	for i := range 100_000 {
		front.Failed(g, fmt.Sprint(i), "s", now)
	}
	if front.Wait(g, "u", "s", now) == 0 {
		t.Error("others made it forget")
	}
}

// TestGuessing: who guesses is put off, though the password is right in the end.
func TestGuessing(t *testing.T) {
	r := newRig(t)
	f, err := r.start(r.bundle(policy.Limits{}, []label.Assurance{label.ByPassword},
		policy.Credential{Subject: "out/user", Method: label.ByPassword, Name: "user", Value: argon("secret")}))
	if err != nil {
		t.Fatal(err)
	}
	try := func(user, password, remote string) fault.Code {
		_, err := f.Authenticate(t.Context(), f.Policy().Flow("f"), front.Credentials{User: user, Password: password, Remote: remote})
		if err == nil {
			return ""
		}
		return fault.CodeOf(err)
	}
	for i := range 5 {
		if got := try("user", fmt.Sprint(i), "10.0.0.1:1"); got != fault.CredentialInvalid {
			t.Fatalf("guess %d: %q", i, got)
		}
	}
	if got := try("user", "secret", "10.0.0.1:2"); got != fault.RateLimited {
		t.Errorf("the right one after five wrong ones: %q", got)
	}
	if got := try("user", "secret", "10.0.0.2:1"); got != "" {
		t.Errorf("from elsewhere: %q", got)
	}
	for range 5 {
		try("no user", "x", "10.0.0.3:1")
	}
	if got := try("no user", "x", "10.0.0.3:1"); got != fault.RateLimited {
		t.Errorf("a user that is not there: %q; it must not show", got)
	}
}

// TestHashing: no more passwords wait to be checked than may, and the memory of those
// that are checked at once is bounded.
func TestHashing(t *testing.T) {
	r := newRig(t)
	slow := strings.Replace(argon("secret"), "m=1024", "m=262144", 1) // all the memory that there is
	f, err := r.start(r.bundle(policy.Limits{}, []label.Assurance{label.ByPassword},
		policy.Credential{Subject: "out/user", Method: label.ByPassword, Name: "user", Value: slow}))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	codes := make(chan fault.Code, 100)
	for i := range 100 {
		wg.Go(func() {
			_, err := f.Authenticate(t.Context(), f.Policy().Flow("f"), front.Credentials{User: "user", Password: "x", Remote: fmt.Sprintf("10.0.0.%d:1", i)})
			codes <- fault.CodeOf(err)
		})
	}
	wg.Wait()
	close(codes)
	count := map[fault.Code]int{}
	for c := range codes {
		count[c]++
	}
	if count[fault.TooBusy] < 100-64 || count[fault.CredentialInvalid] == 0 || count[fault.TooBusy]+count[fault.CredentialInvalid] != 100 {
		t.Errorf("%v", count)
	}
}

// TestDamper: one source's noise is counted, and hides neither another source nor
// another code.
func TestDamper(t *testing.T) {
	d, now := front.NewDamper(), time.Unix(1_800_000_000, 0)
	passed := 0
	for range 10_000 {
		if front.Pass(d, fault.CredentialMissing, "noisy", now) {
			passed++
		}
	}
	if held := front.Held(d); passed != 20 || held != 10_000-20 {
		t.Errorf("%d recorded, %d counted", passed, held)
	}
	passed = 0
	for i := range 10 {
		if front.Pass(d, fault.CredentialMissing, fmt.Sprint("quiet", i), now) && front.Pass(d, fault.BindingMismatch, fmt.Sprint("noisy", i), now) {
			passed++
		}
	}
	if passed < 8 { // one may share the bucket by chance
		t.Errorf("noise hides %d of 10 others", 10-passed)
	}
	passed = 0
	for i := range 10_000 {
		if front.Pass(d, fault.CredentialMissing, fmt.Sprint(i), now) {
			passed++
		}
	}
	if passed > 1000 {
		t.Errorf("%d recorded of many sources at once", passed)
	}
}

// TestRefusalsAreCounted: the journal has the first refusals of a flood by themselves,
// and how many more there were.
func TestRefusalsAreCounted(t *testing.T) {
	r := newRig(t)
	f, err := r.start(r.bundle(policy.Limits{}, []label.Assurance{label.ByAPIKey}))
	if err != nil {
		t.Fatal(err)
	}
	const flood = 5000
	for range flood {
		if f.Refuse(nil, "10.0.0.1:1", fault.New(fault.CredentialMissing, "none")) == (parcel.ID{}) {
			t.Fatal("no id for the caller")
		}
	}
	f.SumUp()
	if err := r.journal.Flush(); err != nil {
		t.Fatal(err)
	}
	single, sums, told := 0, 0, ""
	err = reader.Show(filepath.Join(r.state, "audit"), reader.Filter{}, func(e reader.Entry) error {
		if e.Leaf.Action == "refusals counted" {
			sums, told = sums+1, e.Leaf.Object
		} else {
			single++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A token may have come back while the flood lasted.
	if single < 20 || single > 100 || sums != 1 || !strings.Contains(told, fmt.Sprintf("%d more,", flood-single)) {
		t.Errorf("%d by themselves, %d sums: %q", single, sums, told)
	}
}

func TestSourceOf(t *testing.T) {
	for remote, want := range map[string]string{
		"10.1.2.3:4": "10.1.2.3", "[::ffff:10.1.2.3]:4": "10.1.2.3", "[2001:db8:1:2:3:4:5:6]:7": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:7": "fe80::/64", "@": "", "": "", "x": "",
	} {
		if got := front.SourceOf(remote); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
}
