// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"crypto/rand"
	"sync"
	"time"
)

const (
	maxSessions = 10_000
	maxSession  = 15 * time.Minute
)

// identity is who is signed in, and the token that shows it to the upstream.
type identity struct {
	Person  string
	Name    string
	Token   string
	Expires time.Time
}

// sessions is who is signed in, by random id, at most maxSessions of them.
type sessions struct {
	now func() time.Time

	mu   sync.Mutex
	byID map[string]identity
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, byID: make(map[string]identity)}
}

// start begins a session that ends with the token, at the latest after maxSession.
// It returns false when there is no room.
func (s *sessions) start(who identity) (id string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= maxSessions {
		s.sweep()
	}
	if len(s.byID) >= maxSessions {
		return "", false
	}
	if end := s.now().Add(maxSession); who.Expires.After(end) {
		who.Expires = end
	}
	id = rand.Text() + rand.Text() // 260 bits
	s.byID[id] = who
	return id, true
}

func (s *sessions) find(id string) (identity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, ok := s.byID[id]
	if ok && !s.now().Before(who.Expires) {
		delete(s.byID, id)
		return identity{}, false
	}
	return who, ok
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// sweep drops what has ended. The caller holds mu.
func (s *sessions) sweep() {
	now := s.now()
	for id, who := range s.byID {
		if !now.Before(who.Expires) {
			delete(s.byID, id)
		}
	}
}
