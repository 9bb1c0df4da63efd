// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// rawPeer writes and reads frames by hand against a Conn that is the acceptor.
type rawPeer struct {
	t    *testing.T
	nc   net.Conn
	conn *Conn
	end  chan error // what Run returned
}

func newRawPeer(t *testing.T, cfg Config) *rawPeer {
	t.Helper()
	near, far := net.Pipe()
	p := &rawPeer{t: t, nc: near, conn: New(far, false, cfg), end: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { p.end <- p.conn.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		near.Close()
	})
	return p
}

// write sends bytes without waiting for them to be read.
func (p *rawPeer) write(b []byte) {
	go func() { _, _ = p.nc.Write(b) }() // ends when the other side reads or closes
}

// read returns the next frame; ok is false at the end of the connection.
func (p *rawPeer) read() (h header, payload []byte, ok bool) {
	var raw [headerSize]byte
	if _, err := io.ReadFull(p.nc, raw[:]); err != nil {
		return header{}, nil, false
	}
	h, err := parseHeader(&raw)
	if err != nil {
		p.t.Fatalf("bad frame from our side: %x", raw)
	}
	payload = make([]byte, h.length)
	if _, err := io.ReadFull(p.nc, payload); err != nil {
		p.t.Fatal(err)
	}
	return h, payload, true
}

func goodHello() []byte {
	b := appendHeader(nil, header{typ: frameHello, length: helloSize})
	return appendHello(b, hello{role: roleDialer, streams: 100, message: 1 << 20, credit: 1 << 16})
}

func frame(h header, payload int) []byte {
	h.length = uint32(payload)
	return append(appendHeader(nil, h), make([]byte, payload)...)
}

func changed(b []byte, at int, to byte) []byte {
	b[at] = to
	return b
}

func many(n int, f func(i int) []byte) []byte {
	var b []byte
	for i := range n {
		b = append(b, f(i)...)
	}
	return b
}

// TestViolations sends what the protocol forbids and holds that the peer is
// told the code and that Run returns it.
func TestViolations(t *testing.T) {
	first := header{typ: frameMessage, flags: flagOpen, kind: 1, stream: 1}
	open := func(value uint32, payload int) []byte {
		h := first
		h.value = value
		return frame(h, payload)
	}
	with := func(parts ...[]byte) []byte {
		b := goodHello()
		for _, p := range parts {
			b = append(b, p...)
		}
		return b
	}
	end := frame(header{typ: frameEnd, stream: 1}, 0)
	reset := frame(header{typ: frameReset, stream: 1}, 0)
	ended := frame(header{typ: frameEnd, flags: flagOpen, stream: 1}, 0)
	full := many(4, func(i int) []byte { // as much as a stream may hold unread
		h := header{typ: frameMore, stream: 1}
		if i == 0 {
			h = header{typ: frameMessage, flags: flagOpen, kind: 1, value: 1 << 16, stream: 1}
		}
		return frame(h, 1<<14)
	})
	cases := []struct {
		name  string
		bytes []byte
		code  Code
	}{
		{"no hello", open(0, 0), BadHello},
		{"second hello", with(goodHello()), BadHello},
		{"magic", changed(goodHello(), headerSize, 'x'), BadHello},
		{"version", changed(goodHello(), headerSize+9, 2), BadHello},
		{"both accept", changed(goodHello(), headerSize+10, roleAcceptor), BadHello},
		{"hello padding", changed(goodHello(), headerSize+11, 1), BadHello},
		{"no streams", changed(goodHello(), headerSize+15, 0), BadHello},
		{"too many streams", changed(goodHello(), headerSize+12, 255), BadHello},
		{"no credit", changed(goodHello(), headerSize+21, 0), BadHello},
		{"short hello", frame(header{typ: frameHello}, helloSize-1), BadFrame},
		{"type 0", with(changed(frame(header{}, 0), 0, 0)), BadFrame},
		{"type 11", with(changed(frame(header{}, 0), 0, 11)), BadFrame},
		{"reserved byte", with(changed(open(0, 0), 3, 1)), BadFrame},
		{"unknown flag", with(changed(open(0, 0), 1, 8|flagOpen)), BadFrame},
		{"bulk without open", with(changed(open(0, 0), 1, flagBulk)), BadFrame},
		{"kind 0", with(changed(open(0, 0), 2, 0)), BadFrame},
		{"kind on an end", with(changed(frame(header{typ: frameEnd, stream: 1, flags: flagOpen}, 0), 2, 1)), BadFrame},
		{"fragment too long", with(open(1<<20, maxFragment+1)), BadFrame},
		{"payload on a ping", with(frame(header{typ: framePing}, 1)), BadFrame},
		{"value on a fragment", with(open(2, 1), frame(header{typ: frameMore, stream: 1, value: 1}, 1)), BadFrame},
		{"message on stream 0", with(frame(header{typ: frameMessage, kind: 1}, 0)), BadFrame},
		{"ping on a stream", with(frame(header{typ: framePing, stream: 1}, 0)), BadFrame},
		{"credit of 0", with(open(0, 0), frame(header{typ: frameCredit, stream: 1}, 0)), BadFrame},
		{"slots of 0", with(frame(header{typ: frameSlots}, 0)), BadFrame},
		{"pong unasked", with(frame(header{typ: framePong}, 0)), BadFrame},
		{"our parity", with(frame(header{typ: frameEnd, flags: flagOpen, stream: 2}, 0)), BadStream},
		{"id skipped", with(frame(header{typ: frameEnd, flags: flagOpen, stream: 3}, 0)), BadStream},
		{"id reused", with(open(0, 0), open(0, 0)), BadStream},
		{"never opened", with(frame(header{typ: frameEnd, stream: 1}, 0)), BadStream},
		{"reset never opened", with(reset), BadStream},
		{"credit for what we never opened", with(frame(header{typ: frameCredit, value: 1, stream: 2}, 0)), BadStream},
		{"message after end", with(open(0, 0), end, frame(header{typ: frameMessage, kind: 1, stream: 1}, 0)), BadStream},
		{"end after end", with(open(0, 0), end, end), BadStream},
		{"reset after reset", with(open(0, 0), reset, reset), BadStream},
		{"message after reset", with(open(0, 0), reset, end), BadStream},
		{"more without message", with(open(0, 0), frame(header{typ: frameMore, stream: 1}, 1)), BadMessage},
		{"empty fragment", with(open(1, 0)), BadMessage},
		{"more than announced", with(open(1, 2)), BadMessage},
		{"more than announced later", with(open(2, 1), frame(header{typ: frameMore, stream: 1}, 2)), BadMessage},
		{"message inside a message", with(open(2, 1), frame(header{typ: frameMessage, kind: 1, stream: 1}, 0)), BadMessage},
		{"end inside a message", with(open(2, 1), end), BadMessage},
		{"end flag inside a message", with(changed(open(2, 1), 1, flagOpen|flagEnd)), BadMessage},
		{"too many streams opened", with(many(3, func(i int) []byte {
			return frame(header{typ: frameEnd, flags: flagOpen, stream: uint64(2*i + 1)}, 0)
		})), StreamLimit},
		{"too large", with(open(1<<16+1, 1)), MessageTooLarge},
		{"huge", with(open(1<<32-1, 1)), MessageTooLarge},
		{"first fragment above the credit", with(open(1<<16, initialCredit-messageCost+1)), WindowOverrun},
		{"window", with(full, many(4, func(int) []byte {
			return frame(header{typ: frameMessage, kind: 1, value: 1 << 14, stream: 1}, 1<<14)
		})), WindowOverrun},
		{"empty messages without end", with(open(0, 0), many(initialCredit/messageCost, func(int) []byte {
			return frame(header{typ: frameMessage, kind: 1, stream: 1}, 0)
		})), WindowOverrun},
		{"credit overflow", with(open(0, 0), many(2, func(int) []byte {
			return frame(header{typ: frameCredit, value: maxCredit / 2, stream: 1}, 0)
		}), frame(header{typ: frameCredit, value: 1 << 31, stream: 1}, 0)), CreditOverflow},
		{"slots overflow", with(frame(header{typ: frameSlots, value: maxStreamsCap}, 0)), CreditOverflow},
		{"second reset after the end", with(ended, reset, reset), BadStream},
		{"pings", with(many(200, func(int) []byte { return frame(header{typ: framePing}, 0) })), PingFlood},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newRawPeer(t, Config{MaxStreams: 2, MaxMessage: 1 << 16})
			p.write(c.bytes)
			expectGoAway(t, p, c.code)
		})
	}
}

// expectGoAway reads until the connection ends and checks how.
func expectGoAway(t *testing.T, p *rawPeer, code Code) {
	t.Helper()
	var last header
	for h, _, ok := p.read(); ok; h, _, ok = p.read() {
		last = h
		if h.typ == frameGoAway {
			p.nc.Close()
		}
	}
	if last.typ != frameGoAway || Code(last.value) != code {
		t.Errorf("last frame %+v, want GoAway %v", last, code)
	}
	err := <-p.end
	var away *GoAwayError
	if !errors.As(err, &away) || away.Remote || away.Code != code {
		t.Errorf("Run returned %v, want %v", err, code)
	}
}

// TestSmallSteps holds what needs no connection: a second ping before the
// answer, one reset for a stream that is gone, and a message withdrawn.
func TestSmallSteps(t *testing.T) {
	now := time.Unix(1, 0)
	k := newCore(false, Config{}.withDefaults(), now)
	k.helloSeen, k.peer, k.slots = true, hello{message: 1 << 20, credit: 2 * messageCost}, 1
	ping := header{typ: framePing}
	if _, err := k.begin(ping, now); err != nil {
		t.Fatal(err)
	}
	wantCode(t, k, ping, PingFlood)

	if _, err := k.begin(header{typ: frameEnd, flags: flagOpen, stream: 1}, now); err != nil {
		t.Fatal(err)
	}
	s := k.accept()
	if err := k.closeSend(s); err != nil {
		t.Fatal(err)
	}
	k.emit(nil)
	reset := header{typ: frameReset, stream: 1}
	if _, err := k.begin(reset, now); !s.gone || err != nil {
		t.Fatal(err)
	}
	wantCode(t, k, reset, BadStream)

	o := k.open(Bulk)
	if _, _, err := k.enqueue(o, Message{Kind: 1, Payload: make([]byte, 2*messageCost)}); err != nil {
		t.Fatal(err)
	}
	k.emit(nil) // uses up the credit
	large := Message{Kind: 2, Payload: make([]byte, 1<<20)}
	n, copied, err := k.enqueue(o, large)
	if copied || err != nil || !o.withdraw(n) || o.out.len() != 1 {
		t.Fatalf("copied %v, %v, %d left", copied, err, o.out.len())
	}
	if _, err := k.begin(header{typ: frameCredit, value: messageCost, stream: 2}, now); err != nil {
		t.Fatal(err)
	}
	k.emit(nil)
	if o.out.len() != 0 || o.sent != 1 || o.queued != 1 {
		t.Fatalf("%d left, %d sent", o.out.len(), o.sent)
	}
}

func wantCode(t *testing.T, k *core, h header, code Code) {
	t.Helper()
	_, err := k.begin(h, time.Unix(1, 0))
	if away, ok := errors.AsType[*GoAwayError](err); !ok || away.Code != code {
		t.Errorf("%v, want %v", err, code)
	}
}

// TestRapidReset opens and resets streams as fast as it can while the
// application closes them at once.
func TestRapidReset(t *testing.T) {
	p := newRawPeer(t, Config{MaxStreams: 10})
	go func() {
		for {
			s, err := p.conn.Accept(context.Background())
			if err != nil {
				return
			}
			s.Close()
		}
	}()
	slots := make(chan uint32, 1<<16)
	go func() {
		defer close(slots)
		for h, _, ok := p.read(); ok; h, _, ok = p.read() {
			if h.typ == frameSlots {
				slots <- h.value
			}
		}
	}()
	go func() {
		if _, err := p.nc.Write(goodHello()); err != nil {
			return
		}
		left := 10
		for id := uint64(1); ; id += 2 {
			for left == 0 {
				n, ok := <-slots
				if !ok {
					return
				}
				left += int(n)
			}
			left--
			b := frame(header{typ: frameMessage, kind: 1, flags: flagOpen, value: 2, stream: id}, 1)
			b = append(b, frame(header{typ: frameReset, stream: id}, 0)...)
			if _, err := p.nc.Write(b); err != nil {
				return
			}
		}
	}()
	err := <-p.end
	var away *GoAwayError
	if !errors.As(err, &away) || away.Code != ResetFlood {
		t.Fatalf("Run returned %v", err)
	}
}

// TestBucket holds rate and burst.
func TestBucket(t *testing.T) {
	b := newBucket(10, 3)
	now := time.Unix(1, 0)
	got := 0
	for range 1000 {
		if b.take(now) {
			got++
		}
		now = now.Add(10 * time.Millisecond)
	}
	if got < 101 || got > 104 {
		t.Fatalf("%d in ten seconds", got)
	}
	if b.take(now.Add(-time.Hour)); !b.take(now.Add(1000 * time.Hour)) {
		t.Fatal("long pause")
	}
}

// TestDeadPeer holds, in false time, that a silent peer is asked and then
// given up, and that one that only answers is not.
func TestDeadPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := newRawPeer(t, Config{})
		p.write(goodHello())
		expectGoAway(t, p, Timeout)
		if took := time.Since(start); took < 45*time.Second || took > 60*time.Second {
			t.Errorf("given up after %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newRawPeer(t, Config{})
		expectGoAway(t, p, Timeout) // never a hello
	})
	synctest.Test(t, func(t *testing.T) {
		x, y := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		end := make(chan error, 2)
		for i, nc := range []net.Conn{x, y} {
			go func() { end <- New(nc, i == 0, Config{}).Run(ctx) }()
		}
		select {
		case err := <-end:
			t.Errorf("ended: %v", err)
		case <-time.After(time.Hour):
		}
		cancel()
		<-end
		<-end
	})
}

// TestStuckPeer holds that a peer that does not read is given up.
func TestStuckPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newRawPeer(t, Config{WriteTimeout: 7 * time.Second})
		start := time.Now()
		if err := <-p.end; err == nil || time.Since(start) != 7*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestOrderOnTheWire queues 100 Bulk messages, then an Interactive one, on a
// connection whose writes are taken one at a time.
func TestOrderOnTheWire(t *testing.T) {
	p := newRawPeer(t, Config{})
	if h, _, ok := p.read(); !ok || h.typ != frameHello {
		t.Fatal("no hello")
	}
	hello := appendHello(appendHeader(nil, header{typ: frameHello, length: helloSize}),
		hello{role: roleDialer, streams: 100, message: 1 << 20, credit: maxCredit})
	if _, err := p.nc.Write(hello); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	bulk, err := p.conn.Open(ctx, Bulk)
	if err != nil {
		t.Fatal(err)
	}
	defer bulk.Close()
	go func() { // the first is written here, in the writer's place
		for range 100 {
			if bulk.Send(ctx, Message{1, make([]byte, 1<<20)}) != nil {
				return
			}
		}
	}()
	// The writer now holds one batch and cannot go on.
	if h, _, ok := p.read(); !ok || h.stream != 2 {
		t.Fatal("no bulk frame")
	}
	urgent, err := p.conn.Open(ctx, Interactive)
	if err != nil {
		t.Fatal(err)
	}
	defer urgent.Close()
	if err := urgent.Send(ctx, Message{Kind: 9}); err != nil {
		t.Fatal(err)
	}
	for ahead := 0; ; ahead++ {
		h, _, ok := p.read()
		if !ok || ahead > 1 {
			t.Fatalf("%d bulk frames ahead", ahead)
		}
		if h.kind == 9 {
			break
		}
	}
}

// TestCodes holds that each code has a name and a fixed number.
func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for c := range codeCount {
		if c.String() == "" || seen[c.String()] {
			t.Errorf("code %d: %q", c, c)
		}
		seen[c.String()] = true
	}
	if Timeout != 11 || fmt.Sprint(Code(99)) != "unknown code" {
		t.Error("codes moved")
	}
}

// TestHeader holds the layout that docs/formats/wire.md gives.
func TestHeader(t *testing.T) {
	b := appendHeader(nil, header{typ: frameMessage, flags: flagOpen | flagEnd, kind: 7, length: 2, value: 3, stream: 1 << 40})
	if len(b) != headerSize || b[0] != 2 || b[1] != 5 || b[2] != 7 || binary.BigEndian.Uint64(b[12:]) != 1<<40 {
		t.Fatalf("%x", b)
	}
}
