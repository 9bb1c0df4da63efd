// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package between

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/cell"
)

const noCellsEnv = "DUKOU_TEST_NO_CELLS"

func TestMain(m *testing.M) {
	cell.Main()
	if err := cell.Enter(); err != nil {
		os.Setenv(noCellsEnv, err.Error())
	}
	os.Exit(m.Run())
}

// ends are a relay between two cables, and a socket at either far end.
type ends struct {
	relay *Relay
	a, b  *os.File
	from  syscall.RawConn
	index int
}

func lay(t *testing.T) *ends {
	t.Helper()
	if reason := os.Getenv(noCellsEnv); reason != "" {
		t.Skip(reason)
	}
	s, err := cell.Open(cell.Netns)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, c := range [][2]string{{"a", "outer"}, {"b", "inner"}} {
		if err := s.Cable(c[0], cell.End{Cell: c[0], Interface: "link0"}, cell.End{Cell: "between", Interface: c[1]}, 0); err != nil {
			t.Fatal(err)
		}
	}
	path := func(name string) string {
		p, err := s.Namespace(name)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	e := &ends{}
	if e.relay, err = Open(path("between"), "outer", "inner", 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.relay.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := inside(path("a"), func() (err error) { e.a, e.index, err = packetSocket("link0"); return err }); err != nil {
		t.Fatal(err)
	}
	if err := inside(path("b"), func() (err error) { e.b, _, err = packetSocket("link0"); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.a.Close(); e.b.Close() })
	if e.from, err = e.b.SyscallConn(); err != nil {
		t.Fatal(err)
	}
	return e
}

const frames = 2000

// send sends numbered frames from one end, and last one that says so.
func (e *ends) send(t *testing.T) {
	t.Helper()
	conn, err := e.a.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		err := conn.Control(func(fd uintptr) {
			err = unix.Sendto(int(fd), numbered(i), 0, &unix.SockaddrLinklayer{Ifindex: e.index, Protocol: htons(EtherType)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func numbered(i int) []byte {
	frame := append(bytes.Repeat([]byte{0xff}, 6), 2, 0, 0, 0, 0, 1, EtherType>>8, EtherType&0xff)
	frame = binary.BigEndian.AppendUint32(frame, uint32(i))
	return append(frame, bytes.Repeat([]byte{byte(i)}, 100)...)
}

// receive takes what comes until nothing has come for a while.
func (e *ends) receive(t *testing.T) (got [][]byte) {
	t.Helper()
	for {
		if err := e.b.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		frame := make([]byte, maxFrame)
		var n int
		var err error
		wait := e.from.Read(func(fd uintptr) bool {
			n, _, err = unix.Recvfrom(int(fd), frame, 0)
			return err != unix.EAGAIN
		})
		if wait != nil {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, frame[:n])
	}
}

// TestFaults sends frames past each kind of fault: it does what it is called, as often
// as it says, and nothing without one.
func TestFaults(t *testing.T) {
	e := lay(t)
	const rate = 0.2
	for _, kind := range []Kind{"", Lose, Tear, Flip, Reorder, Duplicate, Replay} {
		t.Run(fmt.Sprintf("%q", kind), func(t *testing.T) {
			var f *Active
			if kind != "" {
				f = e.relay.Begin(kind, rate, 7, Inwards)
			}
			e.send(t)
			got := e.receive(t)
			var hits int
			if f != nil {
				hits = int(f.End())
			}
			want(t, kind, hits, sort(got))
		})
	}
	if e.relay.Begin(Lose, 1, 1, Outwards).End() != 0 {
		t.Error("the other way was hit")
	}
}

// sorted is what came.
type sorted struct{ all, whole, different, doubled, swapped int }

func sort(got [][]byte) (s sorted) {
	seen, last := map[uint32]bool{}, -1
	for _, frame := range got {
		s.all++
		var i int
		if len(frame) >= headerSize+4 {
			i = int(binary.BigEndian.Uint32(frame[headerSize:]))
		}
		if !bytes.Equal(frame, numbered(i)) {
			continue
		}
		s.whole++
		if seen[uint32(i)] {
			s.doubled++
		} else {
			s.different++
		}
		seen[uint32(i)] = true
		if i < last {
			s.swapped++
		}
		last = i
	}
	return s
}

func want(t *testing.T, kind Kind, hits int, s sorted) {
	t.Helper()
	t.Logf("%d frames sent, %d hit: %+v", frames, hits, s)
	if kind != "" && (hits < frames/10 || hits > frames*3/10) {
		t.Errorf("%d of %d frames were hit", hits, frames)
	}
	ok := false
	switch kind {
	case "":
		ok = s == sorted{all: frames, whole: frames, different: frames}
	case Lose:
		ok = s.all == frames-hits && s.swapped == 0 && s.doubled == 0
	case Tear, Flip:
		ok = s.all == frames && s.whole < frames && s.whole >= frames-hits
	case Reorder:
		ok = s.swapped > 0 && s.doubled == 0 && s.different >= frames-8
	case Duplicate, Replay:
		ok = s.all == frames+hits && s.different == frames && s.doubled == hits
	}
	if !ok {
		t.Errorf("that is not what %q does", kind)
	}
}
