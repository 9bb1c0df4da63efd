// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"
	"time"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
)

// EffectiveOf asks a component what it runs with; this center's own it knows.
func (c *Center) EffectiveOf(ctx context.Context, id string) (control.Effective, error) {
	if id == c.id {
		return c.Effective, nil
	}
	conn := c.connection()
	if conn == nil {
		return control.Effective{}, fault.New(fault.GuardUnavailable, "the inner half is not connected")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return control.CallEffective(ctx, conn, id)
}

// PolicyEnd is the end of the bundle in force, and with it of the leases; zero for none.
func (c *Center) PolicyEnd() time.Time {
	p := c.keeper.Current()
	if p == nil {
		return time.Time{}
	}
	return time.UnixMilli(p.NotAfter)
}
