// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// thread is one operating-system thread that goes from network namespace to network
// namespace and starts the cells' processes from there. It cannot come back to the
// host's (a user namespace gives no right over that), so it belongs to the stage
// for the stage's whole life. It also must not end earlier: the kernel kills a
// child when the thread, not the process, that started it ends.
type thread struct {
	work  chan func()
	ended chan struct{}
}

func newThread() *thread {
	t := &thread{work: make(chan func()), ended: make(chan struct{})}
	ready := make(chan struct{})
	go t.run(ready)
	<-ready
	return t
}

func (t *thread) run(ready chan struct{}) {
	runtime.LockOSThread() // never unlocked: the runtime ends the thread with the goroutine
	if unix.Gettid() == unix.Getpid() {
		// The main thread stands for the process in /proc and cannot end: leave it.
		moved := make(chan struct{})
		go t.run(moved)
		<-moved
		close(ready)
		runtime.UnlockOSThread()
		return
	}
	close(ready)
	defer close(t.ended)
	for f := range t.work {
		f()
	}
}

func (t *thread) stop() {
	close(t.work)
	<-t.ended
}

func (t *thread) do(f func() error) error {
	result := make(chan error, 1)
	t.work <- func() { result <- f() }
	return <-result
}

// in runs f in the network namespace ns.
func (t *thread) in(ns *os.File, f func() error) error {
	return t.do(func() error {
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("setns", err)
		}
		return f()
	})
}

// newNamespace makes a network namespace in which interfaces have no IPv6.
func (t *thread) newNamespace() (ns *os.File, err error) {
	err = t.do(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("unshare network namespace", err)
		}
		if err := disableIPv6(); err != nil {
			return err
		}
		ns, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	return ns, err
}
