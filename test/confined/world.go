// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confined

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"dukou.dev/dukou/internal/confine"
)

// World is what there is to reach around a helper.
type World struct {
	Root       string
	Own        [2]string // directories that roles may be granted
	Other      string    // a directory of somebody else
	Near, Far  string    // TCP listeners; Near may be granted
	Twin       string    // another address with Near's port
	NearSocket string    // Unix sockets, in directories of their own
	FarSocket  string
	Abstract   string // a Unix socket without a file
	Datagrams  string // UDP
	Sibling    int    // another process of this user
	Program    string // this test binary
}

// NewWorld makes one, which ends with the test.
func NewWorld(t *testing.T) *World {
	t.Helper()
	root, err := os.MkdirTemp("", "confined") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	w := &World{
		Root: root, Own: [2]string{filepath.Join(root, "own1"), filepath.Join(root, "own2")}, Other: filepath.Join(root, "other"),
		NearSocket: filepath.Join(root, "near", "s"), FarSocket: filepath.Join(root, "far", "s"), Abstract: fmt.Sprintf("@confined-%d", os.Getpid()),
	}
	if w.Program, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{w.Own[0], w.Own[1], w.Other, filepath.Dir(w.NearSocket), filepath.Dir(w.FarSocket)} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.Near, w.Far = listen(t, "tcp", "127.0.0.1:0"), listen(t, "tcp", "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(w.Near)
	w.Twin = listen(t, "tcp", net.JoinHostPort("127.0.0.2", port))
	for _, name := range []string{w.NearSocket, w.FarSocket, w.Abstract} {
		listen(t, "unix", name)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = udp.Close() })
	w.Datagrams = udp.LocalAddr().String()
	w.startSibling(t)
	return w
}

func listen(t *testing.T, network, address string) string {
	t.Helper()
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	l, err := c.Listen(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// startSibling starts a process that waits for its input to end.
func (w *World) startSibling(t *testing.T) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run", "^TestSibling$")
	cmd.Env = append(os.Environ(), siblingEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Sibling = cmd.Process.Pid
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
}

const siblingEnv = "DUKOU_CONFINED_SIBLING"

// Sibling must be called by TestMain after Main. In the sibling of a helper it does not return.
func Sibling() {
	if os.Getenv(siblingEnv) == "" {
		return
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

// The files of a directory of the world.
const (
	kept    = "kept"    // is read and written
	moved   = "moved"   // is renamed
	removed = "removed" // is removed
)

// renew puts back what an earlier helper changed.
func (w *World) renew(t *testing.T) {
	t.Helper()
	for _, dir := range append(w.Own[:], w.Other) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{kept, moved, removed} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// granted is the exact set of what a role reaches. What the kernel leaves open to
// every process stands here too: that files exist, a descriptor of its own network
// namespace (which gives no right over it), and the granted port of other hosts.
func (w *World) granted(r Role, level confine.Level) []string {
	list := []string{"stat " + w.Other, "open /proc/self/ns/net"}
	if withC {
		list = append(list, "open /proc/self/task")
	}
	for _, dir := range r.Own {
		list = append(list, changes(dir)...)
	}
	if len(r.Own) > 1 {
		list = append(list, "rename between own directories")
	}
	if r.TCP {
		list = append(list, "connect tcp "+w.Near, "connect tcp "+w.Twin)
	}
	if r.TCP && level.Landlock < 4 {
		list = append(list, "connect tcp "+w.Far, "fast open "+w.Far)
	}
	if r.Unix {
		list = append(list, "connect unix "+w.NearSocket)
		if level.Landlock < 9 { // told by Level.Missing
			list = append(list, "connect unix "+w.FarSocket)
		}
	}
	if r.Watch {
		list = append(list, "inotify")
	}
	slices.Sort(list)
	return list
}

// harmless is what a helper that is not confined reaches at least.
func (w *World) harmless() []string {
	list := []string{
		"stat " + w.Other, "rename between own directories", "connect tcp " + w.Near, "connect tcp " + w.Far, "connect tcp " + w.Twin,
		"connect unix " + w.NearSocket, "connect unix " + w.FarSocket, "connect unix " + w.Abstract,
		"send udp " + w.Datagrams, "listen tcp", "listen without an address", "listen unix in an own directory", "listen unix abstract",
		"inotify", "start a program", "signal the parent", "signal a sibling", "pidfd of a sibling", "open /etc/passwd", "open /proc/self/environ",
	}
	for _, dir := range append(w.Own[:], w.Other) {
		list = append(list, changes(dir)...)
		list = append(list, "make a link in "+dir, "make a pipe in "+dir, "change the mode in "+dir)
	}
	return list
}
