// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"

	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/pki"
)

// convey runs a front with its outbox and inbox.
func (l *life) convey(f *front.Front, clock *pki.Clock, run func(context.Context) error) error {
	l.set(func(p *seams) { p.front = f })
	return run(l.ctx)
}
