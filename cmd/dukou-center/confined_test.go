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
		s := settings{identity: args[0], state: args[1], guard: args[2], signer: args[3]}
		where, err := s.databaseURL()
		if err != nil {
			return confine.Rules{}, err
		}
		return s.rules(where)
	})
	confined.Sibling()
	os.Exit(m.Run())
}

// TestConfined: a helper in the place of the center reaches what its rules grant, and
// nothing else.
func TestConfined(t *testing.T) {
	w := confined.NewWorld(t)
	w.CheckFree(t)
	own := w.Own[:]
	for name, role := range map[string]confined.Role{
		"guard over TCP":  {Args: []string{own[0], own[1], w.Near, "unix:" + w.NearSocket}, Own: own, TCP: true, Unix: true},
		"guard by a file": {Args: []string{own[0], own[1], "unix:" + w.NearSocket, "unix:" + w.NearSocket}, Own: own, Unix: true},
	} {
		t.Run(name, func(t *testing.T) { w.Check(t, role) })
	}
}
