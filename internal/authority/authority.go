// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package authority is what the signer does: it holds the center's keys, admits
// components, issues their leases of label keys and detail keys, and tells the time. It
// answers on a Unix socket only. The one key that it gives away is that of a component's
// audit details on a day, to who may read them, and it records that before.
package authority

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
)

// The files of the authority's directory.
const (
	keyFile    = "authority.key"
	masterFile = "master.key" // root of all label keys
	termsFile  = "installation.dukou"
	admitted   = "admitted"
)

// Terms are fixed when the installation is made.
type Terms struct {
	_         struct{} `cbor:",toarray"`
	Guard     string
	Approvers []ed25519.PublicKey
	Quorum    uint8
}

// Authority is the holder of the center's keys.
type Authority struct {
	dir    string
	key    ed25519.PrivateKey
	master []byte
	terms  Terms

	mu       sync.Mutex
	requests map[string]pki.Request // admitted, by id
}

// Create makes the keys of a new installation in dir.
func Create(dir string, t Terms) error {
	if t.Guard == "" || int(t.Quorum) < 1 || int(t.Quorum) > len(t.Approvers) {
		return fmt.Errorf("guard %q, quorum %d of %d approvers", t.Guard, t.Quorum, len(t.Approvers))
	}
	if err := durable.MkdirAll(filepath.Join(dir, admitted), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, keyFile)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds an authority already; choose another directory", dir)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	master := make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, master); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{termsFile, canon.Must(t)},
		{masterFile, pem.EncodeToMemory(&pem.Block{Type: "DUKOU MASTER KEY", Bytes: master})},
		{keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})},
	} {
		if err := durable.WriteFile(filepath.Join(dir, f.name), f.data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Load reads the authority in dir.
func Load(dir string) (*Authority, error) {
	a := &Authority{dir: dir, requests: map[string]pki.Request{}}
	var err error
	if a.key, err = pki.ReadKey(filepath.Join(dir, keyFile)); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, masterFile))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || len(block.Bytes) != 32 {
		return nil, fmt.Errorf("%s: no master key", masterFile)
	}
	a.master = block.Bytes
	if data, err = os.ReadFile(filepath.Join(dir, termsFile)); err != nil {
		return nil, err
	}
	if err := canon.Unmarshal(data, &a.terms); err != nil {
		return nil, fmt.Errorf("%s: %w", termsFile, err)
	}
	return a, a.loadRequests()
}

func (a *Authority) loadRequests() error {
	entries, err := os.ReadDir(filepath.Join(a.dir, admitted))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".request") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(a.dir, admitted, e.Name()))
		if err != nil {
			return err
		}
		r, err := pki.OpenRequest(data)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		a.requests[r.ID] = r
	}
	return nil
}

// Terms are what was fixed when the installation was made.
func (a *Authority) Terms() Terms { return a.terms }

// Fingerprint is that of the authority's key, which components compare.
func (a *Authority) Fingerprint() string {
	return envelope.IDOf(a.key.Public().(ed25519.PublicKey)).String()
}

// Admit takes a request whose fingerprint the administrator has compared. Another
// key under an admitted name needs the name to be dismissed first.
func (a *Authority) Admit(data []byte, fingerprint string) (pki.Request, error) {
	r, err := pki.OpenRequest(data)
	if err != nil {
		return r, err
	}
	if r.Fingerprint() != fingerprint {
		return r, fmt.Errorf("request of %q has fingerprint %s, not the one you named; compare it on the component's own screen", r.ID, r.Fingerprint())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if old, ok := a.requests[r.ID]; ok && !old.Key.Equal(r.Key) {
		return r, fmt.Errorf("%q is admitted with another key; dismiss it first", r.ID)
	}
	if err := durable.WriteFile(filepath.Join(a.dir, admitted, r.ID+".request"), data, 0o600); err != nil {
		return r, err
	}
	a.requests[r.ID] = r
	return r, nil
}

// Dismiss strikes an admitted component off: it gets no lease any more, and its name is
// free for another key. fingerprint is that of its key, so that nobody dismisses another
// by a name that was given anew. A component that is not admitted is dismissed already.
func (a *Authority) Dismiss(id, fingerprint string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.requests[id]
	if !ok {
		return nil
	}
	if r.Fingerprint() != fingerprint {
		return fmt.Errorf("%q is admitted with key %s, not with the one you named", id, r.Fingerprint())
	}
	dir := filepath.Join(a.dir, admitted)
	if err := os.Remove(filepath.Join(dir, id+".request")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := durable.SyncDir(dir); err != nil {
		return err
	}
	delete(a.requests, id)
	return nil
}

// Answer is the signed admission of an admitted component.
func (a *Authority) Answer(id string, now time.Time) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.requests[id]
	if !ok {
		return nil, fmt.Errorf("%q is not admitted", id)
	}
	admission := pki.Admission{
		Request: r, Guard: a.terms.Guard, Authority: a.key.Public().(ed25519.PublicKey),
		Approvers: a.terms.Approvers, Quorum: a.terms.Quorum, Issued: now.UnixMilli(),
	}
	for _, other := range a.requests {
		if other.ID != id {
			admission.Peers = append(admission.Peers, pki.Peer{ID: other.ID, Role: other.Role, Key: other.Key})
		}
	}
	slices.SortFunc(admission.Peers, func(x, y pki.Peer) int { return strings.Compare(x.ID, y.ID) })
	s, err := envelope.Seal(envelope.Admission, admission, a.key)
	if err != nil {
		return nil, err
	}
	return s.Encode(), nil
}

// Admitted lists the admitted components by name.
func (a *Authority) Admitted() []pki.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]pki.Request, 0, len(a.requests))
	for _, r := range a.requests {
		list = append(list, r)
	}
	slices.SortFunc(list, func(x, y pki.Request) int { return strings.Compare(x.ID, y.ID) })
	return list
}

// maxDays bounds a lease.
const maxDays = 366

// Lease seals a component's label keys for the epochs from first to last, and the keys
// of its audit details for their days.
func (a *Authority) Lease(w WantLease) ([]byte, error) {
	a.mu.Lock()
	r, ok := a.requests[w.Component]
	a.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("%q is not admitted", w.Component)
	}
	l := pki.Lease{Component: w.Component, Serial: w.Serial, Pairs: w.Pairs, Classes: []string{audit.Decisions}}
	first, last := w.First/pki.PeriodEpochs, w.Last/pki.PeriodEpochs
	if last < first || last-first > maxDays {
		return nil, fmt.Errorf("lease from day %d to day %d", first, last)
	}
	for _, p := range w.Pairs {
		if p.Maker != w.Component && p.Judge != w.Component {
			return nil, fmt.Errorf("%q has no part in the pair of %q and %q", w.Component, p.Maker, p.Judge)
		}
	}
	details, err := a.leaseDetails(w.Component, first, last)
	if err != nil {
		return nil, err
	}
	for n := first; n <= last; n++ {
		period := pki.Period{Number: n, Details: [][]byte{details[n-first]}}
		for _, p := range w.Pairs {
			secret, err := pki.PairSecret(a.master, p, n)
			if err != nil {
				return nil, err
			}
			period.Secrets = append(period.Secrets, secret)
		}
		l.Periods = append(l.Periods, period)
	}
	return pki.SealLease(l, r.Seal, a.key)
}

// Time signs the time for a nonce.
func (a *Authority) Time(nonce [16]byte, now time.Time) ([]byte, error) {
	s, err := envelope.Seal(envelope.Time, pki.Time{Nonce: nonce, Unix: now.UnixMilli()}, a.key)
	if err != nil {
		return nil, err
	}
	return s.Encode(), nil
}
