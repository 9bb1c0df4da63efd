// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
)

// TestWithheld: an outer half that was taken over answers for its health, with a clock
// that it has put back, and not for its log; then for nothing. The center tells of each,
// and goes on with the others.
func TestWithheld(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := &world{site: s, app: newApplication()}
	g := s.startSide(guard.Gate)
	w.inner = s.startSide(guard.Inner)
	s.startSigner()
	s.startCenter()
	s.apply(s.sign(s.bundle(1), 2))
	w.in = s.startFront(frontIn, inner, w.app, nil)
	h := s.grasp()
	var silent atomic.Bool
	h.mu.Lock()
	h.says = func(ctx context.Context, head control.Head) ([]byte, error) {
		if silent.Load() || head.Type == control.Records {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		if head.Type != control.Health {
			return nil, nil
		}
		return canon.Must(control.State{Component: outer, Bundle: 1, Lease: 1, Time: time.Now().Add(-time.Hour).UnixMilli()}), nil
	}
	h.mu.Unlock()
	tells := func(audits, state string) func() error {
		return func() error {
			x := s.standings()[outer]
			if x.Audit != audits || x.State != state || state == "current" && x.Error == "" {
				return wrong("%+v", x)
			}
			return nil
		}
	}
	within(t, 40*time.Second, tells("log-withheld", "current"))
	for _, reason := range []string{"log-withheld", "clock-off"} {
		within(t, 5*time.Second, func() error {
			return s.running[central].recorded(func(l audit.Leaf) bool {
				return l.Class == audit.ClassHealth && l.Subject == outer && l.Reason == reason
			})
		})
	}
	silent.Store(true)
	within(t, 40*time.Second, tells("log-withheld", "unreachable"))
	others := []string{inner, gate, frontIn}
	start := time.Now()
	s.apply(s.sign(s.bundle(2), 2))
	within(t, 10*time.Second, func() error { return s.current(2, others...) })
	t.Logf("the others were current after %s", time.Since(start))
	for _, p := range []*part{w.inner, g, w.in} {
		within(t, 20*time.Second, func() error { return w.gathered(p) })
	}
	if _, err := h.call(control.Time, central, make([]byte, 16)); fault.CodeOf(err) == fault.FlowDirection {
		t.Error(err)
	}
}
