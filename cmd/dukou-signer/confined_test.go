// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/test/confined"
)

func TestMain(m *testing.M) {
	confined.Main(func(args []string) (confine.Rules, error) { return rules(args[0]), nil })
	confined.Sibling()
	os.Exit(m.Run())
}

// TestConfined: a helper in the place of the signer reaches the directory of its keys,
// and nothing else.
func TestConfined(t *testing.T) {
	w := confined.NewWorld(t)
	w.CheckFree(t)
	w.Check(t, confined.Role{Args: []string{w.Own[0]}, Own: w.Own[:1]})
}
