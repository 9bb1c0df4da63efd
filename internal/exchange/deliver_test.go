// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"testing"
)

func TestDeliverOnce(t *testing.T) {
	for _, size := range []int{0, 1, 4096, 1 << 20, 1<<20 + 1, 5 << 20, 70 << 20} {
		r := newRig(t)
		body := noise(1, size)
		out := r.take("a", body)
		c, _ := r.link()
		first, err := r.attempt(c, out, nil)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		again, err := r.attempt(c, out, nil)
		if err != nil || again != first {
			t.Errorf("%d bytes: asked again, got %v %v, not the receipt %v", size, again, err, first)
		}
		if err := r.outbox.Settle(out, Outcome{Receipt: first}); err != nil {
			t.Fatal(err)
		}
		r.released(map[string][]byte{"a": body})
	}
}
