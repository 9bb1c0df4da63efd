// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package terminal_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/front/file/filetest"
	"dukou.dev/dukou/internal/front/file/terminal"
	"dukou.dev/dukou/internal/pki"
)

// rig is a front for both zones, with real keys and TLS on a Unix socket.
type rig struct {
	t        *testing.T
	dir      string
	target   string
	conveyor *filetest.Shortcut
	ids      map[string]*pki.Identity
	stop     func()

	mu   sync.Mutex
	cuts func(net.Conn) net.Conn // of the terminals' connections
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, dir: t.TempDir(), conveyor: &filetest.Shortcut{Bundle: filetest.Policy(t)}, ids: map[string]*pki.Identity{}}
	r.target = filepath.Join(r.dir, "target")
	if err := os.Mkdir(r.target, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"front", "front-b", "desk", "desk-b", "stranger"} {
		var err error
		if r.ids[id], err = pki.Create(filepath.Join(r.dir, "id-"+id), id, "terminal", "a"); err != nil {
			t.Fatal(err)
		}
	}
	r.start()
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *rig) pins(key ed25519.PublicKey) (string, bool) {
	for id, i := range r.ids {
		if key.Equal(i.Key().Public()) {
			return id, true
		}
	}
	return "", false
}

// start runs the fronts of both zones.
func (r *rig) start() {
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(r.t.Output(), nil))
	}
	entry, err := file.NewEntry(file.Config{Front: "front", Zone: "a", Conveyor: r.conveyor, State: filepath.Join(r.dir, "entry"), Log: log})
	if err != nil {
		r.t.Fatal(err)
	}
	exit, err := file.NewExit(file.ExitConfig{
		Front: "front-b", Zone: "b", Policy: r.conveyor.Policy, Targets: map[string]string{"folder": r.target},
		Mailboxes: map[string]string{"box": "desk-b"}, State: filepath.Join(r.dir, "exit"), Log: log,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.conveyor.Exit = exit
	idle, err := file.NewEntry(file.Config{Front: "front-b", Zone: "b", Conveyor: r.conveyor, Log: log})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var first, last sync.WaitGroup
	for _, t := range []*file.Terminals{
		{Front: "front", Zone: "a", Listener: r.listen("front"), Identify: r.identify, Policy: r.conveyor.Policy, Entry: entry, Log: log},
		{Front: "front-b", Zone: "b", Listener: r.listen("front-b"), Identify: r.identify, Policy: r.conveyor.Policy, Entry: idle, Exit: exit, Log: log},
	} {
		first.Go(func() { r.check(t.Run(ctx)) })
	}
	first.Go(func() { r.check(entry.Run(ctx)) })
	exitCtx, stopExit := context.WithCancel(context.Background())
	last.Go(func() { r.check(exit.Run(exitCtx)) })
	r.stop = sync.OnceFunc(func() {
		cancel()
		first.Wait()
		stopExit()
		last.Wait()
	})
}

func (r *rig) check(err error) {
	if err != nil {
		r.t.Error(err)
	}
}

func (r *rig) listen(front string) net.Listener {
	l, err := net.Listen("unix", filepath.Join(r.dir, front+".sock"))
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := r.ids[front].Server(r.pins)
	if err != nil {
		r.t.Fatal(err)
	}
	return tls.NewListener(l, c)
}

func (r *rig) identify(nc net.Conn) (string, error) {
	if err := nc.(*tls.Conn).Handshake(); err != nil {
		return "", err
	}
	return pki.PeerOf(nc, r.pins)
}

// terminal is an enrolled one that connects to a front.
func (r *rig) terminal(id, zone, front string) *terminal.Terminal {
	c, err := r.ids[id].Client(r.pins)
	if err != nil {
		r.t.Fatal(err)
	}
	return &terminal.Terminal{
		ID: id, Zone: zone, State: filepath.Join(r.dir, "state-"+id), Patience: 3 * time.Second, Log: slog.New(slog.DiscardHandler),
		Dial: func(ctx context.Context) (net.Conn, string, error) {
			raw, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(r.dir, front+".sock"))
			if err != nil {
				return nil, "", err
			}
			r.mu.Lock()
			if r.cuts != nil {
				raw = r.cuts(raw)
			}
			r.mu.Unlock()
			nc := tls.Client(raw, c)
			if err := nc.HandshakeContext(ctx); err != nil {
				return nil, "", errors.Join(err, nc.Close())
			}
			peer, err := pki.PeerOf(nc, r.pins)
			return nc, peer, err
		},
	}
}

func (r *rig) file(name string, body []byte) string {
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

func (r *rig) released(dir string, want map[string][]byte) {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
	if err != nil || len(found) != len(want) {
		r.t.Errorf("released %q, want %d files, %v", found, len(want), err)
	}
	for name, body := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, body) {
			r.t.Errorf("%s: %d bytes of %d: %v", name, len(got), len(body), err)
		}
	}
}

func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(b) // never fails
	return b
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestSendAndWait(t *testing.T) {
	r := newRig(t)
	desk := r.terminal("desk", "a", "front")
	body := noise(3 << 20)
	path := r.file("data.csv", body)
	first, err := desk.Send(deadline(t), terminal.Upload{Path: path, Flow: "up", Wait: true})
	if err != nil || first.State != exchange.StateDelivered || first.Receipt.ID != first.ID {
		t.Fatalf("%+v, %v", first, err)
	}
	r.released(r.target, map[string][]byte{"data.csv": body})
	second, err := desk.Send(deadline(t), terminal.Upload{Path: path, Flow: "up", Wait: true})
	if err != nil || second.ID == first.ID {
		t.Errorf("sent once more on purpose: %+v, %v", second, err)
	}
	r.released(r.target, map[string][]byte{"data.csv": body, "data (" + second.ID.String()[:8] + ").csv": body})
	if jobs, err := os.ReadDir(desk.State); err != nil || len(jobs) != 0 {
		t.Errorf("%d jobs are left, %v", len(jobs), err)
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t)
	desk := r.terminal("desk", "a", "front")
	good := r.file("data.csv", []byte("x"))
	for _, c := range []struct {
		path, flow string
		code       fault.Code
	}{
		{r.file("data.exe", []byte("x")), "up", fault.ContentType}, {r.file("con.csv", []byte("x")), "up", fault.NameInvalid},
		{good, "none", fault.FlowUnknown}, {good, "closed", fault.CredentialInvalid}, {filepath.Join(r.dir, "gone.csv"), "up", fault.RequestMalformed},
		{r.dir, "up", fault.RequestMalformed},
	} {
		if _, err := desk.Send(deadline(t), terminal.Upload{Path: c.path, Flow: c.flow}); fault.CodeOf(err) != c.code {
			t.Errorf("%s to %s: %v, want %s", filepath.Base(c.path), c.flow, err, c.code)
		}
	}
	if _, err := r.terminal("stranger", "a", "front").Send(deadline(t), terminal.Upload{Path: good, Flow: "up"}); err == nil {
		t.Error("a component that is no terminal may send")
	}
	if _, err := r.terminal("desk-b", "b", "front").Send(deadline(t), terminal.Upload{Path: good, Flow: "up"}); err == nil {
		t.Error("a terminal of another zone may send")
	}
	r.conveyor.Denied.Store(true)
	got, err := desk.Send(deadline(t), terminal.Upload{Path: good, Flow: "up", Wait: true})
	if fault.CodeOf(err) != fault.PolicyDenied || fault.ExitCode(err) != fault.ExitRefused || got.State != exchange.StateRefused {
		t.Errorf("%+v, %v", got, err)
	}
	r.released(r.target, nil)
}

// TestSendAcrossRestarts interrupts a sending at each of its stages and calls it again.
func TestSendAcrossRestarts(t *testing.T) {
	r := newRig(t)
	desk := r.terminal("desk", "a", "front")
	body := noise(80 << 20)
	path := r.file("large.csv", body)
	r.conveyor.Down.Store(true)
	ctx, cancel := context.WithCancel(deadline(t))
	broken, err := desk.Send(ctx, terminal.Upload{Path: path, Flow: "up", Wait: true, Progress: func(sent, _ uint64) {
		if sent > 70<<20 {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("the sending was not interrupted")
	}
	r.stop()
	r.start()
	least := uint64(1 << 40)
	accepted, err := desk.Send(deadline(t), terminal.Upload{Path: path, Flow: "up", Progress: func(sent, _ uint64) { least = min(least, sent) }})
	if err != nil || accepted.ID != broken.ID || accepted.State != exchange.StateAccepted {
		t.Fatalf("%+v after %+v: %v", accepted, broken, err)
	}
	if least < 64<<20 {
		t.Errorf("sent again from byte %d", least)
	}
	r.released(r.target, nil)
	r.stop()
	r.conveyor.Down.Store(false)
	r.start()
	other, err := desk.Send(deadline(t), terminal.Upload{Path: r.file("small.csv", []byte("x")), Flow: "up", Wait: true})
	if err != nil {
		t.Fatalf("%+v, %v", other, err)
	}
	for i := 0; i < 500; i++ {
		if _, err := os.Stat(filepath.Join(r.target, "large.csv")); err == nil {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	r.released(r.target, map[string][]byte{"large.csv": body, "small.csv": []byte("x")})
}

// limited breaks after a number of bytes written.
type limited struct {
	net.Conn
	left *atomic.Int64
}

func (l limited) Write(p []byte) (int, error) {
	if l.left.Add(-int64(len(p))) < 0 {
		_ = l.Conn.Close()
		return 0, net.ErrClosed
	}
	return l.Conn.Write(p)
}

func TestSendOverBadLine(t *testing.T) {
	r := newRig(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 3))
	lines := 0
	r.cuts = func(nc net.Conn) net.Conn {
		if lines++; lines > 8 {
			return nc
		}
		left := new(atomic.Int64)
		left.Store(8<<10 + chance.Int64N(12<<20))
		return limited{nc, left}
	}
	body := noise(40 << 20)
	got, err := r.terminal("desk", "a", "front").Send(deadline(t), terminal.Upload{Path: r.file("line.csv", body), Flow: "up", Wait: true})
	if err != nil || got.State != exchange.StateDelivered {
		t.Fatalf("%+v, %v", got, err)
	}
	if lines < 2 {
		t.Error("no line was cut")
	}
	r.released(r.target, map[string][]byte{"line.csv": body})
}

func TestMailbox(t *testing.T) {
	r := newRig(t)
	desk, other := r.terminal("desk", "a", "front"), r.terminal("desk-b", "b", "front-b")
	into := filepath.Join(r.dir, "into")
	if err := os.Mkdir(into, 0o700); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"a.csv": noise(10), "b.csv": noise(5 << 20), "c.csv": {}}
	for name, body := range want {
		if _, err := desk.Send(deadline(t), terminal.Upload{Path: r.file(name, body), Flow: "mail", Wait: true}); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	r.start()
	var mu sync.Mutex
	var told []string
	arrived := func(a terminal.Arrival) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, a.Name)
	}
	if err := other.Receive(deadline(t), terminal.Download{Flow: "mail", Into: into, Once: true, Arrived: arrived}); err != nil {
		t.Fatal(err)
	}
	r.released(into, want)
	if len(told) != len(want) {
		t.Errorf("told of %q", told)
	}
	// A file that comes while a terminal waits.
	ctx, cancel := context.WithCancel(deadline(t))
	ended := make(chan error, 1)
	come := make(chan struct{})
	go func() {
		ended <- other.Receive(ctx, terminal.Download{Flow: "mail", Into: into, Arrived: func(terminal.Arrival) { close(come) }})
	}()
	want["d.csv"] = []byte("d")
	if _, err := desk.Send(deadline(t), terminal.Upload{Path: r.file("d.csv", want["d.csv"]), Flow: "mail"}); err != nil {
		t.Fatal(err)
	}
	<-come
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	r.released(into, want)
	if err := desk.Receive(deadline(t), terminal.Download{Flow: "mail", Into: into, Once: true}); fault.CodeOf(err) != fault.FlowUnknown {
		t.Errorf("a terminal of the other zone: %v", err)
	}
	if err := other.Receive(deadline(t), terminal.Download{Flow: "up", Into: into, Once: true}); fault.CodeOf(err) != fault.FlowUnknown {
		t.Errorf("a flow to a directory: %v", err)
	}
}
