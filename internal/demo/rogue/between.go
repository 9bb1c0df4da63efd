// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rogue

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// between stands between the internet front, which takes it for the outer half, and
// the inner half: genuine parcels pass through its hands.
type between struct {
	stolen *Stolen
	inner  *session
	judges []label.Verifier // that the front is told to label for
	found  chan []demo.Finding
}

// intercept takes the first question of the front, and tries what can be done with it.
func (s *Stolen) intercept(ctx context.Context, l net.Listener, inner *session, judge label.Verifier) ([]demo.Finding, error) {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	own := label.Verifier{Judge: s.id}
	if _, err := io.ReadFull(rand.Reader, own.Window[:]); err != nil {
		return nil, err
	}
	b := &between{stolen: s, inner: inner, judges: []label.Verifier{own, judge}, found: make(chan []demo.Finding, 1)}
	nc, err := l.Accept()
	if err != nil {
		return nil, fmt.Errorf("wait for the front: %w", err)
	}
	config, err := s.own.Server(s.neighbour)
	if err != nil {
		return nil, err
	}
	conn := wire.New(tls.Server(nc, config), false, wire.Config{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- conn.Run(ctx) }()
	go b.accept(ctx, conn)
	front := s.policy.Flow(signIn).Entry
	if _, err := control.Call(ctx, conn, control.Head{Type: control.Windows, To: front}, canon.Must(b.judges)); err != nil {
		return nil, fmt.Errorf("tell the front whom to label for: %w", err)
	}
	select {
	case findings := <-b.found:
		return findings, nil
	case err := <-ended:
		return nil, fmt.Errorf("the front has left: %w", err)
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a question of the front: %w", ctx.Err())
	}
}

// accept ends with the connection.
func (b *between) accept(ctx context.Context, conn *wire.Conn) {
	for {
		stream, err := conn.Accept(ctx)
		if err != nil {
			return
		}
		go b.serve(ctx, stream)
	}
}

func (b *between) serve(ctx context.Context, stream *wire.Stream) {
	defer stream.Close()
	m, err := stream.Receive(ctx)
	if err != nil || m.Kind != exchange.KindAsk {
		return
	}
	genuine, err := exchange.DecodeCarried(m, exchange.KindAsk)
	if err != nil {
		return
	}
	header, err := parcel.Decode(genuine.Header)
	if err != nil || header.Flow != signIn {
		return
	}
	findings, answer := b.misuse(ctx, header, genuine)
	if answer != nil {
		_ = exchange.Reply(ctx, stream, *answer) // the person notices nothing
	}
	select {
	case b.found <- findings:
	default:
	}
	exchange.Drain(ctx, stream)
}

// misuse changes what is under the label, then the label, then sends all as it came,
// and once more.
func (b *between) misuse(ctx context.Context, header *parcel.Header, genuine exchange.Carried) ([]demo.Finding, *exchange.Carried) {
	other, altered := genuine, genuine
	other.Header = bytes.Replace(genuine.Header, []byte("zhangwei"), []byte("wangfang"), 1)
	if sealed, l, err := label.DecodeSealed(genuine.Label); err == nil {
		l.NotAfter += time.Hour.Milliseconds()
		altered.Label = reseal(sealed, l)
	}
	findings := []demo.Finding{
		send(ctx, b.inner, "that it changed under a genuine label", fault.LabelTransplanted, header.ID, other),
		send(ctx, b.inner, "whose genuine label it changed", fault.LabelAltered, header.ID, altered),
	}
	passed := demo.Finding{Attack: "that it left as it was"}
	answer, err := exchange.Ask(ctx, b.inner.conn, header.ID, genuine)
	if err != nil {
		passed.Got, passed.Detail = fault.CodeOf(err), err.Error()
		return append(findings, passed), nil
	}
	again := send(ctx, b.inner, "that it kept and sends once more", fault.LabelReplayed, header.ID, genuine)
	return append(findings, passed, again), &answer
}
