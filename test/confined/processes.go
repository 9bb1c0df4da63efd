// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confined

import (
	"os"
	"os/exec"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// processes reaches for others, and to become another program.
func (t *tries) processes() {
	sibling, parent := t.world.Sibling, os.Getppid()
	t.try("signal the parent", unix.Kill(parent, 0))
	t.try("signal a sibling", unix.Kill(sibling, 0))
	t.try("pidfd of a sibling", closed(unix.PidfdOpen(sibling, 0)))
	cmd := exec.Command(t.world.Program)
	cmd.Env = []string{siblingEnv + "=1"} // never this helper's, which would make it another helper
	t.try("start a program", cmd.Run())
	if t.free {
		return
	}
	for name, pid := range map[string]int{"parent": parent, "sibling": sibling, "init": 1} {
		t.try("signal a thread of the "+name, unix.Tgkill(pid, pid, 0))
		t.try("trace the "+name, unix.PtraceSeize(pid))
		t.try("attach to the "+name, unix.PtraceAttach(pid))
		t.try("read memory of the "+name, memory(unix.SYS_PROCESS_VM_READV, pid))
		t.try("write memory of the "+name, memory(unix.SYS_PROCESS_VM_WRITEV, pid))
		t.try("limits of the "+name, unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &unix.Rlimit{}))
		t.try("priority of the "+name, unix.Setpriority(unix.PRIO_PROCESS, pid, 1))
		var set unix.CPUSet
		t.try("processors of the "+name, unix.SchedSetaffinity(pid, &set))
		t.try("compare with the "+name, raw(unix.SYS_KCMP, uintptr(os.Getpid()), uintptr(pid), 0, 0, 0))
	}
	t.try("signal everyone", unix.Kill(-1, 0))
	t.try("signal its group", unix.Kill(0, 0))
	t.try("be traced", raw(unix.SYS_PTRACE, unix.PTRACE_TRACEME))
	t.programs()
}

func memory(call uintptr, pid int) error {
	var buf [8]byte
	local := unix.Iovec{Base: &buf[0], Len: 8}
	remote := unix.RemoteIovec{Base: uintptr(unsafe.Pointer(&buf[0])), Len: 8}
	return raw(call, uintptr(pid), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1)
}

// programs tries each way of running one. A success would end the helper, and be seen.
func (t *tries) programs() {
	own := filepath.Join(t.world.Own[0], kept)
	for _, path := range []string{t.world.Program, "/proc/self/exe", "/bin/sh", "/usr/bin/env", own} {
		t.try("execve "+path, unix.Exec(path, []string{path, "-test.run", "^$"}, nil))
	}
	empty, _ := unix.BytePtrFromString("")
	t.try("execveat of a descriptor", raw(unix.SYS_EXECVEAT, 0, uintptr(unsafe.Pointer(empty)), 0, 0, unix.AT_EMPTY_PATH))
	t.try("memfd_create", closed(unix.MemfdCreate("x", 0)))
	t.try("memfd_secret", raw(unix.SYS_MEMFD_SECRET, 0))
	_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
	t.try("map executable memory", err)
	if data, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE); err == nil {
		t.try("make memory executable", unix.Mprotect(data, unix.PROT_READ|unix.PROT_EXEC))
	}
	t.try("personality", raw(unix.SYS_PERSONALITY, 0x0400000))
	t.try("fork", raw(unix.SYS_CLONE, uintptr(unix.SIGCHLD)))
	for name, flag := range map[string]uintptr{
		"user": unix.CLONE_NEWUSER, "net": unix.CLONE_NEWNET, "mnt": unix.CLONE_NEWNS, "pid": unix.CLONE_NEWPID, "ipc": unix.CLONE_NEWIPC,
		"uts": unix.CLONE_NEWUTS, "cgroup": unix.CLONE_NEWCGROUP, "time": unix.CLONE_NEWTIME,
	} {
		t.try("clone into a new "+name, raw(unix.SYS_CLONE, flag|uintptr(unix.SIGCHLD)))
		t.try("unshare "+name, unix.Unshare(int(flag)))
		t.try("setns "+name, unix.Setns(0, int(flag)))
	}
	t.try("clone3", raw(unix.SYS_CLONE3, 0, 0))
}
