// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data. The low half of an argument comes first on all
// architectures that there is a list for.
const (
	offsetNumber = 0
	offsetArch   = 4
)

func offsetArg(n uint32) uint32 { return 16 + 8*n }

// x32Bit marks the calls of a second, rarely used call table on amd64.
const x32Bit = 0x40000000

// threadFlags are the flags of clone that are looked at: a thread of this process, in
// no namespace of its own.
const (
	namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
		unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME
	thread = unix.CLONE_VM | unix.CLONE_SIGHAND | unix.CLONE_THREAD
)

func refuse(errno unix.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)}
}

func allow() bpf.Instruction { return bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW} }

func load(offset uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: offset, Size: 4} }

// skipUnless goes on when the register is val, and else leaves out n instructions.
func skipUnless(val uint32, n uint8) bpf.Instruction {
	return bpf.JumpIf{Cond: bpf.JumpEqual, Val: val, SkipFalse: n}
}

// program is the filter for these rules.
func program(r Rules, pid uint32) []bpf.Instruction {
	foreign := bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS}
	p := []bpf.Instruction{
		load(offsetArch), bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1}, foreign,
		load(offsetNumber), bpf.JumpIf{Cond: bpf.JumpLessThan, Val: x32Bit, SkipTrue: 1}, foreign,
	}
	for _, c := range conditions(r, pid) {
		p = append(p, skipUnless(c.call, uint8(len(c.then))))
		p = append(p, c.then...)
	}
	for _, number := range r.calls() {
		p = append(p, skipUnless(number, 1), allow())
	}
	return append(p, refuse(unix.EPERM))
}

// condition decides on one call by its arguments; every way through it ends in it.
type condition struct {
	call uint32
	then []bpf.Instruction
}

func conditions(r Rules, pid uint32) []condition {
	return []condition{
		{unix.SYS_SOCKET, madeSockets(r.sockets())},
		// A datagram may carry a connection with it, which Landlock has not always seen.
		{unix.SYS_SENDTO, without(3, unix.MSG_FASTOPEN)},
		{unix.SYS_SENDMSG, without(2, unix.MSG_FASTOPEN)},
		{unix.SYS_SENDMMSG, without(3, unix.MSG_FASTOPEN)},
		{unix.SYS_MMAP, without(2, unix.PROT_EXEC)},
		{unix.SYS_MPROTECT, without(2, unix.PROT_EXEC)},
		{unix.SYS_CLONE, []bpf.Instruction{
			load(offsetArg(0)), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: thread | namespaces},
			skipUnless(thread, 1), allow(), refuse(unix.EPERM),
		}},
		// Its flags lie in memory, where no filter sees them; C libraries then use clone.
		{unix.SYS_CLONE3, []bpf.Instruction{refuse(unix.ENOSYS)}},
		{unix.SYS_TGKILL, only(0, pid)},
		{unix.SYS_PRCTL, only(0, unix.PR_SET_VMA)}, // the runtime names its memory
	}
}

// without allows the call when an argument lacks all bits of mask.
func without(arg, mask uint32) []bpf.Instruction {
	return []bpf.Instruction{load(offsetArg(arg)), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: mask, SkipTrue: 1}, allow(), refuse(unix.EPERM)}
}

// only allows the call when an argument has the value.
func only(arg, val uint32) []bpf.Instruction {
	return []bpf.Instruction{load(offsetArg(arg)), skipUnless(val, 1), allow(), refuse(unix.EPERM)}
}

func madeSockets(list []socket) []bpf.Instruction {
	var p []bpf.Instruction
	for _, s := range list {
		p = append(p,
			load(offsetArg(0)), skipUnless(s.family, 6),
			load(offsetArg(1)), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: ^uint32(unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK)}, skipUnless(s.kind, 3),
			load(offsetArg(2)), skipUnless(s.protocol, 1),
			allow(),
		)
	}
	return append(p, refuse(unix.EPERM))
}

// restrictCalls puts all threads under the filter.
func restrictCalls(r Rules, level Level) error {
	if !level.Seccomp {
		return nil
	}
	raw, err := bpf.Assemble(program(r, uint32(os.Getpid())))
	if err != nil {
		return fmt.Errorf("assemble seccomp filter: %w", err)
	}
	code := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	filter := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := seccomp(unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC|unix.SECCOMP_FILTER_FLAG_LOG, &filter); err != nil {
		return fmt.Errorf("install seccomp filter: %w", err)
	}
	runtime.KeepAlive(code)
	return nil
}

// seccomp is the system call; arg points to what the operation wants.
func seccomp[T any](operation, flags uint, arg *T) error {
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, uintptr(operation), uintptr(flags), uintptr(unsafe.Pointer(arg)))
	runtime.KeepAlive(arg)
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	if thread != 0 {
		return fmt.Errorf("thread %d is under another filter", thread)
	}
	return nil
}
