// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package bureau

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"dukou.dev/dukou/examples/bank/internal/people"
)

// Cost of argon2id: the second choice of the OWASP password storage cheat sheet.
const (
	argonTime    = 2
	argonMemory  = 19 << 10 // KiB
	argonThreads = 1
	argonLength  = 32
	// hashersAtOnce bounds the memory that signing in can take.
	hashersAtOnce = 2
	hasherWait    = 5 * time.Second
)

// passwords knows who has which password: as argon2id for those who have a name of
// their own, derived from the seed for everybody else.
type passwords struct {
	book    *people.Book
	hashed  map[string]hash // by person id
	nobody  hash            // what an unknown name is compared with, to take as long
	hashers chan struct{}
}

type hash struct{ salt, sum []byte }

func newPasswords(book *people.Book) *passwords {
	s := &passwords{
		book:    book,
		hashed:  make(map[string]hash),
		nobody:  newHash(rand.Text()),
		hashers: make(chan struct{}, hashersAtOnce),
	}
	for _, p := range book.Friendly() {
		s.hashed[p.ID] = newHash(book.Password(p))
	}
	return s
}

func newHash(password string) hash {
	salt := []byte(rand.Text())
	return hash{salt, argon(password, salt)}
}

func argon(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonLength)
}

// right reports whether password is that of p, which is nil for an unknown name. The
// error says that there was no room to compute it.
func (s *passwords) right(ctx context.Context, p *people.Person, password string) (bool, error) {
	h, known := s.nobody, false
	if p != nil {
		if h, known = s.hashed[p.ID]; !known {
			return same([]byte(password), []byte(s.book.Password(p))), nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, hasherWait)
	defer cancel()
	select {
	case s.hashers <- struct{}{}:
	case <-ctx.Done():
		return false, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	defer func() { <-s.hashers }()
	return same(argon(password, h.salt), h.sum) && known, nil
}

func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
