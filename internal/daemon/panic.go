// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"runtime/debug"
	"slices"
)

// EndOnPanic ends the process when the handler that has deferred it panics: the server
// that called it would go on with the next request, in a state that nobody foresaw. With an excused value a handler breaks its own answer off, as
// http.ErrAbortHandler does; that goes on to the server.
func EndOnPanic(excused ...error) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && slices.Contains(excused, err) {
		panic(v)
	}
	text := fmt.Sprintf("%v\n%s", v, debug.Stack())
	go panic(text)
	select {}
}
