// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

// content is what the tests put into the fields.
func content(name string) []byte {
	b, err := parcel.EncodeRecord(parcel.Record{"form": "file", "name": name})
	if err != nil {
		panic(err)
	}
	return b
}

func draft(name string) Draft {
	return Draft{ID: parcel.NewID(), Flow: "f", Subject: "a/x", Assurance: label.ByComponent, Fields: content(name), Origin: name}
}

// carried is the header of a delivery as a front would make it.
func carried(out *Outgoing) (*parcel.Header, Carried) {
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Deliver, ID: out.ID, Flow: out.Flow,
		FromZone: "a", ToZone: "b", Source: "front-a", Destination: "front-b", Guard: "g", Fields: out.Fields, Body: out.Body,
	}
	raw, err := h.Encode()
	if err != nil {
		panic(err)
	}
	return h, Carried{Header: raw}
}

// folder is a sink that releases into a directory. What its fields forbid or break
// happens as often as they say.
type folder struct {
	dir string

	mu       sync.Mutex
	refuse   map[string]fault.Code // by name
	strict   bool                  // refuses what was approved, too
	failures int                   // of Release, before it does anything
	releases int
}

func newFolder(dir string) *folder {
	return &folder{dir: dir, refuse: map[string]fault.Code{}}
}

func (s *folder) Place(_ context.Context, d Delivery) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := d.Content["name"].(string)
	if code, ok := s.refuse[name]; ok && (s.strict || !d.Approved) {
		return "", fault.New(code, "the test says so")
	}
	if _, err := os.Lstat(filepath.Join(s.dir, name)); err == nil {
		name += "." + d.Header.ID.String()
	}
	return name, nil
}

func (s *folder) Release(_ context.Context, d Delivery, name string) error {
	s.mu.Lock()
	if s.failures > 0 {
		s.failures--
		s.mu.Unlock()
		return errors.New("the test's sink is out of order")
	}
	s.releases++
	s.mu.Unlock()
	err := unix.Renameat2(unix.AT_FDCWD, d.Path, unix.AT_FDCWD, filepath.Join(s.dir, name), unix.RENAME_NOREPLACE)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// rig is an outbox and an inbox with a sink, on two sides of connections.
type rig struct {
	t       testing.TB
	dir     string
	outbox  *Outbox
	inbox   *Inbox
	sink    *folder
	settled []Outcome
}

func newRig(t testing.TB) *rig { return newRigIn(t, memoryDir(t)) }

// memoryDir is a directory in memory where there is one: most tests ask nothing of
// the disk.
func memoryDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "exchange-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func newRigIn(t testing.TB, dir string) *rig {
	r := &rig{t: t, dir: dir}
	r.sink = newFolder(filepath.Join(r.dir, "target"))
	if err := os.Mkdir(r.sink.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.openInbox()
	r.openOutbox()
	t.Cleanup(func() {
		if err := errors.Join(r.outbox.Close(), r.inbox.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) openInbox() {
	var err error
	c := InboxConfig{Dir: filepath.Join(r.dir, "in"), Key: vault.Key{1}, Sink: r.sink, Log: slog.New(slog.DiscardHandler)}
	if r.inbox, err = OpenInbox(context.Background(), c); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) openOutbox() {
	var err error
	told := func(_ *Outgoing, o Outcome) error {
		r.settled = append(r.settled, o)
		return nil
	}
	r.outbox, err = OpenOutbox(OutboxConfig{Dir: filepath.Join(r.dir, "out"), Key: vault.Key{2}, Settled: told})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) reopenInbox() {
	if err := r.inbox.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.openInbox()
}

// take accepts a body and gives the delivery.
func (r *rig) take(name string, body []byte) *Outgoing {
	r.t.Helper()
	if err := r.outbox.Accept(draft(name), bytes.NewReader(body)); err != nil {
		r.t.Fatal(err)
	}
	return r.next()
}

func (r *rig) next() *Outgoing {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := r.outbox.Next(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// link is one connection between the two; it is cut by cut.
func (r *rig) link() (sender *wire.Conn, cut func()) {
	a, b := wiretest.Socket(r.t, "unix")
	sender = wire.New(a, true, wire.Config{})
	receiver := wire.New(b, false, wire.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = sender.Run(ctx) })
	all.Go(func() { _ = receiver.Run(ctx) })
	all.Go(func() { serve(ctx, receiver, r.inbox) })
	var once sync.Once
	cut = func() {
		once.Do(func() {
			cancel()
			all.Wait()
		})
	}
	r.t.Cleanup(cut)
	return sender, cut
}

// serve takes deliveries in until the connection ends.
func serve(ctx context.Context, c *wire.Conn, b *Inbox) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		s, err := c.Accept(ctx)
		if err != nil {
			return
		}
		all.Go(func() {
			defer s.Close()
			_ = acceptOne(ctx, s, b)
		})
	}
}

func acceptOne(ctx context.Context, s *wire.Stream, b *Inbox) error {
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	c, err := DecodeCarried(m, m.Kind)
	if err != nil {
		return err
	}
	h, err := parcel.Decode(c.Header)
	if err != nil {
		return err
	}
	return Accept(ctx, s, m.Kind, c.Header, h, "a/x", b)
}

// attempt is one attempt to deliver.
func (r *rig) attempt(c *wire.Conn, out *Outgoing, progress func(uint64)) (Receipt, error) {
	r.t.Helper()
	body, err := r.outbox.OpenBody(out)
	if err != nil {
		r.t.Fatal(err)
	}
	defer body.Close()
	return r.attemptBody(c, out, body, progress)
}

func (r *rig) attemptBody(c *wire.Conn, out *Outgoing, body io.ReaderAt, progress func(uint64)) (Receipt, error) {
	h, message := carried(out)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	return Deliver(ctx, c, message, h, out, body, progress)
}

// patient attempts until the receiver has let go of the attempt before, of which the
// sender may have heard the end a moment earlier.
func (r *rig) patient(c *wire.Conn, out *Outgoing, body io.ReaderAt) (Receipt, error) {
	for {
		receipt, err := r.attemptBody(c, out, body, nil)
		if fault.CodeOf(err) != fault.TooBusy {
			return receipt, err
		}
	}
}

// body is the spooled body of a delivery.
func (r *rig) body(out *Outgoing) []byte {
	r.t.Helper()
	b, err := r.outbox.OpenBody(out)
	if err != nil {
		r.t.Fatal(err)
	}
	data, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err := errors.Join(err, b.Close()); err != nil {
		r.t.Fatal(err)
	}
	return data
}

// released fails unless the target directory holds exactly these files.
func (r *rig) released(want map[string][]byte) {
	r.t.Helper()
	entries, err := os.ReadDir(r.sink.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(entries) != len(want) {
		r.t.Errorf("%d files released, want %d", len(entries), len(want))
	}
	for name, body := range want {
		got, err := os.ReadFile(filepath.Join(r.sink.dir, name))
		if err != nil || !bytes.Equal(got, body) {
			r.t.Errorf("%s: %d bytes of %d, or others: %v", name, len(got), len(body), err)
		}
	}
}

// noise is a body that repeats nothing.
func noise(seed uint64, size int) []byte {
	b := make([]byte, size)
	var key [32]byte
	copy(key[:], fmt.Sprint(seed))
	_, _ = rand.NewChaCha8(key).Read(b) // never fails
	return b
}
