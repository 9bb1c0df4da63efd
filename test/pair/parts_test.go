// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// part is one running component.
type part struct {
	site    *site
	id      string
	journal *audit.Journal
	clock   *pki.Clock
	front   *front.Front
	center  *center.Center
	cancel  context.CancelFunc
	done    chan error
}

// open gives a part its state, journal and clock.
func (s *site) open(id string) *part {
	s.t.Helper()
	if s.running[id] != nil {
		s.t.Fatalf("%s runs already", id)
	}
	p := &part{site: s, id: id, done: make(chan error, 1)}
	if err := durable.MkdirAll(s.path("state", id), 0o700); err != nil {
		s.t.Fatal(err)
	}
	var err error
	if p.clock, err = pki.NewClock(s.ids[id], time.Now); err != nil {
		s.t.Fatal(err)
	}
	signer, err := audit.NewSigner(audit.Origin(id), s.ids[id].Key())
	if err != nil {
		s.t.Fatal(err)
	}
	p.journal, err = audit.Open(audit.Config{Dir: s.path("state", id, "audit"), Origin: audit.Origin(id), Signer: signer, Clock: p.clock.Now, Log: s.log})
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// run runs a part until it is stopped.
func (p *part) run(run func(context.Context) error) *part {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.site.running[p.id] = p
	go func() {
		err := run(ctx)
		if p.journal != nil {
			err = errors.Join(err, p.journal.Close())
		}
		p.done <- err
	}()
	return p
}

// stop ends a part as a signal would, and waits for its end.
func (p *part) stop() {
	p.site.t.Helper()
	p.cancel()
	select {
	case err := <-p.done:
		if err != nil {
			p.site.t.Errorf("%s ended with %v", p.id, err)
		}
	case <-time.After(20 * time.Second):
		p.site.t.Fatalf("%s does not end", p.id)
	}
	delete(p.site.running, p.id)
}

func (s *site) stopAll() {
	for _, p := range s.running {
		p.cancel()
	}
	for _, p := range s.running {
		p.stop()
	}
}

func (s *site) socket(id string) string { return s.path(id + ".sock") }

// startHalf starts a part of the guard with a way to the next one.
func (s *site) startHalf(side guard.Side, link guard.Connector) *part {
	s.t.Helper()
	id := "guard-" + string(side)
	p := s.open(id)
	_ = os.Remove(s.socket(id))
	l, err := net.Listen("unix", s.socket(id))
	if err != nil {
		s.t.Fatal(err)
	}
	half, err := guard.New(guard.Config{
		Side: side, Identity: s.ids[id], State: s.path("state", id), Journal: p.journal, Link: link, Listener: l, Clock: p.clock, Log: s.log.With("at", id),
		Host: control.Host{Manifest: s.manifests[id]}, Effective: s.effective(id),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return p.run(half.Run)
}

// startSide starts a part of the guard at its place: on the site's cable, or at the gate.
func (s *site) startSide(side guard.Side) *part {
	s.t.Helper()
	if side == guard.Inner {
		return s.startHalf(side, guard.Redial(s.dial(gate)))
	}
	return s.startHalf(side, s.cable.end(side))
}

// startPair starts both halves, the inner one with its gate.
func (s *site) startPair() (o, i *part) {
	s.t.Helper()
	o = s.startSide(guard.Outer)
	s.startSide(guard.Gate)
	return o, s.startSide(guard.Inner)
}

func (s *site) dial(id string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", s.socket(id))
	}
}

// startFront starts a front at a half; exit and receiver may be nil.
func (s *site) startFront(id, half string, exit front.Exit, receiver front.Receiver) *part {
	s.t.Helper()
	p := s.open(id)
	c := front.Config{
		Identity: s.ids[id], State: s.path("state", id), Dial: s.dial(half), Journal: p.journal, Clock: p.clock, Host: control.Host{Manifest: s.manifests[id]}, Effective: s.effective(id), Log: s.log.With("at", id),
	}
	if exit != nil {
		c.Exits = map[string]front.Exit{"test": exit}
	}
	var err error
	if p.front, err = front.New(c); err != nil {
		s.t.Fatal(err)
	}
	if receiver != nil {
		p.front.Receive(receiver)
	}
	return p.run(p.front.Run)
}

// cable joins the halves by a socket for each connection. A test cuts it.
type cable struct {
	mu      sync.Mutex
	waiting map[guard.Side]chan net.Conn
	live    []net.Conn
	down    bool
}

type end struct {
	cable *cable
	side  guard.Side
}

func (c *cable) end(side guard.Side) guard.Connector { return end{c, side} }

// Connect implements guard.Connector: it waits until both sides do.
func (e end) Connect(ctx context.Context) (net.Conn, error) {
	ready := make(chan net.Conn, 1)
	e.cable.mu.Lock()
	if e.cable.waiting == nil {
		e.cable.waiting = map[guard.Side]chan net.Conn{}
	}
	e.cable.waiting[e.side] = ready
	err := e.cable.join()
	e.cable.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case nc := <-ready:
		return nc, nil
	case <-ctx.Done():
		e.cable.leave(e.side, ready)
		return nil, ctx.Err()
	}
}

func (c *cable) leave(side guard.Side, ready chan net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[side] == ready {
		delete(c.waiting, side)
	}
	select {
	case nc := <-ready:
		nc.Close()
	default:
	}
}

// join connects the sides when both wait. The lock is held.
func (c *cable) join() error {
	if c.down || len(c.waiting) < 2 {
		return nil
	}
	a, b, err := socketPair()
	if err != nil {
		return err
	}
	c.waiting[guard.Outer] <- a
	c.waiting[guard.Gate] <- b
	clear(c.waiting)
	c.live = []net.Conn{a, b}
	return nil
}

// cut unplugs the cable; plug plugs it in again.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = true
	for _, nc := range c.live {
		nc.Close()
	}
}

func (c *cable) plug() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = false
	return c.join()
}

func socketPair() (net.Conn, net.Conn, error) {
	l, err := net.Listen("unix", "@") // an abstract name that the kernel chooses
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	a, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	b, err := l.Accept()
	return a, b, err
}

// application is an exit that answers by a function and counts.
type application struct {
	mu     sync.Mutex
	calls  map[parcel.ID]int
	proxy  string // of the last call
	answer func(ctx context.Context, c front.Call) (parcel.Record, error)
}

func newApplication() *application {
	return &application{calls: map[parcel.ID]int{}, answer: func(_ context.Context, c front.Call) (parcel.Record, error) {
		return answer(2, "of "+c.Content["person"].(string)), nil
	}}
}

func answer(level int64, text string) parcel.Record {
	return parcel.Record{"form": "report", "status": int64(200), "level": level, "text": text}
}

// Ask implements front.Exit.
func (a *application) Ask(ctx context.Context, c front.Call) (parcel.Record, error) {
	a.mu.Lock()
	a.calls[c.ID]++
	a.proxy = c.Proxy
	answer := a.answer
	a.mu.Unlock()
	return answer(ctx, c)
}

func (a *application) set(answer func(ctx context.Context, c front.Call) (parcel.Record, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

func (a *application) count(id parcel.ID) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[id]
}

// once fails unless no question has come twice; it gives how many have come.
func (a *application) once() (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, n := range a.calls {
		if n != 1 {
			return len(a.calls), wrong("parcel %s reached the application %d times", id, n)
		}
	}
	return len(a.calls), nil
}

// shelf is a receiver that releases into a directory by the name in the fields.
type shelf struct {
	site  *site
	id    string
	inbox *exchange.Inbox
	place func(exchange.Delivery) (string, error)
}

func (s *site) newShelf(id string) *shelf {
	s.t.Helper()
	h := &shelf{site: s, id: id, place: func(d exchange.Delivery) (string, error) { return d.Content["name"].(string), nil }}
	if err := durable.MkdirAll(s.path("shelf", id), 0o700); err != nil {
		s.t.Fatal(err)
	}
	var err error
	if h.inbox, err = exchange.OpenInbox(context.Background(), exchange.InboxConfig{Dir: s.path("inbox", id), Sink: h, Log: s.log}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		s.stopAll() // nothing may be under way
		if err := h.inbox.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return h
}

// Inbox implements front.Receiver.
func (h *shelf) Inbox(*policy.Flow) (*exchange.Inbox, error) { return h.inbox, nil }

// Place implements exchange.Sink.
func (h *shelf) Place(_ context.Context, d exchange.Delivery) (string, error) { return h.place(d) }

// Release implements exchange.Sink.
func (h *shelf) Release(_ context.Context, d exchange.Delivery, name string) error {
	err := os.Rename(d.Path, filepath.Join(h.site.path("shelf", h.id), name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// entries are what a part's log holds on its disk.
func (p *part) entries() []audit.Leaf {
	p.site.t.Helper()
	list, err := p.leaves()
	if err != nil {
		p.site.t.Fatal(err)
	}
	return list
}

func (p *part) leaves() ([]audit.Leaf, error) {
	var list []audit.Leaf
	for from := uint64(0); ; {
		records, err := p.journal.Read(from, 1000)
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return list, nil
		}
		for _, r := range records {
			c, err := audit.DecodeRecord(r.Raw)
			if err != nil {
				return nil, err
			}
			list = append(list, c.Leaf)
		}
		from += uint64(len(records))
	}
}

// recorded fails until the part's log holds an entry that matches.
func (p *part) recorded(match func(audit.Leaf) bool) error {
	list, err := p.leaves()
	if err != nil {
		return err
	}
	for _, l := range list {
		if match(l) {
			return nil
		}
	}
	return wrong("%s has not recorded it in %d entries", p.id, len(list))
}
