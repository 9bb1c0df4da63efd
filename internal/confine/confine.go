// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package confine takes from a process, once it has opened what it needs, every right
// that it no longer needs. Main functions call Apply once, before they serve:
//
//   - capabilities go, on all threads and for good, and no_new_privs is set;
//   - Landlock leaves the named files and directories and TCP ports, no other process
//     to signal, no abstract socket of anybody else, and nothing to execute;
//   - a seccomp list leaves the system calls that a Go server makes, and of sockets
//     the families that the process was given. Multipath TCP and UDP, which Landlock's
//     rules for TCP do not see, are not among them, nor is memory that is executable.
//
// What is refused gives an error (EPERM, EACCES), and the kernel's audit log tells it;
// only a foreign system call table ends the process. Decision 0014 says what is left.
package confine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Rules say what a process may still do. The zero value leaves it its descriptors.
type Rules struct {
	// Read are files, or directories with all below them, that may be read.
	Read []string
	// Write are directories in which files and directories may be read, made, changed,
	// renamed and removed.
	Write []string
	// Connect are the TCP ports to which connections may be made.
	Connect []uint16
	// Sockets are the directories of the Unix sockets that may be connected to. A
	// kernel before Landlock 9 cannot tell them from others; Level says so.
	Sockets []string
	// Packets also leaves Unix sockets that keep messages apart (the trial link).
	Packets bool
	// Watch leaves notifications of changes in directories.
	Watch bool
	// Database leaves the calls that SQLite makes for its files.
	Database bool
}

// Dial adds what it takes to connect to an address, unix:PATH or HOST:PORT.
func (r *Rules) Dial(address string) error {
	if path, local := strings.CutPrefix(address, "unix:"); local {
		r.Sockets = append(r.Sockets, parent(path))
		return nil
	}
	_, service, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return err
	}
	r.Connect = append(r.Connect, uint16(port))
	return nil
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "."
}

// Trial names the environment variable that lets a process run on a kernel without
// Landlock or seccomp, for a trial. It takes nothing off where they are there.
const Trial = "DUKOU_TRIAL_UNCONFINED"

// ErrUnavailable says that this kernel cannot confine a process.
var ErrUnavailable = errors.New("this process cannot be confined")

// Apply confines the process to its rules, with all its threads and for good. After
// an error the process may be half confined, and must end.
// What the kernel lacks for it is told in the log.
func Apply(r Rules, log *slog.Logger) error {
	warm()
	level := Available()
	if err := level.enough(); err != nil {
		return err
	}
	if err := dropCapabilities(); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if err := noNewPrivileges(); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	for _, dir := range r.Write {
		if err := unix.Access(dir, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
			return fmt.Errorf("%s: user %d cannot use it without capabilities: %w", dir, os.Geteuid(), err)
		}
	}
	if err := restrictAccess(r, level); err != nil {
		return err
	}
	if err := restrictCalls(r, level); err != nil {
		return err
	}
	log.Info("confined", "kernel", level.String())
	for _, what := range level.Missing() {
		log.Warn("confined less than a newer kernel could", "missing", what)
	}
	return nil
}

// warm has the standard library look now at what it would look at when first used, and
// would then not find: the local time zone, and what sockets the host has.
func warm() {
	time.Now().Local().Zone()
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	if l, err := c.Listen(context.Background(), "tcp", "127.0.0.1:0"); err == nil {
		_ = l.Close()
	}
}
