// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
)

// Quarantined asks a front what lies in its quarantine.
func (c *Center) Quarantined(ctx context.Context, front string) (control.Quarantined, error) {
	conn := c.connection()
	if conn == nil {
		return control.Quarantined{}, fault.New(fault.GuardUnavailable, "the inner half is not connected")
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return control.CallQuarantine(ctx, conn, front)
}

// Release carries a release from quarantine to its front, which verifies who signed it.
func (c *Center) Release(ctx context.Context, front string, document []byte) error {
	_, err := c.call(ctx, control.Release, front, document)
	return err
}
