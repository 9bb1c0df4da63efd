// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"net"
	"path/filepath"
	"testing"
	"time"
)

const (
	question = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	answer   = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
)

func TestClosed(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	a, err := Serve(socket, []byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c, err := Gather(t.Context(), socket, []byte(question), 4)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o := c.Closed(50 * time.Millisecond)
	if o.Answered == 0 || o.Failed > 0 || len(o.Times) != o.Answered || o.At(.5) <= 0 || o.At(.5) > o.At(.99) {
		t.Errorf("%d answered, %d failed (%v), %d times, p50 %v, p99 %v", o.Answered, o.Failed, o.First, len(o.Times), o.At(.5), o.At(.99))
	}
}

func TestOtherAnswersAreFailures(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "what?\r\n",
	} {
		socket := filepath.Join(t.TempDir(), "s")
		a, err := Serve(socket, []byte(answer))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Gather(t.Context(), socket, []byte(question), 1)
		if err != nil {
			t.Fatal(err)
		}
		if o := c.Closed(time.Second); o.Answered != 0 || o.Failed != 1 || o.First == nil {
			t.Errorf("%q: %d answered, %d failed", answer, o.Answered, o.Failed)
		}
		c.Close()
		a.Close()
	}
}

// TestOpenCountsFromWhenDue has an application stand still once. A closed loop would
// see one slow answer; in an open one all that was due meanwhile is late.
func TestOpenCountsFromWhenDue(t *testing.T) {
	const stall = 200 * time.Millisecond
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		in := bufio.NewReader(nc)
		for n := 0; skipHead(in) == nil; n++ {
			if n == 0 {
				time.Sleep(stall) // what is measured
			}
			if _, err := nc.Write([]byte(answer)); err != nil {
				return
			}
		}
	}()
	c, err := Gather(t.Context(), socket, []byte(question), 1)
	if err != nil {
		t.Fatal(err)
	}
	o := c.Open(1000, stall)
	if o.Answered != 200 || o.At(.25) < stall/4 {
		t.Errorf("%d answered, a quarter within %v", o.Answered, o.At(.25))
	}
	c.Close()
	l.Close()
	<-ended
}

func TestQuantile(t *testing.T) {
	list := []time.Duration{1, 2, 3, 4}
	if Quantile(nil, .5) != 0 || Quantile(list, 0) != 1 || Quantile(list, .5) != 3 || Quantile(list, .99) != 4 {
		t.Errorf("%v %v %v", Quantile(list, 0), Quantile(list, .5), Quantile(list, .99))
	}
}
