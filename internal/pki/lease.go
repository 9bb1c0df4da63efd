// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
)

// PeriodEpochs is the number of key epochs that share one secret: a day's.
const PeriodEpochs = 288

// maxPeriods bounds a lease: 400 days.
const maxPeriods = 400

// Pair is one maker of labels and one judge of them.
type Pair struct {
	_     struct{} `cbor:",toarray"`
	Maker string
	Judge string
}

// Period holds the secrets of a component's pairs for PeriodEpochs epochs from
// Number*PeriodEpochs on. Each epoch is of exactly one period, so maker and judge
// never differ about which lease to use.
type Period struct {
	_       struct{} `cbor:",toarray"`
	Number  uint64
	Secrets [][32]byte // one for each pair of the lease
	Details [][]byte   // one key for each retention class of the lease; empty where it was destroyed
}

// Lease is all label keys of one component, and the keys of its audit details, until
// its last period ends.
type Lease struct {
	_         struct{} `cbor:",toarray"`
	Component string
	Serial    uint64
	Pairs     []Pair
	Classes   []string // of retention, of audit details
	Periods   []Period
}

// SealedLease is a lease as it travels, opaque to what relays it.
type SealedLease struct {
	_          struct{} `cbor:",toarray"`
	Component  string
	Serial     uint64
	Ciphertext []byte
}

const leaseInfo = "dukou lease 1"

// PairSecret derives the secret of a pair in a period from the signer's master key
// (HKDF-SHA256, RFC 5869).
func PairSecret(master []byte, p Pair, period uint64) ([32]byte, error) {
	info := fmt.Sprintf("dukou pair\x00%s\x00%s\x00%d", p.Maker, p.Judge, period)
	b, err := hkdf.Key(sha256.New, master, nil, info, 32)
	if err != nil {
		return [32]byte{}, err
	}
	return [32]byte(b), nil
}

// SealLease seals a lease to its component and signs it.
func SealLease(l Lease, seal []byte, authority ed25519.PrivateKey) ([]byte, error) {
	ciphertext, err := Seal(seal, leaseInfo, canon.Must(l))
	if err != nil {
		return nil, err
	}
	s, err := envelope.Seal(envelope.Lease, SealedLease{Component: l.Component, Serial: l.Serial, Ciphertext: ciphertext}, authority)
	if err != nil {
		return nil, err
	}
	return s.Encode(), nil
}

// OpenLease opens a lease that the authority sealed to this identity.
func (i *Identity) OpenLease(data []byte) (*Lease, error) {
	if i.Admission == nil {
		return nil, fmt.Errorf("%s is not admitted", i.Request.ID)
	}
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("lease: %w", err)
	}
	var sealed SealedLease
	if err := s.Open(envelope.Lease, 1, []ed25519.PublicKey{i.Admission.Authority}, &sealed); err != nil {
		return nil, err
	}
	plaintext, err := i.Unseal(leaseInfo, sealed.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("lease: %w", err)
	}
	var l Lease
	if err := canon.Unmarshal(plaintext, &l); err != nil {
		return nil, fmt.Errorf("lease: %w", err)
	}
	if l.Component != i.Request.ID || l.Serial != sealed.Serial || len(l.Periods) > maxPeriods {
		return nil, fmt.Errorf("lease: for %q, serial %d, %d periods", l.Component, l.Serial, len(l.Periods))
	}
	for i := range l.Periods {
		if err := l.check(&l.Periods[i]); err != nil {
			return nil, fmt.Errorf("lease: %w", err)
		}
	}
	return &l, nil
}

func (l *Lease) check(p *Period) error {
	if len(p.Secrets) != len(l.Pairs) {
		return fmt.Errorf("%d secrets for %d pairs", len(p.Secrets), len(l.Pairs))
	}
	if len(p.Details) != len(l.Classes) {
		return fmt.Errorf("%d detail keys for %d classes", len(p.Details), len(l.Classes))
	}
	for _, key := range p.Details {
		if len(key) != 0 && len(key) != 32 {
			return fmt.Errorf("a detail key of %d bytes", len(key))
		}
	}
	return nil
}

// Keys finds label keys in the newest lease. It implements label.Keys.
type Keys struct {
	mu     sync.RWMutex
	lease  *Lease
	pairs  map[Pair]int
	cached map[cacheKey][]byte
}

type cacheKey struct {
	pair  Pair
	epoch uint64
}

// Use takes a lease into use; an older one than that in use is an error.
func (k *Keys) Use(l *Lease) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lease != nil && l.Serial < k.lease.Serial {
		return fmt.Errorf("lease %d is older than lease %d in use", l.Serial, k.lease.Serial)
	}
	k.lease, k.pairs, k.cached = l, make(map[Pair]int, len(l.Pairs)), map[cacheKey][]byte{}
	for n, p := range l.Pairs {
		k.pairs[p] = n
	}
	return nil
}

// Key derives the key of a pair in an epoch, false where no lease covers it.
func (k *Keys) Key(maker, judge string, epoch uint64) ([]byte, bool) {
	ck := cacheKey{Pair{Maker: maker, Judge: judge}, epoch}
	k.mu.RLock()
	key, ok := k.cached[ck]
	k.mu.RUnlock()
	if ok {
		return key, true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	secret, ok := k.secret(ck.pair, epoch)
	if !ok {
		return nil, false
	}
	key, err := hkdf.Key(sha256.New, secret[:], nil, "dukou epoch\x00"+string(binary.BigEndian.AppendUint64(nil, epoch)), 32)
	if err != nil {
		return nil, false
	}
	if len(k.cached) > 1024 { // epochs that ended long ago
		clear(k.cached)
	}
	k.cached[ck] = key
	return key, true
}

func (k *Keys) secret(p Pair, epoch uint64) ([32]byte, bool) {
	if k.lease == nil {
		return [32]byte{}, false
	}
	n, ok := k.pairs[p]
	if !ok {
		return [32]byte{}, false
	}
	for _, period := range k.lease.Periods {
		if period.Number == epoch/PeriodEpochs {
			return period.Secrets[n], true
		}
	}
	return [32]byte{}, false
}

// Detail is the key for audit details of a retention class on a day (since 1970), false
// where no lease has it.
func (k *Keys) Detail(class string, day uint64) (key [32]byte, ok bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.lease == nil {
		return key, false
	}
	n := slices.Index(k.lease.Classes, class)
	for i := range k.lease.Periods {
		if p := &k.lease.Periods[i]; n >= 0 && p.Number == day && len(p.Details[n]) == len(key) {
			return [32]byte(p.Details[n]), true
		}
	}
	return key, false
}

// Serial is the serial of the lease in use, 0 for none.
func (k *Keys) Serial() uint64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.lease == nil {
		return 0
	}
	return k.lease.Serial
}

const leaseFile = "lease.dukou"

// LoadLease takes the lease that dir holds into use; none is no error.
func (i *Identity) LoadLease(dir string, k *Keys) error {
	data, err := os.ReadFile(filepath.Join(dir, leaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	l, err := i.OpenLease(data)
	if err != nil {
		return err
	}
	return k.Use(l)
}

// AcceptLease takes a lease into use once it is durable in dir.
func (i *Identity) AcceptLease(dir string, data []byte, k *Keys) error {
	l, err := i.OpenLease(data)
	if err != nil {
		return err
	}
	if l.Serial < k.Serial() {
		return fmt.Errorf("lease %d is older than lease %d in use", l.Serial, k.Serial())
	}
	if err := durable.WriteFile(filepath.Join(dir, leaseFile), data, 0o600); err != nil {
		return err
	}
	return k.Use(l)
}
