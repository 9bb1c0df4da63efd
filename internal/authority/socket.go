// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/wire"
)

// The questions that the signer answers; each is one stream with one message
// either way.
const (
	kindLease   wire.Kind = 32
	kindTime    wire.Kind = 33
	kindAdmit   wire.Kind = 34
	kindAnswer  wire.Kind = 35
	kindList    wire.Kind = 36
	kindDone    wire.Kind = 37
	kindFailed  wire.Kind = 38
	kindDetail  wire.Kind = 39
	kindDismiss wire.Kind = 40
)

// WantLease asks for a component's label keys for the epochs First to Last.
type WantLease struct {
	_         struct{} `cbor:",toarray"`
	Component string
	Serial    uint64
	Pairs     []pki.Pair
	First     uint64
	Last      uint64
}

// WantDetailKey asks for the key of a component's audit details of a retention class on
// a day (since 1970).
type WantDetailKey struct {
	_         struct{} `cbor:",toarray"`
	Component string
	Class     string
	Day       uint64
}

type wantAdmit struct {
	_           struct{} `cbor:",toarray"`
	Request     []byte
	Fingerprint string
}

type wantDismiss struct {
	_           struct{} `cbor:",toarray"`
	Component   string
	Fingerprint string
}

// Serve answers on a Unix socket until ctx ends, and lets what is under way end. The
// socket's permissions say who may ask. Who reads details is recorded in a journal of
// the signer's own.
func Serve(ctx context.Context, l net.Listener, a *Authority, log *slog.Logger) error {
	journal, err := a.openJournal(log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &server{Authority: a, journal: journal, log: log}
	recording := make(chan error, 1)
	go func() {
		defer cancel() // what cannot be recorded is not done
		recording <- journal.Run(ctx)
	}()
	err = s.accept(ctx, l)
	cancel()
	return errors.Join(err, <-recording, journal.Close())
}

// openJournal opens the signer's own journal. Its entries have no details.
func (a *Authority) openJournal(log *slog.Logger) (*audit.Journal, error) {
	origin := audit.Origin("signer")
	signer, err := audit.NewSigner(origin, a.key)
	if err != nil {
		return nil, err
	}
	return audit.Open(audit.Config{Dir: filepath.Join(a.dir, "audit"), Origin: origin, Signer: signer, Log: log})
}

// server answers for an authority.
type server struct {
	*Authority
	journal *audit.Journal
	log     *slog.Logger
}

func (a *server) accept(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		nc, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		who := userOf(nc)
		all.Go(func() { a.serveConn(ctx, wire.New(nc, false, wire.Config{Log: a.log, MaxStreams: 64}), who) })
	}
}

// userOf names who is at the other end of a Unix socket, by the kernel's word.
func userOf(nc net.Conn) string {
	c, ok := nc.(*net.UnixConn)
	if !ok {
		return "unknown"
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return "unknown"
	}
	var user *unix.Ucred
	if cerr := raw.Control(func(fd uintptr) { user, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); cerr != nil || err != nil {
		return "unknown"
	}
	return fmt.Sprintf("uid/%d", user.Uid)
}

func (a *server) serveConn(ctx context.Context, c *wire.Conn, who string) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		for {
			s, err := c.Accept(ctx)
			if err != nil {
				return
			}
			all.Go(func() { a.serveStream(ctx, s, who) })
		}
	})
	_ = c.Run(ctx) // the asker went away
}

func (a *server) serveStream(ctx context.Context, s *wire.Stream, who string) {
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	m, err := s.Receive(ctx)
	if err != nil {
		return
	}
	reply := wire.Message{Kind: kindDone}
	if reply.Payload, err = a.reply(m, who); err != nil {
		a.log.Warn("refused", "kind", m.Kind, "error", err)
		reply = wire.Message{Kind: kindFailed, Payload: []byte(err.Error())}
	}
	if s.SendLast(ctx, reply) == nil {
		_, _ = s.Receive(ctx) // the asker's end
	}
}

// detailKey records who asks for what, and then gives it.
func (a *server) detailKey(w WantDetailKey, who string) ([]byte, error) {
	key, err := a.DetailKey(w)
	e := audit.Entry{Class: audit.ClassAdmin, Subject: who, Action: "read-details", Verdict: "allow",
		Object: fmt.Sprintf("details/%s/%s/%d", w.Component, w.Class, w.Day)}
	if err != nil {
		e.Verdict, e.Reason = "refuse", "detail-key-missing"
	}
	if err := a.journal.Append(e).Wait(); err != nil {
		return nil, fmt.Errorf("record it: %w", err)
	}
	return key, err
}

// dismiss records who has a component dismissed, and then does it.
func (a *server) dismiss(w wantDismiss, who string) error {
	e := audit.Entry{Class: audit.ClassComponent, Subject: who, Action: "dismiss", Verdict: "begun", Object: "component/" + w.Component}
	if err := a.journal.Append(e).Wait(); err != nil {
		return fmt.Errorf("record it: %w", err)
	}
	return a.Dismiss(w.Component, w.Fingerprint)
}

func (a *server) reply(m wire.Message, who string) ([]byte, error) {
	switch m.Kind {
	case kindLease:
		var w WantLease
		if err := canon.Unmarshal(m.Payload, &w); err != nil {
			return nil, err
		}
		return a.Lease(w)
	case kindTime:
		if len(m.Payload) != 16 {
			return nil, fmt.Errorf("nonce of %d bytes", len(m.Payload))
		}
		return a.Time([16]byte(m.Payload), time.Now())
	case kindAdmit:
		var w wantAdmit
		if err := canon.Unmarshal(m.Payload, &w); err != nil {
			return nil, err
		}
		r, err := a.Admit(w.Request, w.Fingerprint)
		if err != nil {
			return nil, err
		}
		return canon.Marshal(r)
	case kindDismiss:
		var w wantDismiss
		if err := canon.Unmarshal(m.Payload, &w); err != nil {
			return nil, err
		}
		return nil, a.dismiss(w, who)
	case kindDetail:
		var w WantDetailKey
		if err := canon.Unmarshal(m.Payload, &w); err != nil {
			return nil, err
		}
		return a.detailKey(w, who)
	case kindDestroy:
		var w WantDestroy
		if err := canon.Unmarshal(m.Payload, &w); err != nil {
			return nil, err
		}
		return nil, a.destroy(w, who, time.Now())
	case kindAnswer:
		return a.Answer(string(m.Payload), time.Now())
	case kindList:
		return canon.Marshal(a.Admitted())
	default:
		return nil, fmt.Errorf("question of kind %d", m.Kind)
	}
}

// Client asks a signer over its socket. Each question is a connection of its own:
// questions are rare, and the signer may restart between them.
type Client struct{ Socket string }

func (c Client) ask(ctx context.Context, m wire.Message) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, "unix", c.Socket)
	if err != nil {
		return nil, fmt.Errorf("reach the signer: %w", err)
	}
	conn := wire.New(nc, true, wire.Config{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = conn.Run(ctx) // ends with ctx; errors come out of the stream
	}()
	defer func() {
		cancel()
		<-ended
	}()
	s, err := conn.Open(ctx, wire.Interactive)
	if err != nil {
		return nil, fmt.Errorf("reach the signer: %w", err)
	}
	defer s.Close()
	if err := s.SendLast(ctx, m); err != nil {
		return nil, fmt.Errorf("ask the signer: %w", err)
	}
	reply, err := s.Receive(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the signer: %w", err)
	}
	if reply.Kind != kindDone {
		return nil, fmt.Errorf("the signer refused: %s", reply.Payload)
	}
	return reply.Payload, nil
}

// Lease asks for a sealed lease.
func (c Client) Lease(ctx context.Context, w WantLease) ([]byte, error) {
	return c.ask(ctx, wire.Message{Kind: kindLease, Payload: canon.Must(w)})
}

// DetailKey asks for the key of a component's audit details. The signer records that.
func (c Client) DetailKey(ctx context.Context, w WantDetailKey) (key [32]byte, err error) {
	b, err := c.ask(ctx, wire.Message{Kind: kindDetail, Payload: canon.Must(w)})
	if err == nil && len(b) != len(key) {
		err = fmt.Errorf("a key of %d bytes", len(b))
	}
	if err != nil {
		return key, err
	}
	return [32]byte(b), nil
}

// Time asks for the signed time.
func (c Client) Time(ctx context.Context, nonce []byte) ([]byte, error) {
	return c.ask(ctx, wire.Message{Kind: kindTime, Payload: nonce})
}

// Admit has a request admitted whose fingerprint was compared.
func (c Client) Admit(ctx context.Context, request []byte, fingerprint string) (pki.Request, error) {
	var r pki.Request
	b, err := c.ask(ctx, wire.Message{Kind: kindAdmit, Payload: canon.Must(wantAdmit{Request: request, Fingerprint: fingerprint})})
	if err != nil {
		return r, err
	}
	return r, canon.Unmarshal(b, &r)
}

// Dismiss has an admitted component struck off, whose key has a fingerprint. One that
// is not admitted is dismissed already.
func (c Client) Dismiss(ctx context.Context, id, fingerprint string) error {
	_, err := c.ask(ctx, wire.Message{Kind: kindDismiss, Payload: canon.Must(wantDismiss{Component: id, Fingerprint: fingerprint})})
	return err
}

// Answer asks for the admission file of an admitted component.
func (c Client) Answer(ctx context.Context, id string) ([]byte, error) {
	return c.ask(ctx, wire.Message{Kind: kindAnswer, Payload: []byte(id)})
}

// Admitted asks for all admitted components.
func (c Client) Admitted(ctx context.Context) ([]pki.Request, error) {
	b, err := c.ask(ctx, wire.Message{Kind: kindList})
	if err != nil {
		return nil, err
	}
	var list []pki.Request
	return list, canon.Unmarshal(b, &list)
}
