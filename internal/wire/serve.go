// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"sync/atomic"
)

// maxResting bounds the goroutines of one Serve that wait for another stream.
const maxResting = 64

// Serve accepts streams and has handle serve and Close each, until ctx ends or the
// connection does; it returns why. start runs a function in a goroutine of its own,
// which the caller can wait for: all that were started end when Serve has returned and
// their streams are served.
//
// A goroutine serves one stream after another: a new one begins with a small stack, and
// growing it is dearer than much that a stream asks for.
func (c *Conn) Serve(ctx context.Context, start func(func()), handle func(*Stream)) error {
	w := workers{next: make(chan *Stream), handle: handle}
	defer close(w.next)
	for {
		s, err := c.Accept(ctx)
		if err != nil {
			return err
		}
		select {
		case w.next <- s: // somebody waits for it
		default:
			start(func() { w.serve(s) })
		}
	}
}

// workers serve the streams of one connection.
type workers struct {
	next    chan *Stream // unbuffered: what is sent has been taken
	handle  func(*Stream)
	resting atomic.Int32
}

func (w *workers) serve(s *Stream) {
	for ok := true; ok; {
		w.handle(s)
		if w.resting.Add(1) > maxResting {
			w.resting.Add(-1)
			return
		}
		s, ok = <-w.next
		w.resting.Add(-1)
	}
}
