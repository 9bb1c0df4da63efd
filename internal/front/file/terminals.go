// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

const (
	maxTerminals = 256              // connected at once
	maxStreams   = 64               // of one terminal
	greeting     = 10 * time.Second // for the handshake of a connection
	statusWait   = 20 * time.Second // until a question for a delivery under way is answered
)

// NoGuard is the guard in the header of a parcel between a terminal and its front.
const NoGuard = "none"

// Terminals serves the terminals of a zone: it takes their files in, tells what
// became of them, and gives them what waits for them.
type Terminals struct {
	Front    string // component id of this front
	Zone     string
	Listener net.Listener
	// Identify names the component at the other end, by the key that it proved.
	Identify func(net.Conn) (component string, err error)
	Policy   func() *policy.Policy // the bundle in force, nil before the first
	Entry    *Entry
	Exit     *Exit // may be nil
	Log      *slog.Logger
}

// Run serves until ctx ends, closes the listener, and waits for every connection.
func (t *Terminals) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = t.Listener.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, maxTerminals)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		nc, err := t.Listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			<-slots
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			t.Log.LogAttrs(ctx, slog.LevelWarn, "accept a terminal", slog.Any("error", err))
			if !daemon.Rest(ctx, time.Second) {
				return nil
			}
			continue
		}
		all.Go(func() {
			defer func() { <-slots }()
			t.serve(ctx, nc)
		})
	}
}

// terminal is one connection.
type terminal struct {
	*Terminals
	id   string
	conn *wire.Conn
}

func (t *Terminals) serve(ctx context.Context, nc net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Now()) })
	_ = nc.SetDeadline(time.Now().Add(greeting)) // a connection that cannot have one fails at once below
	id, err := t.Identify(nc)
	stop()
	if err == nil {
		err = t.known(id)
	}
	if err != nil {
		t.Log.LogAttrs(ctx, slog.LevelWarn, "terminal refused", slog.String("remote", nc.RemoteAddr().String()), slog.Any("error", err))
		_ = nc.Close()
		return
	}
	_ = nc.SetDeadline(time.Time{})
	conn := wire.New(nc, false, wire.Config{Log: t.Log.With(slog.String("terminal", id)), MaxStreams: maxStreams})
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		defer cancel()
		_ = conn.Run(ctx) // it logs its end
	})
	(&terminal{Terminals: t, id: id, conn: conn}).streams(ctx)
	cancel()
}

// known refuses what is not a terminal of this zone.
func (t *Terminals) known(id string) error {
	p := t.Policy()
	if p == nil {
		return fault.New(fault.PolicyMissing, "no bundle is in force")
	}
	if c := p.Component(id); c == nil || c.Role != policy.RoleClient || c.Zone != t.Zone {
		return fault.New(fault.PeerUnknown, "%q is no terminal of zone %q", id, t.Zone)
	}
	return nil
}

func (t *terminal) streams(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		s, err := t.conn.Accept(ctx)
		if err != nil {
			return
		}
		all.Go(func() {
			defer s.Close()
			if err := t.stream(ctx, s); err != nil && ctx.Err() == nil {
				t.Log.LogAttrs(ctx, slog.LevelInfo, "terminal's stream ended", slog.String("terminal", t.id), slog.Any("error", err))
			}
		})
	}
}

// stream serves one exchange.
func (t *terminal) stream(ctx context.Context, s *wire.Stream) error {
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	switch m.Kind {
	case exchange.KindOffer, exchange.KindRush:
		return t.upload(ctx, s, m)
	case exchange.KindStatus:
		return t.status(ctx, s, m)
	case exchange.KindFetch:
		return t.fetch(ctx, s, m)
	default:
		return fault.New(fault.ParcelMalformed, "a stream that begins with kind %d", m.Kind)
	}
}

// upload takes a file in under the terminal's own id for it.
func (t *terminal) upload(ctx context.Context, s *wire.Stream, m wire.Message) error {
	c, err := exchange.DecodeCarried(m, m.Kind)
	if err != nil {
		return err
	}
	h, err := parcel.Decode(c.Header)
	if err != nil {
		return err // without its id there is nothing to refuse
	}
	if err := t.acceptable(c, h); err != nil {
		return errors.Join(err, exchange.Refuse(ctx, s, h.ID, err))
	}
	l := t.Entry.lane(h.Flow)
	began := false
	err = l.use(ctx, func(ctx context.Context) error {
		began = true
		return exchange.Accept(ctx, s, m.Kind, c.Header, h, t.subject(), l.uploads)
	})
	if !began {
		err = errors.Join(err, exchange.Refuse(ctx, s, h.ID, err))
	}
	return err
}

// subject is for whom a terminal's files are sent.
func (t *terminal) subject() string { return t.Zone + "/" + t.id }

// acceptable holds a terminal's header against what it may say. Nothing of it but
// id, flow, content and body goes on.
func (t *terminal) acceptable(c exchange.Carried, h *parcel.Header) error {
	if err := t.known(t.id); err != nil {
		return err
	}
	f := t.Policy().Flow(h.Flow)
	switch {
	case len(c.Label) > 0 || h.Kind != parcel.Deliver || len(h.Evidence) > 0 || h.Guard != NoGuard:
		return fault.New(fault.ParcelMalformed, "a label, evidence or guard, which terminals do not use, or kind %s", h.Kind)
	case f == nil || f.Kind != "deliver" || f.Protocol != "file" || f.Entry != t.Front:
		return fault.New(fault.FlowUnknown, "no flow %q enters here", h.Flow)
	case h.Source != t.id || h.Destination != t.Front || h.FromZone != t.Zone || h.ToZone != t.Zone:
		return fault.New(fault.FlowDirection, "from %s (%s) to %s (%s)", h.Source, h.FromZone, h.Destination, h.ToZone)
	case !terminals(f):
		return fault.New(fault.CredentialInvalid, "flow %q does not accept terminals", f.Name)
	}
	content, err := parcel.DecodeRecord(h.Fields)
	if err != nil {
		return err
	}
	form := f.Form("file")
	if form == nil {
		return fault.New(fault.ContentInvalid, "flow %q has no form \"file\"", f.Name)
	}
	if err := form.Request.Check(content, "content"); err != nil {
		return err
	}
	_, err = checkContent(h, content, f.Files)
	return err
}

// status tells what became of a delivery, at once when it has ended, else when it
// ends or after a while.
func (t *terminal) status(ctx context.Context, s *wire.Stream, m wire.Message) error {
	q, err := exchange.DecodeStatus(m)
	if err != nil {
		return err
	}
	answer := exchange.Status{ID: q.ID}
	wait, cancel := context.WithTimeout(ctx, statusWait)
	defer cancel()
	for _, r := range t.Entry.running() {
		err := r.use(wait, func(ctx context.Context) error {
			answer = r.await(ctx, q.ID, t.subject())
			return nil
		})
		if err == nil && answer.State != exchange.StateUnknown {
			break
		}
	}
	if err := s.SendLast(ctx, exchange.StatusMessage(answer)); err != nil {
		return err
	}
	_, _ = s.Receive(ctx) // the end of the question, so that Close need not reset
	return nil
}

// await waits for the end of a delivery that the lane has, while ctx lasts.
func (l *lane) await(ctx context.Context, id parcel.ID, subject string) exchange.Status {
	for {
		// First what is held, then what has ended: the end is remembered before it is let go.
		owner, held := l.outbox.Held(id)
		s, ended, changed := l.outcomes.get(id, subject)
		switch {
		case ended:
			return s
		case !held || owner != subject:
			return exchange.Status{ID: id}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return exchange.Status{ID: id, State: exchange.StateAccepted}
		}
	}
}
