// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// script is a net.Conn whose peer sends given bytes and reads all.
type script struct {
	net.Conn // nil: only what follows is used
	bytes.Reader
	once   sync.Once
	closed chan struct{}
}

func (s *script) Read(b []byte) (int, error)       { return s.Reader.Read(b) }
func (s *script) Write(b []byte) (int, error)      { return len(b), nil }
func (s *script) WriteTo(io.Writer) (int64, error) { return 0, errors.ErrUnsupported }
func (s *script) Close() error                     { s.once.Do(func() { close(s.closed) }); return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// FuzzFrames puts arbitrary bytes behind a good hello, and as they are. The
// connection must end, without a panic and within its memory, while the
// application accepts, reads a little, and answers.
func FuzzFrames(f *testing.F) {
	open := header{typ: frameMessage, flags: flagOpen, kind: 1, value: 3, stream: 1}
	seeds := [][]byte{
		nil,
		frame(open, 3),
		append(frame(open, 1), frame(header{typ: frameMore, flags: flagEnd, stream: 1}, 2)...),
		append(frame(open, 1), frame(header{typ: frameReset, value: 7, stream: 1}, 0)...),
		append(frame(header{typ: frameEnd, flags: flagOpen | flagBulk, stream: 1}, 0),
			frame(header{typ: frameCredit, value: 1 << 20, stream: 1}, 0)...),
		append(frame(header{typ: frameSlots, value: 2}, 0), frame(header{typ: framePing, value: 2}, 0)...),
		frame(header{typ: frameGoAway, value: 3}, 0),
		goodHello(),
	}
	for _, s := range seeds {
		f.Add(true, s)
		f.Add(false, s)
	}
	f.Fuzz(func(t *testing.T, greet bool, data []byte) {
		if greet {
			data = append(goodHello(), data...)
		}
		cfg := Config{MaxStreams: 4, MaxMessage: 1 << 16, Window: 1 << 17, Memory: 1 << 18}
		nc := &script{closed: make(chan struct{})}
		nc.Reader = *bytes.NewReader(data)
		c := New(nc, false, cfg)
		var app sync.WaitGroup
		app.Go(func() { answerOnce(c) })
		if err := c.Run(context.Background()); err == nil {
			t.Error("no cause")
		}
		app.Wait()
		if used := held(c.core); used > 4*initialCredit+1<<18 {
			t.Errorf("%d bytes held", used)
		}
	})
}

func answerOnce(c *Conn) {
	for i := 0; ; i++ {
		s, err := c.Accept(context.Background())
		if err != nil {
			return
		}
		if m, err := s.Receive(context.Background()); err == nil {
			_ = s.Send(context.Background(), m) // the peer may have gone
		}
		if i%2 == 0 {
			s.Close()
		}
	}
}

// held is how much memory the payloads received take up.
func held(k *core) int {
	n := 0
	for _, s := range k.streams {
		n += cap(s.part.buf)
		for _, m := range s.in.items[s.in.head:] {
			n += cap(m.Payload) + messageCost
		}
	}
	return n
}
