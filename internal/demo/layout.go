// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"path/filepath"
)

// The processes of an installation, by name of process, cell and log.
const (
	Signer        = "signer"
	Center        = "center"
	GuardOuter    = "guard-outer"
	GuardGate     = "guard-gate"
	GuardInner    = "guard-inner"
	FrontInternet = "front-internet"
	FrontIntranet = "front-intranet"
	Bureau        = "bureau"
	Portal        = "portal"
)

// Processes lists all of them, in the order in which they are started.
func Processes() []string {
	return []string{Signer, GuardGate, GuardInner, Center, GuardOuter, Bureau, FrontIntranet, FrontInternet, Portal}
}

// Components lists the processes that have an identity and keep an audit log.
func Components() []string {
	return []string{GuardInner, GuardGate, GuardOuter, FrontIntranet, FrontInternet, Center}
}

// Layout says where an installation has its things.
type Layout struct{ Dir string }

// outerSide tells which processes belong to the outer side.
func outerSide(name string) bool {
	return name == GuardOuter || name == FrontInternet || name == Portal
}

// Home is the directory of one process, which no other process sees.
func (l Layout) Home(name string) string {
	if outerSide(name) {
		return filepath.Join(l.Dir, "outer", name)
	}
	return filepath.Join(l.Dir, "inner", name)
}

// Identity is the directory of a component's identity.
func (l Layout) Identity(name string) string { return filepath.Join(l.Home(name), "id") }

// State is the directory of a component's bundle, lease and journal.
func (l Layout) State(name string) string { return filepath.Join(l.Home(name), "state") }

// Config is the configuration file of a front.
func (l Layout) Config(name string) string { return filepath.Join(l.Home(name), "front.yaml") }

// run is the directory of the socket on which a process listens.
func (l Layout) run(name string) string { return filepath.Join(l.Dir, "run", name) }

// Socket is where a process listens.
func (l Layout) Socket(name string) string { return filepath.Join(l.run(name), "socket") }

// link is the directory of the socket that stands in for the cable without isolation.
func (l Layout) link() string { return filepath.Join(l.Dir, "run", "link") }

// Log is the file of what a process wrote.
func (l Layout) Log(name string) string { return filepath.Join(l.Dir, "log", name+".log") }

// Outgoing is the directory that the internet front watches.
func (l Layout) Outgoing() string { return filepath.Join(l.Dir, "outer", "files", "out") }

// Incoming is the directory in which answers appear in the internet zone.
func (l Layout) Incoming() string { return filepath.Join(l.Dir, "outer", "files", "in") }

// Batch is the bureau's directory of batches.
func (l Layout) Batch() string { return filepath.Join(l.Dir, "inner", "batch") }

// Admitted is the folder of the admitted components, ID.component.
func (l Layout) Admitted() string { return filepath.Join(l.Dir, "components") }

func (l Layout) apiKey() string   { return filepath.Join(l.Home(Portal), "api-key") }
func (l Layout) tokenKey() string { return filepath.Join(l.Home(Bureau), "token.key") }
func (l Layout) keys() string     { return filepath.Join(l.Dir, "keys") }

// maxSocket is the longest path of a Unix socket, in bytes.
const maxSocket = 107

// check refuses a directory in which sockets cannot be made.
func (l Layout) check() error {
	if longest := l.Socket(FrontInternet); len(longest) > maxSocket {
		return fmt.Errorf("the directory %s is too long by %d bytes for Unix sockets in it; choose a shorter one with --dir", l.Dir, len(longest)-maxSocket)
	}
	return nil
}
