// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// hand is a connection that the test leads in the name of a component.
type hand struct {
	conn    *wire.Conn
	windows chan []label.Verifier // as the other side tells them
	says    func(control.Head) ([]byte, error)
	serve   func(context.Context, *wire.Stream, wire.Message) // streams that are no calls
}

// hold runs a connection whose handshake is done, until the test ends.
func hold(t *testing.T, nc net.Conn, dialer bool, h hand) *hand {
	t.Helper()
	h.conn, h.windows = wire.New(nc, dialer, wire.Config{}), make(chan []label.Verifier, 16)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = h.conn.Run(ctx) })
	all.Go(func() {
		for {
			s, err := h.conn.Accept(ctx)
			if err != nil {
				return
			}
			all.Go(func() { h.stream(ctx, s) })
		}
	})
	t.Cleanup(func() {
		cancel()
		all.Wait()
	})
	return &h
}

func (h *hand) stream(ctx context.Context, s *wire.Stream) {
	defer s.Close()
	m, err := s.Receive(ctx)
	if err != nil {
		return
	}
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		if h.serve != nil {
			h.serve(ctx, s, m)
		}
		return
	}
	_ = control.Serve(ctx, s, head, rule, func(_ context.Context, head control.Head, payload []byte) ([]byte, error) {
		if head.Type == control.Windows {
			var list []label.Verifier
			err := canon.Unmarshal(payload, &list)
			h.windows <- list
			return nil, err
		}
		if h.says == nil {
			return nil, fault.New(fault.PeerUnavailable, "captured")
		}
		return h.says(head)
	})
}

// told waits until the other side has told the window of a judge.
func (h *hand) told(t *testing.T, judge string) label.Verifier {
	t.Helper()
	for end := time.After(2 * soon); ; {
		select {
		case list := <-h.windows:
			for _, v := range list {
				if v.Judge == judge {
					return v
				}
			}
		case <-end:
			t.Fatalf("no window of %s was told", judge)
		}
	}
}

func (h *hand) call(typ control.Type, to string, payload []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	_, err := control.Call(ctx, h.conn, control.Head{Type: typ, To: to}, payload)
	return err
}

func (h *hand) ask(id parcel.ID, c exchange.Carried) error {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	_, err := exchange.Ask(ctx, h.conn, id, c)
	return err
}

// as connects to where a process listens, in the name of a component.
func (r *rig) as(t *testing.T, component, at string, h hand) *hand {
	t.Helper()
	c := tls.Client(r.dial(t, at), r.config(t, r.identity(t, component)))
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return hold(t, c, true, h)
}

// holdAs makes a connection one of an identity.
func (r *rig) holdAs(t *testing.T, nc net.Conn, i *pki.Identity) *hand {
	t.Helper()
	c := tls.Client(nc, r.config(t, i))
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return hold(t, c, true, hand{})
}

// awaits listens where a process did, in the name of a component, for one connection.
func (r *rig) awaits(t *testing.T, i *pki.Identity, at string) *tls.Conn {
	t.Helper()
	l, err := daemon.Listen("unix:" + r.Installation.Socket(at))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config, err := i.Server(anybody)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.(*net.UnixListener).SetDeadline(time.Now().Add(2 * soon))
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return tls.Server(nc, config)
}

// stolen is what a captured front has: its keys, and the bundle.
type stolen struct {
	id     string
	keys   *pki.Keys
	maker  *label.Maker
	policy *policy.Policy
}

func (r *rig) steal(t *testing.T, component string) *stolen {
	t.Helper()
	i, state := r.identity(t, component), r.Installation.State(component)
	keeper, err := policy.NewKeeper(state, policy.Anchors{Approvers: i.Admission.Approvers, Quorum: int(i.Admission.Quorum)})
	if err != nil {
		t.Fatal(err)
	}
	s := &stolen{id: component, keys: &pki.Keys{}, policy: keeper.Current()}
	boot, err := i.Boot()
	if err == nil {
		err = i.LoadLease(state, s.keys)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.maker = label.NewMaker(component, boot, s.keys)
	return s
}

// make labels a parcel of a flow for some judges. What is empty in the header follows
// from the flow.
func (s *stolen) make(t *testing.T, h *parcel.Header, flow, subject string, by label.Assurance, content parcel.Record, class label.Class, judges ...label.Verifier) exchange.Carried {
	t.Helper()
	f := s.policy.Flow(flow)
	fields, err := parcel.EncodeRecord(content)
	if err != nil {
		t.Fatal(err)
	}
	h.Version, h.Suite, h.Flow, h.Guard, h.Term, h.Bundle, h.Fields = parcel.Version, parcel.SuiteIntl, flow, s.policy.Guard, s.policy.Term, s.policy.Version, fields
	h.FromZone, h.ToZone, h.Source, h.Destination = f.From, f.To, f.Entry, f.Exit
	if h.Kind == parcel.Answer {
		h.FromZone, h.ToZone, h.Source, h.Destination = f.To, f.From, f.Exit, f.Entry
	}
	header, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.maker.Seal(label.Label{
		Class: class, Subject: subject, Assurance: by, Object: f.Object, Action: f.Action, Protocol: f.Protocol, Purpose: f.Purpose, Binding: parcel.Digest(header),
	}, time.Now(), 30*time.Second, judges)
	if err != nil {
		t.Fatal(err)
	}
	return exchange.Carried{Header: header, Label: sealed}
}

// signIn is a question for one user.
func (s *stolen) signIn(t *testing.T, user string, judges ...label.Verifier) (parcel.ID, exchange.Carried) {
	t.Helper()
	f := s.policy.Flow("credit-login")
	content := parcel.Record{"form": f.Forms[0].Name, "body": parcel.Record{"user": user, "password": "a-guess"}}
	h := &parcel.Header{Kind: parcel.Ask, ID: parcel.NewID()}
	return h.ID, s.make(t, h, f.Name, "internet/portal", label.ByAPIKey, content, f.Class.Join(f.Forms[0].Request.Least(content)), judges...)
}

// delivery is a file under an id.
type delivery struct {
	header  *parcel.Header
	carried exchange.Carried
	out     *exchange.Outgoing
	body    []byte
}

func (s *stolen) file(t *testing.T, id parcel.ID, name string, body []byte, judges ...label.Verifier) delivery {
	t.Helper()
	f := s.policy.Flow("batch-request")
	var hasher parcel.Hasher
	if _, err := hasher.Write(body); err != nil {
		t.Fatal(err)
	}
	d := delivery{header: &parcel.Header{Kind: parcel.Deliver, ID: id}, body: body, out: &exchange.Outgoing{Draft: exchange.Draft{ID: id, Flow: f.Name}}}
	d.header.Body, d.out.Digests = hasher.Sum()
	d.out.Body = d.header.Body
	content := parcel.Record{"form": "file", "name": name, "size": int64(len(body)), "modified": int64(1)}
	d.carried = s.make(t, d.header, f.Name, "internet/front-internet", label.ByComponent, content, f.Class.Join(f.Forms[0].Request.Least(content)), judges...)
	return d
}

func (h *hand) deliver(d delivery) (exchange.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*soon)
	defer cancel()
	return exchange.Deliver(ctx, h.conn, d.carried, d.header, d.out, bytes.NewReader(d.body), nil)
}

// beyond begins a delivery behind its end.
func (h *hand) beyond(d delivery) error {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	s, err := h.conn.Open(ctx, wire.Bulk)
	if err != nil {
		return err
	}
	defer s.Close()
	start := wire.Message{Kind: exchange.KindStart, Payload: canon.Must(exchange.Start{Chunk: 1 << 40})}
	for _, m := range []wire.Message{exchange.CarriedMessage(exchange.KindRush, d.carried), start, {Kind: exchange.KindCommit}} {
		if err := s.Send(ctx, m); err != nil {
			break // what it was told stands in what comes
		}
	}
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	if m.Kind != exchange.KindRefusal {
		return nil
	}
	return exchange.DecodeRefusal(m, d.header.ID)
}

func window(t *testing.T, judge string) label.Verifier {
	t.Helper()
	v := label.Verifier{Judge: judge}
	if _, err := io.ReadFull(rand.Reader, v.Window[:]); err != nil {
		t.Fatal(err)
	}
	return v
}

// inPlaceOf stops processes for a test, and has them and all run again afterwards.
func (r *rig) inPlaceOf(t *testing.T, names []string, test func(*testing.T)) {
	t.Helper()
	for _, name := range names {
		if err := r.Stop(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("captured", test)
	for _, name := range names {
		if err := r.Launch(name); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := r.WaitQuery(ctx); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func (r *rig) state(name, file string) string {
	return filepath.Join(r.Installation.State(name), file)
}
