// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/isolation"
)

// legitimate are the processes whose socket each one may connect to. Nothing else
// that the test knows of may be reached from its place.
func legitimate(name string) []string {
	switch name {
	case demo.Center:
		return []string{demo.GuardInner, demo.Signer}
	case demo.GuardInner:
		return []string{demo.GuardGate}
	case demo.FrontInternet:
		return []string{demo.GuardOuter}
	case demo.FrontIntranet:
		return []string{demo.GuardInner, demo.Bureau}
	case demo.Portal:
		return []string{demo.FrontInternet}
	default:
		return nil
	}
}

// expected is what a probe reaches in the place of a process, and all that it does:
// its own side's sockets, and at the cable raw sockets of its own network namespace,
// where there is the cable and nothing else.
func (r *rig) expected(name string) []string {
	var list []string
	for _, other := range legitimate(name) {
		path := r.Installation.Socket(other)
		list = append(list, "connect unix "+path, "nested: connect unix "+path)
	}
	if name == demo.GuardOuter || name == demo.GuardGate {
		list = append(list, "socket family 17", "raw socket family 2", "raw socket family 10")
	}
	slices.Sort(list)
	return list
}

// TestNoWayThrough puts a probe in the place of each process.
func TestNoWayThrough(t *testing.T) {
	r := start(t)
	host := listenOnHost(t)
	for _, name := range demo.Processes() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r.listening(t, name)
			targets := r.targets(name, host)
			encoded, err := json.Marshal(targets)
			if err != nil {
				t.Fatal(err)
			}
			out, err := r.Replace(ctx, name, r.Rogue(), []string{"probe"}, []string{isolation.TargetsEnv + "=" + string(encoded)})
			if err != nil {
				t.Fatal(err)
			}
			findings, err := isolation.ReadFindings(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			wantReached(t, findings, r.expected(name))
			wantTried(t, findings, targets)
		})
	}
	r.ready(t)
}

// listening waits until what a process may reach is there: others were just replaced.
func (r *rig) listening(t *testing.T, name string) {
	t.Helper()
	for _, other := range legitimate(name) {
		err := eventually(t.Context(), 10*time.Second, 20*time.Millisecond, func(ctx context.Context) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "unix", r.Installation.Socket(other))
			if err == nil {
				conn.Close()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func wantReached(t *testing.T, findings []isolation.Finding, want []string) {
	t.Helper()
	var got []string
	for _, f := range isolation.Reached(findings) {
		text := f.Try + " " + f.Target
		if f.Nested {
			text = "nested: " + text
		}
		got = append(got, text)
	}
	slices.Sort(got)
	t.Logf("%d attempts, %d through", len(findings), len(got))
	if !slices.Equal(got, want) {
		t.Errorf("reached:\n  %s\nwant exactly:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// wantTried holds that the probe tried what the test knows, also from the user
// namespace that it makes: a probe that tries nothing reaches nothing.
func wantTried(t *testing.T, findings []isolation.Finding, targets isolation.Targets) {
	t.Helper()
	tried := map[string]bool{}
	for _, f := range findings {
		tried[fmt.Sprintf("%s %s %t", f.Try, f.Target, f.Nested)] = true
	}
	want := func(try, target string, nested bool) {
		if !tried[fmt.Sprintf("%s %s %t", try, target, nested)] {
			t.Errorf("nobody tried: %s %s, nested %t", try, target, nested)
		}
	}
	for _, nested := range []bool{false, true} {
		for _, path := range targets.Sockets {
			want("connect unix", path, nested)
		}
		for _, path := range targets.Files {
			want("open", path, nested)
		}
		for _, address := range targets.Addresses {
			want("connect tcp", address, nested)
			want("exchange udp", address, nested)
		}
		for family := range unix.AF_MAX {
			switch family {
			case unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK: // tried by address
			default:
				want("socket", fmt.Sprintf("family %d", family), nested)
			}
		}
	}
	for _, pid := range targets.PIDs {
		want("signal", fmt.Sprint(pid), false)
		want("trace", fmt.Sprint(pid), false)
	}
	for fd := range 3 {
		want("descriptor", fmt.Sprint(fd), false)
	}
}

// targets are the sockets, files, processes and addresses of all others.
func (r *rig) targets(from string, host isolation.Targets) isolation.Targets {
	i := r.Installation
	targets := host
	for _, name := range demo.Processes() {
		targets.Sockets = append(targets.Sockets, i.Socket(name))
		if name == from {
			continue
		}
		if pid := r.PID(name); pid != 0 {
			targets.PIDs = append(targets.PIDs, pid)
		}
		targets.Files = append(targets.Files, i.Home(name))
		if run := filepath.Dir(i.Socket(name)); !slices.Contains(legitimate(from), name) {
			targets.Files = append(targets.Files, run)
		} else {
			targets.Granted = append(targets.Granted, run)
		}
	}
	targets.PIDs = append(targets.PIDs, os.Getpid())
	targets.Files = append(targets.Files, filepath.Join(i.Dir, "keys"), filepath.Join(i.Dir, "log"), i.Log(from))
	switch from {
	case demo.FrontInternet, demo.GuardOuter, demo.Portal:
		targets.Files = append(targets.Files, filepath.Join(i.Dir, "inner"), i.Batch())
	default:
		targets.Files = append(targets.Files, filepath.Join(i.Dir, "outer"), i.Outgoing(), i.Incoming())
	}
	if from != demo.FrontInternet {
		targets.Files = append(targets.Files, i.Outgoing(), i.Incoming())
	}
	targets.Granted = append(targets.Granted, r.Rogue())
	return targets
}

// listenOnHost opens what a process on the host's network would reach: TCP and UDP by
// both versions of IP, and an abstract Unix socket.
func listenOnHost(t *testing.T) isolation.Targets {
	t.Helper()
	var targets isolation.Targets
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Logf("this host has no %s: %v", host, err)
			continue
		}
		t.Cleanup(func() { l.Close() })
		targets.Addresses = append(targets.Addresses, l.Addr().String())
	}
	name := fmt.Sprintf("@dukou-e2e-%d", os.Getpid())
	l, err := net.Listen("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	targets.Sockets = append(targets.Sockets, name)
	return targets
}
