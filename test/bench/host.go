// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/demo"
)

// facts are what a reader must know of the machine, line by line.
func facts(dir, commit string) []string {
	var host unix.Utsname
	_ = unix.Uname(&host) // an empty name is told as it is
	var disk unix.Statfs_t
	_ = unix.Statfs(dir, &disk)
	return []string{
		"date: " + time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		"commit: " + commit,
		fmt.Sprintf("processors: %d, %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name")),
		"memory: " + field("/proc/meminfo", "MemTotal"),
		"kernel: " + unix.ByteSliceToString(host.Release[:]) + " " + unix.ByteSliceToString(host.Machine[:]),
		"disk: " + mount(dir) + fmt.Sprintf(", %d GiB free", disk.Bavail*uint64(disk.Bsize)>>30),
		"Go: " + runtime.Version(),
		"load average at the beginning: " + first("/proc/loadavg", 3),
	}
}

// field is the value of the first line "name : value" of a file.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, found := strings.Cut(lines.Text(), ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func first(path string, n int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	fields := strings.Fields(string(data))
	return strings.Join(fields[:min(n, len(fields))], " ")
}

// mount is the kind and the source of the file system that holds dir; see proc_mountinfo(5).
func mount(dir string) string {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "unknown"
	}
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "unknown"
	}
	best, found := "", "unknown"
	for line := range strings.Lines(string(data)) {
		place, source, _ := strings.Cut(line, " - ")
		at, what := strings.Fields(place), strings.Fields(source)
		if len(at) < 6 || len(what) < 2 {
			continue
		}
		point := at[4]
		under := point == "/" || dir == point || strings.HasPrefix(dir, point+"/")
		if under && len(point) >= len(best) {
			best, found = point, fmt.Sprintf("%s on %s (%s)", what[0], what[1], at[5])
		}
	}
	return found
}

// tick is the unit of processor time in /proc, which Linux has fixed for programs.
const tick = 10 * time.Millisecond

// processorTimes is what each process has used so far, in user and system mode.
func (r *rig) processorTimes() map[string]time.Duration {
	m := map[string]time.Duration{}
	for _, name := range demo.Processes() {
		if used, err := processorTime(r.PID(name)); err == nil {
			m[name] = used
		}
	}
	return m
}

// processorTime reads fields 14 and 15 of /proc/PID/stat; see proc_pid_stat(5).
func processorTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(data), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	if !found || len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is not understood", pid)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}

// peaks is the most memory that each process has had at once since it began or since
// forgetPeaks, as /proc says it.
func (r *rig) peaks() map[string]string {
	m := map[string]string{}
	for _, name := range demo.Processes() {
		m[name] = field(fmt.Sprintf("/proc/%d/status", r.PID(name)), "VmHWM")
	}
	return m
}

// forgetPeaks has the kernel begin anew with the peaks; see proc_pid_clear_refs(5).
func (r *rig) forgetPeaks() error {
	for _, name := range demo.Processes() {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", r.PID(name)), []byte("5"), 0); err != nil {
			return err
		}
	}
	return nil
}
