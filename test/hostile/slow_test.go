// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
)

// The bounds of a listener: docs/operations.
const (
	headTimeout = 10 * time.Second
	readTimeout = 30 * time.Second
	leeway      = 10 * time.Second // of a busy machine
)

// slow sends what never ends, byte by byte.
func (r *rig) slow(t *testing.T) {
	const key = "X-API-Key: " + demo.APIKey + "\r\n"
	for _, s := range []struct {
		name, first, drip string
		limit             time.Duration
		code              fault.Code // empty: the connection ends without a word
	}{
		{"first line", "GET /rep", "o", headTimeout, ""},
		{"head", "GET /reports/x HTTP/1.1\r\nHost: h\r\n", "X-A: b\r\n", headTimeout, ""},
		{"one field", "GET /reports/x HTTP/1.1\r\nHost: h\r\nX: ", "a", headTimeout, ""},
		{"h2 preface", "PRI * HTTP/2.0\r\n\r\nSM", "", headTimeout, ""},
		{"nothing", "", "", headTimeout, ""},
		{"body", "POST /login HTTP/1.1\r\nHost: h\r\n" + key + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", " ", readTimeout, "any"},
		{"chunks", "POST /login HTTP/1.1\r\nHost: h\r\n" + key + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", readTimeout, "any"},
		{"body of a stranger", "POST /login HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", " ", time.Second, fault.CredentialMissing},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r.drip(t, s.name, s.first, s.drip, s.limit, s.code)
		})
	}
	t.Run("reading", r.slowReading)
}

// drip sends a beginning, then a little every while, until the other side ends it.
func (r *rig) drip(t *testing.T, name, first, drip string, limit time.Duration, code fault.Code) {
	t.Helper()
	conn := r.dial(t, demo.FrontInternet)
	_ = conn.SetDeadline(time.Now().Add(limit + leeway))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := io.WriteString(conn, first)
		tick := time.NewTicker(400 * time.Millisecond)
		defer tick.Stop()
		for err == nil {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_, err = io.WriteString(conn, drip)
			}
		}
	}()
	answer, _, err := r.listen(bufio.NewReader(conn), first)
	cancel()
	<-ended
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		t.Errorf("still open after %v", limit+leeway)
	case err == nil && code == "":
		r.wantRefusal(t, "slow", name, answer, nil) // a word is as good
	case err == nil && code == "any":
		r.wantRefusal(t, "slow", name, answer, nil)
		if _, ok := readProblem(answer.body); !ok {
			t.Errorf("answered with %d %q", answer.status, answer.body)
		}
	case err == nil:
		r.wantCode(t, "slow", name, answer, code)
	case code != "":
		t.Errorf("ended without a word: %v", err)
	default:
		r.count("slow", func(s *sum) { s.other++ })
	}
}

// slowReading asks often on one connection and never reads: the front stops reading
// when it cannot write, and serves others.
func (r *rig) slowReading(t *testing.T) {
	t.Parallel()
	conn := r.dial(t, demo.FrontInternet)
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	sent, err := 0, error(nil)
	for ; err == nil && sent < 20_000; sent++ {
		_, err = io.WriteString(conn, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
	}
	if err == nil {
		t.Errorf("it took %d requests without having an answer read", sent)
	}
	t.Logf("it took %d requests, then: %v", sent, err)
	r.count("slow", func(s *sum) { s.other++ })
	r.wantAnswer(t)
}

// wantAnswer wants a good request to be answered now.
func (r *rig) wantAnswer(t *testing.T) {
	t.Helper()
	person, token := r.person(t)
	answer := r.get(t, "/reports/"+person+"?purpose=self-inquiry", map[string]string{"Authorization": "Bearer " + token})
	if !reported(answer) {
		t.Errorf("meanwhile, a good request: %d %s", answer.status, answer.body)
	}
}

// crowds opens many connections that say nothing, at the front and at the guard.
func (r *rig) crowds(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		var held []net.Conn
		for range 1000 {
			held = append(held, r.dial(t, demo.FrontInternet))
		}
		r.wantAnswer(t)
		for _, nc := range held {
			nc.Close()
		}
		r.count("crowds", func(s *sum) { s.other++ })
	})
	t.Run("half a request each", func(t *testing.T) {
		for range 1000 {
			if _, err := io.WriteString(r.dial(t, demo.FrontInternet), "POST /login HTTP/1.1\r\nHost: h\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		r.wantAnswer(t)
		r.count("crowds", func(s *sum) { s.other++ })
	})
	for _, part := range []string{demo.GuardOuter, demo.GuardInner, demo.GuardGate} {
		t.Run("handshakes at "+part, func(t *testing.T) {
			before := r.refusedPeers(t, part)
			turned := 0
			for range 200 { // more than may be under way
				nc := r.dial(t, part)
				_ = nc.SetReadDeadline(time.Now().Add(time.Millisecond))
				if _, err := nc.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
					turned++
				}
			}
			r.wantAnswer(t)
			if turned == 0 {
				t.Error("all of 200 may wait for their handshake at once")
			}
			within(t, soon, func() error {
				if got := r.refusedPeers(t, part) - before; got == 0 {
					return fmt.Errorf("%s recorded nothing of it", part)
				}
				return nil
			})
			if !strings.Contains(r.logText(t, part), "too many handshakes at once") {
				t.Errorf("%s has no word of it in its log", part)
			}
			r.count("crowds", func(s *sum) { s.refused++ })
		})
	}
	t.Run("counted", func(t *testing.T) {
		within(t, 2*headTimeout, func() error {
			n := count(r.journal(t, demo.GuardOuter), func(l *audit.Leaf) bool { return l.Verdict == "refuse" && l.Reason == string(fault.PeerUnknown) })
			if n < 60 { // those whose handshake ran out of time, too
				return fmt.Errorf("the outer half recorded %d strangers", n)
			}
			return nil
		})
	})
}
