// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
)

const firstEpoch = 20_000 * pki.PeriodEpochs

var (
	pairFG = pki.Pair{Maker: "front-a", Judge: "guard-outer"}
	pairBG = pki.Pair{Maker: "front-b", Judge: "guard-outer"}
)

func lease(t testing.TB, a *authority.Authority, id string, serial uint64, pairs ...pki.Pair) []byte {
	t.Helper()
	data, err := a.Lease(authority.WantLease{Component: id, Serial: serial, Pairs: pairs, First: firstEpoch, Last: firstEpoch + 2*pki.PeriodEpochs})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLeaseKeys: maker and judge find the same key for every epoch of their leases,
// and no other; keys of other makers, judges and epochs differ.
func TestLeaseKeys(t *testing.T) {
	a := newAuthority(t)
	maker, judge := newIdentity(t, "front-a", "front"), newIdentity(t, "guard-outer", "guard-outer")
	admit(t, a, maker, judge)
	var m, j pki.Keys
	if err := maker.AcceptLease(t.TempDir(), lease(t, a, "front-a", 1, pairFG), &m); err != nil {
		t.Fatal(err)
	}
	if err := judge.AcceptLease(t.TempDir(), lease(t, a, "guard-outer", 9, pairBG, pairFG), &j); err != nil {
		t.Fatal(err)
	}
	end := uint64(firstEpoch + 3*pki.PeriodEpochs) // the period of the last epoch is whole
	seen := map[string]uint64{}
	rapid.Check(t, func(t *rapid.T) {
		border := rapid.SampledFrom([]uint64{firstEpoch, firstEpoch + pki.PeriodEpochs, end}).Draw(t, "border")
		epoch := uint64(int64(border) + rapid.Int64Range(-3, 3).Draw(t, "epoch"))
		mine, ok := m.Key("front-a", "guard-outer", epoch)
		theirs, okToo := j.Key("front-a", "guard-outer", epoch)
		inside := epoch >= firstEpoch && epoch < end
		if ok != inside || okToo != inside || !bytes.Equal(mine, theirs) || inside && len(mine) != 32 {
			t.Fatalf("epoch %d: %x %t and %x %t", epoch, mine, ok, theirs, okToo)
		}
		if !inside {
			return
		}
		if before, ok := seen[string(mine)]; ok && before != epoch {
			t.Fatalf("epochs %d and %d share a key", before, epoch)
		}
		seen[string(mine)] = epoch
		other, ok := j.Key("front-b", "guard-outer", epoch)
		if !ok || bytes.Equal(other, mine) {
			t.Fatalf("the key of another maker: %x", other)
		}
		if _, ok := m.Key("front-b", "guard-outer", epoch); ok {
			t.Fatal("a maker has another's key")
		}
	})
}

func TestLeaseRefuses(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	i, other := newIdentity(t, "front-a", "front"), newIdentity(t, "front-b", "front")
	dir := t.TempDir()
	admit(t, stranger, newIdentity(t, "front-a", "front"))
	admit(t, a, i, other)
	var k pki.Keys
	for name, data := range map[string][]byte{
		"another's":            lease(t, a, "front-b", 5, pairBG),
		"of another authority": lease(t, stranger, "front-a", 5, pairFG),
		"nothing":              nil,
		"cut":                  lease(t, a, "front-a", 5, pairFG)[:100],
		"signed by nobody":     forgeLease(t, i, pki.Lease{Component: "front-a", Serial: 5}),
	} {
		if err := i.AcceptLease(dir, data, &k); err == nil || k.Serial() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Lease(authority.WantLease{Component: "front-a", Pairs: []pki.Pair{pairBG}, First: 1, Last: 2}); err == nil {
		t.Error("a lease of others' keys")
	}
	if _, err := a.Lease(authority.WantLease{Component: "front-a", First: firstEpoch, Last: firstEpoch - pki.PeriodEpochs}); err == nil {
		t.Error("a lease that ends before it begins")
	}
	if _, err := a.Lease(authority.WantLease{Component: "front-a", First: 0, Last: 367 * pki.PeriodEpochs}); err == nil {
		t.Error("a lease for more than a year")
	}
	if _, err := a.Lease(authority.WantLease{Component: "nobody", First: 0, Last: 1}); err == nil {
		t.Error("a lease for nobody")
	}
}

// forgeLease is a lease that is sealed to i and signed by none that i knows.
func forgeLease(t *testing.T, i *pki.Identity, l pki.Lease) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := pki.SealLease(l, i.Request.Seal, key)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLeaseOrder: an older lease is refused, also after a restart.
func TestLeaseOrder(t *testing.T) {
	a := newAuthority(t)
	i := newIdentity(t, "front-a", "front")
	admit(t, a, i)
	dir := t.TempDir()
	var k pki.Keys
	if err := i.LoadLease(dir, &k); err != nil || k.Serial() != 0 {
		t.Fatal(err)
	}
	for _, step := range []struct {
		serial uint64
		ok     bool
	}{{4, true}, {3, false}, {4, true}, {7, true}, {6, false}} {
		if err := i.AcceptLease(dir, lease(t, a, "front-a", step.serial, pairFG), &k); (err == nil) != step.ok {
			t.Errorf("lease %d: %v", step.serial, err)
		}
	}
	var again pki.Keys
	if err := i.LoadLease(dir, &again); err != nil || again.Serial() != 7 {
		t.Fatalf("after a restart lease %d: %v", again.Serial(), err)
	}
	if err := i.AcceptLease(dir, lease(t, a, "front-a", 6, pairFG), &again); err == nil || again.Serial() != 7 {
		t.Errorf("lease 6 after 7: %v", err)
	}
}

// TestLeaseIsOpaque: what relays a lease learns neither secrets nor pairs from it.
func TestLeaseIsOpaque(t *testing.T) {
	a := newAuthority(t)
	i, relay := newIdentity(t, "front-a", "front"), newIdentity(t, "guard-outer", "guard-outer")
	admit(t, a, i, relay)
	data := lease(t, a, "front-a", 1, pairFG)
	l, err := i.OpenLease(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := relay.OpenLease(data); err == nil {
		t.Error("the relay opened it")
	}
	for _, p := range l.Periods {
		for _, s := range p.Secrets {
			if bytes.Contains(data, s[:]) {
				t.Error("a secret in the clear")
			}
		}
	}
	if bytes.Contains(data, []byte("guard-outer")) {
		t.Error("a pair in the clear")
	}
}

func FuzzOpenLease(f *testing.F) {
	a := newAuthority(f)
	i := newIdentity(f, "front-a", "front")
	admit(f, a, i)
	good := lease(f, a, "front-a", 1, pairFG)
	f.Add(good)
	s, err := envelope.Decode(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Payload)
	f.Add(canon.Must(pki.Lease{Component: "front-a", Serial: 1}))
	f.Add(canon.Must(pki.Lease{Component: "front-a", Serial: 1, Classes: []string{"decisions"}, Periods: []pki.Period{{Number: 1, Details: [][]byte{make([]byte, 32)}}}}))
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	self := *i
	admission := *i.Admission
	admission.Authority = key.Public().(ed25519.PublicKey)
	self.Admission = &admission
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := i.OpenLease(data); err == nil && !bytes.Equal(data, good) {
			t.Fatal("a lease that nobody issued")
		}
		sealed, err := pki.Seal(self.Request.Seal, "dukou lease 1", data) // as if the authority had issued it
		if err != nil {
			t.Fatal(err)
		}
		signed, err := envelope.Seal(envelope.Lease, pki.SealedLease{Component: "front-a", Serial: 1, Ciphertext: sealed}, key)
		if err != nil {
			t.Fatal(err)
		}
		var k pki.Keys
		if l, err := self.OpenLease(signed.Encode()); err == nil && k.Use(l) == nil {
			k.Key("front-a", "guard-outer", firstEpoch)
			k.Detail("decisions", 1)
		}
	})
}

// TestLeaseDetailKeys: an authority's lease must have a key, or none, for each class.
func TestLeaseDetailKeys(t *testing.T) {
	a := newAuthority(t)
	i := newIdentity(t, "front-a", "front")
	admit(t, a, i)
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	i.Admission.Authority = public
	good := make([]byte, 32)
	for name, test := range map[string]struct {
		details [][]byte
		ok, has bool
	}{
		"a key": {[][]byte{good}, true, true}, "destroyed": {[][]byte{nil}, true, false}, "no place": {nil, false, false},
		"one too many": {[][]byte{good, good}, false, false}, "short": {[][]byte{good[:31]}, false, false}, "long": {[][]byte{make([]byte, 33)}, false, false},
	} {
		l := pki.Lease{Component: "front-a", Serial: 1, Classes: []string{"decisions"}, Periods: []pki.Period{{Number: 7, Details: test.details}}}
		sealed, err := pki.SealLease(l, i.Request.Seal, key)
		if err != nil {
			t.Fatal(err)
		}
		var k pki.Keys
		if err := i.AcceptLease(t.TempDir(), sealed, &k); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := k.Detail("decisions", 7); ok != test.has {
			t.Errorf("%s: a key: %t", name, ok)
		}
	}
}
