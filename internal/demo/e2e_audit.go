// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"

	"dukou.dev/dukou/internal/audit/reader"
)

// VerifyLog verifies the log of a component with what the center has witnessed of it,
// once that is as long as the log is now.
func (d *Demo) VerifyLog(ctx context.Context, name string) (reader.Report, error) {
	return (&tour{Demo: d}).verify(ctx, name)
}
