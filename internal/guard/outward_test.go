// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"testing"
	"time"

	"dukou.dev/dukou/internal/exchange"
)

// TestReceiptOutwards: the time in a receipt tells nothing but how long ago the release
// was, in hours, and now and then.
func TestReceiptOutwards(t *testing.T) {
	at := time.UnixMilli(1_790_000_000_123)
	b := newBorder(nil, func() time.Time { return at })
	told := func(released time.Time) (time.Time, error) {
		r, err := b.receipt(context.Background(), exchange.Receipt{Released: released.UnixMilli()})
		return time.UnixMilli(r.Released), err
	}
	for _, ago := range []time.Duration{0, time.Second, 59 * time.Second, -59 * time.Second} {
		if got, err := told(at.Add(-ago)); err != nil || !got.Equal(at) {
			t.Errorf("%s ago: %s, %v", ago, got, err)
		}
	}
	// Whatever the clocks say, a release is told as one: its sender would take a refusal
	// for the end.
	for ago, want := range map[time.Duration]time.Time{-time.Hour: at, 400 * 24 * time.Hour: at.Add(-receiptAge)} {
		if got, err := told(at.Add(-ago)); err != nil || !got.Equal(want.Truncate(time.Hour)) {
			t.Errorf("%s ago: %s, %v", ago, got, err)
		}
	}
	late := at.Add(-10*24*time.Hour - 1234567*time.Microsecond)
	for range wordsBurst {
		if got, err := told(late); err != nil || got.UnixMilli()%time.Hour.Milliseconds() != 0 || late.Sub(got) > time.Hour {
			t.Fatalf("%s: %s, %v", late, got, err)
		}
	}
	for range wordsRate * int(callPatience/time.Second) { // turns that are waited for
		b.words.ReserveN(at, 1)
	}
	if _, err := told(late); err == nil {
		t.Error("one more was told at once")
	}
}
