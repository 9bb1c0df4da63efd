// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/pki"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newAuthority is a real authority with one approver.
func newAuthority(t testing.TB) *authority.Authority {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := authority.Create(dir, authority.Terms{Guard: "guard", Approvers: []ed25519.PublicKey{public}, Quorum: 1}); err != nil {
		t.Fatal(err)
	}
	a, err := authority.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func request(t testing.TB, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "request.dukou"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// newIdentity is a component that asked to be admitted.
func newIdentity(t testing.TB, id, role string) *pki.Identity {
	t.Helper()
	i, err := pki.Create(filepath.Join(t.TempDir(), id), id, role, "zone")
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// admit has identities admitted; each knows the others.
func admit(t testing.TB, a *authority.Authority, all ...*pki.Identity) {
	t.Helper()
	for _, i := range all {
		if _, err := a.Admit(request(t, i.Dir()), i.Request.Fingerprint()); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range all {
		data, err := a.Answer(i.Request.ID, time.Now())
		if err == nil {
			err = i.Admit(data, a.Fingerprint())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
