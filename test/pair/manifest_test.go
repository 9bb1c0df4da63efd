// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"strings"
	"testing"
	"time"
)

// TestUntrusted: a center that was started under a manifest gives no bundle and no lease
// to a component that was started under another or none, and says so; the others work,
// and so does the component once it is started again under the right one.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	right, other := []byte(strings.Repeat("r", 32)), []byte(strings.Repeat("w", 32))
	s.manifests = map[string][]byte{central: right, inner: right, gate: right, outer: right, frontIn: other}
	w := &world{site: s, app: newApplication()}
	w.outer, w.inner = s.startPair()
	s.startSigner()
	s.startCenter()
	s.apply(s.sign(s.bundle(1), 2))
	w.out = s.startFront(frontOut, outer, nil, nil)
	w.in = s.startFront(frontIn, inner, w.app, nil)
	within(t, 15*time.Second, func() error {
		for _, id := range []string{frontOut, frontIn} {
			if x := s.standings()[id]; x.State != "untrusted" || x.Bundle != 0 || x.Lease != 0 || !strings.Contains(x.Error, "manifest") {
				return wrong("%s is %s: %s", id, x.State, x.Error)
			}
		}
		return s.current(1, inner, gate, outer)
	})
	w.out.stop()
	w.in.stop()
	s.manifests[frontOut], s.manifests[frontIn] = right, right
	w.out = s.startFront(frontOut, outer, nil, nil)
	w.in = s.startFront(frontIn, inner, w.app, nil)
	within(t, 15*time.Second, func() error { return s.current(1, guarded...) })
}
