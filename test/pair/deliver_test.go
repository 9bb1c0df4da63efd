// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

const chunk = parcel.ChunkSize

// noise is a body that repeats nothing.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(b) // never fails
	return b
}

// outgoing accepts a delivery into an outbox and takes it out again.
func (s *site) outgoing(flow, subject, name string, body []byte) *exchange.Outgoing {
	s.t.Helper()
	dir, err := os.MkdirTemp(s.dir, "outbox")
	if err != nil {
		s.t.Fatal(err)
	}
	told := func(*exchange.Outgoing, exchange.Outcome) error { return nil }
	box, err := exchange.OpenOutbox(exchange.OutboxConfig{Dir: dir, Settled: told})
	if err != nil {
		s.t.Fatal(err)
	}
	defer box.Close()
	d := exchange.Draft{
		ID: parcel.NewID(), Flow: flow, Subject: subject, Assurance: label.ByComponent,
		Fields: canon.Must(parcel.Record{"form": "file", "name": name, "size": int64(len(body))}),
	}
	if err := box.Accept(d, bytes.NewReader(body)); err != nil {
		s.t.Fatal(err)
	}
	out, err := box.Next(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// deliver makes one attempt.
func (p *part) deliver(out *exchange.Outgoing, body io.ReaderAt) (exchange.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return p.front.Deliver(ctx, p.front.Policy().Flow(out.Flow), out, body)
}

// persist makes attempts until one is not transient.
func (p *part) persist(out *exchange.Outgoing, body io.ReaderAt) (exchange.Receipt, error) {
	end := time.Now().Add(30 * time.Second)
	for {
		r, err := p.deliver(out, body)
		if err == nil || !exchange.Transient(err) || time.Now().After(end) {
			return r, err
		}
		out.Attempt++
	}
}

// carrier is a world whose inner and outer fronts take deliveries.
type carrier struct {
	*world
	shelf map[string]*shelf
}

func newCarrier(t *testing.T) *carrier {
	t.Helper()
	s := newSite(t)
	c := &carrier{world: &world{site: s, app: newApplication()}, shelf: map[string]*shelf{frontIn: s.newShelf(frontIn), frontOut: s.newShelf(frontOut)}}
	c.outer, c.inner = s.startPair()
	c.center = s.mustGrip(central, inner)
	c.center.give(s.sign(s.bundle(1), 2), 1, inner, gate, outer)
	c.out = s.startFront(frontOut, outer, nil, c.shelf[frontOut])
	c.in = s.startFront(frontIn, inner, c.app, c.shelf[frontIn])
	c.center.give(s.sign(s.bundle(1), 2), 1, frontIn, frontOut)
	return c
}

// released fails unless a front's shelf holds exactly these files.
func (c *carrier) released(id string, want map[string][]byte) {
	c.t.Helper()
	files, err := os.ReadDir(c.path("shelf", id))
	if err != nil {
		c.t.Fatal(err)
	}
	if len(files) != len(want) {
		c.t.Errorf("%s has %d files, want %d", id, len(files), len(want))
	}
	for name, body := range want {
		if got, err := os.ReadFile(filepath.Join(c.path("shelf", id), name)); err != nil || !bytes.Equal(got, body) {
			c.t.Errorf("%s: %d bytes of %d, or others: %v", name, len(got), len(body), err)
		}
	}
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	c := newCarrier(t)
	for _, way := range []struct {
		flow, subject string
		from          *part
		to            string
	}{{"files", "out/sender", c.out, frontIn}, {"back", "in/sender", c.in, frontOut}} {
		want := map[string][]byte{}
		for name, size := range map[string]int{"empty": 0, "one": 1, "chunk": chunk, "more": 3*chunk + 7} {
			body := noise(size)
			want[name] = body
			out := c.outgoing(way.flow, way.subject, name, body)
			for attempt := range 2 { // the second finds it released
				out.Attempt = attempt
				r, err := way.from.deliver(out, bytes.NewReader(body))
				if err != nil || r.ID != out.ID || r.Size != uint64(size) {
					t.Errorf("%s on %s: %+v, %v", name, way.flow, r, err)
				}
			}
			for _, p := range []*part{c.outer, c.running[gate], c.inner} {
				for _, verdict := range []string{"committed", "released"} {
					within(t, 5*time.Second, func() error {
						return p.recorded(func(l audit.Leaf) bool { return l.Parcel == out.ID && l.Verdict == verdict })
					})
				}
			}
			within(t, 5*time.Second, func() error {
				return way.from.recorded(func(l audit.Leaf) bool { return l.Parcel == out.ID && l.Verdict == "delivered" })
			})
		}
		c.released(way.to, want)
	}
}

// stall is a body that waits before one offset is read for the first time.
type stall struct {
	io.ReaderAt
	at      int64
	once    sync.Once
	reached chan struct{}
	open    chan struct{}
	mu      sync.Mutex
	reads   []int64
}

func newStall(body []byte, at int64) *stall {
	return &stall{ReaderAt: bytes.NewReader(body), at: at, reached: make(chan struct{}), open: make(chan struct{})}
}

func (g *stall) ReadAt(p []byte, off int64) (int, error) {
	g.mu.Lock()
	g.reads = append(g.reads, off)
	g.mu.Unlock()
	if off == g.at {
		g.once.Do(func() { close(g.reached) })
		<-g.open
	}
	return g.ReaderAt.ReadAt(p, off)
}

// TestDeliverInterrupted: whatever ends in the middle of a delivery, it arrives once
// and whole, and what had come does not come again where its receiver still has it.
func TestDeliverInterrupted(t *testing.T) {
	t.Parallel()
	const size = 12*chunk + 5
	for name, test := range map[string]struct {
		interrupt func(*carrier)
		resumes   bool
	}{
		"cable": {func(c *carrier) {
			c.cable.cut()
			if err := c.cable.plug(); err != nil {
				c.t.Error(err)
			}
		}, true},
		"outer": {func(c *carrier) {
			c.outer.stop()
			c.outer = c.startSide(guard.Outer)
		}, true},
		"inner": {func(c *carrier) {
			c.inner.stop()
			c.inner = c.startSide(guard.Inner)
		}, true},
		"gate": {func(c *carrier) {
			c.running[gate].stop()
			c.startSide(guard.Gate)
		}, true},
		"receiver": {func(c *carrier) {
			c.in.stop()
			c.in = c.startFront(frontIn, inner, c.app, c.shelf[frontIn])
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCarrier(t)
			body := noise(size)
			out := c.outgoing("files", "out/sender", "large", body)
			g := newStall(body, 8*chunk)
			ended := make(chan error, 1)
			go func() {
				_, err := c.out.deliver(out, g)
				ended <- err
			}()
			<-g.reached
			within(t, 10*time.Second, func() error { return c.staged(out.ID, 4*chunk) })
			test.interrupt(c)
			close(g.open)
			if err := <-ended; err == nil || !exchange.Transient(err) {
				t.Fatalf("the attempt ended with %v", err)
			}
			g.mu.Lock()
			g.reads = nil
			g.mu.Unlock()
			out.Attempt++
			if r, err := c.out.persist(out, g); err != nil || r.Size != size {
				t.Fatalf("%+v, %v", r, err)
			}
			if first := g.reads[0]; test.resumes && first < 4*chunk {
				t.Errorf("began again at byte %d", first)
			}
			c.released(frontIn, map[string][]byte{"large": body})
		})
	}
}

// staged fails until a receiver holds so many bytes of a body.
func (c *carrier) staged(id parcel.ID, size int64) error {
	info, err := os.Stat(c.path("inbox", frontIn, id.String()+".part"))
	if err == nil && info.Size() < size {
		err = wrong("%d bytes are staged", info.Size())
	}
	return err
}

// TestDeliverJudgedAtItsEnd: a bundle that comes in the middle of a delivery decides
// on it; what was held is not released.
func TestDeliverJudgedAtItsEnd(t *testing.T) {
	t.Parallel()
	c := newCarrier(t)
	body := noise(4 * chunk)
	out := c.outgoing("files", "out/sender", "late", body)
	g := newStall(body, 3*chunk)
	ended := make(chan error, 1)
	go func() {
		_, err := c.out.deliver(out, g)
		ended <- err
	}()
	<-g.reached
	b := c.bundle(2)
	b.Cedar[0].Text = `permit (principal, action == Action::"read", resource);`
	c.center.give(c.sign(b, 2), 2, inner) // the outer half does not know yet
	close(g.open)
	if err := <-ended; fault.CodeOf(err) != fault.PolicyDenied || exchange.Transient(err) {
		t.Errorf("%v, want %s", err, fault.PolicyDenied)
	}
	c.released(frontIn, nil)
	within(t, 5*time.Second, func() error { return c.inner.recorded(decision(out.ID, "refuse", fault.PolicyDenied)) })
}

// TestDeliverRefused: what a receiver refuses for good comes back with its code, also
// to a sender that is still sending.
func TestDeliverRefused(t *testing.T) {
	t.Parallel()
	c := newCarrier(t)
	c.shelf[frontIn].place = func(exchange.Delivery) (string, error) {
		return "", fault.New(fault.ContentRefused, "the test says so")
	}
	body := noise(20 * chunk)
	out := c.outgoing("files", "out/sender", "bad", body)
	for attempt := range 2 {
		if _, err := c.out.deliver(out, bytes.NewReader(body)); fault.CodeOf(err) != fault.ContentRefused {
			t.Errorf("attempt %d: %v", attempt, err)
		}
	}
	c.released(frontIn, nil)
	if _, err := os.Stat(c.path("inbox", frontIn, "quarantine", out.ID.String())); err != nil {
		t.Error(err)
	}
	for _, p := range []*part{c.outer, c.running[gate], c.inner, c.in, c.out} {
		within(t, 5*time.Second, func() error {
			return p.recorded(func(l audit.Leaf) bool { return l.Parcel == out.ID && l.Reason == string(fault.ContentRefused) })
		})
	}
}

// TestDeliverForged leads deliveries by hand that no honest front makes, at the outer
// half and, past a captured one, at the inner half.
func TestDeliverForged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	shelf := s.newShelf(frontIn)
	g, i := s.startSide(guard.Gate), s.startSide(guard.Inner)
	center := s.mustGrip(central, inner)
	center.give(s.sign(s.bundle(1), 2), 1, inner, gate)
	s.startFront(frontIn, inner, nil, shelf)
	center.give(s.sign(s.bundle(1), 2), 1, frontIn)
	t.Run("inner", func(t *testing.T) {
		f := s.forger(frontOut, s.grasp())
		f.forgeDeliveries(t, f.windows(1), g, i)
		f.stop()
	})
	t.Run("outer", func(t *testing.T) {
		o := s.startSide(guard.Outer)
		center.give(s.sign(s.bundle(1), 2), 1, outer)
		f := s.forger(frontOut, s.mustGrip(frontOut, outer))
		f.number = 100
		f.forgeDeliveries(t, f.windows(2), o)
	})
	if files, err := os.ReadDir(s.path("shelf", frontIn)); err != nil || len(files) != 2 { // the good one of each
		t.Errorf("%d files were released: %v", len(files), err)
	}
}

func (f *forger) forgeDeliveries(t *testing.T, verifiers []label.Verifier, at ...*part) {
	t.Helper()
	body := noise(2*chunk + 3)
	var hasher parcel.Hasher
	_, _ = hasher.Write(body) // never fails
	sum, digests := hasher.Sum()
	links := parcel.Chain(digests, sum.Size)
	start := func(from int) wire.Message {
		return wire.Message{Kind: exchange.KindStart, Payload: canon.Must(exchange.Start{Chunk: uint64(from), Link: links[from]})}
	}
	part := func(i int) wire.Message {
		data := body[i*chunk : min((i+1)*chunk, len(body))]
		return wire.Message{Kind: exchange.KindChunk, Payload: append(bytes.Clone(links[i+1][:]), data...)}
	}
	flip := func(m wire.Message, at int) wire.Message {
		m.Payload = bytes.Clone(m.Payload)
		m.Payload[at] ^= 1
		return m
	}
	skip := wire.Message{Kind: exchange.KindSkip, Payload: digests[0][:]}
	commit := wire.Message{Kind: exchange.KindCommit}
	for name, test := range map[string]struct {
		send []wire.Message
		want fault.Code
	}{
		"good":                      {[]wire.Message{start(0), part(0), part(1), part(2), commit}, ""},
		"a byte altered":            {[]wire.Message{start(0), part(0), flip(part(1), 32+chunk/2)}, fault.ParcelAltered},
		"a link altered":            {[]wire.Message{start(0), flip(part(0), 5)}, fault.ParcelAltered},
		"chunks exchanged":          {[]wire.Message{start(0), part(1)}, fault.ParcelAltered},
		"a chunk left out":          {[]wire.Message{start(0), part(0), part(2)}, fault.ParcelAltered},
		"a commit too early":        {[]wire.Message{start(0), part(0), part(1), commit}, fault.ParcelAltered},
		"a chunk too many":          {[]wire.Message{start(0), part(0), part(1), part(2), part(2)}, fault.ParcelAltered},
		"no start":                  {[]wire.Message{part(0)}, fault.ParcelMalformed},
		"nothing but a commit":      {[]wire.Message{commit}, fault.ParcelMalformed},
		"two starts":                {[]wire.Message{start(0), start(0)}, fault.ParcelMalformed},
		"a start in the middle":     {[]wire.Message{start(1)}, fault.ParcelAltered}, // by the receiver, who has nothing yet
		"skipped digests forged":    {[]wire.Message{start(1), flip(skip, 3)}, fault.ParcelAltered},
		"more skipped than there":   {[]wire.Message{start(1), skip, skip}, fault.ParcelMalformed},
		"a start behind the end":    {[]wire.Message{{Kind: exchange.KindStart, Payload: canon.Must(exchange.Start{Chunk: 9})}}, fault.ParcelMalformed},
		"a receipt from the sender": {[]wire.Message{{Kind: exchange.KindReceipt, Payload: []byte{1}}}, fault.ParcelMalformed},
		"a question in the middle":  {[]wire.Message{start(0), {Kind: exchange.KindAsk, Payload: []byte{1}}}, fault.ParcelMalformed},
	} {
		h := question()
		h.Kind, h.Flow, h.Body = parcel.Deliver, "files", sum
		h.Fields = canon.Must(parcel.Record{"form": "file", "name": h.ID.String(), "size": int64(sum.Size)})
		level, subject, object := class(1, 1), "out/sender", "in/files"
		if f.maker == frontIn {
			h.Flow, h.FromZone, h.ToZone, h.Source, h.Destination = "back", "in", "out", frontIn, frontOut
			level, subject, object = class(1, 3), "in/sender", "out/files"
		}
		carried := f.make(h, level, verifiers, forgery{label: func(l *label.Label) {
			l.Subject, l.Assurance, l.Object, l.Action, l.Protocol, l.Purpose = subject, label.ByComponent, object, "deliver", "file", "batch"
		}})
		err := f.rush(h, carried, test.send)
		if test.send[0].Kind == exchange.KindStart && !bytes.Equal(test.send[0].Payload, start(0).Payload) && fault.CodeOf(err) == fault.ParcelAltered {
			test.want = fault.ParcelAltered // the receiver, who has nothing yet, was faster
		}
		if test.want == "" && err != nil || test.want != "" && fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		} else if test.want != "" {
			within(t, 5*time.Second, func() error {
				return anyRecorded(at, func(l audit.Leaf) bool { return l.Parcel == h.ID && l.Reason == string(test.want) })
			})
		}
	}
}

// anyRecorded fails until the log of one of the parts holds an entry that matches.
func anyRecorded(at []*part, match func(audit.Leaf) bool) (err error) {
	for _, p := range at {
		if err = p.recorded(match); err == nil {
			return nil
		}
	}
	return err
}

// rush sends a delivery's messages and gives what the half says.
func (f *forger) rush(h *parcel.Header, c exchange.Carried, messages []wire.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := f.conn.Open(ctx, wire.Bulk)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Send(ctx, exchange.CarriedMessage(exchange.KindRush, c)); err != nil {
		return err
	}
	for _, m := range messages {
		if s.Send(ctx, m) != nil {
			break // it has said why
		}
	}
	m, err := s.Receive(ctx)
	if err != nil {
		return err
	}
	if m.Kind == exchange.KindReceipt {
		_, err := exchange.DecodeReceipt(m, h)
		return err
	}
	return exchange.DecodeRefusal(m, h.ID)
}
