// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// TestFlaws breaks a good frame in one way at a time. The order of checks is part
// of the format.
func TestFlaws(t *testing.T) {
	hello := encode(&frame{kind: kindHello, length: helloSize, to: 1, from: 2, mtu: 1500, window: 64})
	data := encode(&frame{kind: kindData, length: dataHeader + 3, to: 1, from: 2, number: 7, payload: []byte("abc")})
	ack := encode(&frame{kind: kindAck, length: dataHeader + 16, to: 1, from: 2, bits: make([]byte, 8)})
	reset := encode(&frame{kind: kindReset, length: headerSize, to: 1, from: 2})
	closing := encode(&frame{kind: kindClose, length: dataHeader, to: 1, from: 2})
	set := func(good []byte, at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		binary.BigEndian.PutUint32(b, sum(b))
		return b
	}
	long := func(good []byte) []byte {
		b := append(bytes.Clone(good), 0)
		seal(b)
		return b
	}
	damaged := bytes.Clone(data)
	damaged[70] ^= 1
	for _, c := range []struct {
		name  string
		frame []byte
		want  flaw
	}{
		{"hello", hello, sound}, {"data", data, sound}, {"ack", ack, sound}, {"reset", reset, sound}, {"close", closing, sound},
		{"padded by the medium", append(bytes.Clone(reset), make([]byte, 14)...), sound},
		{"nothing", nil, flawShort},
		{"31 bytes", reset[:31], flawShort},
		{"version 2", set(data, 4, 2), flawVersion},
		{"length below the header", set(data, 7, 31), flawLength},
		{"cut short", data[:len(data)-1], flawLength},
		{"damaged", damaged, flawSum},
		{"kind 0", set(data, 5, 0), flawKind},
		{"kind 6", set(data, 5, 6), flawKind},
		{"from nobody", set(data, 23, 0), flawField},
		{"data to nobody", set(data, 15, 0), flawField},
		{"hello to nobody", set(hello, 15, 0), sound},
		{"long hello", long(hello), flawSize},
		{"long reset", long(reset), flawSize},
		{"long close", long(closing), flawSize},
		{"data without payload", encode(&frame{kind: kindData, length: dataHeader, to: 1, from: 2}), flawSize},
		{"ack without its fixed part", set(encode(&frame{kind: kindReset, length: dataHeader - 1, to: 1, from: 2}), 5, byte(kindAck)), flawSize},
		{"hello flag 2", set(hello, 32, 2), flawField},
		{"hello reserved", set(hello, 33, 1), flawField},
		{"hello MTU 255", set(hello, 34, 0), flawField},
		{"hello window 0", set(hello, 39, 0), flawField},
		{"hello window 4097", set(set(hello, 38, 16), 39, 1), flawField},
		{"state flag 2", set(data, 62, 2), flawField},
		{"state reserved", set(data, 63, 1), flawField},
		{"65 words", set(ack, 71, 65), flawField},
		{"more words than bytes", set(ack, 71, 3), flawSize},
		{"padding not zero", set(ack, dataHeader+15, 1), flawField},
	} {
		var f frame
		if got := decode(c.frame, &f); got != c.want {
			t.Errorf("%s: flaw %d, want %d", c.name, got, c.want)
		}
	}
}
