// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
)

// connections is how many clients ask at once.
const connections = 32

// load is what a load has seen.
type load struct {
	requests int
	opened   int64          // connections; the client asks again by itself when one was cut off
	failures map[string]int // by status or error
	took     time.Duration
}

func (l load) String() string {
	return fmt.Sprintf("%d requests over %d connections in %v, %.0f a second, failures %v",
		l.requests, l.opened, l.took.Round(time.Millisecond), float64(l.requests)/l.took.Seconds(), l.failures)
}

// client asks one URL again and again over connections that stay.
type client struct {
	url    string
	header map[string]string
}

// reportsOf asks for a person's own report.
func (r *rig) reportsOf(t *testing.T, u demo.User) client {
	t.Helper()
	return client{
		url:    r.FrontURL() + "/reports/" + u.Person + "?purpose=self-inquiry",
		header: map[string]string{"Authorization": "Bearer " + r.signIn(t, u)},
	}
}

// run asks until ctx ends, or for as long as for it is told.
func (c client) run(ctx context.Context, length time.Duration) load {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var opened atomic.Int64
	transport := &http.Transport{
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			opened.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	defer transport.CloseIdleConnections()
	asking := &http.Client{Transport: transport, Timeout: 15 * time.Second}
	all := load{failures: map[string]int{}}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			requests, failures := 0, map[string]int{}
			for ctx.Err() == nil { // a request that was begun is ended: none is broken off
				requests++
				if failure := c.once(asking); failure != "" {
					failures[failure]++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.requests += requests
			for failure, n := range failures {
				all.failures[failure] += n
			}
		})
	}
	group.Wait()
	all.took, all.opened = time.Since(began), opened.Load()
	return all
}

// once asks once and says what went wrong.
func (c client) once(asking *http.Client) string {
	r, err := http.NewRequest(http.MethodGet, c.url, nil)
	if err != nil {
		return err.Error()
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	resp, err := asking.Do(r)
	if err != nil {
		return root(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return root(err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Sprintf("status %d %.60s", resp.StatusCode, identity.ReplaceAll(body, []byte("ID")))
	}
	return ""
}

// root is what an error comes from, without the addresses that make each one differ.
func root(err error) string {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

var identity = regexp.MustCompile("[0-9a-f]{32}")

// wrk makes the same load with the program of that name.
func (c client) wrk(ctx context.Context, program string, length time.Duration) (load, error) {
	args := []string{"-t2", fmt.Sprintf("-c%d", connections), "--timeout", "15s", fmt.Sprintf("-d%ds", int(length.Seconds()))}
	for name, value := range c.header {
		args = append(args, "-H", name+": "+value)
	}
	began := time.Now()
	out, err := exec.CommandContext(ctx, program, append(args, c.url)...).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	return readWrk(string(out), time.Since(began))
}

var (
	wrkTotal   = regexp.MustCompile("([0-9]+) requests in ")
	wrkSockets = regexp.MustCompile("Socket errors: connect ([0-9]+), read ([0-9]+), write ([0-9]+), timeout ([0-9]+)")
	wrkStatus  = regexp.MustCompile("Non-2xx or 3xx responses: ([0-9]+)")
)

func readWrk(out string, took time.Duration) (load, error) {
	total := wrkTotal.FindStringSubmatch(out)
	if total == nil {
		return load{}, fmt.Errorf("wrk says nothing of requests:\n%s", out)
	}
	l := load{opened: connections, failures: map[string]int{}, took: took}
	l.requests, _ = strconv.Atoi(total[1])
	if sockets := wrkSockets.FindStringSubmatch(out); sockets != nil {
		for i, kind := range []string{"connect", "read", "write", "timeout"} {
			n, _ := strconv.Atoi(sockets[i+1])
			l.failures["socket: "+kind] += n
		}
	}
	if status := wrkStatus.FindStringSubmatch(out); status != nil {
		l.failures["status"], _ = strconv.Atoi(status[1])
	}
	maps.DeleteFunc(l.failures, func(_ string, n int) bool { return n == 0 })
	return l, nil
}

// begin makes load in the background, by wrk in the long form where it is installed.
func (c client) begin(t *testing.T, length time.Duration) <-chan load {
	t.Helper()
	done := make(chan load, 1)
	program, err := exec.LookPath("wrk")
	if long() && err != nil {
		t.Logf("the load comes from this test's own clients: %v; install the package wrk", err)
	}
	go func() {
		if !long() || err != nil {
			done <- c.run(t.Context(), length)
			return
		}
		l, err := c.wrk(t.Context(), program, length)
		if err != nil {
			l.failures = map[string]int{err.Error(): 1}
		}
		done <- l
	}()
	return done
}

// wantSound wants requests, and none that failed.
func wantSound(t *testing.T, what string, l load) {
	t.Helper()
	t.Logf("%s: %v", what, l)
	if l.requests == 0 || len(l.failures) > 0 || l.opened > connections {
		var list []string
		for failure, n := range l.failures {
			list = append(list, fmt.Sprintf("%d times %s", n, failure))
		}
		t.Errorf("%s: %d requests, %d connections for %d clients\n  %s", what, l.requests, l.opened, connections, strings.Join(list, "\n  "))
	}
}

// TestReadWrk reads what wrk 4 prints.
func TestReadWrk(t *testing.T) {
	l, err := readWrk("  8 requests in 10.01s, 1MB read\n  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 5\n", time.Second)
	want := map[string]int{"socket: connect": 1, "socket: read": 2, "socket: timeout": 4, "status": 5}
	if err != nil || l.requests != 8 || !maps.Equal(l.failures, want) {
		t.Errorf("%v %v", l, err)
	}
	if _, err := readWrk("unable to connect", 0); err == nil {
		t.Error("no requests are no error")
	}
}
