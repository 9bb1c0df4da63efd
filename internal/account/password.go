// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"dukou.dev/dukou/internal/problem"
)

// The cost of a guess: argon2id over 64 MiB, three times (RFC 9106, the second
// recommendation).
const (
	hashMemory  = 64 << 10 // KiB
	hashPasses  = 3
	hashThreads = 4
	hashSalt    = 16
	hashSize    = 32
)

// How many passwords are hashed at once, and how many wait for it. More are turned
// away: what takes this much memory must not be had for the asking.
const (
	hashing = 2
	waiting = 8
)

// hasher hashes passwords.
type hasher struct {
	cost  kept // of new ones
	queue chan struct{}
	run   chan struct{}
}

func newHasher() hasher {
	return hasher{
		cost:  kept{memory: hashMemory, passes: hashPasses, threads: hashThreads},
		queue: make(chan struct{}, hashing+waiting), run: make(chan struct{}, hashing),
	}
}

// enter waits for a turn, and returns what ends it.
func (h hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, problem.New(problem.TooMany, "too many sign in at this moment: try again in some seconds")
	}
	select {
	case h.run <- struct{}{}:
		return func() { <-h.run; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, ctx.Err()
	}
}

// hash makes what is kept of a password: "$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH".
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	k := h.cost
	k.salt = make([]byte, hashSalt)
	_, _ = rand.Read(k.salt) // never fails
	k.hash = k.of(password)
	return k.String(), nil
}

// verify tells whether a password is the one that was kept. It takes as long for an
// empty record, of which no password is right.
func (h hasher) verify(ctx context.Context, record, password string) (bool, error) {
	k, known := h.cost, false
	k.salt, k.hash = make([]byte, hashSalt), make([]byte, hashSize)
	if record != "" {
		parsed, err := parseKept(record)
		if err != nil {
			return false, err
		}
		k, known = parsed, true
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	return subtle.ConstantTimeCompare(k.of(password), k.hash) == 1 && known, nil
}

// kept is what is kept of a password.
type kept struct {
	memory, passes uint32
	threads        uint8
	salt, hash     []byte
}

func (k kept) of(password string) []byte {
	return argon2.IDKey([]byte(password), k.salt, k.passes, k.memory, k.threads, hashSize)
}

// String is the form in common use for argon2.
func (k kept) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, k.memory, k.passes, k.threads, b64(k.salt), b64(k.hash))
}

var errKept = errors.New("what is kept of a password is not of this program's form")

// parseKept reads what String writes. Costs of another version are accepted within
// bounds, so that they may be raised.
func parseKept(s string) (kept, error) {
	var k kept
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return k, errKept
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &k.memory, &k.passes, &k.threads); err != nil {
		return k, errKept
	}
	if k.memory < 8<<10 || k.memory > 256<<10 || k.passes < 1 || k.passes > 10 || k.threads < 1 || k.threads > 16 {
		return k, errKept
	}
	var err error
	if k.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(k.salt) != hashSalt {
		return k, errKept
	}
	if k.hash, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(k.hash) != hashSize {
		return k, errKept
	}
	if k.String() != s {
		return k, errKept
	}
	return k, nil
}
