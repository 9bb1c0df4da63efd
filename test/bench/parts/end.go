// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// Place is where an end stands.
type Place struct {
	Identity string // directory of the front's identity
	State    string // directory of its bundle and lease
	Socket   string // the Unix socket of its half of the guard
	Judges   int    // that its parcels meet
}

// end is one connection to the guard in the place of a front.
type end struct {
	policy *policy.Policy
	maker  *label.Maker
	conn   *wire.Conn
	known  atomic.Pointer[[]label.Verifier]
	news   chan struct{} // a token when judges have become known
	all    sync.WaitGroup
	handle func(context.Context, *wire.Stream, wire.Message) error
}

const joinTimeout = 20 * time.Second

// take connects with a front's identity and waits until its judges are known.
func take(ctx context.Context, p Place, handle func(context.Context, *wire.Stream, wire.Message) error) (*end, error) {
	own, err := pki.LoadIdentity(p.Identity)
	if err != nil {
		return nil, err
	}
	a := own.Admission
	if a == nil {
		return nil, errors.New("the identity is not admitted")
	}
	keeper, err := policy.NewKeeper(p.State, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)})
	if err != nil {
		return nil, err
	}
	boot, err := own.Boot()
	if err != nil {
		return nil, err
	}
	keys := &pki.Keys{}
	if err := own.LoadLease(p.State, keys); err != nil {
		return nil, err
	}
	e := &end{policy: keeper.Current(), maker: label.NewMaker(own.Request.ID, boot, keys), news: make(chan struct{}, 1), handle: handle}
	if e.policy == nil {
		return nil, fmt.Errorf("no bundle in %s", p.State)
	}
	return e, e.join(ctx, own, p)
}

func (e *end) join(ctx context.Context, own *pki.Identity, p Place) error {
	config, err := own.Client(own.Admission.Pins)
	if err != nil {
		return err
	}
	nc, err := (&net.Dialer{}).DialContext(ctx, "unix", p.Socket)
	if err != nil {
		return err
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return errors.Join(err, nc.Close())
	}
	e.conn = wire.New(secure, true, wire.Config{})
	e.all.Go(func() { _ = e.conn.Run(ctx) }) // who asks sees its end
	e.all.Go(func() { e.accept(ctx) })
	deadline := time.After(joinTimeout)
	for len(e.verifiers()) < p.Judges {
		select {
		case <-e.news:
		case <-deadline:
			return fmt.Errorf("%d of %d judges are known", len(e.verifiers()), p.Judges)
		}
	}
	return nil
}

func (e *end) wait() { e.all.Wait() }

// verifiers are the judges that labels are made for.
func (e *end) verifiers() []label.Verifier {
	if list := e.known.Load(); list != nil {
		return *list
	}
	return nil
}

func (e *end) accept(ctx context.Context) {
	for {
		s, err := e.conn.Accept(ctx)
		if err != nil {
			return
		}
		e.all.Go(func() {
			defer s.Close()
			_ = e.serve(ctx, s) // the asker sees that no answer comes
		})
	}
}

func (e *end) serve(ctx context.Context, s *wire.Stream) error {
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	if m.Kind == exchange.KindAsk && e.handle != nil {
		return e.handle(ctx, s, m)
	}
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		return err
	}
	return control.Serve(ctx, s, head, rule, e.call)
}

// call learns the judges' windows, and answers nothing else.
func (e *end) call(_ context.Context, head control.Head, payload []byte) ([]byte, error) {
	var list []label.Verifier
	if head.Type != control.Windows {
		return nil, fault.New(fault.PeerUnavailable, "this end only measures")
	}
	if err := canon.Unmarshal(payload, &list); err != nil {
		return nil, err
	}
	e.known.Store(&list)
	select {
	case e.news <- struct{}{}:
	default:
	}
	return nil, nil
}
