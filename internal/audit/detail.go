// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"dukou.dev/dukou/internal/vault"
)

// Decisions is the retention class of every detail: for how long it is kept is decided
// by when the signer destroys the keys of its days.
const Decisions = "decisions"

// NoDay stands for the key of a component's own disk.
const NoDay = -1

const (
	localDay      = "local"
	detailPurpose = "audit detail"
	sealedDomain  = "dukou detail 2\x00\x00"
	saltSize      = 16
	maxClassName  = 32
	lastDay       = 2_932_896 // the last of the year 9999
)

// ErrNoKey says that a detail is sealed and its key is not there: not given, or destroyed.
var ErrNoKey = errors.New("audit: the key of the detail is not there")

// KeyID names the key that a detail is sealed with.
type KeyID struct {
	Class string // of retention: lower-case letters, digits and "-", at most 32
	Day   int64  // UTC, since 1970; or NoDay
}

// String is the form in a record: "decisions/2026-11-22", "decisions/local".
func (k KeyID) String() string {
	if k.Day == NoDay {
		return k.Class + "/" + localDay
	}
	return k.Class + "/" + time.Unix(k.Day*24*3600, 0).UTC().Format(time.DateOnly)
}

// ParseKeyID reads the form in a record.
func ParseKeyID(s string) (KeyID, error) {
	class, day, _ := strings.Cut(s, "/")
	k := KeyID{Class: class, Day: NoDay}
	if day != localDay {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return k, fmt.Errorf("%w: key id %q", ErrRecord, clip(s))
		}
		k.Day = t.Unix() / (24 * 3600)
	}
	if !validClass(class) || k.Day < NoDay || k.Day > lastDay || k.String() != s {
		return k, fmt.Errorf("%w: key id %q", ErrRecord, clip(s))
	}
	return k, nil
}

func validClass(s string) bool {
	plain := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' }
	return s != "" && len(s) <= maxClassName && strings.Trim(strings.Map(func(r rune) rune {
		if plain(r) {
			return 'x'
		}
		return ' '
	}, s), "x") == ""
}

// DetailSealer is what seals and opens details under a key.
func DetailSealer(key vault.Key) *vault.Sealer { return key.Sealer(detailPurpose) }

// LeasedKey gives the key of a retention class on a day (since 1970), false for none.
type LeasedKey func(class string, day uint64) (key [32]byte, ok bool)

// detailKey is a key in use.
type detailKey struct {
	id     string
	sealer *vault.Sealer
}

// sealing chooses the key of a detail: that of its day, else that of the disk.
type sealing struct {
	local *detailKey // nil: details are kept as they are

	mu     sync.Mutex
	leased LeasedKey
	day    int64
	today  *detailKey // of day
}

func newSealing(local *vault.Key) *sealing {
	s := &sealing{}
	if local != nil {
		s.local = &detailKey{id: KeyID{Class: Decisions, Day: NoDay}.String(), sealer: DetailSealer(*local)}
	}
	return s
}

// key is the key for a detail of a time in Unix milliseconds.
func (s *sealing) key(ms int64) *detailKey {
	if s.local == nil {
		return nil
	}
	day := ms / (24 * 3600 * 1000)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.today != nil && s.day == day {
		return s.today
	}
	if s.leased == nil || day > lastDay {
		return s.local
	}
	key, ok := s.leased(Decisions, uint64(day))
	if !ok {
		return s.local
	}
	s.day, s.today = day, &detailKey{id: KeyID{Class: Decisions, Day: day}.String(), sealer: DetailSealer(key)}
	return s.today
}

// UseKeys has details sealed with leased keys from now on. leased is asked once for
// each day, and again while it has no key.
func (j *Journal) UseKeys(leased LeasedKey) {
	j.details.mu.Lock()
	defer j.details.mu.Unlock()
	j.details.leased, j.details.today = leased, nil
}

// hide makes a record of an entry's detail, and what its leaf commits to. Salt and
// detail are sealed together, so that whoever cannot read the detail cannot guess it.
func (k *detailKey) hide(origin string, e *Entry, salt [saltSize]byte) (sealed, [32]byte) {
	plain := make([]byte, 0, saltSize+len(e.Detail))
	plain = append(append(plain, salt[:]...), e.Detail...)
	inner := sha256.Sum256(plain)
	name := len(sealedDomain) + len(k.id) + 1
	head := name + len(inner)
	buf := make([]byte, 0, head+len(plain)+vault.Overhead)
	buf = append(append(append(append(buf, sealedDomain...), k.id...), 0), inner[:]...)
	buf = k.sealer.Seal(buf, plain, belonging(origin, k.id, e.Time, e.Parcel))
	return sealed{Version: sealedVersion, KeyID: k.id, Salt: buf[name:head], Detail: buf[head:]}, sha256.Sum256(buf)
}

// belonging ties a sealed detail to its leaf, which commits to it in turn.
func belonging(origin, keyID string, ms int64, parcel [16]byte) []byte {
	b := make([]byte, 0, len(origin)+len(keyID)+26)
	b = append(append(append(append(b, origin...), 0), keyID...), 0)
	return append(binary.BigEndian.AppendUint64(b, uint64(ms)), parcel[:]...)
}

// Sealed tells the name of the key that the detail is sealed with, false when it is not.
func (c *Content) Sealed() (KeyID, bool) { return c.key, c.digest != nil }

// Open opens a sealed detail, which fills in Salt and Detail. The error is
// [vault.ErrOpen] for another key, [ErrCommitment] for another detail.
func (c *Content) Open(s *vault.Sealer) error {
	if c.digest == nil {
		return nil
	}
	plain, err := s.Open(nil, c.sealed, belonging(c.Leaf.Component, c.key.String(), c.Leaf.Time, c.Leaf.Parcel))
	if err != nil {
		return err
	}
	if len(plain) < saltSize || sha256.Sum256(plain) != [32]byte(c.digest) {
		return ErrCommitment
	}
	c.Salt, c.Detail = plain[:saltSize:saltSize], plain[saltSize:]
	return nil
}

// sealedCommitment is what the leaf of a sealed detail commits to: to all that lies
// beside it, so that whoever has no key can tell that it was changed.
func sealedCommitment(keyID string, digest, ciphertext []byte) (sum [32]byte) {
	h := sha256.New()
	h.Write([]byte(sealedDomain + keyID + "\x00"))
	h.Write(digest)
	h.Write(ciphertext)
	h.Sum(sum[:0])
	return sum
}
