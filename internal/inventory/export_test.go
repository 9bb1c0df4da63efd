// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"time"

	"dukou.dev/dukou/internal/control"
)

// Round is one round of Run, for tests that set the clock.
func (v *Inventory) Round(ctx context.Context) error { return v.round(ctx) }

// LastAt is when it was last an hour.
func LastAt(now time.Time, hour int) time.Time { return lastAt(now, hour) }

// Pack and Unpack make and read an archive.
func Pack(e control.Effective) ([]byte, error) { return pack(e) }

// Unpack reads an archive.
func Unpack(b []byte) (control.Effective, error) { return unpack(b) }

// FeatureOf is the name of what a kernel lacks.
func FeatureOf(lacking string) string { return featureOf(lacking) }
