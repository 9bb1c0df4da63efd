// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/test/isolation"
)

// outside opens, on the host, one of everything that a cell could try to reach.
func outside(t *testing.T) isolation.Targets {
	t.Helper()
	dir := shortDir(t)
	targets := isolation.Targets{
		Files: []string{filepath.Join(dir, "secret"), dir},
		PIDs:  []int{bystander(t)},
	}
	if err := os.WriteFile(targets.Files[0], []byte("secret"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, address := range hostAddresses(t) {
		if l, err := net.Listen("tcp", net.JoinHostPort(address, "0")); err == nil {
			t.Cleanup(func() { l.Close() })
			targets.Addresses = append(targets.Addresses, l.Addr().String())
			echoDatagrams(t, l.Addr().String())
		}
	}
	for _, name := range []string{filepath.Join(dir, "s"), fmt.Sprintf("@outside-%d", os.Getpid())} {
		l, err := net.Listen("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		targets.Sockets = append(targets.Sockets, name)
	}
	key := 0x44550000 | os.Getpid()&0xffff
	segment, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SysvShmCtl(segment, unix.IPC_RMID, nil) })
	targets.SharedMemory = []int{key}
	return targets
}

// shortDir is a folder with a path that fits into a Unix address.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "walls")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// hostAddresses are those of all interfaces but link-local ones.
func hostAddresses(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, a := range all {
		if ip := a.(*net.IPNet).IP; !ip.IsLinkLocalUnicast() {
			addresses = append(addresses, ip.String())
		}
	}
	return addresses
}

func echoDatagrams(t *testing.T, address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() { // ends with the test
		buf := make([]byte, 64)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(buf[:n], from)
		}
	}()
}

// bystander starts a process of the same user on the host.
func bystander(t *testing.T) int {
	t.Helper()
	cmd := exec.Command(program("actor"), "wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// Without walls the same probe reaches every target: it works, and they are there.
func TestProbeOnTheHostReachesAllTargets(t *testing.T) {
	openStage(t) // or skip
	targets := outside(t)
	findings := probe(t, openPlain(t), cell.Spec{Name: "a"}, targets)
	reached := map[string]bool{}
	for _, f := range isolation.Reached(findings) {
		reached[f.Try+" "+f.Target] = true
	}
	var want []string
	for _, a := range targets.Addresses {
		want = append(want, "connect tcp "+a, "exchange udp "+a)
	}
	for _, s := range targets.Sockets {
		want = append(want, "connect unix "+s)
	}
	for _, f := range targets.Files {
		want = append(want, "open "+f)
	}
	for _, p := range targets.PIDs {
		want = append(want, fmt.Sprintf("signal %d", p), fmt.Sprintf("list process %d", p), fmt.Sprintf("read process %d/environ", p))
	}
	for _, w := range want {
		if !reached[w] {
			t.Errorf("not reached: %s", w)
		}
	}
}

func TestProbeInACellReachesNothing(t *testing.T) {
	stage := openStage(t)
	targets := outside(t)
	own, other, readable := shortDir(t), shortDir(t), shortDir(t)
	granted := filepath.Join(readable, "granted")
	if err := os.WriteFile(granted, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	neighbours(t, stage, other, &targets)
	targets.Granted = []string{granted, program("probe")}
	if err := stage.Cable("c", cell.End{Cell: "a", Interface: "cable0"}, cell.End{Cell: "b", Interface: "cable0"}, 0); err != nil {
		t.Fatal(err)
	}
	findings := probe(t, stage, cell.Spec{Name: "a", Writable: []string{own}, ReadOnly: []string{readable}, Loopback: true}, targets)
	for _, f := range isolation.Reached(findings) {
		t.Errorf("reached: %+v", f)
	}
	wantDetail(t, findings, "interfaces", "lo,cable0")
	wantDetail(t, findings, "again in a user namespace", "went through")
	wantMounts(t, findings, own, readable, program("probe"))
	t.Logf("%d attempts", len(findings))
}

// neighbours starts a second cell which listens in all the ways there are.
func neighbours(t *testing.T, stage *cell.Stage, dir string, targets *isolation.Targets) {
	t.Helper()
	path := filepath.Join(dir, "s")
	for i, listen := range [][2]string{{"tcp", "127.0.0.1:7311"}, {"unix", "@neighbour"}, {"unix", path}} {
		name := "b"
		if i > 0 {
			name = fmt.Sprintf("b%d", i)
		}
		c, out := start(t, stage, cell.Spec{Name: name, Args: append([]string{"listen"}, listen[:]...), Writable: []string{dir}, Loopback: true})
		out.await(t, "listening")
		targets.PIDs = append(targets.PIDs, c.PID())
	}
	targets.Addresses = append(targets.Addresses, "127.0.0.1:7311")
	targets.Sockets = append(targets.Sockets, "@neighbour", path)
}

func wantDetail(t *testing.T, findings []isolation.Finding, try, want string) {
	t.Helper()
	for _, f := range findings {
		if f.Try == try {
			if f.Detail != want {
				t.Errorf("%s: got %q, want %q", try, f.Detail, want)
			}
			return
		}
	}
	t.Errorf("no finding %q", try)
}

// wantMounts holds the mounts that the probe saw against the grants.
func wantMounts(t *testing.T, findings []isolation.Finding, grants ...string) {
	t.Helper()
	want := append([]string{"/", "/proc", "/tmp", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}, grants...)
	slices.Sort(want)
	for _, f := range findings {
		if f.Try != "mounts" || f.Nested {
			continue
		}
		var got []string
		for line := range strings.Lines(f.Detail) {
			fields := strings.Fields(line)
			got = append(got, fields[4])
			options := strings.Split(fields[5], ",")
			if !slices.Contains(options, "nosuid") {
				t.Errorf("%s: %v", fields[4], options)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("mounts: got %v, want %v", got, want)
		}
	}
}

// A guard half may speak raw frames; nothing else opens for it.
func TestProbeWithNetRawReachesPacketSocketsOnly(t *testing.T) {
	stage := openStage(t)
	targets := outside(t)
	findings := probe(t, stage, cell.Spec{Name: "a", Capabilities: []cell.Capability{cell.NetRaw}}, targets)
	var got []string
	for _, f := range isolation.Reached(findings) {
		if !f.Nested {
			got = append(got, f.Try+" "+f.Target)
			continue
		}
		t.Errorf("reached: %+v", f)
	}
	want := []string{"raw socket family 10", "raw socket family 2", fmt.Sprintf("socket family %d", unix.AF_PACKET)}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestListenersOfACell(t *testing.T) {
	stage, dir := openStage(t), shortDir(t)
	for _, test := range []struct{ network, address, want string }{
		{"tcp4", "127.0.0.1:7311", "tcp 127.0.0.1:7311"},
		{"unix", "@inside", "unix @inside"},
		{"unix", filepath.Join(dir, "s"), "unix " + filepath.Join(dir, "s")},
	} {
		c, out := start(t, stage, cell.Spec{Name: "a", Args: []string{"listen", test.network, test.address}, Writable: []string{dir}, Loopback: true})
		out.await(t, "listening")
		found, err := isolation.Listeners(c.PID())
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || found[0].String() != test.want {
			t.Errorf("got %v, want %s", found, test.want)
		}
		c.Kill()
	}
}

// A cell that plants a link in its own folder does not make its next start write
// outside of the cell's root.
func TestLinksInGrantsLeadNowhere(t *testing.T) {
	stage, own, host := openStage(t), shortDir(t), shortDir(t)
	if err := os.Symlink(host, filepath.Join(own, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(host, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := stage.Start(cell.Spec{
		Name: "a", Path: program("actor"), Args: []string{"status"},
		Writable: []string{own, filepath.Join(own, "link", "inner")},
	})
	if err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("got %v", err)
	}
}

func TestGrantsWithinGrants(t *testing.T) {
	stage, outer := openStage(t), shortDir(t)
	inner := filepath.Join(outer, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		spec   cell.Spec
		target string
		want   bool
	}{
		{cell.Spec{ReadOnly: []string{outer}, Writable: []string{inner}}, inner, true},
		{cell.Spec{ReadOnly: []string{outer}, Writable: []string{inner}}, outer, false},
		{cell.Spec{ReadOnly: []string{inner}, Writable: []string{outer}}, inner, false},
		{cell.Spec{ReadOnly: []string{inner}, Writable: []string{outer}}, outer, true},
	} {
		test.spec.Name, test.spec.Args = "a", []string{"write", filepath.Join(test.target, "file")}
		c, out := start(t, stage, test.spec)
		if err := c.Wait(); (err == nil) != test.want {
			t.Errorf("%+v: write in %s: %v\n%s", test.spec, test.target, err, out)
		}
	}
}
