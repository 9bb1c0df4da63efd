// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package load asks one thing again and again over connections that stay open, and
// notes how long each answer took: in a closed loop, where a client asks again when it
// is answered, and in an open one, where questions are due at fixed moments and a late
// answer counts from the moment when its question was due.
package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Client is one kept connection to what is measured.
type Client struct {
	conn net.Conn
	in   *bufio.Reader
}

const answerTimeout = 30 * time.Second

// Dial connects to a Unix socket. A queue that is full is waited for, as with TCP.
func Dial(ctx context.Context, socket string) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err == nil {
			return &Client{conn: c, in: bufio.NewReaderSize(c, 8<<10)}, nil
		}
		if !errors.Is(err, unix.EAGAIN) {
			return nil, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// Ask has one exchange. An answer but 200 is an error.
func (c *Client) Ask(question []byte) error {
	if err := c.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	if _, err := c.conn.Write(question); err != nil {
		return err
	}
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(status) < 12 || string(status[9:12]) != "200" {
		return fmt.Errorf("answered %q", status)
	}
	length, err := c.head()
	if err != nil {
		return err
	}
	_, err = c.in.Discard(length)
	return err
}

// head reads the header and gives the length of the body.
func (c *Client) head() (length int, err error) {
	length = -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("an answer without Content-Length")
	}
	return length, nil
}

// Outcome is what a load has seen.
type Outcome struct {
	Answered int
	Failed   int
	First    error // of those that failed
	Took     time.Duration
	Times    []time.Duration // sorted, one for each answer
}

// Rate is the answers a second.
func (o *Outcome) Rate() float64 { return float64(o.Answered) / o.Took.Seconds() }

// At is a quantile of the times.
func (o *Outcome) At(q float64) time.Duration { return Quantile(o.Times, q) }

// Quantile is the one at q, below 1, of values that are sorted; zero of none.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Crowd is a number of clients of one socket.
type Crowd struct {
	clients  []*Client
	question []byte
}

// Gather opens connections, one after the other. Close closes them.
func Gather(ctx context.Context, socket string, question []byte, n int) (*Crowd, error) {
	c := &Crowd{question: question}
	for range n {
		one, err := Dial(ctx, socket)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.clients = append(c.clients, one)
	}
	return c, nil
}

// Close closes all connections.
func (c *Crowd) Close() error {
	var errs []error
	for _, one := range c.clients {
		errs = append(errs, one.conn.Close())
	}
	return errors.Join(errs...)
}

// Closed is a closed loop: each client asks again when it is answered, until the
// length is over. A client that fails does not ask again.
func (c *Crowd) Closed(length time.Duration) *Outcome {
	parts := make([]Outcome, len(c.clients))
	var all sync.WaitGroup
	began := time.Now()
	end := began.Add(length)
	for i, one := range c.clients {
		all.Go(func() {
			for now := time.Now(); now.Before(end); {
				err := one.Ask(c.question)
				then := time.Now()
				if !parts[i].note(then.Sub(now), err) {
					return
				}
				now = then
			}
		})
	}
	all.Wait()
	return join(parts, time.Since(began))
}

// Open is an open loop: questions are due at fixed moments, whether or not those
// before are answered, and each time is counted from the moment when it was due.
func (c *Crowd) Open(rate float64, length time.Duration) *Outcome {
	parts := make([]Outcome, len(c.clients))
	total := int64(rate * length.Seconds())
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i, one := range c.clients {
		all.Go(func() {
			for n := next.Add(1) - 1; n < total; n = next.Add(1) - 1 {
				due := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
				time.Sleep(time.Until(due)) // the load itself, not a wait for something
				if !parts[i].note(0, one.Ask(c.question)) {
					return
				}
				parts[i].Times[len(parts[i].Times)-1] = time.Since(due)
			}
		})
	}
	all.Wait()
	return join(parts, time.Since(began))
}

// note counts one exchange and tells whether it went well.
func (o *Outcome) note(took time.Duration, err error) bool {
	if err != nil {
		o.Failed++
		o.First = err
		return false
	}
	o.Answered++
	o.Times = append(o.Times, took)
	return true
}

func join(parts []Outcome, took time.Duration) *Outcome {
	o := &Outcome{Took: took}
	for _, p := range parts {
		o.Answered += p.Answered
		o.Failed += p.Failed
		o.Times = append(o.Times, p.Times...)
		if o.First == nil {
			o.First = p.First
		}
	}
	slices.Sort(o.Times)
	return o
}
