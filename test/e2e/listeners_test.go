// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/isolation"
)

// packetSocket is how the half's socket on the cable looks: one number is that of an
// interface, which differs.
const packetSocket = "packet type 2 protocol 88b5 interface "

// listenersOf is the exact set of what strangers could send to in a process.
func (r *rig) listenersOf(name string) []string {
	own := "unix " + r.Installation.Socket(name)
	switch name {
	case demo.FrontIntranet: // its flows enter elsewhere
		return nil
	case demo.GuardOuter, demo.GuardGate:
		return []string{packetSocket, own}
	case demo.Center:
		return []string{"tcp " + r.ConsoleAddress(), own}
	default:
		return []string{own}
	}
}

// wantListeners compares, again for a while where they differ: a connection that opens
// or ends between a look at the descriptors and one at the tables looks like nothing known.
func (r *rig) wantListeners(t *testing.T, name string, want []string) {
	t.Helper()
	slices.Sort(want)
	err := eventually(t.Context(), 3*time.Second, 50*time.Millisecond, func(context.Context) error {
		if got := r.listeners(t, name); !slices.Equal(got, want) {
			return fmt.Errorf("%s listens on %q, want %q", name, got, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// listeners lists what there is in the whole cell of a process, as "process: listener".
func (r *rig) listeners(t *testing.T, name string) []string {
	t.Helper()
	first := r.PID(name)
	if first == 0 {
		t.Fatalf("%s does not run", name)
	}
	family, err := isolation.Family(first)
	if err != nil {
		t.Fatal(err)
	}
	var callers []int // not this process: the relays' sockets must not be the host's
	for _, other := range demo.Processes() {
		callers = append(callers, r.PID(other))
	}
	var list []string
	for _, pid := range family {
		found, err := isolation.Listeners(pid, callers...)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range found {
			t.Logf("%s: process %d, descriptor %d: %s", name, pid, l.FD, l)
			text := l.String()
			if strings.HasPrefix(text, packetSocket) {
				text = packetSocket
			}
			if strings.HasPrefix(text, "netlink protocol 0 ") && (name == demo.FrontInternet || name == demo.FrontIntranet) {
				continue // the kernel's neighbour table, to which only the kernel and root send
			}
			if pid != first {
				text = "child: " + text
			}
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}

// TestListeners holds the listeners of each process against the exact set, and finds
// those of a front that was built with two more.
func TestListeners(t *testing.T) {
	r := start(t)
	for _, url := range []string{r.FrontURL(), r.PortalURL(), r.ConsoleAddress()} { // a relayed connection is open meanwhile
		client, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	}
	for _, name := range demo.Processes() {
		r.wantListeners(t, name, r.listenersOf(name))
	}
	name := demo.FrontInternet
	r.inPlace(t, name, buildPlanted(t), []string{"-config", r.Installation.Config(name)}, func() {
		r.wantListeners(t, name, append(r.listenersOf(name), "child: unix @planted", "tcp6 [::]:7411"))
	})
	r.ready(t)
}

// inPlace runs a program in the place of a process, while look looks at it.
func (r *rig) inPlace(t *testing.T, name, path string, args []string, look func()) {
	t.Helper()
	before := r.PID(name)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := r.Replace(ctx, name, path, args, nil)
		ended <- err
	}()
	defer func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("in the place of %s: %v", name, err)
		}
	}()
	err := eventually(ctx, 20*time.Second, 20*time.Millisecond, func(context.Context) error {
		if pid := r.PID(name); pid == 0 || pid == before {
			return fmt.Errorf("%s is still process %d", name, pid)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
		return
	}
	if err := r.WaitReady(ctx); err != nil {
		t.Error(err)
		return
	}
	look()
}

// planted is added to the front's main package: a listener in the front itself and
// one in a process that it starts.
const planted = `package main

import (
	"net"
	"os"
	"os/exec"
)

func init() {
	network, address := "tcp", ":7411"
	if os.Args[0] == "planted" {
		network, address = "unix", "@planted"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		panic(err)
	}
	if os.Args[0] == "planted" {
		for {
			l.Accept()
		}
	}
	go l.Accept()
	child := exec.Command("/proc/self/exe")
	child.Args = []string{"planted"}
	if err := child.Start(); err != nil {
		panic(err)
	}
}
`

// buildPlanted builds the front with one file more, which lies in no source tree.
func buildPlanted(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source, overlay, out := filepath.Join(dir, "planted.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "front")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(here, "..", "..", "cmd", "dukou-front", "planted.go")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {place: source}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(source, []byte(planted), 0o600), os.WriteFile(overlay, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-overlay", overlay, "-o", out, "dukou.dev/dukou/cmd/dukou-front")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the front with planted listeners: %v\n%s", err, said)
	}
	return out
}
