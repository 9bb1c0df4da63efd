// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// hostEnv marks the first process of a host, and says which host it is.
const hostEnv = "DUKOU_TEST_HOST"

func TestMain(m *testing.M) {
	var err error
	switch {
	case filepath.Base(os.Args[0]) == "systemctl":
		err = systemctl(os.Args[1:])
	case os.Getenv(hostEnv) != "":
		err = beHost(os.Getenv(hostEnv), os.Args[1])
	default:
		code := m.Run()
		_ = os.RemoveAll(first.dir)
		os.Exit(code)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
