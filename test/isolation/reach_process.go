// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxScanned is the highest process number and descriptor that are tried one by one.
const maxScanned = 1 << 16

// openDescriptors lists what is open.
func openDescriptors() []int {
	var open []int
	for fd := range maxScanned {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			open = append(open, fd)
		}
	}
	return open
}

// descriptors uses what was inherited. Only /dev/null and two pipes should be there.
func (r *reach) descriptors(open []int) {
	for _, fd := range open {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			r.tried("descriptor", strconv.Itoa(fd), err)
			continue
		}
		name, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		kind := st.Mode & unix.S_IFMT
		null := fd == 0 && kind == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3)
		pipe := (fd == 1 || fd == 2) && kind == unix.S_IFIFO
		r.emit(Finding{Try: "descriptor", Target: strconv.Itoa(fd), Reached: !null && !pipe, Detail: name})
		switch kind {
		case unix.S_IFSOCK:
			r.inheritedSocket(fd)
		case unix.S_IFDIR:
			parent, err := unix.Openat(fd, "..", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			closeOpened(parent, err)
			r.tried("descriptor: open parent", strconv.Itoa(fd), err)
		}
	}
}

// inheritedSocket takes the socket off its peer and points it elsewhere.
func (r *reach) inheritedSocket(fd int) {
	target := strconv.Itoa(fd)
	_, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_DONTWAIT)
	r.tried("descriptor: receive", target, err)
	r.tried("descriptor: send", target, unix.Send(fd, []byte{0}, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL))
	r.tried("descriptor: shutdown", target, unix.Shutdown(fd, unix.SHUT_RDWR))
	var none unix.RawSockaddr // family AF_UNSPEC dissolves a connection
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none))
	r.triedErrno("descriptor: disconnect", target, errno)
	for _, address := range r.targets.Addresses {
		to, err := net.ResolveTCPAddr("tcp4", address)
		if err != nil {
			continue
		}
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())})
		r.tried("descriptor: connect "+address, target, err)
	}
	for _, path := range r.targets.Sockets {
		err := unix.Connect(fd, &unix.SockaddrUnix{Name: path})
		r.tried("descriptor: connect "+path, target, err)
	}
}

func (r *reach) triedErrno(try, target string, errno unix.Errno) {
	if errno != 0 {
		r.tried(try, target, errno)
		return
	}
	r.tried(try, target, nil)
}

// processes looks for others, and tries to signal, trace, read and open them.
func (r *reach) processes() {
	runtime.LockOSThread() // tracing belongs to a thread
	defer runtime.UnlockOSThread()
	r.listProcesses()
	var answered []int
	for pid := 1; pid < maxScanned; pid++ {
		if unix.Kill(pid, 0) != unix.ESRCH {
			answered = append(answered, pid)
		}
	}
	for _, pid := range answered {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", pid)); err != nil {
			r.emit(Finding{Try: "signal", Target: strconv.Itoa(pid), Reached: true, Detail: "found by counting"})
		}
	}
	r.tried("signal", "everyone", unix.Kill(-1, 0))
	for _, pid := range r.targets.PIDs {
		r.otherProcess(pid)
	}
}

func (r *reach) listProcesses() {
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range paths {
		pid := filepath.Base(path)
		r.emit(Finding{Try: "list process", Target: pid, Reached: pid != strconv.Itoa(os.Getpid())})
	}
}

func (r *reach) otherProcess(pid int) {
	target := strconv.Itoa(pid)
	r.tried("signal", target, unix.Kill(pid, 0))
	err := unix.PtraceAttach(pid)
	if err == nil {
		_ = unix.PtraceDetach(pid)
	}
	r.tried("trace", target, err)
	fd, err := unix.PidfdOpen(pid, 0)
	closeOpened(fd, err)
	r.tried("pidfd_open", target, err)
	for _, name := range []string{"environ", "root/etc/hostname", "mem", "ns/net"} {
		_, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		r.tried("read process", target+"/"+name, err)
	}
}
