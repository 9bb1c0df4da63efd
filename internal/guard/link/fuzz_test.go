// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// sampleFrames are frames of every kind, as a machine sends them.
func sampleFrames(tb testing.TB) [][]byte {
	a, b, _ := opened(tb, 1600, 1600)
	var all [][]byte
	keep := func(frames [][]byte) {
		for _, f := range frames {
			all = append(all, bytes.Clone(f))
		}
	}
	a.write([]byte("one"))
	keep(a.flush(0))
	a.flushed(0, 3)
	b.recv.top, b.recv.slot(2).full = 3, true
	b.out.due(oweHello | oweAck)
	keep(b.flush(0))
	b.flushed(0, 4)
	b.close(0)
	keep(b.flush(0))
	b.flushed(0, 4)
	b.fail(ErrSilent)
	keep(b.flush(0))
	return all
}

// opened joins two machines at moment 0 over a perfect cable.
func opened(tb testing.TB, mtuA, mtuB int) (a, b *machine, pass func(now instant)) {
	rng := rand.New(rand.NewPCG(1, 1))
	a, b = newMachine(mtuA, 16, Timing{}, rng.Uint64), newMachine(mtuB, 16, Timing{}, rng.Uint64)
	a.connect(0)
	b.connect(0)
	pass = func(now instant) {
		for range 100 {
			if carry(now, a, b, -1)+carry(now, b, a, -1) == 0 {
				return
			}
		}
		tb.Fatal("the machines never fall silent")
	}
	pass(0)
	if a.phase != open || b.phase != open {
		tb.Fatalf("phases %d and %d", a.phase, b.phase)
	}
	return a, b, pass
}

// carry moves what one machine sends to the other, except the frame at lose, and
// returns how many there were.
func carry(now instant, from, to *machine, lose int) int {
	frames := from.flush(now)
	for i, f := range frames {
		if i != lose && len(f) <= to.mtu {
			buf := make([]byte, max(to.mtu, len(f)))
			to.receive(now, buf, copy(buf, f))
		}
	}
	n := len(frames)
	from.flushed(now, n)
	return n
}

func FuzzFrame(f *testing.F) {
	for _, b := range sampleFrames(f) {
		f.Add(b)
		f.Add(b[:len(b)-1])
		f.Add(append(b, 0, 0))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 8 { // let the fuzzer past the checksum
			b = bytes.Clone(b)
			if n := int(binary.BigEndian.Uint16(b[6:])); n >= 8 && n <= len(b) {
				binary.BigEndian.PutUint32(b, sum(b[:n]))
			}
		}
		var got frame
		if decode(b, &got) != sound {
			return
		}
		if got.length > len(b) || len(got.payload) > got.length-dataHeader && got.kind == kindData {
			t.Fatalf("length %d of %d, payload %d", got.length, len(b), len(got.payload))
		}
		if again := encode(&got); !bytes.Equal(again, b[:got.length]) {
			t.Fatalf("read and written again:\n%x\n%x", b[:got.length], again)
		}
	})
}

// encode writes a decoded frame again, the plain way.
func encode(f *frame) []byte {
	b := make([]byte, f.length)
	putHeader(b, f.kind, f.to, f.from, f.number)
	switch f.kind {
	case kindHello:
		b[32] = f.flags
		binary.BigEndian.PutUint16(b[34:], f.mtu)
		binary.BigEndian.PutUint32(b[36:], f.window)
	case kindData, kindAck, kindClose:
		binary.BigEndian.PutUint64(b[32:], f.heard)
		binary.BigEndian.PutUint64(b[40:], f.next)
		binary.BigEndian.PutUint64(b[48:], f.credit)
		binary.BigEndian.PutUint32(b[56:], f.delay)
		binary.BigEndian.PutUint16(b[60:], f.reach)
		b[62] = f.flags
		binary.BigEndian.PutUint64(b[64:], f.seq)
		if f.kind == kindAck {
			binary.BigEndian.PutUint64(b[64:], uint64(len(f.bits)/8))
		}
		copy(b[dataHeader:], f.payload)
		copy(b[dataHeader:], f.bits)
	}
	seal(b)
	return b
}

// FuzzMachine lets an attacker on the cable send whatever he likes, with the
// right ids and checksum, to a machine with an application on it.
func FuzzMachine(f *testing.F) {
	for _, b := range sampleFrames(f) {
		f.Add(append([]byte{byte(len(b) >> 8), byte(len(b)), 3}, b...))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		a, _, _ := opened(t, 1600, 1600)
		var now instant
		for len(script) > 3 {
			n := min(int(script[0])<<8|int(script[1]), len(script)-3, a.mtu)
			act, body := script[2], script[3:3+n]
			script = script[3+n:]
			now += time.Duration(act>>2) * time.Millisecond
			a.tick(now)
			attack(a, now, body)
			if act&1 != 0 {
				a.write(body)
			}
			if act&2 != 0 {
				a.read(make([]byte, 100))
			}
			if a.phase == idle {
				a.connect(now)
			}
			for range 1000 {
				frames := a.flush(now)
				checkMachine(t.Fatalf, a)
				if len(frames) == 0 {
					break
				}
				a.flushed(now, len(frames))
			}
			if len(a.flush(now)) != 0 {
				t.Fatal("one frame makes the machine send for ever")
			}
		}
	})
}

// attack completes a frame with the ids that an eavesdropper knows.
func attack(m *machine, now instant, body []byte) {
	if len(body) < headerSize {
		return
	}
	buf := make([]byte, m.mtu)
	n := copy(buf, body)
	if body[7]&1 == 0 {
		binary.BigEndian.PutUint64(buf[8:], m.self)
		binary.BigEndian.PutUint64(buf[16:], m.peer)
	}
	buf[4], buf[5] = version, 1+buf[5]%5
	seal(buf[:n])
	if spare := m.receive(now, buf, n); len(spare) != m.mtu {
		panic("a buffer of another size came back")
	}
}
