// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// chance is a test with its source of chance.
type chance struct {
	*testing.T
	*rand.Rand
}

// side is one core with what its application knows, in a loop of one thread.
type side struct {
	core    *core
	out     []byte // written, not yet read by the peer
	head    header // begun
	room    []byte
	begun   bool
	streams []*appStream
	openers []*opener
	resets  bool // some stream was reset: what arrives may stop early
}

type appStream struct {
	s      *stream
	tag    string // what its messages say
	sent   int
	got    int
	closed bool // for sending
	over   bool // nothing more to receive
}

// feed reads what the peer has written, at most limit bytes, and keeps the
// place between header and payload across calls.
func (a *side) feed(from *side, limit int, now time.Time) error {
	for {
		if !a.begun {
			if len(from.out) < headerSize || limit < headerSize {
				return nil
			}
			h, err := parseHeader((*[headerSize]byte)(from.out))
			if err != nil {
				return err
			}
			from.out, limit = from.out[headerSize:], limit-headerSize
			if a.room, err = a.core.begin(h, now); err != nil {
				return err
			}
			a.head, a.begun = h, true
		}
		n := int(a.head.length)
		if len(from.out) < n || limit < n {
			return nil
		}
		copy(a.room, from.out[:n])
		from.out, limit = from.out[n:], limit-n
		a.begun = false
		if err := a.core.finish(a.head); err != nil {
			return err
		}
	}
}

// message is number n of a stream; its size depends on both.
func message(tag string, n, sizes int) Message {
	text := fmt.Sprintf("%s/%d/", tag, n)
	size := (len(tag)*131 + n*n*977 + n*7919) % sizes
	return Message{Kind: Kind(1 + n%255), Payload: append([]byte(text), bytes.Repeat([]byte{byte(n)}, size)...)}
}

func (a *side) accept() {
	for s := a.core.accept(); s != nil; s = a.core.accept() {
		a.streams = append(a.streams, &appStream{s: s})
	}
	for i := 0; i < len(a.openers); i++ {
		if a.openers[i].granted {
			class := Class(len(a.streams) % 2)
			st := &appStream{s: a.core.open(class), tag: fmt.Sprintf("%d-%d", a.core.role, len(a.streams))}
			a.streams = append(a.streams, st)
			a.openers = append(a.openers[:i], a.openers[i+1:]...)
			i--
		}
	}
}

// take receives one message and checks that it is the next one.
func (a *side) take(t *chance, st *appStream, sizes int) {
	m, ok, err := a.core.take(st.s)
	if ok {
		if st.tag == "" { // opened by the peer: its first message says its name
			tag, _, _ := bytes.Cut(m.Payload, []byte("/"))
			st.tag = string(tag)
		}
		want := message(st.tag, st.got, sizes)
		if m.Kind != want.Kind || !bytes.Equal(m.Payload, want.Payload) {
			t.Fatalf("stream %s: message %d came wrong", st.tag, st.got)
		}
		st.got++
	}
	st.over = st.over || err != nil
}

func (a *side) check(t *chance) {
	charged, seen := 0, 0
	for _, s := range a.core.streams {
		charged += s.charged
		seen++
		if s.reserved() > max(a.core.cfg.Window, initialCredit) {
			t.Fatalf("stream %d reserves %d", s.id, s.reserved())
		}
		if cap(s.part.buf) > s.reserved() {
			t.Fatalf("stream %d holds a buffer of %d with %d reserved", s.id, cap(s.part.buf), s.reserved())
		}
	}
	for _, st := range a.streams {
		if st.s.gone {
			charged += st.s.charged
		}
	}
	if a.core.free < 0 || a.core.free+charged != a.core.cfg.Memory {
		t.Fatalf("pool: %d free and %d charged of %d, %d streams", a.core.free, charged, a.core.cfg.Memory, seen)
	}
}

// TestSimulation drives two cores by chance, in one thread, and holds that
// messages arrive whole, in order and once, that memory stays within its
// limits, and that everything is given back in the end.
func TestSimulation(t *testing.T) {
	for seed := range uint64(250) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			simulate(&chance{t, rand.New(rand.NewPCG(seed, 1))})
		})
	}
}

func simulate(t *chance) {
	now := time.Unix(1, 0)
	cfg := Config{
		MaxStreams: 1 + t.IntN(12),
		MaxMessage: 200 << 10,
		Window:     200<<10 + messageCost,
	}.withDefaults()
	sizes := []int{50, 20 << 10, 190 << 10}[t.IntN(3)]
	x := &side{core: newCore(true, cfg, now)}
	y := &side{core: newCore(false, cfg, now)}
	x.core.cfg.Memory, x.core.free = 2*cfg.Window, 2*cfg.Window
	y.core.cfg.Memory, y.core.free = 2*cfg.Window, 2*cfg.Window
	sides := []*side{x, y}
	calm := t.IntN(2) == 0 // no resets
	for range 1 + t.IntN(1500) {
		now = now.Add(time.Millisecond)
		i := t.IntN(2)
		act(t, sides[i], sides[1-i], sizes, now, calm)
		x.check(t)
		y.check(t)
	}
	settle(t, sides, sizes, now)
}

func act(t *chance, a, b *side, sizes int, now time.Time, calm bool) {
	a.accept()
	verb := t.IntN(12)
	switch {
	case verb == 0 && len(a.openers) < 4:
		a.openers = append(a.openers, a.core.ask())
		return
	case verb <= 2:
		if len(a.out) < 1<<20 {
			a.out = a.core.emit(a.out)
		}
		return
	case verb <= 5:
		limit := headerSize + t.IntN(128<<10)
		if err := a.feed(b, limit, now); err != nil {
			t.Fatalf("honest peer refused: %v", err)
		}
		return
	}
	if len(a.streams) == 0 {
		return
	}
	st := a.streams[t.IntN(len(a.streams))]
	switch verb {
	case 6, 7, 8:
		send(t, a, st, sizes)
	case 9:
		a.take(t, st, sizes)
	case 10:
		if t.IntN(8) == 0 {
			_ = a.core.closeSend(st.s)
			st.closed = true
		}
	case 11:
		if !calm && t.IntN(8) == 0 {
			a.resets, b.resets = true, true
			if t.IntN(2) == 0 {
				a.core.closeStream(st.s)
			} else {
				a.core.reset(st.s, 7)
			}
			st.closed, st.over = true, true
		}
	}
}

func send(t *chance, a *side, st *appStream, sizes int) {
	if st.tag == "" || st.closed || st.s.out.len() > 8 {
		return
	}
	if _, _, err := a.core.enqueue(st.s, message(st.tag, st.sent, sizes)); err != nil {
		if reset := (*ResetError)(nil); !errors.As(err, &reset) {
			t.Fatalf("send: %v", err)
		}
		st.closed = true
		return
	}
	st.sent++
}

// settle lets everything finish and checks what is left.
func settle(t *chance, sides []*side, sizes int, now time.Time) {
	for round := range 2000 {
		quiet := true
		for i, a := range sides {
			a.accept()
			for _, st := range a.streams {
				for before := -1; before != st.got && !st.over; {
					before = st.got
					a.take(t, st, sizes)
				}
				if !st.closed {
					_ = a.core.closeSend(st.s)
					st.closed = true
				}
			}
			a.out = a.core.emit(a.out)
			quiet = quiet && len(a.out) == 0 && !a.core.pending()
			if err := sides[1-i].feed(a, 1<<30, now); err != nil {
				t.Fatalf("settling: %v", err)
			}
			sides[1-i].check(t)
		}
		if quiet && round > 2 {
			break
		}
	}
	x, y := sides[0], sides[1]
	if !x.resets {
		received(t, x, y)
		received(t, y, x)
	}
	for _, a := range sides {
		for _, st := range a.streams {
			a.core.closeStream(st.s)
		}
	}
	for range 10 {
		for i, a := range sides {
			a.out = a.core.emit(a.out)
			if err := sides[1-i].feed(a, 1<<30, now); err != nil {
				t.Fatalf("closing: %v", err)
			}
			a.accept()
			for _, st := range a.streams {
				a.core.closeStream(st.s)
			}
		}
	}
	for i, a := range sides {
		k, p := a.core, sides[1-i].core
		if len(k.streams) != 0 || k.free != k.cfg.Memory {
			t.Fatalf("left: %d streams, %d of %d free", len(k.streams), k.free, k.cfg.Memory)
		}
		if k.peerSlots != p.slots || k.peerSlots+k.slotsOwed != k.cfg.MaxStreams {
			t.Fatalf("slots: %d allowed, %d owed, peer counts %d of %d", k.peerSlots, k.slotsOwed, p.slots, k.cfg.MaxStreams)
		}
	}
}

// received holds that b got all that a sent.
func received(t *chance, a, b *side) {
	for _, st := range a.streams {
		if st.sent == 0 {
			continue
		}
		for _, other := range b.streams {
			if other.s.id == st.s.id && other.got != st.sent {
				t.Fatalf("stream %s: %d sent, %d received", st.tag, st.sent, other.got)
			}
		}
		if st.s.sent != uint64(st.sent) {
			t.Fatalf("stream %s: %d queued, %d sent", st.tag, st.sent, st.s.sent)
		}
	}
}

// TestUrgentOvertakes holds that an Interactive message queued behind 100 Bulk
// ones leaves after at most one Bulk frame, and that Bulk keeps its fifth.
func TestUrgentOvertakes(t *testing.T) {
	k := newCore(true, Config{}.withDefaults(), time.Unix(1, 0))
	k.emit(nil)
	k.helloSeen, k.peer = true, hello{streams: 9, message: 1 << 20, credit: maxCredit}
	k.slots = 9
	large := Message{Kind: 1, Payload: make([]byte, 1<<20)}
	for range 2 {
		s := k.open(Bulk)
		for range 50 {
			if _, _, err := k.enqueue(s, large); err != nil {
				t.Fatal(err)
			}
		}
	}
	k.emit(nil)
	urgent := k.open(Interactive)
	if _, _, err := k.enqueue(urgent, Message{Kind: 2}); err != nil {
		t.Fatal(err)
	}
	b := k.emit(nil)
	if h, err := parseHeader((*[headerSize]byte)(b)); err != nil || h.kind != 2 {
		t.Fatalf("first frame %+v, %v", h, err)
	}
	for range 100 {
		if _, _, err := k.enqueue(urgent, large); err != nil {
			t.Fatal(err)
		}
	}
	bytesOf := map[bool]int{}
	for len(k.ready[Bulk].items) > 0 && len(k.ready[Interactive].items) > 0 {
		for b = k.emit(nil); len(b) > 0; {
			h, err := parseHeader((*[headerSize]byte)(b))
			if err != nil {
				t.Fatal(err)
			}
			bytesOf[h.stream == urgent.id] += int(h.length)
			b = b[headerSize+h.length:]
		}
	}
	if share := float64(bytesOf[false]) / float64(bytesOf[true]+bytesOf[false]); share < 0.19 || share > 0.25 {
		t.Fatalf("bulk got a share of %.2f", share)
	}
}

// TestReceiveAfterReset holds what Receive gives when the peer resets.
func TestReceiveAfterReset(t *testing.T) {
	for _, ended := range []bool{true, false} {
		k := newCore(true, Config{}.withDefaults(), time.Unix(1, 0))
		k.helloSeen = true
		s := &stream{id: 2, recvCredit: 100}
		k.streams[2], k.nextRemote = s, 4
		h := header{typ: frameMessage, kind: 1, stream: 2}
		if ended {
			h.flags = flagEnd
		}
		for _, h := range []header{h, {typ: frameReset, value: 9, stream: 2}} {
			if _, err := k.begin(h, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			if err := k.finish(h); err != nil {
				t.Fatal(err)
			}
		}
		_, ok, err := k.take(s)
		if ended {
			if _, _, after := k.take(s); !ok || err != nil || !errors.Is(after, io.EOF) {
				t.Fatalf("after its end: %v %v %v", ok, err, after)
			}
			continue
		}
		if reset := (*ResetError)(nil); ok || !errors.As(err, &reset) || reset.Code != 9 || !reset.Remote {
			t.Fatalf("before its end: %v %v", ok, err)
		}
	}
}
