// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
)

// Times and sizes of sending.
const (
	lookEvery   = time.Second // for new entries, and for changed receivers
	dialTime    = 10 * time.Second
	writeTime   = 30 * time.Second
	leastPause  = time.Second // before another try
	mostPause   = time.Minute
	batchOfLog  = 256             // records
	batchOfAll  = 1 << 20         // bytes, about
	settledTime = 3 * time.Second // after which what was written counts as sent
)

// Run sends to all receivers until ctx ends. Each has a goroutine of its own, which ends
// when the receiver is changed, and is then begun anew.
func (x *Exports) Run(ctx context.Context) error {
	running := map[string]*sender{}
	defer func() {
		for _, s := range running {
			s.stop()
		}
	}()
	for ctx.Err() == nil {
		if err := x.adjust(ctx, running); err != nil && ctx.Err() == nil {
			x.Log.Error("exports", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-x.wake:
		case <-time.After(10 * lookEvery):
		}
	}
	return nil
}

// sender sends to one receiver of one revision.
type sender struct {
	target Target
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func (s *sender) stop() {
	s.cancel()
	s.ended.Wait()
}

// adjust ends the senders of receivers that are gone or changed, and begins those missing.
func (x *Exports) adjust(ctx context.Context, running map[string]*sender) error {
	list, err := x.List(ctx)
	if err != nil {
		return err
	}
	wanted := map[string]Target{}
	for _, t := range list {
		if t.On {
			wanted[t.ID] = t
		}
	}
	for id, s := range running {
		if t, ok := wanted[id]; ok && t.Revision == s.target.Revision {
			delete(wanted, id)
			continue
		}
		s.stop()
		delete(running, id)
	}
	for id, t := range wanted {
		inner, cancel := context.WithCancel(ctx)
		s := &sender{target: t, cancel: cancel}
		s.ended.Go(func() { x.send(inner, &s.target) })
		running[id] = s
	}
	return nil
}

// send sends to a receiver until ctx ends, with growing pauses while that fails. That it
// fails is recorded once, until it has gone well again.
func (x *Exports) send(ctx context.Context, t *Target) {
	pause, well := leastPause, true
	for ctx.Err() == nil {
		sent, err := x.session(ctx, t)
		if ctx.Err() != nil {
			return
		}
		if well = well || sent; well {
			pause = leastPause
			x.Record(audit.Entry{Class: audit.ClassHealth, Verdict: "refuse", Reason: "export-failed", Subject: "center", Action: "export", Object: t.Name})
		}
		well = false
		x.note(t.ID, func(s *state) { s.connected, s.failure = false, err.Error() })
		x.Log.Warn("export", "target", t.Name, "error", err)
		x.Tell("exports", t.ID)
		if !daemon.Rest(ctx, pause) {
			return
		}
		pause = min(2*pause, mostPause)
	}
}

// session sends over one connection until it breaks. Syslog has no receipts: what was
// written counts as sent when the connection is still there some time later. Until then
// it is sent again over the next connection.
func (x *Exports) session(ctx context.Context, t *Target) (sent bool, err error) {
	c, err := x.dial(ctx, &t.Settings)
	if err != nil {
		return false, err
	}
	defer c.close()                                                    //nolint:errcheck // it is broken already, or was closed
	defer context.AfterFunc(ctx, func() { _ = c.NetConn().Close() })() // what is being written is given up
	x.note(t.ID, func(s *state) { s.connected, s.failure = true, "" })
	at, err := positions(ctx, x.db, t.ID)
	if err != nil {
		return false, err
	}
	var open []*batch // written, not yet counted as sent
	for number := uint32(1); ; {
		b, err := x.next(t, at, &number)
		if err != nil {
			return sent, err
		}
		if b == nil {
			err = c.rest(ctx)
		} else if err = c.write(b.bytes); err == nil {
			open = append(open, b.written(time.Now()))
			x.note(t.ID, func(s *state) { s.last = cmp.Or(b.last, s.last) })
		}
		if err != nil {
			return sent, err
		}
		for ; len(open) > 0 && time.Since(open[0].at) >= settledTime; open = open[1:] {
			if err := x.advance(ctx, t, open[0]); err != nil {
				return sent, err
			}
			sent = true
		}
	}
}

// batch is what is written at once.
type batch struct {
	bytes         []byte
	last          string // message
	next          map[string]uint64
	sent, dropped int64
	at            time.Time // it was written
}

// written notes when a batch was written; its bytes are no more needed.
func (b *batch) written(at time.Time) *batch {
	b.bytes, b.at = nil, at
	return b
}

// next makes a batch of what comes next in the logs, and moves at on; nil when there is
// nothing.
func (x *Exports) next(t *Target, at map[string]uint64, number *uint32) (*batch, error) {
	b := &batch{next: map[string]uint64{}}
	for _, l := range x.Logs() {
		if l.Next <= at[l.Origin] || len(b.bytes) > batchOfAll {
			continue
		}
		records, err := x.Read(l.Origin, at[l.Origin], batchOfLog)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", l.Origin, err)
		}
		for _, r := range records {
			x.add(t, b, r, number)
			at[l.Origin], b.next[l.Origin] = r.Index+1, r.Index+1
		}
	}
	if len(b.next) == 0 {
		return nil, nil
	}
	return b, nil
}

// add adds a record to a batch, if the target wants it.
func (x *Exports) add(t *Target, b *batch, r audit.Record, number *uint32) {
	content, err := audit.DecodeRecord(r.Raw)
	if err != nil {
		b.dropped++
		return
	}
	e := Of(r.Index, &content)
	if !t.wants(e.Class) || !x.MayLeave(e.Class, e.Verdict, e.Time) {
		return
	}
	message, err := e.message(t.Form, x.Version, *number)
	if err != nil {
		b.dropped++
		return
	}
	*number = *number%(1<<31-1) + 1
	b.last = string(message)
	b.bytes = append(b.bytes, frame(t.Framing, message)...)
	b.sent++
}

// errEnded says that the receiver has ended the connection in order.
var errEnded = errors.New("the receiver has ended the connection")

// connection is one to a receiver.
type connection struct {
	*tls.Conn
	ended chan struct{} // closed when the receiver ends it
	err   error         // why; read it after ended
}

func (x *Exports) dial(ctx context.Context, s *Settings) (*connection, error) {
	config, err := s.tlsConfig(x.Dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	d := tls.Dialer{NetDialer: &net.Dialer{}, Config: config}
	nc, err := d.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", s.Address, err)
	}
	c := &connection{Conn: nc.(*tls.Conn), ended: make(chan struct{})} //nolint:forcetypeassert // what a tls.Dialer returns
	go c.watch()                                                       // ends when the connection is closed
	return c, nil
}

// watch finds out that the receiver ends the connection. A receiver sends nothing, but a
// refusal of the certificate comes after the handshake in TLS 1.3.
func (c *connection) watch() {
	defer close(c.ended)
	if _, c.err = io.Copy(io.Discard, io.LimitReader(c.Conn, 1<<20)); c.err == nil {
		c.err = errEnded
	}
}

func (c *connection) write(b []byte) error {
	select {
	case <-c.ended:
		return c.err
	default:
	}
	if len(b) == 0 {
		return nil
	}
	if err := c.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	if _, err := c.Write(b); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// rest waits a little for more to send; an error says that the connection is over.
func (c *connection) rest(ctx context.Context) error {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ended:
		return c.err
	case <-timer.C:
		return nil
	}
}

// close ends the connection and what watches it.
func (c *connection) close() error {
	err := c.CloseWrite()
	select {
	case <-c.ended: // the receiver has answered the end, or was first
		if c.err != nil && !errors.Is(c.err, errEnded) {
			err = errors.Join(err, c.err)
		}
	case <-time.After(time.Second):
	}
	err = errors.Join(err, c.Close())
	<-c.ended
	return err
}

// agreed tells what TLS was agreed on, and with whom.
func (c *connection) agreed() (suite, peer string) {
	s := c.ConnectionState()
	if len(s.PeerCertificates) > 0 {
		peer = s.PeerCertificates[0].Subject.String()
	}
	return tls.VersionName(s.Version) + " " + tls.CipherSuiteName(s.CipherSuite), peer
}
