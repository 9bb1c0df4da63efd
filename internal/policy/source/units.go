// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// size reads bytes: 4096, "64KiB", "8MiB", "1GiB".
func (n node) size(most int64) int64 {
	v, ok := n.scaled(map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40})
	if !ok {
		n.fail("wants a size such as 64KiB, 8MiB", "应为大小，例如 64KiB、8MiB")
		return most
	}
	return n.bounded(v, 1, most)
}

// rate reads requests a second: "50/s", "600/m". Less than one a second is one.
func (n node) rate(most int64) int64 {
	v, ok := n.scaled(map[string]int64{"/s": 60, "/m": 1})
	if !ok {
		n.fail("wants a rate such as 50/s or 600/m", "应为速率，例如 50/s 或 600/m")
		return most
	}
	return n.bounded(max(v/60, 1), 1, most)
}

// duration reads "500ms", "10s", "2m", "24h", "30d".
func (n node) duration(most time.Duration) time.Duration {
	v, ok := n.scaled(map[string]int64{
		"ms": int64(time.Millisecond), "s": int64(time.Second), "m": int64(time.Minute), "h": int64(time.Hour), "d": int64(24 * time.Hour),
	})
	if !ok {
		n.fail("wants a time such as 500ms, 10s, 2m, 24h, 30d", "应为时长，例如 500ms、10s、2m、24h、30d")
		return most
	}
	if time.Duration(v) > most || v <= 0 {
		n.fail("more than 0, at most %v", "须大于 0，至多 %v", most)
		return most
	}
	return time.Duration(v)
}

func (n node) count(most int64) int64 { return n.bounded(n.integer(), 1, most) }

func (n node) bounded(v, least, most int64) int64 {
	if v < least || v > most {
		n.fail("%d is not within %d to %d", "%d 不在 %d 到 %d 之间", v, least, most)
		return most
	}
	return v
}

// scaled reads a whole number with one of the units.
func (n node) scaled(units map[string]int64) (int64, bool) {
	if n.ast == nil || n.ast.GetToken() == nil {
		return 0, false
	}
	text := n.ast.GetToken().Value
	digits := strings.TrimRight(text, "/BKMGTibsmhd")
	factor, known := units[strings.TrimSpace(text[len(digits):])]
	v, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if !known || err != nil || v < 0 || v > math.MaxInt64/factor {
		return 0, false
	}
	return v * factor, true
}
