// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// stage is proposals with a real journal, whose clock and accounts the test sets.
type stage struct {
	*proposal.Proposals
	t       *testing.T
	db      *store.DB
	config  proposal.Config
	journal *audit.Journal
	closed  bool // the journal, by the test

	mu      sync.Mutex
	now     time.Time
	holders map[account.Duty][]string
	done    []proposal.Proposal // that Do was called with
	do      func(context.Context, proposal.Proposal) (string, error)
	checks  func(proposal.Proposal) error
	votes   func(proposal.Vote) error
	told    chan string
}

// kinds of acts on a stage.
const (
	plain    = "plain" // of security
	keeping  = "keeping"
	compared = "compared"
	signed   = "signed"
)

func newStage(t *testing.T, db *store.DB) *stage {
	t.Helper()
	s := &stage{
		t: t, db: db, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), told: make(chan string, 1000),
		holders: map[account.Duty][]string{account.Security: {"li", "wang", "zhao"}, account.System: {"chen", "zhou"}, account.Audit: {"sun", "wu"}},
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewSigner(audit.Origin("center"), key)
	if err != nil {
		t.Fatal(err)
	}
	s.journal, err = audit.Open(audit.Config{Dir: t.TempDir(), Origin: audit.Origin("center"), Signer: signer, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.journal.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		err := <-ended
		if !s.closed {
			err = errors.Join(err, s.journal.Close())
		}
		if err != nil && !s.closed {
			t.Error(err)
		}
	})
	s.config = proposal.Config{
		Acts: []proposal.Act{
			{Kind: plain, Duty: account.Security, Check: s.check, Do: s.perform},
			{Kind: keeping, Duty: account.System, Do: s.perform},
			{Kind: compared, Duty: account.Security, Do: s.perform, Compare: func(p proposal.Proposal) string {
				var payload struct{ Fingerprint string }
				_ = json.Unmarshal(p.Payload, &payload) // one that is none has no fingerprint
				return payload.Fingerprint
			}},
			{Kind: signed, Duty: account.Security, Do: s.perform, Vote: func(_ context.Context, _ proposal.Proposal, v proposal.Vote) error { return s.votes(v) }},
		},
		Holders: func(_ context.Context, d account.Duty) ([]string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return slices.Clone(s.holders[d]), nil
		},
		Record: s.journal.Append,
		Tell:   func(_, id string) { s.told <- id },
		Log:    slog.New(slog.DiscardHandler),
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.now
		},
	}
	s.reopen()
	return s
}

// reopen is the next life of the center.
func (s *stage) reopen() {
	s.t.Helper()
	var err error
	if s.Proposals, err = proposal.Open(s.db, s.config); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) check(_ context.Context, p proposal.Proposal) error {
	if s.checks != nil {
		return s.checks(p)
	}
	return nil
}

func (s *stage) perform(ctx context.Context, p proposal.Proposal) (string, error) {
	s.mu.Lock()
	s.done = append(s.done, p)
	do := s.do
	s.mu.Unlock()
	if do != nil {
		return do(ctx, p)
	}
	return "it was done", nil
}

// times is how often Do was called.
func (s *stage) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.done)
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// lose takes a duty from an account.
func (s *stage) lose(d account.Duty, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holders[d] = slices.DeleteFunc(slices.Clone(s.holders[d]), func(other string) bool { return other == id })
}

// by is a person of a duty at work.
func by(id string, d account.Duty) account.Caller {
	return account.Caller{Account: id, Name: id, Duty: d, Session: "session-of-" + id, Address: "192.0.2.1"}
}

func security(id string) account.Caller { return by(id, account.Security) }

// something is what is proposed in most tests.
func something(kind string) proposal.New {
	return proposal.New{Kind: kind, Title: "Do something", About: proposal.About{Name: "a thing"}, Payload: json.RawMessage(`{"a": 1, "b": "<x>"}`), Difference: "- old\n+ new\n", Reason: "it is better"}
}

func (s *stage) propose(kind, id string) proposal.Proposal {
	s.t.Helper()
	d := account.Security
	if kind == keeping {
		d = account.System
	}
	p, err := s.Propose(s.t.Context(), by(id, d), something(kind))
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *stage) approve(p proposal.Proposal, who account.Caller) error {
	_, err := s.Approve(s.t.Context(), who, p.ID, proposal.Ballot{Digest: p.Digest})
	return err
}

func (s *stage) state(id string) proposal.State {
	s.t.Helper()
	p, err := s.Get(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p.State
}

func (s *stage) round() {
	s.t.Helper()
	if err := s.Round(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// entry is a record of a proposal, with what it says that was seen.
type entry struct {
	audit.Leaf
	Seen proposal.Detail
}

func (s *stage) entries() []entry {
	s.t.Helper()
	if err := s.journal.Flush(); err != nil {
		s.t.Fatal(err)
	}
	records, err := s.journal.Read(0, 10_000)
	if err != nil {
		s.t.Fatal(err)
	}
	var list []entry
	for _, r := range records {
		c, err := audit.DecodeRecord(r.Raw)
		if err != nil {
			s.t.Fatal(err)
		}
		e := entry{Leaf: c.Leaf}
		if len(c.Detail) > 0 {
			if err := canon.Unmarshal(c.Detail, &e.Seen); err != nil {
				s.t.Fatal(err)
			}
		}
		list = append(list, e)
	}
	return list
}
