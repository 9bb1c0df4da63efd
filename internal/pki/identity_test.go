// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
)

func TestEnrol(t *testing.T) {
	a := newAuthority(t)
	one, two := newIdentity(t, "front-a", "front"), newIdentity(t, "guard-outer", "guard-outer")
	admit(t, a, one, two)
	got, err := pki.LoadIdentity(one.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Request, one.Request) || !reflect.DeepEqual(got.Admission, one.Admission) || !got.Key().Equal(one.Key()) {
		t.Errorf("loaded %+v, made %+v", got, one)
	}
	if id, ok := got.Admission.Pins(two.Request.Key); !ok || id != "guard-outer" {
		t.Errorf("the other is known as %q, %t", id, ok)
	}
	if got.Admission.Guard != "guard" || got.Admission.Quorum != 1 || len(got.Admission.Approvers) != 1 {
		t.Errorf("admitted to %+v", got.Admission)
	}
	sealed, err := pki.Seal(one.Request.Seal, "x", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := got.Unseal("x", sealed); err != nil || string(plain) != "secret" {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := got.Unseal("y", sealed); err == nil {
		t.Error("unsealed for another purpose")
	}
	if _, err := two.Unseal("x", sealed); err == nil {
		t.Error("unsealed by another")
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := newIdentity(t, "front-a", "front").Dir()
	if _, err := pki.Create(dir, "front-a", "front", ""); err == nil {
		t.Error("an identity was made over another")
	}
	for _, name := range []string{"", "a/b", "a.b", "a b", "a\nb", "a+b", "ä", strings.Repeat("a", 65)} {
		if _, err := pki.Create(filepath.Join(t.TempDir(), "x"), name, "front", ""); err == nil {
			t.Errorf("name %q", name)
		}
		if _, err := pki.Create(filepath.Join(t.TempDir(), "x"), "x", name, ""); err == nil {
			t.Errorf("role %q", name)
		}
	}
	// What a crash left half made is made anew.
	half := t.TempDir()
	if err := os.WriteFile(filepath.Join(half, "seal.key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pki.Create(half, "front-a", "front", ""); err != nil {
		t.Error(err)
	}
}

func TestRequestRefuses(t *testing.T) {
	i, other := newIdentity(t, "front-a", "front"), newIdentity(t, "front-b", "front")
	seal := func(change func(*pki.Request), key ed25519.PrivateKey) []byte {
		r := i.Request
		change(&r)
		s, err := envelope.Seal(envelope.Request, r, key)
		if err != nil {
			t.Fatal(err)
		}
		return s.Encode()
	}
	for name, data := range map[string][]byte{
		"nothing":         nil,
		"text":            []byte("request"),
		"another's key":   seal(func(*pki.Request) {}, other.Key()),
		"name":            seal(func(r *pki.Request) { r.ID = "../x" }, i.Key()),
		"role":            seal(func(r *pki.Request) { r.Role = "" }, i.Key()),
		"zone":            seal(func(r *pki.Request) { r.Zone = "a b" }, i.Key()),
		"short key":       seal(func(r *pki.Request) { r.Key = r.Key[:31] }, i.Key()),
		"short seal key":  seal(func(r *pki.Request) { r.Seal = r.Seal[:31] }, i.Key()),
		"cut":             request(t, i.Dir())[:200],
		"another's bytes": append(request(t, i.Dir()), 0),
	} {
		if _, err := pki.OpenRequest(data); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	_, err := pki.OpenRequest(seal(func(r *pki.Request) { r.ID, r.Zone = "a b", "../c" }, i.Key()))
	if names, ok := errors.AsType[pki.NamesError](err); !ok || len(names) != 2 || names[0] != (pki.NameError{Of: "component", Name: "a b"}) || names[1].Of != "zone" {
		t.Errorf("which names are wrong: %v", err)
	}
	if r, err := pki.OpenRequest(request(t, i.Dir())); err != nil || r.Fingerprint() != i.Request.Fingerprint() {
		t.Error(err)
	}
}

func TestAdmissionRefuses(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	i, other, namesake := newIdentity(t, "front-a", "front"), newIdentity(t, "front-b", "front"), newIdentity(t, "front-a", "front")
	for _, x := range []*pki.Identity{i, other} {
		if _, err := a.Admit(request(t, x.Dir()), x.Request.Fingerprint()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Admit(request(t, namesake.Dir()), namesake.Request.Fingerprint()); err == nil {
		t.Error("another key under an admitted name")
	}
	if _, err := a.Admit(request(t, i.Dir()), other.Request.Fingerprint()); err == nil {
		t.Error("admitted with another fingerprint")
	}
	if _, err := stranger.Admit(request(t, i.Dir()), i.Request.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	good, err := a.Answer("front-a", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := stranger.Answer("front-a", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Admit(foreign, a.Fingerprint()); err == nil {
		t.Error("the answer of another authority")
	}
	if err := i.Admit(good, stranger.Fingerprint()); err == nil {
		t.Error("the answer with another fingerprint named")
	}
	forged := forge(t, foreign, i.Key())
	if err := i.Admit(forged, a.Fingerprint()); err == nil {
		t.Error("an answer that names the authority and is signed by another")
	}
	for _, wrong := range []*pki.Identity{other, namesake} {
		if err := wrong.Admit(good, a.Fingerprint()); err == nil {
			t.Error("the answer for another identity")
		}
	}
	if _, err := os.Stat(filepath.Join(i.Dir(), "admission.dukou")); !errors.Is(err, os.ErrNotExist) || i.Admission != nil {
		t.Errorf("a refused answer left something: %v", err)
	}
	if err := i.Admit(good, a.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Answer("front-c", time.Now()); err == nil {
		t.Error("an answer for one that is not admitted")
	}
}

// forge signs another's document.
func forge(t *testing.T, data []byte, key ed25519.PrivateKey) []byte {
	t.Helper()
	s, err := envelope.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	s.Signatures = nil
	if err := s.Sign(envelope.Admission, key); err != nil {
		t.Fatal(err)
	}
	return s.Encode()
}

// TestLoadRefuses: a directory whose files do not belong together is none.
func TestLoadRefuses(t *testing.T) {
	a := newAuthority(t)
	i, other := newIdentity(t, "front-a", "front"), newIdentity(t, "front-b", "front")
	admit(t, a, i, other)
	for _, name := range []string{"component.key", "seal.key", "request.dukou", "admission.dukou"} {
		whole, err := os.ReadFile(filepath.Join(i.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := os.ReadFile(filepath.Join(other.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		for what, data := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)/2], "another's": foreign} {
			if err := os.WriteFile(filepath.Join(i.Dir(), name), data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := pki.LoadIdentity(i.Dir()); err == nil {
				t.Errorf("loaded with %s %s", what, name)
			}
		}
		if err := os.WriteFile(filepath.Join(i.Dir(), name), whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pki.LoadIdentity(i.Dir()); err != nil {
		t.Fatal(err)
	}
}

func TestBoot(t *testing.T) {
	i := newIdentity(t, "front-a", "front")
	file := filepath.Join(i.Dir(), "boot")
	last := uint64(0)
	for n := range 20 {
		if n%3 == 1 { // a crash between the read and the write of the last start: the file is as it was
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, before, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		loaded, err := pki.LoadIdentity(i.Dir())
		if err != nil {
			t.Fatal(err)
		}
		boot, err := loaded.Boot()
		if err != nil || boot <= last {
			t.Fatalf("life %d after %d: %v", boot, last, err)
		}
		if kept, err := pki.ReadCounter(file); err != nil || kept != boot {
			t.Fatalf("life %d is used, %d is durable: %v", boot, kept, err)
		}
		last = boot
	}
	for _, bad := range []string{"", "x\n", "-1\n", "7 \n", "7\n8\n", "18446744073709551616\n"} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if boot, err := i.Boot(); err == nil {
			t.Errorf("life %d after %q", boot, bad)
		}
	}
	if err := os.WriteFile(file, []byte("18446744073709551615\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if boot, err := i.Boot(); err == nil {
		t.Errorf("life %d after the last", boot)
	}
}

func FuzzOpenRequest(f *testing.F) {
	i := newIdentity(f, "front-a", "front")
	f.Add(request(f, i.Dir()))
	f.Add(canon.Must(i.Request))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = pki.OpenRequest(data)
		s := envelope.Signed{Payload: data} // as if it were signed
		if s.Sign(envelope.Request, i.Key()) == nil {
			_, _ = pki.OpenRequest(s.Encode())
		}
	})
}

func FuzzAdmit(f *testing.F) {
	a := newAuthority(f)
	i := newIdentity(f, "front-a", "front")
	if _, err := a.Admit(request(f, i.Dir()), i.Request.Fingerprint()); err != nil {
		f.Fatal(err)
	}
	data, err := a.Answer("front-a", time.UnixMilli(1))
	if err != nil {
		f.Fatal(err)
	}
	s, err := envelope.Decode(data)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(s.Payload)
	f.Fuzz(func(t *testing.T, data []byte) {
		if i.Admit(data, "0000") == nil {
			t.Fatal("admitted without an authority")
		}
		signed := envelope.Signed{Payload: data}
		if signed.Sign(envelope.Admission, i.Key()) == nil && i.Admit(signed.Encode(), a.Fingerprint()) == nil {
			t.Fatal("admitted by itself")
		}
	})
}
