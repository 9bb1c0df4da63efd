// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal

import "context"

// Round is one round of Run, for tests that set the clock.
func (s *Proposals) Round(ctx context.Context) error { return s.round(ctx) }
