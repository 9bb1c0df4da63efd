// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/daemon"
)

const asDaemon = "DUKOU_TEST_AS_DAEMON"

// TestCollector: a daemon collects less often than Go does by itself and holds a soft
// limit, and what the environment says comes before that.
func TestCollector(t *testing.T) {
	if os.Getenv(asDaemon) != "" {
		os.Exit(daemon.Main("test", func(context.Context, []string, *slog.Logger) error {
			fmt.Printf("%d %d\n", debug.SetGCPercent(100), debug.SetMemoryLimit(-1)>>20)
			return nil
		}))
	}
	for _, c := range []struct{ percent, limit, want string }{
		{want: "400 160"}, {percent: "50", want: "50 160"}, {limit: "70MiB", want: "400 70"}, {percent: "off", limit: "80MiB", want: "-1 80"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCollector$")
		cmd.Env = []string{asDaemon + "=1", "GOGC=" + c.percent, "GOMEMLIMIT=" + c.limit}
		out, err := cmd.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("GOGC=%q GOMEMLIMIT=%q: %q, %v, want %q", c.percent, c.limit, got, err, c.want)
		}
	}
}
