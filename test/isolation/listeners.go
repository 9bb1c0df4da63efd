// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Listener is a socket of a process that somebody else could send to: one that
// listens or is bound without being the end of a single connection.
type Listener struct {
	PID int
	FD  int
	// Family is the name of the kernel's table ("tcp", "udp6", "unix", "packet",
	// "netlink", ...), or, for a socket in none of them, the name of its protocol.
	// The latter are vsock and its like, but also an IP socket that is bound or fresh
	// and does not listen; an unknown socket is shown, never passed over.
	Family string
	// Address is as in the table, decoded for IP: "127.0.0.1:80", a path, "@name".
	Address string
}

// String gives the form that expected sets are written in: "tcp 127.0.0.1:80".
func (l Listener) String() string { return strings.TrimSpace(l.Family + " " + l.Address) }

// Listeners lists the listeners among a process's descriptors, in order of these.
// It reads the tables of the process's own network namespace. A Unix socket that it
// accepted is in those of whoever connected: where that is another network namespace,
// a process of it belongs in callers, or the connection is listed as unknown.
func Listeners(pid int, callers ...int) ([]Listener, error) {
	sockets, err := socketsOf(pid)
	if err != nil {
		return nil, fmt.Errorf("listeners of %d: %w", pid, err)
	}
	table := map[uint64]entry{}
	for _, owner := range append([]int{pid}, callers...) {
		one, err := readTables(owner)
		if err != nil {
			return nil, fmt.Errorf("listeners of %d: %w", pid, err)
		}
		maps.Copy(table, one) // inodes of sockets are unique on the machine
	}
	var found []Listener
	for fd, inode := range sockets {
		entry, known := table[inode]
		switch {
		case !known:
			found = append(found, Listener{PID: pid, FD: fd, Family: protocolName(pid, fd)})
		case entry.open:
			found = append(found, Listener{PID: pid, FD: fd, Family: entry.family, Address: entry.address})
		}
	}
	slices.SortFunc(found, func(a, b Listener) int { return a.FD - b.FD })
	return found, nil
}

// Family lists the processes that share the PID namespace of pid, that is, all of
// one cell, in order.
func Family(pid int) ([]int, error) {
	own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, path := range paths {
		// Others end, or belong to somebody else, while we look.
		if ns, err := os.Readlink(path + "/ns/pid"); err == nil && ns == own {
			number, _ := strconv.Atoi(filepath.Base(path))
			pids = append(pids, number)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// socketsOf maps descriptors to socket inodes.
func socketsOf(pid int) (map[int]uint64, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	sockets := map[int]uint64{}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // closed meanwhile
		}
		var inode uint64
		if _, err := fmt.Sscanf(target, "socket:[%d]", &inode); err == nil {
			fd, _ := strconv.Atoi(e.Name())
			sockets[fd] = inode
		}
	}
	return sockets, nil
}

// protocolName asks the socket itself, for instance "TCP" or "AF_VSOCK".
func protocolName(pid, fd int) string {
	buf := make([]byte, 64)
	n, err := unix.Getxattr(fmt.Sprintf("/proc/%d/fd/%d", pid, fd), "system.sockprotoname", buf)
	if err != nil {
		return "unknown"
	}
	return strings.TrimRight(string(buf[:n]), "\x00")
}
