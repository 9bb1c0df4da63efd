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
	confined.Main(func(args []string) (confine.Rules, error) {
		o, err := parse(args)
		if err != nil {
			return confine.Rules{}, err
		}
		return o.rules()
	})
	confined.Sibling()
	os.Exit(m.Run())
}

// TestConfined: a helper in the place of each part of the guard reaches its own
// directories, the inner one the gate, and nothing else.
func TestConfined(t *testing.T) {
	w := confined.NewWorld(t)
	w.CheckFree(t)
	own, socket := w.Own[:], "unix:"+w.NearSocket
	for name, role := range map[string]confined.Role{
		"outer": {Args: []string{"-side", "outer", "-listen", "127.0.0.1:1", "-link", "packet:link0"}, Own: own},
		"gate":  {Args: []string{"-side", "gate", "-listen", "unix:/x", "-link", "packet:link0"}, Own: own},
		"inner": {Args: []string{"-side", "inner", "-listen", "127.0.0.1:1", "-gate", socket}, Own: own, Unix: true},
	} {
		role.Args = append(role.Args, "-identity", own[0], "-state", own[1])
		t.Run(name, func(t *testing.T) { w.Check(t, role) })
	}
}
