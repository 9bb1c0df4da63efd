// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// components are the programs that confine themselves.
func components() []string {
	return []string{"dukou-center", "dukou-front", "dukou-guard", "dukou-signer"}
}

// processes looks at each process of this component that may be looked at: it must have
// no capability, no way to gain one, and a filter.
func (e *examination) processes() {
	paths, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		status := fields(string(text))
		command, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil {
			continue
		}
		name, _, _ := strings.Cut(string(command), "\x00")
		if name = filepath.Base(name); !slices.Contains(components(), name) || !e.mine(string(command)) {
			continue
		}
		e.process(fmt.Sprintf("%s, process %s", name, status["Pid"]), status)
	}
}

// mine tells whether a command line names this component's directory or file.
func (e *examination) mine(command string) bool {
	for _, argument := range strings.Split(command, "\x00") {
		if argument != "" && (argument == e.site.Dir || argument == e.site.Config) {
			return true
		}
	}
	return false
}

func fields(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		m[name] = strings.TrimSpace(value)
	}
	return m
}

func (e *examination) process(name string, status map[string]string) {
	const none = "0000000000000000"
	caps := status["CapEff"] == none && status["CapPrm"] == none && status["CapAmb"] == none
	if caps && status["NoNewPrivs"] == "1" && status["Seccomp"] == "2" {
		e.ok("process", "%s is confined", name)
		return
	}
	e.wrong("process", Bad, "restart it; a component that is not confined is not of this installation, or runs for a trial",
		"%s: capabilities %s, no_new_privs %s, seccomp %s", name, status["CapEff"], status["NoNewPrivs"], status["Seccomp"])
}

// link looks at the card of the cable: nothing may speak IP there, and it must hand
// frames over as they came.
func (e *examination) link() {
	i, err := net.InterfaceByName(e.site.Link)
	if err != nil {
		e.wrong("link", Bad, "name the card of the cable; see ip link", "%s: %v", e.site.Link, err)
		return
	}
	addresses, err := i.Addrs()
	if err != nil || len(addresses) > 0 {
		e.wrong("link", Bad, "ip addr flush dev "+i.Name+"; sysctl -w net.ipv6.conf."+i.Name+".disable_ipv6=1", "%s has addresses %v: the link carries no IP", i.Name, addresses)
	} else {
		e.ok("link", "%s has no address, MTU %d", i.Name, i.MTU)
	}
	if i.Flags&net.FlagUp == 0 {
		e.wrong("link", Bad, "ip link set "+i.Name+" up", "%s is down", i.Name)
	}
	e.offload(i.Name)
}

// From linux/ethtool.h.
const (
	ethtoolFlags = 0x25 // ETHTOOL_GFLAGS
	ethtoolGRO   = 0x2b // ETHTOOL_GGRO
	flagLRO      = 1 << 15
)

// offload wants the card not to join frames, which hides how they came.
func (e *examination) offload(name string) {
	gro, err := ethtool(name, ethtoolGRO)
	flags, errFlags := ethtool(name, ethtoolFlags)
	switch {
	case err != nil || errFlags != nil:
		e.wrong("link offload", Warn, "look with ethtool -k "+name, "%s does not tell", name)
	case gro != 0 || flags&flagLRO != 0:
		e.wrong("link offload", Warn, "ethtool -K "+name+" gro off lro off", "%s joins frames (GRO %d, LRO %t)", name, gro, flags&flagLRO != 0)
	default:
		e.ok("link offload", "GRO and LRO are off")
	}
}

// ethtool asks a card for one value.
func ethtool(name string, command uint32) (uint32, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	value := [2]uint32{command}
	request := struct { // struct ifreq
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	runtime.KeepAlive(&value)
	if errno != 0 {
		return 0, os.NewSyscallError("ethtool", errno)
	}
	return value[1], nil
}
