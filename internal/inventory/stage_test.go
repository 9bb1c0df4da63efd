// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// stage is an inventory with a real journal; what components say the test sets.
type stage struct {
	*inventory.Inventory
	t       *testing.T
	journal *audit.Journal

	keys       string // directory of the signer
	client     authority.Client
	stopSigner func()

	mu        sync.Mutex
	now       time.Time
	end       time.Time
	standings []inventory.Standing
	says      map[string]control.Effective // what a component runs with; none for one that is away
	drifts    []inventory.Drift
	ends      map[string][]inventory.End // told of each component
	asked     int
}

func newStage(t *testing.T, db *store.DB) *stage {
	t.Helper()
	s := &stage{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), says: map[string]control.Effective{}, ends: map[string][]inventory.End{}, keys: newKeys(t), client: authority.Client{Socket: socketIn(t)}}
	s.startSigner()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	by, err := audit.NewSigner(audit.Origin("center"), key)
	if err != nil {
		t.Fatal(err)
	}
	s.journal, err = audit.Open(audit.Config{Dir: t.TempDir(), Origin: audit.Origin("center"), Signer: by, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.journal.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.journal.Close()); err != nil {
			t.Error(err)
		}
	})
	s.Inventory = inventory.Open(db, inventory.Config{
		Self: "center", Version: "1.0",
		Standings: func() []inventory.Standing {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.standings
		},
		PolicyEnd: func() time.Time { return s.end },
		Signer:    inventory.Signer{Admitted: s.client.Admitted, Admit: s.client.Admit, Answer: s.client.Answer, Dismiss: s.client.Dismiss},
		Effective: s.effective,
		Record:    s.journal.Append,
		Tell:      func(string, string) {},
		Alert:     func(d inventory.Drift) { s.drifts = append(s.drifts, d) },
		Ends:      func(id string, list []inventory.End) { s.ends[id] = list },
		Log:       slog.New(slog.DiscardHandler),
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.now
		},
	})
	return s
}

func (s *stage) effective(_ context.Context, id string) (control.Effective, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	e, ok := s.says[id]
	if !ok {
		return e, errors.New("not connected")
	}
	return e, nil
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// runs has a component run with a text.
func (s *stage) runs(id, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says[id] = control.EffectiveOf(control.Program{Component: id, Name: "dukou-front", Version: "1.0", Arguments: []string{"-config", "front.yaml"}}, "/etc/dukou/front.yaml", []byte(text))
}

func (s *stage) compare(id string) inventory.Comparison {
	s.t.Helper()
	c, err := s.Compare(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// drifted are the records of differences, and of their end.
func (s *stage) drifted() (list []inventory.Compared, reasons []string) {
	s.t.Helper()
	if err := s.journal.Flush(); err != nil {
		s.t.Fatal(err)
	}
	records, err := s.journal.Read(0, 10_000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range records {
		c, err := audit.DecodeRecord(r.Raw)
		if err != nil {
			s.t.Fatal(err)
		}
		var d inventory.Compared
		if err := canon.Unmarshal(c.Detail, &d); err != nil || c.Leaf.Class != audit.ClassHealth {
			s.t.Fatalf("%+v: %v", c.Leaf, err)
		}
		list, reasons = append(list, d), append(reasons, c.Leaf.Reason)
	}
	return list, reasons
}

// startSigner runs a real signer until it is stopped, and again.
func (s *stage) startSigner() {
	s.t.Helper()
	a, err := authority.Load(s.keys)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = os.Remove(s.client.Socket)
	l, err := net.Listen("unix", s.client.Socket)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- authority.Serve(ctx, l, a, slog.New(slog.DiscardHandler)) }()
	var once sync.Once
	s.stopSigner = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				s.t.Error(err)
			}
		})
	}
	s.t.Cleanup(s.stopSigner)
}

func newKeys(t *testing.T) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := authority.Create(dir, authority.Terms{Guard: "guard", Approvers: []ed25519.PublicKey{public}, Quorum: 1}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// socketIn is a name short enough for a socket.
func socketIn(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "inv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// request makes the request file of a new component.
func request(t testing.TB, id string) (pki.Request, []byte) {
	t.Helper()
	i, err := pki.Create(filepath.Join(t.TempDir(), id), id, "front", "internet")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(i.Dir(), "request.dukou"))
	if err != nil {
		t.Fatal(err)
	}
	return i.Request, data
}
