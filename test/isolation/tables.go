// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// entry is one line of a socket table in /proc/PID/net.
type entry struct {
	family, address string
	open            bool // a stranger could send to it
}

// States and flags of the tables, from linux/net/tcp_states.h and linux/net.h.
const (
	tcpListen       = "0A"
	unixUnconnected = "01"
	unixAccepting   = 0x10000
)

// tables returns how the tables are read, by name. Where a kernel lacks a table, its
// sockets do not exist, or come out as unknown.
func tables() map[string]func(fields []string) (uint64, entry, error) {
	read := map[string]func([]string) (uint64, entry, error){
		"unix": unixEntry, "packet": packetEntry, "netlink": netlinkEntry,
	}
	for _, name := range []string{"tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6"} {
		read[name] = ipEntry
	}
	return read
}

// readTables maps inodes to entries for the network namespace of a process.
func readTables(pid int) (map[uint64]entry, error) {
	all := map[uint64]entry{}
	for name, parse := range tables() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		for _, line := range lines[1:] { // after the heading
			inode, e, err := parse(strings.Fields(line))
			if err != nil {
				return nil, fmt.Errorf("table %s, line %q: %w", name, line, err)
			}
			e.family = name
			e.open = e.open || !strings.HasPrefix(name, "tcp") && name != "unix"
			all[inode] = e
		}
	}
	return all, nil
}

var errShortLine = errors.New("too few fields")

// ipEntry reads "sl local remote state queues timer retries uid timeout inode ...".
func ipEntry(f []string) (uint64, entry, error) {
	if len(f) < 10 {
		return 0, entry{}, errShortLine
	}
	address, err := ipAddress(f[1])
	if err != nil {
		return 0, entry{}, err
	}
	inode, err := strconv.ParseUint(f[9], 10, 64)
	return inode, entry{address: address, open: f[3] == tcpListen}, err
}

// ipAddress reads "0100007F:0050": words of the address in the machine's order, which
// is taken to be little-endian, and the port.
func ipAddress(text string) (string, error) {
	host, port, found := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || !found || len(raw)%4 != 0 {
		return "", fmt.Errorf("address %q", text)
	}
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	ip, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return "", fmt.Errorf("address %q", text)
	}
	return netip.AddrPortFrom(ip, uint16(number)).String(), nil
}

// unixEntry reads "number references protocol flags type state inode path". A
// socket from accept carries its listener's path, but is connected.
func unixEntry(f []string) (uint64, entry, error) {
	if len(f) < 7 {
		return 0, entry{}, errShortLine
	}
	flags, err := strconv.ParseUint(f[3], 16, 32)
	if err != nil {
		return 0, entry{}, err
	}
	inode, err := strconv.ParseUint(f[6], 10, 64)
	e := entry{address: strings.Join(f[7:], " ")}
	e.open = flags&unixAccepting != 0 || e.address != "" && f[5] == unixUnconnected
	return inode, e, err
}

// packetEntry reads "sk references type protocol interface running memory user inode".
func packetEntry(f []string) (uint64, entry, error) {
	if len(f) < 9 {
		return 0, entry{}, errShortLine
	}
	inode, err := strconv.ParseUint(f[8], 10, 64)
	return inode, entry{address: fmt.Sprintf("type %s protocol %s interface %s", f[2], f[3], f[4])}, err
}

// netlinkEntry reads "sk protocol port groups rmem wmem dump locks drops inode".
func netlinkEntry(f []string) (uint64, entry, error) {
	if len(f) < 10 {
		return 0, entry{}, errShortLine
	}
	inode, err := strconv.ParseUint(f[9], 10, 64)
	return inode, entry{address: fmt.Sprintf("protocol %s port %s groups %s", f[1], f[2], f[3])}, err
}
