// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// newListeners returns what f adds to the listeners of this process.
func newListeners(t *testing.T, f func()) []Listener {
	t.Helper()
	known := map[int]bool{}
	for _, l := range listenersNow(t) {
		known[l.FD] = true
	}
	f()
	var added []Listener
	for _, l := range listenersNow(t) {
		if !known[l.FD] {
			added = append(added, l)
		}
	}
	return added
}

func listenersNow(t *testing.T) []Listener {
	t.Helper()
	list, err := Listeners(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// socket plants a raw socket of any kind, bound if an address is given.
func socket(family, kind, protocol int, bind unix.Sockaddr) func(*testing.T) {
	return func(t *testing.T) {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			t.Skip("this kernel or user cannot open the socket:", err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if bind == nil {
			return
		}
		if err := unix.Bind(fd, bind); err != nil {
			t.Skip("this kernel or user cannot bind the socket:", err)
		}
	}
}

// listen plants a listener made by package net, without multipath TCP or with it.
func listen(network, address string, multipath bool) func(*testing.T) {
	return func(t *testing.T) {
		var config net.ListenConfig
		config.SetMultipathTCP(multipath)
		l, err := config.Listen(context.Background(), network, address)
		if err != nil {
			t.Skip("cannot listen:", err)
		}
		t.Cleanup(func() { l.Close() })
	}
}

func TestListenersFindsWhatIsPlanted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	loopback4 := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	for _, test := range []struct {
		name  string
		plant func(*testing.T)
		want  string // a prefix
	}{
		{"tcp", listen("tcp4", "127.0.0.1:0", false), "tcp 127.0.0.1:"},
		{"tcp6", listen("tcp6", "[::1]:0", false), "tcp6 [::1]:"},
		{"multipath tcp", listen("tcp4", "127.0.0.1:0", true), ""},
		{"unix", listen("unix", path, false), "unix " + path},
		{"unix abstract", listen("unix", "@planted", false), "unix @planted"},
		{"unix datagrams", socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0, &unix.SockaddrUnix{Name: path + "d"}), "unix " + path + "d"},
		{"udp", socket(unix.AF_INET, unix.SOCK_DGRAM, 0, loopback4), "udp 127.0.0.1:"},
		{"udp6", socket(unix.AF_INET6, unix.SOCK_DGRAM, 0, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}), "udp6 [::1]:"},
		{"udplite", socket(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE, loopback4), "udplite 127.0.0.1:"},
		{"tcp bound only", socket(unix.AF_INET, unix.SOCK_STREAM, 0, loopback4), "TCP"},
		{"raw", socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_UDP, nil), "raw 0.0.0.0:"},
		{"raw6", socket(unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_UDP, nil), "raw6 [::]:"},
		{"packet", socket(unix.AF_PACKET, unix.SOCK_RAW, 0, &unix.SockaddrLinklayer{Protocol: 0x0300}), "packet type 3 protocol 0003"},
		{"netlink", socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE, &unix.SockaddrNetlink{}), "netlink protocol 0 port"},
		{"vsock", socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0, &unix.SockaddrVM{CID: unix.VMADDR_CID_ANY, Port: 7411}), "AF_VSOCK"},
		{"sctp", socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP, loopback4), "SCTP"},
		{"kernel crypto", socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0, nil), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			added := newListeners(t, func() { test.plant(t) })
			if len(added) != 1 || !strings.HasPrefix(added[0].String(), test.want) {
				t.Errorf("got %v, want one %q", added, test.want)
			}
			t.Log(added)
		})
	}
}

func TestListenersLeavesOutConnections(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	added := newListeners(t, func() {
		for _, l := range []net.Listener{l, tcp} {
			client, err := net.Dial(l.Addr().Network(), l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { client.Close() })
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
		}
	})
	if len(added) != 0 {
		t.Errorf("connections count as listeners: %v", added)
	}
}

// A socket that comes with the process is a way out, even when it is connected.
func TestProbeUsesAnInheritedSocket(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	defer unix.Close(pair[0])
	reached := map[string]bool{}
	r := &reach{emit: func(f Finding) { reached[f.Try] = reached[f.Try] || f.Reached }}
	r.descriptors(pair[:1])
	for _, try := range []string{"descriptor", "descriptor: send", "descriptor: shutdown", "descriptor: disconnect"} {
		if !reached[try] {
			t.Errorf("%q failed: %v", try, reached)
		}
	}
}

func TestFindingsOfABrokenProbeAreAnError(t *testing.T) {
	if _, err := ReadFindings(strings.NewReader(`{"try":"socket","reached":false}` + "\n")); err == nil {
		t.Error("a probe without an end passes")
	}
	if _, err := ReadFindings(strings.NewReader(`{"try":"done","reached":false}` + "\n")); err != nil {
		t.Error(err)
	}
}
