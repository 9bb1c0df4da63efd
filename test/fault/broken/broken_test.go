// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package broken

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestBroken builds each mutation and has it caught: the long form by every way that
// is to catch it, the short one by the first, and only the cheapest mutation.
func TestBroken(t *testing.T) {
	long := os.Getenv("DUKOU_LONG") == "1"
	for i, m := range mutations() {
		t.Run(strings.ReplaceAll(m.name, " ", "-"), func(t *testing.T) {
			overlay := m.overlay(t)
			if !long && i > 0 {
				t.Logf("the text is there; that the build is caught is shown by make fault")
				return
			}
			ways := m.ways
			if !long {
				ways = ways[:1]
			}
			caught := 0
			for _, w := range ways {
				began := time.Now()
				if by := w(t, overlay); by != "" {
					t.Logf("%s: caught by %s (%v)", m.name, by, time.Since(began).Round(time.Second))
					caught++
				} else {
					t.Logf("%s: not caught by way %d (%v)", m.name, caught+1, time.Since(began).Round(time.Second))
				}
			}
			if caught == 0 {
				t.Errorf("%s: nothing has noticed", m.name)
			}
		})
	}
}
