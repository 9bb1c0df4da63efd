// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import "dukou.dev/dukou/internal/durable"

// sideTask is work for the disk that goes on beside other work.
type sideTask struct {
	files durable.Files
	ended chan struct{}
	err   error
}

// aside runs fn on a goroutine that ends with it.
func aside(files durable.Files, fn func() error) *sideTask {
	t := &sideTask{files: files, ended: make(chan struct{}), err: errDied}
	go func() {
		defer close(t.ended)
		t.err = fn()
	}()
	return t
}

// wait gives the error of the task; nil for none that was begun. Who waits for one that
// a failed disk ended ends, too.
func (t *sideTask) wait() error {
	if t == nil {
		return nil
	}
	<-t.ended
	if t.err == errDied { //nolint:errorlint // it is this very value
		t.files.Fail(t.err)
	}
	return t.err
}
