// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/audit"
)

// A component that answers for its health and not for its log for so long withholds it.
const withheldAfter = 8 * time.Second

var errWithheld = errors.New("it answers for its health and not for its log")

// unread notes that a component has not answered for its log, and suspects one that is
// there all the same.
func (c *Center) unread(id string) {
	now := time.Now()
	c.mu.Lock()
	s := c.standing(id)
	if s.State == "unreachable" || s.unread.IsZero() {
		s.unread = now
	}
	since := s.unread
	withheld := now.Sub(since) > withheldAfter && time.UnixMilli(s.Seen).Sub(since) > withheldAfter/2
	c.mu.Unlock()
	if withheld {
		c.suspect(id, errWithheld)
	}
}

// maxClock is how far a component's clock may be from the center's.
const maxClock = time.Minute

// wrongClock says what is wrong with a component's clock, "" for nothing. It is recorded
// when it begins. It is called with the lock held.
func (c *Center) wrongClock(s *Standing, told int64) string {
	off := time.Until(time.UnixMilli(told)).Round(time.Second)
	if off.Abs() < maxClock {
		s.clockOff = false
		return ""
	}
	if !s.clockOff {
		s.clockOff = true
		c.Log.Error("clock of a component is off", "component", s.ID, "by", off)
		c.record(audit.Entry{Class: audit.ClassHealth, Verdict: "refuse", Reason: "clock-off", Subject: s.ID, Action: "look", Object: off.String()})
	}
	return fmt.Sprintf("its clock is off by %s", off)
}
