// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	nethttp "net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/front/http"
)

// behindADoor is a server behind a door for 8 connections, 4 of them silent.
func behindADoor(t *testing.T, secure bool) (at string, held func() (fresh, sources int)) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nethttp.Server{Handler: nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) {}), ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	door, held := http.Behind(ln, 8, 4, s)
	done := make(chan struct{})
	certFile, keyFile := "", ""
	if secure {
		certFile, keyFile = certificate(t, "127.0.0.1")
	}
	go func() {
		defer close(done)
		if secure {
			_ = s.ServeTLS(door, certFile, keyFile)
		} else {
			_ = s.Serve(door)
		}
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
		for end := time.Now().Add(10 * time.Second); ; { // TLS says its last word first
			fresh, sources := held()
			if fresh == 0 && sources == 0 {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%d silent connections of %d sources when all are closed", fresh, sources)
			}
			runtime.Gosched()
		}
	})
	return ln.Addr().String(), held
}

// knock connects from a source address; the connection ends with the test.
func knock(t *testing.T, at, from string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// turnedAway tells whether the server closes a connection at once.
func turnedAway(t *testing.T, c net.Conn) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// answered asks something on a connection.
func answered(t *testing.T, c net.Conn) bool {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	resp, err := nethttp.ReadResponse(bufio.NewReader(c), nil)
	return err == nil && resp.StatusCode == 200
}

// TestDoor: one source gets half of the places, of silent connections and of all.
func TestDoor(t *testing.T) {
	at, held := behindADoor(t, false)
	one, two := knock(t, at, "127.0.0.2"), knock(t, at, "127.0.0.2")
	if turnedAway(t, one) || turnedAway(t, two) {
		t.Fatal("two silent connections of one source are within the bounds")
	}
	if !turnedAway(t, knock(t, at, "127.0.0.2")) {
		t.Error("a third silent one of this source")
	}
	other := knock(t, at, "127.0.0.3")
	if turnedAway(t, other) {
		t.Error("another source is kept out")
	}
	if !answered(t, one) || !answered(t, two) {
		t.Error("no answer within the bounds")
	}
	three := knock(t, at, "127.0.0.2")
	if !answered(t, three) {
		t.Error("a third one, when the first two have asked")
	}
	if !answered(t, knock(t, at, "127.0.0.2")) {
		t.Error("a fourth one")
	}
	if !turnedAway(t, knock(t, at, "127.0.0.2")) {
		t.Error("a fifth one of this source")
	}
	_ = three.Close()
	for end := time.Now().Add(5 * time.Second); !answered(t, knock(t, at, "127.0.0.2")); {
		if time.Now().After(end) {
			t.Fatal("no place when one has left")
		}
	}
	knock(t, at, "127.0.0.4")
	knock(t, at, "127.0.0.4")
	knock(t, at, "127.0.0.5") // with that of 127.0.0.3 there are four silent ones now
	for end := time.Now().Add(5 * time.Second); ; {
		if fresh, _ := held(); fresh == 4 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("not four silent connections")
		}
	}
	if !turnedAway(t, knock(t, at, "127.0.0.6")) {
		t.Error("a fifth silent one of all")
	}
}

// TestDoorTLS: a handshake is silence too.
func TestDoorTLS(t *testing.T) {
	at, _ := behindADoor(t, true)
	one, two := knock(t, at, "127.0.0.2"), knock(t, at, "127.0.0.2")
	if turnedAway(t, one) || turnedAway(t, two) || !turnedAway(t, knock(t, at, "127.0.0.2")) {
		t.Fatal("three connections before their handshakes")
	}
	for _, c := range []net.Conn{one, two} {
		if !answered(t, tls.Client(c, &tls.Config{InsecureSkipVerify: true})) {
			t.Error("no answer by TLS")
		}
	}
	if turnedAway(t, knock(t, at, "127.0.0.2")) {
		t.Error("no place when two have asked")
	}
}

// TestSlow: who sends slowly, or nothing, is cut off.
func TestSlow(t *testing.T) {
	crossing := fronttest.NewCrossing(mustCompile(t, fronttest.Bundle(1, fronttest.Permit, suiteFlow)), nil, fronttest.Account{Subject: "outside/asker", APIKey: "k"})
	cert, key := certificate(t, "127.0.0.1")
	e, err := http.NewEntry(http.EntryConfig{
		Crossing: crossing, Front: fronttest.Front, Log: quiet(),
		Listeners: map[string]http.Listener{
			fronttest.Listener: {Network: "tcp", Address: "127.0.0.1:0"}, "tls": {Network: "tcp", Address: "127.0.0.1:0", Certificate: cert, Key: key},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	const head, read = 300 * time.Millisecond, 600 * time.Millisecond
	e.Hurry(head, read)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	<-e.Ready()
	post := "POST /items/a HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
	for name, test := range map[string]struct {
		listener, first, drip string
		least                 time.Duration
	}{
		"silent":      {fronttest.Listener, "", "", head},
		"silent TLS":  {"tls", "", "", head},
		"slow head":   {fronttest.Listener, "GET /items/a HTTP/1.1\r\nHost: h\r\n", "X-A: b\r\n", head},
		"slow body":   {fronttest.Listener, post, " ", read},
		"silent body": {fronttest.Listener, post, "", read},
	} {
		c, err := net.Dial("tcp", e.Addr(test.listener).String())
		if err != nil {
			t.Fatal(err)
		}
		began, stop, dripping := time.Now(), make(chan struct{}), make(chan struct{})
		_, _ = io.WriteString(c, test.first)
		go func() {
			defer close(dripping)
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					_, _ = io.WriteString(c, test.drip)
				}
			}
		}()
		if err := c.SetReadDeadline(began.Add(15 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, c)
		took := time.Since(began)
		if errors.Is(err, os.ErrDeadlineExceeded) || took < test.least/2 {
			t.Errorf("%s: ended after %v by %v", name, took, err)
		}
		close(stop)
		<-dripping
		_ = c.Close()
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
