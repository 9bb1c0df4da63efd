// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

// testPolicy has one flow "up" from zone a to zone b, changed by change.
func testPolicy(t testing.TB, change func(*policy.Flow)) *policy.Policy {
	t.Helper()
	class := label.Class{Confidentiality: 2, Integrity: 2}
	f := policy.Flow{
		Name: "up", From: "a", To: "b", Kind: "deliver", Protocol: "file", Entry: "front-a", Exit: "front-b",
		Listener: "outgoing", Target: "incoming", Object: "b/batch", Action: "deliver", Purpose: "test",
		Class: class, Answer: class, Accept: []label.Assurance{label.ByComponent, label.ByCertificate},
		Files: &policy.Files{MaxSize: 64 << 20, Extensions: []string{".csv"}, Ready: "rename", Receipts: true},
		Forms: []policy.Form{{Name: "file", Request: policy.Schema{Type: policy.Record, Fields: []policy.Field{
			{Name: "form", Required: true, Schema: policy.Schema{Type: policy.Text, Max: 10}},
			{Name: "modified", Required: true, Schema: policy.Schema{Type: policy.Integer, Max: 1 << 50}},
			{Name: "name", Required: true, Schema: policy.Schema{Type: policy.Text, Min: 1, Max: 255}},
			{Name: "size", Required: true, Schema: policy.Schema{Type: policy.Integer, Max: 1 << 40}},
		}}}},
	}
	if change != nil {
		change(&f)
	}
	p, err := policy.Compile(policy.Bundle{
		Format: policy.Format, Version: 1, NotBefore: 0, NotAfter: 1, Guard: "g",
		Zones: []policy.Zone{{Name: "a", Class: class}, {Name: "b", Class: class, Inner: true}},
		Components: []policy.Component{
			{ID: "front-a", Role: policy.RoleFront, Zone: "a"}, {ID: "front-b", Role: policy.RoleFront, Zone: "b"},
			{ID: "desk-a", Role: policy.RoleClient, Zone: "a"}, {ID: "other-a", Role: policy.RoleClient, Zone: "a"}, {ID: "desk-b", Role: policy.RoleClient, Zone: "b"},
		},
		Objects: []policy.Object{{ID: "b/batch", Class: class}},
		Flows:   []policy.Flow{f},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bridge is the way from one front to the other without a guard: the wire, and no labels.
type bridge struct {
	policy atomic.Pointer[policy.Policy]
	exit   *Exit

	mu     sync.Mutex
	conn   *wire.Conn
	refuse func(h *parcel.Header) error // of the other side, before it takes anything
	turned []fault.Code                 // refusals that were to be recorded
}

func (b *bridge) Policy() *policy.Policy { return b.policy.Load() }

func (b *bridge) Refuse(_ *policy.Flow, _ string, err error) parcel.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turned = append(b.turned, fault.CodeOf(err))
	return parcel.NewID()
}

func (b *bridge) Deliver(ctx context.Context, f *policy.Flow, out *exchange.Outgoing, body io.ReaderAt) (exchange.Receipt, error) {
	b.mu.Lock()
	conn := b.conn
	b.mu.Unlock()
	if conn == nil {
		return exchange.Receipt{}, fault.New(fault.GuardUnavailable, "not connected")
	}
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Deliver, ID: out.ID, Flow: f.Name, FromZone: f.From, ToZone: f.To,
		Source: f.Entry, Destination: f.Exit, Guard: "g", Fields: out.Fields, Body: out.Body,
	}
	raw, err := h.Encode()
	if err != nil {
		return exchange.Receipt{}, err
	}
	return exchange.Deliver(ctx, conn, exchange.Carried{Header: raw}, h, out, body, nil)
}

// connect joins the two fronts until cut is called or the test ends.
func (b *bridge) connect(t testing.TB) (cut func()) {
	near, far := wiretest.Socket(t, "unix")
	a, z := wire.New(near, true, wire.Config{}), wire.New(far, false, wire.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = a.Run(ctx) })
	all.Go(func() { _ = z.Run(ctx) })
	all.Go(func() { b.serve(ctx, z) })
	b.mu.Lock()
	b.conn = a
	b.mu.Unlock()
	cut = sync.OnceFunc(func() {
		cancel()
		all.Wait()
	})
	t.Cleanup(cut)
	return cut
}

func (b *bridge) serve(ctx context.Context, c *wire.Conn) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		s, err := c.Accept(ctx)
		if err != nil {
			return
		}
		all.Go(func() {
			defer s.Close()
			_ = b.accept(ctx, s)
		})
	}
}

func (b *bridge) accept(ctx context.Context, s *wire.Stream) error {
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	c, err := exchange.DecodeCarried(m, m.Kind)
	if err != nil {
		return err
	}
	h, err := parcel.Decode(c.Header)
	if err != nil {
		return err
	}
	b.mu.Lock()
	refuse := b.refuse
	b.mu.Unlock()
	if refuse != nil {
		if err := refuse(h); err != nil {
			return exchange.Refuse(ctx, s, h.ID, err)
		}
	}
	in, err := b.exit.Inbox(b.Policy().Flow(h.Flow))
	if err != nil {
		return exchange.Refuse(ctx, s, h.ID, err)
	}
	return exchange.Accept(ctx, s, m.Kind, c.Header, h, "a/batches", in)
}

// rig is two fronts, one watched and one target directory.
type rig struct {
	t              testing.TB
	dir            string
	source, target string
	bridge         *bridge
	entry          *Entry
	exit           *Exit
	limit          int // MaxPending
	stopEntry      func()
	stopExit       func()
}

func newRig(t testing.TB, change func(*policy.Flow)) *rig {
	r := &rig{t: t, dir: t.TempDir(), bridge: &bridge{}}
	r.source, r.target = filepath.Join(r.dir, "source"), filepath.Join(r.dir, "target")
	for _, d := range []string{r.source, r.target} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.bridge.policy.Store(testPolicy(t, change))
	r.startExit()
	t.Cleanup(func() { r.stopExit() })
	r.bridge.connect(t)
	r.startEntry()
	t.Cleanup(func() { r.stopEntry() })
	return r
}

func (r *rig) startExit() {
	var err error
	r.exit, err = NewExit(ExitConfig{
		Front: "front-b", Zone: "b", Policy: r.bridge.Policy, Log: testLog(r.t), State: filepath.Join(r.dir, "exit"),
		Targets: map[string]string{"incoming": r.target}, Mailboxes: map[string]string{"box": "desk-b"},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.bridge.exit = r.exit
	r.stopExit = run(r.t, r.exit.Run)
}

func (r *rig) startEntry() {
	var err error
	r.entry, err = NewEntry(Config{
		Front: "front-a", Zone: "a", Conveyor: r.bridge, State: filepath.Join(r.dir, "entry"), Log: testLog(r.t), MaxPending: r.limit,
		Directories: map[string]Directory{"outgoing": {Path: r.source, Subject: "batches"}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.stopEntry = run(r.t, r.entry.Run)
}

// run runs fn until the stop that it gives, which waits for its end.
func run(t testing.TB, fn func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- fn(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func testLog(t testing.TB) *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return slog.New(slog.DiscardHandler)
}

// put brings a file into the watched directory as a writer should: by a rename.
func (r *rig) put(name string, body string) {
	r.t.Helper()
	temp := filepath.Join(r.source, ".writing")
	if err := os.WriteFile(temp, []byte(body), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(r.source, name)); err != nil {
		r.t.Fatal(err)
	}
}

// eventually waits until what is true, at most 10 s.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// files are the visible entries of a directory with their content.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || e.IsDir() {
			continue
		}
		if !e.Type().IsRegular() { // a pipe would be waited for
			all[e.Name()] = ""
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

func (r *rig) quarantine() map[string]string {
	return files(r.t, filepath.Join(r.source, own, "quarantine"))
}
func (r *rig) receipts() map[string]string {
	return files(r.t, filepath.Join(r.source, own, "receipts"))
}
