// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/test/confined"
)

func TestMain(m *testing.M) {
	confined.Main(func(args []string) (confine.Rules, error) {
		c, err := readConfig(args[0])
		if err != nil {
			return confine.Rules{}, err
		}
		return c.rules()
	})
	confined.Sibling()
	os.Exit(m.Run())
}

// TestConfined: a helper in the place of a front reaches the directories that its
// configuration names, its guard and its applications, and nothing else.
func TestConfined(t *testing.T) {
	w := confined.NewWorld(t)
	w.CheckFree(t)
	for name, test := range map[string]struct {
		text string
		role confined.Role
	}{
		"outer, guard over TCP": {
			fmt.Sprintf("identity: %s\nstate: %[1]s\nguard: %s\ndirectories:\n  a: {path: %s}\n", w.Own[0], w.Near, w.Own[1]),
			confined.Role{TCP: true},
		},
		"inner, application by TLS": {
			fmt.Sprintf("identity: %s\nstate: %[1]s\nguard: unix:%s\ntargets:\n  a: {address: \"https://%s\"}\ndeliveries:\n  a: %s\n", w.Own[0], w.NearSocket, w.Near, w.Own[1]),
			confined.Role{TCP: true, Unix: true},
		},
		"inner, application by a file": {
			fmt.Sprintf("identity: %s\nstate: %s\nguard: unix:%s\ntargets:\n  a: {address: \"unix:%[3]s\"}\n", w.Own[0], w.Own[1], w.NearSocket),
			confined.Role{Unix: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "front.yaml")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			test.role.Args, test.role.Own, test.role.Watch = []string{file}, w.Own[:], true
			w.Check(t, test.role)
		})
	}
}
