// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"runtime/debug"
)

// EndOnPanic, deferred by a handler, ends the process when the handler panics: the
// server that called it would go on with the next request, in a state that nobody
// foresaw.
func EndOnPanic() {
	v := recover()
	if v == nil {
		return
	}
	text := fmt.Sprintf("%v\n%s", v, debug.Stack())
	go panic(text)
	select {}
}
