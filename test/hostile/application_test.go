// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// recorder stands before the application and writes down what it is asked. It listens
// where the application did, which goes on under another name.
type recorder struct {
	mu       sync.Mutex
	seen     []string
	failures []string // of the application itself
}

// record puts a recorder before the application that listens at a socket.
func record(t *testing.T, socket string) *recorder {
	t.Helper()
	behind := socket + ".app"
	if err := os.Rename(socket, behind); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		for {
			nc, err := d.DialContext(ctx, "unix", behind)
			if !errors.Is(err, unix.EAGAIN) { // a Unix socket refuses where others queue
				return nc, err
			}
			runtime.Gosched()
		}
	}}
	pass := &httputil.ReverseProxy{
		Transport: transport, ErrorHandler: r.failed,
		Rewrite: func(p *httputil.ProxyRequest) { p.Out.URL.Scheme, p.Out.URL.Host = "http", "bureau" },
	}
	server := &http.Server{Handler: r.before(pass), ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		for _, f := range r.failures {
			t.Logf("the application failed: %s", f)
		}
	})
	return r
}

// failed answers where the application did not, and says why.
func (r *recorder) failed(w http.ResponseWriter, q *http.Request, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, q.RequestURI+": "+err.Error())
	w.WriteHeader(http.StatusBadGateway)
}

func (r *recorder) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			body = []byte("unreadable: " + err.Error())
		}
		r.note(q, body)
		q.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, q)
	})
}

// note writes down a whole request in one canonical text.
func (r *recorder) note(q *http.Request, body []byte) {
	var lines []string
	for name, values := range q.Header {
		lines = append(lines, fmt.Sprintf("%s: %q", name, values))
	}
	slices.Sort(lines)
	text := fmt.Sprintf("%s %s %s\nHost: %q\n%s\nTransfer: %q\n\n%q", q.Method, q.RequestURI, q.Proto, q.Host, strings.Join(lines, "\n"), q.TransferEncoding, body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, text)
}

func (r *recorder) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// about gives the requests in which a text is.
func (r *recorder) about(text string) (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.seen {
		if strings.Contains(s, text) {
			list = append(list, s)
		}
	}
	return list
}
