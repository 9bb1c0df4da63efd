// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"os"
	"testing"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
)

func TestMain(m *testing.M) { demotest.Main(m) }

func TestTourPlain(t *testing.T) { tour(t, cell.None) }

func TestTourCells(t *testing.T) { tour(t, demotest.Isolated(t)) }

func tour(t *testing.T, isolation cell.Isolation) {
	d := demotest.Start(t, demo.Options{Isolation: isolation})
	for _, r := range d.Tour(t.Context(), &demo.Printer{Out: os.Stdout}) {
		if !r.OK && !r.Skipped {
			t.Errorf("%s: %s", r.Step, r.Reason)
		}
	}
}
