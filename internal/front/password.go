// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"dukou.dev/dukou/internal/fault"
)

// Bounds of what checking passwords may take.
const (
	hashMemory    = 256 << 10 // KiB in use at once, and the most that one hash may ask for
	hashesWaiting = 64        // requests that may wait for memory
	hashPatience  = 5 * time.Second
)

// hashing shares the memory in which passwords are hashed.
type hashing struct {
	memory  *semaphore.Weighted // KiB
	waiting chan struct{}       // a token for each request that waits or hashes
}

func newHashing() hashing {
	return hashing{semaphore.NewWeighted(hashMemory), make(chan struct{}, hashesWaiting)}
}

// enter waits for the memory of one hash; leave gives it back.
func (h hashing) enter(ctx context.Context, kib uint32) error {
	select {
	case h.waiting <- struct{}{}:
	default:
		return fault.New(fault.TooBusy, "%d passwords wait to be checked", hashesWaiting)
	}
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	if err := h.memory.Acquire(ctx, int64(kib)); err != nil {
		<-h.waiting
		return fault.Wrap(fault.TooBusy, err, "check a password")
	}
	return nil
}

func (h hashing) leave(kib uint32) {
	h.memory.Release(int64(kib))
	<-h.waiting
}

// checkPassword holds a user to the password of the directory. Who has failed often is
// put off before anything is hashed, and again when it is their turn.
func (f *Front) checkPassword(ctx context.Context, d *directory, c Credentials) error {
	credential, ok := d.passwords[c.User]
	if !ok {
		credential.hash = nobody // an unknown user takes as long as a wrong password
	}
	hash, err := parseHash(credential.hash)
	if err != nil {
		return fault.Wrap(fault.PolicyMalformed, err, "password of %s", credential.subject)
	}
	source := sourceOf(c.Remote)
	if err := f.putOff(c.User, source); err != nil {
		return err
	}
	if err := f.hashing.enter(ctx, hash.memory); err != nil {
		return err
	}
	defer f.hashing.leave(hash.memory)
	if err := f.putOff(c.User, source); err != nil {
		return err
	}
	if match := hash.matches(c.Password); !ok || !match {
		f.guesses.failed(c.User, source, time.Now())
		return fault.New(fault.CredentialInvalid, "user %.64q or the password", c.User)
	}
	f.guesses.succeeded(c.User, source)
	return nil
}

func (f *Front) putOff(user, source string) error {
	if wait := f.guesses.wait(user, source, time.Now()); wait > 0 {
		return fault.New(fault.RateLimited, "passwords of %.64q from %q, again in %v", user, source, wait.Round(time.Second))
	}
	return nil
}

// nobody is the hash of no password.
const nobody = "$argon2id$v=19$m=65536,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// hash is an argon2id hash with its parameters (RFC 9106).
type hash struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
	salt    []byte
	sum     []byte
}

// parseHash reads a hash in PHC string form, within bounds.
func parseHash(phc string) (hash, error) {
	var h hash
	var version, threads uint32
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return h, fmt.Errorf("not an argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[2]+parts[3], "v=%dm=%d,t=%d,p=%d", &version, &h.memory, &h.passes, &threads); err != nil {
		return h, err
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return h, err
	}
	if h.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return h, err
	}
	if version != argon2.Version || h.memory > hashMemory || h.passes == 0 || h.passes > 16 || threads == 0 || threads > 16 || len(h.sum) < 16 || len(h.sum) > 64 {
		return h, fmt.Errorf("argon2id with m=%d t=%d p=%d", h.memory, h.passes, threads)
	}
	h.threads = uint8(threads)
	return h, nil
}

func (h hash) matches(password string) bool {
	got := argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, uint32(len(h.sum)))
	return subtle.ConstantTimeCompare(got, h.sum) == 1
}
