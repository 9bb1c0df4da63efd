// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// bankFiles are the files of the example, with the key of its issuer.
func bankFiles(t testing.TB) []draft.File {
	t.Helper()
	return drafttest.Files(t, bank.Files(), "bureau")
}

// world is a center without its other parts: a keeper puts bundles in force as every
// component does.
type world struct {
	t      testing.TB
	db     *store.DB
	dir    string
	keeper *policy.Keeper
	desk   *draft.Desk

	mu      sync.Mutex
	now     time.Time
	applied []uint64
	fault   func(version uint64) (before, after error) // of the next Apply
	keys    map[string]ed25519.PublicKey               // of approvers, by account
}

var (
	requests     []pki.Request //nolint:gochecknoglobals // made once: their keys take long
	requestsOnce sync.Once     //nolint:gochecknoglobals // likewise
)

// admitted are the components of the example.
func admitted(t testing.TB) []pki.Request {
	t.Helper()
	requestsOnce.Do(func() {
		dir, err := os.MkdirTemp("", "components")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		for _, c := range [][3]string{
			{"front-internet", "front", "internet"}, {"front-intranet", "front", "intranet"}, {"guard-outer", "guard-outer", "internet"},
			{"guard-gate", "guard-gate", "intranet"}, {"guard-inner", "guard-inner", "intranet"}, {"center", "center", "intranet"},
		} {
			i, err := pki.Create(filepath.Join(dir, c[0]), c[0], c[1], c[2])
			if err != nil {
				t.Fatal(err)
			}
			requests = append(requests, i.Request)
		}
	})
	return requests
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, dir: t.TempDir(), now: time.Now().Truncate(time.Millisecond), keys: map[string]ed25519.PublicKey{}}
	for _, name := range []string{"a", "b", "c"} {
		w.keys[name] = drafttest.Public(name)
	}
	w.restart()
	return w
}

func anchors() policy.Anchors {
	return policy.Anchors{Approvers: []ed25519.PublicKey{drafttest.Public("a"), drafttest.Public("b"), drafttest.Public("c")}, Quorum: 2}
}

// restart is another life of the center over the same disk.
func (w *world) restart() {
	w.t.Helper()
	var err error
	if w.keeper, err = policy.NewKeeper(w.dir, anchors()); err != nil {
		w.t.Fatal(err)
	}
	w.desk = draft.Open(w.db, w.config())
}

func (w *world) config() draft.Config {
	return draft.Config{
		Guard: "guard-1", Anchors: anchors(), InForce: w.keeper.Current, Apply: w.apply,
		Admitted: func(context.Context) ([]pki.Request, error) { return admitted(w.t), nil },
		ApproverKey: func(_ context.Context, account string) (string, error) {
			return hex.EncodeToString(w.keys[account]), nil
		},
		Record: func(audit.Entry) audit.Ticket { return audit.Ticket{} },
		Tell:   func(string, string) {}, Log: slog.New(slog.DiscardHandler), Now: w.clock,
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// apply puts a bundle in force, unless the test has it fail before or behind that.
func (w *world) apply(_ context.Context, data []byte) (*policy.Policy, error) {
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, err
	}
	var before, after error
	if w.fault != nil {
		p, err := policy.Open(data, anchors(), 0, 0)
		if err == nil {
			before, after = w.fault(p.Version)
		}
	}
	if before != nil {
		return nil, before
	}
	was := w.keeper.Current()
	p, err := w.keeper.Accept(s.Encode(), w.clock().UnixMilli())
	if err == nil && p != was {
		w.mu.Lock()
		w.applied = append(w.applied, p.Version)
		w.mu.Unlock()
	}
	if after != nil {
		return nil, after
	}
	return p, err
}

func (w *world) inForce() uint64 {
	if p := w.keeper.Current(); p != nil {
		return p.Version
	}
	return 0
}

func caller(name string) account.Caller {
	return account.Caller{Account: name, Name: name, Duty: account.Security}
}

// upload makes a draft of files.
func (w *world) upload(files []draft.File) draft.Draft {
	w.t.Helper()
	d, err := w.desk.Create(w.t.Context(), caller("a"), draft.New{Title: "a draft", Origin: draft.FromUpload, Files: files})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) prepare(files []draft.File) draft.Publication {
	w.t.Helper()
	d := w.upload(files)
	p, err := w.desk.Prepare(w.t.Context(), caller("a"), draft.Preparation{Draft: d.ID, Revision: d.Revision})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// ballot is a person's yes, signed as their own machine does.
func (w *world) ballot(p draft.Publication, account, key string) draft.Ballot {
	w.t.Helper()
	b := draft.Ballot{Account: account}
	for _, back := range []bool{false, true} {
		data, err := w.desk.Document(w.t.Context(), p.ID, back)
		if back && p.ReturnVersion == 0 {
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		s, err := envelope.Decode(data)
		if err != nil {
			w.t.Fatal(err)
		}
		s.Signatures = nil
		if err := s.Sign(envelope.Bundle, drafttest.Key(key)); err != nil {
			w.t.Fatal(err)
		}
		b.Signatures = append(b.Signatures, s.Signatures[0].COSE)
	}
	return b
}

func (w *world) payload(p draft.Publication) []byte {
	w.t.Helper()
	proposed, err := w.desk.Propose(w.t.Context(), p, draft.Showing{Most: 256 << 10})
	if err != nil {
		w.t.Fatal(err)
	}
	return proposed.Payload
}

// both are the ballots of two persons.
func (w *world) both(p draft.Publication) []draft.Ballot {
	w.t.Helper()
	return []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}
}

// approved publishes what two persons have signed.
func (w *world) approved(p draft.Publication) (string, error) {
	w.t.Helper()
	return w.desk.Publish(w.t.Context(), w.payload(p), w.both(p))
}

// publish takes files into force by two persons, and confirms them.
func (w *world) publish(files []draft.File) draft.Publication {
	w.t.Helper()
	p := w.prepare(files)
	if _, err := w.approved(p); err != nil {
		w.t.Fatal(err)
	}
	if p.ReturnVersion > 0 {
		if _, err := w.desk.Confirm(w.t.Context(), caller("b"), p.ID); err != nil {
			w.t.Fatal(err)
		}
	}
	return p
}

// code asserts that an error is a problem of a code.
func code(t testing.TB, err error, want problem.Code, what string) {
	t.Helper()
	if err == nil || problem.CodeOf(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

// applyFile puts files in force as "dukou policy apply" does, past the desk.
func (w *world) applyFile(files []draft.File, version uint64) {
	w.t.Helper()
	b := drafttest.Policy(w.t, files).Bundle
	b.Version, b.Created = version, w.clock().UnixMilli()
	length := b.NotAfter - b.NotBefore
	b.NotBefore = w.clock().Add(-time.Minute).UnixMilli()
	b.NotAfter = b.NotBefore + length
	s, err := envelope.Seal(envelope.Bundle, b, drafttest.Key("a"), drafttest.Key("b"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.apply(w.t.Context(), s.Encode()); err != nil {
		w.t.Fatal(err)
	}
}
