// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package cell starts each process of a trial installation in its own network,
// mount, PID, IPC and UTS namespace, as root or, through a user namespace, as an
// ordinary user. `dukou demo` and the end-to-end tests use it; production uses
// real hosts and never imports it.
//
// A program that starts cells has three calls to make:
//
//	func main() {
//		cell.Main()             // first: this process may be a cell being made
//		...
//		err := cell.Enter()     // without root: go on in a user namespace
//		stage, err := cell.Open(cell.Netns)
//		defer stage.Close()
//
// The stage is the calling process. It stays in the host's network namespace, so
// that it can listen on the host's loopback, and holds a descriptor of every
// cell's network namespace; these outlive the cells' processes, so that a process
// that was killed comes back to the same cables.
//
// A cell sees: a read-only root in memory with its own binary and what the Spec
// grants, at the same paths as on the host; /proc with its own processes only; five
// harmless devices; a private /tmp; descriptors 0, 1 and 2, which are /dev/null and two
// pipes. It has no capability that the Spec does not name and can gain none. The
// process is PID 1 of its namespace: when it ends, all that it started ends, and it
// cannot outlive the stage.
//
// Two things that the kernel does not divide by namespace are closed with a seccomp
// filter: socket families other than Unix, IP, netlink and packet (a vsock reaches
// the hypervisor from any network namespace), and the kernel's keyrings. io_uring
// is closed too, since it opens sockets past the filter. A cell may make a user
// namespace of its own; that gives it power over nothing which it did not have.
package cell
