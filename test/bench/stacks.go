// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// stack is one sample: the process, and the functions from the innermost outwards.
type stack struct {
	pid    int
	frames []string
}

// readStacks gives each sample of a recording to visit.
func readStacks(ctx context.Context, data string, visit func(stack)) error {
	cmd := exec.CommandContext(ctx, "perf", "script", "-i", data, "-F", "pid,tid,ip,sym")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	parseStacks(out, visit)
	return cmd.Wait()
}

// parseStacks reads "PID/TID" and then one line "ADDRESS SYMBOL" for each frame, with
// an empty line behind each sample.
func parseStacks(in io.Reader, visit func(stack)) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var s stack
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 0:
			if len(s.frames) > 0 {
				visit(s)
			}
			s = stack{}
		case len(fields) == 1 && strings.Contains(fields[0], "/"):
			pid, _, _ := strings.Cut(fields[0], "/")
			s.pid, _ = strconv.Atoi(pid) // 0, which is nobody's, for what is not understood
		case len(fields) > 1:
			s.frames = append(s.frames, strings.Join(fields[1:], " "))
		}
	}
	if len(s.frames) > 0 {
		visit(s)
	}
}

// tally counts the samples of one process.
type tally struct {
	samples int
	self    map[string]int // by innermost function
	nearest map[string]int // by innermost function of Dukou
	within  map[string]int // by every function on the stack
}

func newTally() *tally {
	return &tally{self: map[string]int{}, nearest: map[string]int{}, within: map[string]int{}}
}

const module = "dukou.dev/dukou/"

func (t *tally) add(s stack) {
	t.samples++
	t.self[s.frames[0]]++
	t.nearest[nearest(s.frames)]++
	seen := map[string]bool{}
	for _, f := range s.frames {
		if !seen[f] {
			seen[f] = true
			t.within[f]++
		}
	}
}

// nearest is the innermost function of Dukou, or what the runtime did for nobody.
func nearest(frames []string) string {
	for _, f := range frames {
		if strings.HasPrefix(f, module) {
			return strings.TrimPrefix(f, module)
		}
	}
	for _, f := range frames {
		if f == "runtime.gcBgMarkWorker" || f == "runtime.findRunnable" || f == "runtime.bgsweep" || f == "runtime.sysmon" {
			return "(" + f + ")"
		}
	}
	return "(other: " + frames[len(frames)-1] + ")"
}

// print writes the functions with the most samples, as shares of the process.
func (t *tally) print(out io.Writer, title string, counts map[string]int, most int) {
	fmt.Fprintf(out, "  %s\n", title)
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, name := range names[:min(most, len(names))] {
		fmt.Fprintf(out, "    %5.1f%%  %s\n", 100*float64(counts[name])/float64(t.samples), strings.TrimPrefix(name, module))
	}
}
