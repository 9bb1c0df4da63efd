// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"dukou.dev/dukou/internal/pki"
)

// timeTimeout bounds a call for the time.
const timeTimeout = 10 * time.Second

// SetClock asks the center for the signed time and sets the clock by it. After an
// error the clock goes on as before.
func SetClock(ctx context.Context, o Opener, center string, c *pki.Clock) error {
	ctx, cancel := context.WithTimeout(ctx, timeTimeout)
	defer cancel()
	var nonce [16]byte
	if _, err := io.ReadFull(rand.Reader, nonce[:]); err != nil {
		panic(err)
	}
	sent := time.Now()
	answer, err := Call(ctx, o, Head{Type: Time, To: center}, nonce[:])
	if err != nil {
		return err
	}
	return c.Set(answer, nonce, sent)
}
