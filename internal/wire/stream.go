// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "context"

// Stream carries messages in order in both directions. One goroutine may send
// while another receives; two senders or two receivers must agree between
// themselves. Reset and Close may be called by any.
type Stream struct {
	conn  *Conn
	state *stream
}

// Class returns what the opener chose.
func (s *Stream) Class() Class { return s.state.class }

// Send sends one message. A payload of at most 16 KiB is copied and Send
// returns at once while little is queued; else Send waits until the whole
// payload is on its way, which needs the peer's credit. Either way the payload
// is the caller's again when Send returns. Success does not mean that the peer
// has the message.
//
// When ctx ends after a part of the message was sent, the stream is reset. The
// errors are ErrClosed, ErrKind, ErrTooLarge, a *ResetError, the context's, or
// the cause of the connection's end.
func (s *Stream) Send(ctx context.Context, m Message) error { return s.send(ctx, m, false) }

// SendLast is Send and CloseSend in one: the end travels with the message.
func (s *Stream) SendLast(ctx context.Context, m Message) error { return s.send(ctx, m, true) }

func (s *Stream) send(ctx context.Context, m Message, last bool) error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usable(ctx); err != nil {
		return err
	}
	n, copied, err := c.core.enqueue(s.state, m)
	if err != nil {
		return err
	}
	if last {
		if err := c.core.closeSend(s.state); err != nil {
			return err
		}
	}
	if copied {
		c.writeNow()
		return nil
	}
	c.stir()
	return s.awaitSent(ctx, n)
}

func (s *Stream) awaitSent(ctx context.Context, n uint64) error {
	c := s.conn
	for {
		sent, err := s.state.sentUpTo(n)
		if sent || err != nil {
			return err
		}
		err = c.await(ctx, &s.state.sendSignal)
		if err == nil {
			continue
		}
		if sent, _ := s.state.sentUpTo(n); sent {
			return nil
		}
		if !s.state.withdraw(n) {
			c.core.reset(s.state, 0)
			c.stir()
		}
		return err
	}
}

// Receive returns the next message; its payload is the caller's to keep. It
// returns io.EOF when the peer has closed its side and all was taken. A
// *ResetError comes at once, before messages that wait, unless the peer had
// closed its side first. Taking a message returns its bytes to the peer's
// credit.
func (s *Stream) Receive(ctx context.Context) (Message, error) {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		m, ok, err := c.core.take(s.state)
		if ok || err != nil {
			c.stir()
			return m, err
		}
		if err := c.usable(ctx); err != nil {
			return Message{}, err
		}
		if err := c.await(ctx, &s.state.recvSignal); err != nil && ctx.Err() != nil {
			return Message{}, err
		}
	}
}

// CloseSend tells the peer that no more messages come. What is queued is still
// sent.
func (s *Stream) CloseSend() error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	err := c.core.closeSend(s.state)
	c.stir()
	return err
}

// Reset aborts both directions: what is queued on either side is dropped, and
// both sides get a *ResetError. It does nothing on a stream that has ended.
func (s *Stream) Reset(code uint32) {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.core.reset(s.state, code)
	c.stir()
}

// Close lets go of the stream; it must be called in the end. After CloseSend
// what is queued still goes out; an unfinished stream is reset with code 0. To
// end a stream without a reset, Receive until io.EOF first.
func (s *Stream) Close() {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.core.closeStream(s.state)
	c.stir()
}
