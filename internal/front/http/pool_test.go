// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dukou.dev/dukou/internal/front/http"
)

// TestManyAtOnce: as many connections are kept as were in use at once, so that the next
// questions need no new ones.
func TestManyAtOnce(t *testing.T) {
	const wide, rounds = 200, 3
	arrived, release := make(chan struct{}), make(chan struct{})
	var connections atomic.Int64
	app := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		arrived <- struct{}{}
		<-release
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Level", "2")
		_, _ = io.WriteString(w, `{"text":"x"}`)
	}))
	app.Config.ConnState = func(_ net.Conn, s nethttp.ConnState) {
		if s == nethttp.StateNew {
			connections.Add(1)
		}
	}
	app.Start()
	defer app.Close()
	x := newExit(t, http.Target{Address: app.URL})
	defer func() { _ = x.Close() }()
	x.KeepIdle(time.Hour)
	question := call(t, "a")
	for range rounds {
		var asking sync.WaitGroup
		for range wide {
			asking.Go(func() {
				if _, err := x.Ask(t.Context(), question); err != nil {
					t.Error(err)
				}
			})
		}
		for range wide {
			<-arrived
		}
		for range wide {
			release <- struct{}{}
		}
		asking.Wait()
	}
	if got := connections.Load(); got != wide {
		t.Errorf("%d connections for %d rounds of %d questions at once", got, rounds, wide)
	}
}
