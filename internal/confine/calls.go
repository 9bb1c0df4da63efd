// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import "golang.org/x/sys/unix"

// always are the calls that every process keeps, whatever their arguments: what the Go
// runtime, files below the granted directories, and sockets that are open need. A
// process that lacks one here fails in its tests, which run under this list.
func always() []uint32 {
	return []uint32{
		// The runtime: memory, threads, signals to itself, time, chance.
		unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MREMAP, unix.SYS_BRK, unix.SYS_MINCORE,
		unix.SYS_FUTEX, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_MEMBARRIER,
		unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
		unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
		unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY,
		unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
		unix.SYS_GETRUSAGE, unix.SYS_GETRANDOM, unix.SYS_UNAME,
		// Descriptors.
		unix.SYS_CLOSE, unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_PREAD64, unix.SYS_PWRITE64,
		unix.SYS_LSEEK, unix.SYS_FCNTL, unix.SYS_DUP3, unix.SYS_PIPE2, unix.SYS_EVENTFD2,
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_PPOLL,
		unix.SYS_COPY_FILE_RANGE, unix.SYS_SENDFILE, unix.SYS_SPLICE,
		// Files; Landlock says which.
		unix.SYS_OPENAT, unix.SYS_FSTAT, unix.SYS_NEWFSTATAT, unix.SYS_STATX, unix.SYS_STATFS, unix.SYS_FSTATFS,
		unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_READLINKAT, unix.SYS_GETDENTS64, unix.SYS_GETCWD,
		unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_SYNC_FILE_RANGE, unix.SYS_FADVISE64, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE,
		unix.SYS_FLOCK, unix.SYS_FCHMOD, unix.SYS_MKDIRAT, unix.SYS_UNLINKAT, unix.SYS_RENAMEAT2,
		// Sockets that are open, and those that they accept.
		unix.SYS_ACCEPT4, unix.SYS_SHUTDOWN, unix.SYS_RECVFROM, unix.SYS_RECVMSG, unix.SYS_RECVMMSG,
		unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_GETSOCKOPT, unix.SYS_SETSOCKOPT,
	}
}

// calls are the unconditional calls of a process with these rules.
func (r Rules) calls() []uint32 {
	list := append(always(), older()...)
	if len(r.sockets()) > 0 {
		list = append(list, unix.SYS_CONNECT)
	}
	if r.Database {
		list = append(list, database()...)
	}
	if r.Watch {
		list = append(list, unix.SYS_INOTIFY_INIT1, unix.SYS_INOTIFY_ADD_WATCH, unix.SYS_INOTIFY_RM_WATCH)
	}
	return list
}

// socket is one kind of socket that may be made.
type socket struct{ family, kind, protocol uint32 }

func (r Rules) sockets() []socket {
	var list []socket
	if len(r.Connect) > 0 {
		for _, family := range []uint32{unix.AF_INET, unix.AF_INET6} {
			list = append(list, socket{family, unix.SOCK_STREAM, 0}, socket{family, unix.SOCK_STREAM, unix.IPPROTO_TCP})
		}
	}
	if len(r.Sockets) > 0 {
		list = append(list, socket{unix.AF_UNIX, unix.SOCK_STREAM, 0})
	}
	if r.Packets {
		list = append(list, socket{unix.AF_UNIX, unix.SOCK_SEQPACKET, 0})
	}
	return list
}
