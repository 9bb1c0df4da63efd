// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"
	"runtime/debug"
)

// How often the collector runs. Most of what a daemon allocates is gone with its
// request, and little stays: at the usual 100 percent a heap of a few megabytes is
// collected again and again. With the limit the collector works as hard as it must
// where much does stay, so that the process keeps below 200 MiB. Both are rules for the
// collector and no promise; the bounds of each part are the promise.
const (
	collectAt  = 400       // percent of what the last collection left
	softMemory = 160 << 20 // bytes
)

// setCollector sets the collector up, but for what the environment says.
func setCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
}
