// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	bank "dukou.dev/dukou/examples/bank/policy"
)

//go:embed policy
var policyFiles embed.FS

// The names that the fronts' configuration gives to what is measured.
const (
	fileFlow = "bench-in"
	target   = "bench"
)

// benchPolicy is the example's policy with limits that a load does not meet, with
// reports from the bench's own application, and with a flow for files of any size.
func benchPolicy() (fs.FS, error) {
	m := fstest.MapFS{}
	own, err := fs.Sub(policyFiles, "policy")
	if err != nil {
		return nil, err
	}
	for _, folder := range []fs.FS{bank.Files(), own} {
		if err := gather(m, folder); err != nil {
			return nil, err
		}
	}
	const query = "flows/query.yaml"
	for _, c := range [][2]string{
		{"rate: 200/s, burst: 400, concurrent: 256", "rate: 1000000/s, burst: 1000000, concurrent: 2048"},
		{"target: bureau}", "target: " + target + "}"},
	} {
		text := string(m[query].Data)
		if !strings.Contains(text, c[0]) {
			return nil, fmt.Errorf("the example's %s has no %q any more", query, c[0])
		}
		m[query].Data = []byte(strings.Replace(text, c[0], c[1], 1))
	}
	return m, nil
}

// gather copies every file of a folder.
func gather(m fstest.MapFS, folder fs.FS) error {
	return fs.WalkDir(folder, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, path)
		m[path] = &fstest.MapFile{Data: data}
		return err
	})
}
