// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"sync"
)

const (
	recordSalt  = 16
	recordNonce = 12
	tagSize     = 16
)

// Overhead is how many bytes a sealed record is longer than the record.
const Overhead = recordSalt + recordNonce + tagSize

// Sealer seals and opens records of one purpose. Its methods may be called from many
// goroutines.
type Sealer struct {
	key     Key
	purpose string
	salt    [recordSalt]byte
	own     cipher.AEAD // under salt

	mu     sync.Mutex
	before [recordSalt]byte // the salt of another life that was met last
	other  cipher.AEAD      // under it
}

// Sealer returns a sealer for a purpose, which tells records of different kinds apart.
func (k Key) Sealer(purpose string) *Sealer {
	s := &Sealer{key: k, purpose: "record " + purpose}
	_, _ = rand.Read(s.salt[:]) // never fails
	s.own = s.aead(s.salt[:])
	return s
}

func (s *Sealer) aead(salt []byte) cipher.AEAD {
	a, err := cipher.NewGCMWithRandomNonce(s.key.block(salt, s.purpose))
	if err != nil {
		panic(err) // the block is AES's
	}
	return a
}

// Seal appends the sealed record to dst. data is not part of it, but must be the same
// at Open.
func (s *Sealer) Seal(dst, record, data []byte) []byte {
	return s.own.Seal(append(dst, s.salt[:]...), nil, record, data)
}

// Open appends the record to dst. The error is ErrOpen.
func (s *Sealer) Open(dst, sealed, data []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrOpen
	}
	record, err := s.under(sealed[:recordSalt]).Open(dst, nil, sealed[recordSalt:], data)
	if err != nil {
		return nil, ErrOpen
	}
	return record, nil
}

// under is the cipher of a salt. Records of one life lie together, so that one salt
// is remembered.
func (s *Sealer) under(salt []byte) cipher.AEAD {
	if bytes.Equal(salt, s.salt[:]) {
		return s.own
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.other == nil || !bytes.Equal(salt, s.before[:]) {
		s.other = s.aead(salt)
		copy(s.before[:], salt)
	}
	return s.other
}
