// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// Config is what a front is made of. Exits may be empty and Receiver nil.
type Config struct {
	Identity *pki.Identity
	State    string                                      // directory of the bundle and the lease
	Dial     func(ctx context.Context) (net.Conn, error) // to this side's half of the guard
	Journal  *audit.Journal
	Clock    *pki.Clock
	Exits    map[string]Exit // by protocol
	// Neighbours tells which network card is at a client's address; nil where nobody
	// asks for it. Where a subject is bound to cards, it is refused then.
	Neighbours *neighbour.Table
	Host       control.Host      // told with its state
	Effective  control.Effective // told when asked: what it runs with
	Log        *slog.Logger
}

// Front is one zone's end of the crossing. It implements Crossing and Conveyor.
type Front struct {
	Config
	id        string
	zone      string
	keeper    *policy.Keeper
	keys      *pki.Keys
	maker     *label.Maker
	receiver  Receiver
	pending   func() int // nil for none
	directory atomic.Pointer[directory]
	rates     *rates
	busy      *concurrency
	hashing   hashing
	guesses   *guesses
	tokens    *tokens
	cards     *cards
	strangers *damper
	passed    atomic.Uint64
	refused   atomic.Uint64
	flows     control.Counters

	mu        sync.Mutex
	conn      *wire.Conn       // to the guard, nil while there is none
	verifiers []label.Verifier // that labels are tagged for
	changed   chan struct{}    // closed and replaced when conn or verifiers change
	applying  sync.Mutex       // one bundle at a time
	all       sync.WaitGroup   // streams
}

// New is a front with the bundle and lease that its disk holds.
func New(c Config) (*Front, error) {
	a := c.Identity.Admission
	if a == nil {
		return nil, fmt.Errorf("%s is not admitted: have its request answered and accept the answer first", c.Identity.Request.ID)
	}
	f := &Front{
		Config: c, id: c.Identity.Request.ID, zone: c.Identity.Request.Zone, keys: &pki.Keys{},
		rates: newRates(), busy: newConcurrency(), hashing: newHashing(), guesses: newGuesses(), tokens: newTokens(), cards: newCards(),
		strangers: newDamper(), changed: make(chan struct{}),
	}
	boot, err := c.Identity.Boot()
	if err != nil {
		return nil, err
	}
	f.maker = label.NewMaker(f.id, boot, f.keys)
	if f.keeper, err = policy.NewKeeper(c.State, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)}); err != nil {
		return nil, err
	}
	if err := c.Identity.LoadLease(c.State, f.keys); err != nil {
		return nil, err
	}
	c.Journal.UseKeys(f.keys.Detail)
	d, err := f.readDirectory(f.Policy())
	f.directory.Store(d)
	return f, err
}

// Receive makes r take the deliveries to this front; call it before Run.
func (f *Front) Receive(r Receiver) { f.receiver = r }

// CountPending makes count tell how many accepted deliveries wait; call it before Run.
func (f *Front) CountPending(count func() int) { f.pending = count }

// Policy is the bundle in force, nil before the first one.
func (f *Front) Policy() *policy.Policy { return f.keeper.Current() }

// Changed is closed when another bundle comes into force after this call.
func (f *Front) Changed() <-chan struct{} { return f.keeper.Changed() }

// Run keeps the connection to the guard and serves what comes over it, until ctx
// ends or a part fails, and returns when all that it began has ended and is in the log.
func (f *Front) Run(ctx context.Context) error {
	tasks := []daemon.Task{
		{Name: "journal", Run: f.Journal.Run}, {Name: "guard", Run: f.runGuard}, {Name: "clock", Run: f.runClock},
		{Name: "strangers", Run: f.runStrangers},
	}
	if f.Neighbours != nil {
		tasks = append(tasks, daemon.Task{Name: "neighbours", Run: f.Neighbours.Run})
	}
	err := daemon.Run(ctx, tasks...)
	f.all.Wait()
	return errors.Join(err, f.Journal.Flush())
}

// The pauses between attempts to reach the guard.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

func (f *Front) runGuard(ctx context.Context) error {
	pause := firstPause
	for ctx.Err() == nil {
		nc, err := f.connect(ctx)
		if err == nil {
			pause = firstPause
			err = f.serveGuard(ctx, nc)
		}
		if ctx.Err() != nil {
			break
		}
		f.Log.Warn("no connection to the guard", "error", err, "again in", pause)
		daemon.Rest(ctx, pause)
		pause = min(2*pause, lastPause)
	}
	return nil //nolint:nilerr // being told to end is no error
}

// guardPins is the guard's half of this side by the admission; before the first bundle,
// which says on which side this zone is, either half.
func (f *Front) guardPins(key ed25519.PublicKey) (string, bool) {
	var zone *policy.Zone
	if p := f.Policy(); p != nil {
		zone = p.Zone(f.zone)
	}
	for _, p := range f.Identity.Admission.Peers {
		role := policy.Role(p.Role)
		if !p.Key.Equal(key) || role != policy.RoleOuter && role != policy.RoleInner {
			continue
		}
		return p.ID, zone == nil || zone.Inner == (role == policy.RoleInner)
	}
	return "", false
}

func (f *Front) connect(ctx context.Context) (net.Conn, error) {
	config, err := f.Identity.Client(f.guardPins)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	nc, err := f.Dial(ctx)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, fmt.Errorf("handshake with the guard: %w", err)
	}
	return secure, nil
}

func (f *Front) serveGuard(ctx context.Context, nc net.Conn) error {
	conn := wire.New(nc, true, wire.Config{Log: f.Log})
	f.set(func() { f.conn = conn })
	f.record(audit.Entry{Class: audit.ClassSession, Verdict: "info", Action: "connect"})
	f.all.Go(func() { f.askTime(ctx) })
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		_ = conn.Serve(ctx, f.all.Go, func(s *wire.Stream) { f.serveStream(ctx, conn, s) }) // Run tells why it ended
	}()
	err := conn.Run(ctx)
	f.set(func() { f.conn, f.verifiers = nil, nil })
	<-accepting
	f.record(audit.Entry{Class: audit.ClassSession, Verdict: "info", Action: "disconnect"})
	return err
}

// set changes what Ask and Deliver wait for.
func (f *Front) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

// patience is how long a request waits for the connection and the windows that it
// needs, which covers a restart of a guard half.
const patience = 3 * time.Second

// ready waits for a connection over which labels can pass.
func (f *Front) ready(ctx context.Context) (*wire.Conn, []label.Verifier, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		f.mu.Lock()
		conn, verifiers, changed := f.conn, f.verifiers, f.changed
		f.mu.Unlock()
		if conn != nil && len(verifiers) > 0 {
			return conn, verifiers, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil, fault.New(fault.GuardUnavailable, "connected %t, judges known %d", conn != nil, len(verifiers))
		case <-changed:
		}
	}
}

// news waits until labels are to be tagged otherwise than for these verifiers, and no
// longer than patience: a judge that has restarted refuses sooner than it is told of.
func (f *Front) news(ctx context.Context, old []label.Verifier) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		f.mu.Lock()
		same, changed := slices.Equal(f.verifiers, old), f.changed
		f.mu.Unlock()
		if !same {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// runClock keeps the floor of the clock, and asks for the time.
func (f *Front) runClock(ctx context.Context) error { return f.Clock.Run(ctx, f.askTime) }

func (f *Front) record(e audit.Entry) {
	e.Time = f.Clock.Now().UnixMilli()
	f.Journal.Append(e)
}
